"""The face of results that are no laws: short in a debugger, a card in a notebook, a table."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import physmodel as pm
from physmodel.experiments.experiment import NextExperiment
from physmodel.fields.found_coefficients import PdeCoefficients
from physmodel.laws.figures.flights import flights
from physmodel.networks.fit_network import NetworkFit
from physmodel.networks.pruned import Pruned
from physmodel.networks.tune import Tuned
from physmodel.optimizers.least_squares.residuals import Ending
from tests.test_report import ALLOWED, Page

HOSTILE = "<b onload=alert(1)>k</b>"


def oscillators() -> Any:
    """Eight trajectories of a damped oscillation, with 1% noise, of different starts."""
    t, rng = np.linspace(0.0, 8.0, 161), np.random.default_rng(2)
    frames = []
    for k in range(8):
        x = (1.0 + 0.3 * k) * np.exp((-0.1 + 2.0j) * t + 0.5j * k)
        values = np.column_stack([x.real, x.imag]) + 0.01 * rng.standard_normal((161, 2))
        frames.append(pd.DataFrame({"run": f"r{k}", "t": t, "x": values[:, 0], "y": values[:, 1]}))
    return pm.open(pd.concat(frames), time="t", trajectory="run")


@pytest.fixture(scope="module")
def law() -> pm.Result:
    return pm.discover(oscillators())


@pytest.fixture(scope="module")
def fit() -> pm.Fit:
    t = np.linspace(0.0, 3.0, 61)
    noise = 0.01 * np.random.default_rng(0).standard_normal(61)
    data = pm.from_arrays(t, (2.0 * np.exp(-0.7 * t) + noise)[:, None], names=["x"])
    return pm.fit(data, {"x": "-k*x"})


def check_face(result: Any, *said: str) -> None:
    """Ten short lines; a well-formed card that loads nothing and says the same."""
    lines = repr(result).splitlines()
    assert len(lines) <= 10
    assert max(map(len, lines)) < 100
    assert lines[0].startswith(f"<{type(result).__name__} ")
    page = Page(result._repr_html_())
    assert {tag for tag, _ in page.tags} <= ALLOWED | {"i", "sup", "sub"}
    assert all(set(attributes) <= {"style"} for _, attributes in page.tags)
    text = " ".join(piece for pieces in page.texts.values() for piece in pieces)
    for one in said:
        assert one in text, text
        assert one in repr(result) + str(result)


def test_a_fit(fit: pm.Fit) -> None:
    assert fit.status == "identified"
    value = float(fit.values[0])
    check_face(fit, "k", f"{value:.3f}", fit.remedy)
    check_face(replace(fit, names=(HOSTILE,)))
    assert replace(fit, explained=False).status == "approximate"
    assert replace(fit, std_errors=np.array([np.inf])).status == "not-identifiable"
    t = np.linspace(0.0, 3.0, 31)
    fresh = pm.from_arrays(t, np.exp(-0.7 * t)[:, None], names=["x"])
    assert fit.score(fresh)["free_run_r2"] > 0.999  # k is good to a percent
    figure = fit.plot(fresh)
    assert figure.get_suptitle() == "Law: identified"
    assert [axes.get_ylabel() for axes in figure.axes] == ["x", "miss / spread"]
    with pytest.raises(pm.ProblemError, match="needs 'x'"):
        fit.plot(pm.from_arrays(t, np.exp(-t)[:, None], names=["z"]))


def test_regimes() -> None:
    t = np.linspace(0.0, 12.0, 241)
    late = t > 6.0
    x = np.where(late, np.exp(-0.2 * 6.0) * np.exp(-1.5 * (t - 6.0)), np.exp(-0.2 * t))
    x = 5.0 * x + 1e-3 * np.random.default_rng(1).standard_normal(241)
    found = pm.fit_regimes(pm.from_arrays(t, x[:, None], names=["x"]), {"x": "-k*x"})
    check_face(found, f"{found.fits[0].values[0]:.4f}")
    assert found.remedy in found._repr_html_()
    assert found.parameters.index.names == ["regime", "parameter"]
    assert len(found.parameters) == found.n_regimes
    assert found.parameters.loc[("0", "k"), "value"] == found.fits[0].values[0]


def test_coefficients_of_a_field() -> None:
    found = PdeCoefficients(
        ("a", HOSTILE), np.array([1.5, 2.0]), np.array([0.01, np.inf]), 0.1, Ending.CONVERGED
    )
    assert found.status == "not-identifiable"
    check_face(found, "1.500(10)")
    assert found.parameters.loc["a"].tolist() == [1.5, 0.01, ""]
    known = replace(found, std_errors=np.array([0.01, 0.02]))
    assert known.status == "identified"
    check_face(known, "2.000(20)")


def test_a_solution_of_an_equation() -> None:
    found = pm.solve_pde(
        "u_t = u_xx",
        {"x": (0.0, 1.0), "t": (0.0, 0.1)},
        {"t=0": "u = sin(3.141592653589793*x)", "x=0": "u = 0", "x=1": "u = 0"},
    )
    check_face(found, "reached 0.1")


def test_networks() -> None:
    net = SimpleNamespace(states=("x", "v"), parameters=np.zeros(17))
    found = NetworkFit(net, 8, {8: 1.0, 16: 2.0}, np.array([0.01, 0.2]), np.zeros(2))
    check_face(found, "8 hidden units, 17 weights", "noise: x 0.01, v 0.2")
    check_face(Pruned(net, 40, 1.0, 1.1, ()), "17 of 40 weights kept")
    nothing = SimpleNamespace(failures=())
    check_face(Tuned(net, {"width": 16}, 0.1, 0.2, 3.0, nothing), "held-out error: 0.1")


def test_the_next_experiment(law: pm.Result) -> None:
    check_face(NextExperiment(("x",), reason=f"Nothing {HOSTILE} is to be separated."))


# Pictures.


def test_a_picture_shows_data_and_runs_of_some_trajectories(law: pm.Result) -> None:
    assert law.data is not None
    before = {**matplotlib.rcParams}, matplotlib.get_backend()
    figure = law.plot()
    assert ({**matplotlib.rcParams}, matplotlib.get_backend()) == before
    assert isinstance(figure, Figure)
    title = figure.get_suptitle()
    assert title == f"Law: {law.status}; 6 of 8 trajectories"
    png = figure._repr_png_()  # type: ignore[attr-defined]
    assert png.startswith(b"\x89PNG")  # a notebook shows it without pyplot
    x, y, miss, portrait = figure.axes
    assert (x.get_ylabel(), y.get_ylabel(), miss.get_xlabel()) == ("x", "y", "time")
    assert (portrait.get_xlabel(), portrait.get_ylabel()) == ("x", "y")
    words = {text.get_text() for text in x.get_legend().get_texts()}
    assert words == {"data", "95% of the measurements", "simulation", "fitted start"}
    points = [line for line in x.lines if line.get_linestyle() == "None"]
    samples = [line for line in points if len(line.get_xdata()) > 1]
    assert len(samples) == 6
    np.testing.assert_array_equal(samples[0].get_ydata(), law.data["x"].values[:161])


def test_every_run_starts_where_its_samples_do(law: pm.Result) -> None:
    assert law.data is not None
    flown = flights(law, law.data)
    assert [one.segment.trajectory for one in flown.runs] == ["r0", "r1", "r3", "r4", "r6", "r7"]
    for one in flown.runs:
        # Noise of 1% at each sample, and a start that averages it over many.
        assert np.abs(one.run - one.segment.values).max() < 0.06
        assert len(one.fine_time) >= 400


def test_a_run_that_blows_up_is_drawn_until_it_does(law: pm.Result) -> None:
    assert law.data is not None
    wild = replace(law.model, coefficients=np.full_like(law.model.coefficients, 20.0))
    flown = flights(replace(law, model=wild), law.data, most=1)
    run = flown.runs[0].fine_run[:, 0]
    seen = np.isfinite(run)
    assert seen[0]
    assert not np.any(np.diff(seen.astype(int)) > 0)  # nothing after the first gap
    figure = replace(law, model=wild).plot()
    figure.savefig("/dev/null", format="svg")


def test_a_picture_of_other_data_fits_its_starts_anew(law: pm.Result) -> None:
    t = np.linspace(0.0, 5.0, 101)
    z = 7.0 * np.exp((-0.1 + 2.0j) * t)
    other = pm.from_arrays(t, np.column_stack([z.real, z.imag]), names=["x", "y"])
    run = flights(law, other).runs[0]
    assert run.run[0] == pytest.approx([7.0, 0.0], abs=0.1)
    assert law.plot(other).get_suptitle() == f"Law: {law.status}"
    with pytest.raises(pm.ProblemError, match="needs 'y'"):
        law.plot(pm.from_arrays(t, z.real[:, None], names=["x"]))
    with pytest.raises(pm.ProblemError, match="needs the data"):
        replace(law, data=None).plot()


def test_three_states_are_drawn_in_space_and_many_are_not() -> None:
    lorenz = pm.discover(pm.catalogue.load("lorenz", periods=6.0))
    assert lorenz.plot().axes[-1].name == "3d"
    bodies = pm.discover(pm.catalogue.load("three-body", periods=2.0)).plot()
    names = [text.get_text() for text in bodies.axes[0].get_legend().get_texts()]
    assert names == ["body1", "body2", "body3"]
