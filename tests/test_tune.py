"""Settings of a network from held-out runs: errors in closed form, the form that the law has."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

import physmodel as pm
from physmodel.data.segments import Segment
from physmodel.models.fields.expression_field import expression_field
from physmodel.models.fields.parametric_field import ParametricField
from physmodel.networks import net_trial, tune
from physmodel.networks.held_out import FOLDS, SHORTEST, exam, folds, surely_less
from physmodel.networks.net_trial import FORMS, NetTrial
from physmodel.optimizers.settings_search.record import Evaluation, SearchEnding, SearchResult
from physmodel.optimizers.settings_search.space import Categorical, Integer, Real

Array = NDArray[np.float64]


def circle(phase: float, n: int = 161, w: float = 1.0, decay: float = 0.0) -> Segment:
    """Exact motion of q' = p, p' = -q (turned w times as fast), with friction if asked."""
    time = np.linspace(0.0, 8.0 * np.pi, n)
    angle, size = w * time + phase, np.exp(-decay * time)
    return Segment("0", time, (np.stack([np.sin(angle), np.cos(angle)]) * size).T)


def turning(w: float) -> ParametricField:
    return expression_field({"q": "w*p", "p": "-w*q"}, start={"w": w})


def dataset(found: list[Segment]) -> xr.Dataset:
    return pm.from_arrays([s.time for s in found], [s.values for s in found], names=["q", "p"])


@pytest.mark.parametrize("n", [4, 10])
def test_every_trajectory_is_held_out_once_and_no_sample_is_in_both(n: int) -> None:
    found = [circle(0.3 * k) for k in range(n)]
    parts = folds(found, 2)
    assert len(parts) == FOLDS
    starts = sorted(one.values[0, 0] for one in found)
    assert sorted(one.values[0, 0] for part in parts for one in part.held_out) == starts
    for part in parts:
        both = [one.values[0, 0] for one in (*part.training, *part.held_out)]
        assert sorted(both) == starts
        # The autocorrelation of a sine falls to zero after a quarter of a period.
        assert part.memory == pytest.approx(2.0 * np.pi, rel=0.1)


@pytest.mark.parametrize(("n", "count"), [(2 * SHORTEST, 2), (31, 3), (161, FOLDS)])
def test_of_one_trajectory_every_stretch_is_held_out_once(n: int, count: int) -> None:
    whole = circle(0.0, n)
    parts = folds([whole], 2)
    assert len(parts) == count
    held = np.concatenate([part.held_out[0].time for part in parts])
    np.testing.assert_array_equal(held, whole.time)
    for part in parts:
        pieces = (*part.training, *part.held_out)
        assert min(len(one.time) for one in pieces) >= SHORTEST
        # No piece spans the gap that is left.
        np.testing.assert_array_equal(
            np.sort(np.concatenate([one.time for one in pieces])), whole.time
        )


def test_a_trajectory_too_short_for_a_stretch_is_fitted_in_every_fold() -> None:
    short = circle(1.0, SHORTEST)
    for part in folds([circle(0.0), short], 2):
        assert any(one is short for one in part.training)


def test_the_error_of_a_field_that_turns_too_fast_is_that_of_the_angle() -> None:
    # From a common start the angle between the runs grows to 2 pi r over a characteristic time;
    # the squared distance of two points on the unit circle is 4 sin^2(half the angle), shared by
    # two states of variance 1/2. Small enough for no clipping. Exact up to the smoothed start.
    found = [circle(0.3 * k) for k in range(5)]
    parts = folds(found, 2)[0]
    test = exam(parts.held_out, 2, parts.memory, np.full(2, np.sqrt(0.5)))
    r = 0.05
    angles = r * (test.time - test.time[0])[1:]
    wanted = np.sqrt(np.mean(4.0 * np.sin(angles / 2.0) ** 2))
    assert test.strays(turning(1.0 + r)) == pytest.approx(wanted, rel=1e-2)
    # A cubic smoothing spline of step 0.16 through a sine is off by less than (0.16 / 2 pi)^2.
    assert test.strays(turning(1.0)) < 6e-4


def test_a_run_that_leaves_for_infinity_counts_as_one() -> None:
    parts = folds([circle(0.3 * k) for k in range(5)], 2)[0]
    test = exam(parts.held_out, 2, parts.memory, np.full(2, np.sqrt(0.5)))
    away = expression_field({"q": "k*q*q*q + k", "p": "k*p*p*p + k"}, start={"k": 1e3})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert test.strays(away) == pytest.approx(1.0, abs=0.05)  # but for points passed by chance


@pytest.mark.parametrize("form", FORMS)
def test_every_form_learns_a_circle(form: str) -> None:
    # An oscillator is a member of each: energies are quadratic, fields linear beside the units.
    trial = NetTrial(("q", "p"), (), [circle(0.2), circle(1.0)], 2.0 * np.pi, 0)
    settings = {"form": form, "width": 4, "ridge": 1e-8, "window": 1e-3}
    field = trial.fit(settings, 0.3)
    x = circle(2.0).values
    rate = field.rate(np.zeros(len(x)), x, None, np.empty((len(x), 0)))
    # Slopes of a cubic spline of step 0.16 are off by about (0.16)^2 / 24 at its ends, which are
    # few of the rows.
    assert np.sqrt(np.mean((rate - np.stack([x[:, 1], -x[:, 0]], axis=1)) ** 2)) < 2e-3


def test_less_effort_is_fewer_iterations() -> None:
    trial = NetTrial(("q", "p"), (), [circle(0.2, decay=0.05)], 2.0 * np.pi, 0)
    settings = {"form": "port-hamiltonian", "width": 8, "ridge": 1e-8, "window": 1e-3}
    field = trial.fit(settings, 1.0)

    def miss(effort: float) -> float:
        other = trial.fit(settings, effort)
        return float(np.linalg.norm(other.parameters - field.parameters))

    assert miss(1.0) == 0.0
    assert miss(1 / 27) > miss(0.5) > 0.0


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small networks and few iterations."""
    monkeypatch.setattr(net_trial, "ITERATIONS", 4)
    monkeypatch.setattr(net_trial, "ROWS", 40)
    monkeypatch.setattr(tune, "LEAST", 1.0)
    monkeypatch.setattr(tune, "DEFAULTS", {**tune.DEFAULTS, "width": 4})
    monkeypatch.setattr(
        tune,
        "RANGES",
        {"width": Integer(2, 4), "ridge": Real(1e-8, 1e-2, log=True), "window": Real(1e-3, 0.05)},
    )


def test_friction_is_told_from_its_absence() -> None:
    # A field that keeps an energy cannot follow a motion that loses half of its own in a turn.
    found = [circle(0.9 * k, 61, decay=0.08) for k in range(4)]
    parts = folds(found, 2)[2]
    spread = np.vstack([one.values for one in parts.training]).std(axis=0)
    test = exam(parts.held_out, 2, parts.memory, spread)
    trial = NetTrial(("q", "p"), (), parts.training, parts.memory, 0)
    settings = {"width": 4, "ridge": 1e-6, "window": 0.01}
    error = {
        form: test.strays(trial.fit({"form": form, **settings}, 0.2))
        for form in ("hamiltonian", "port-hamiltonian")
    }
    assert error["port-hamiltonian"] < 0.2 * error["hamiltonian"]


@pytest.mark.usefixtures("quick")
def test_the_answer_is_no_worse_than_the_default_and_comes_again() -> None:
    rng = np.random.default_rng(0)
    found = [
        replace(one, values=one.values + 0.02 * rng.standard_normal(one.values.shape))
        for one in (circle(0.9 * k, 61, decay=0.08) for k in range(4))
    ]
    first, again = (pm.tune(dataset(found), seed=1) for _ in range(2))
    assert first.error <= first.default_error
    assert first.search.evaluations[0].settings == tune.DEFAULTS
    assert "held-out error" in str(first)
    np.testing.assert_array_equal(first.field.parameters, again.field.parameters)
    assert first.search.evaluations == again.search.evaluations


def test_less_is_less_by_more_than_the_standard_error_of_the_difference() -> None:
    first = np.array([0.2, 0.4, 0.6, 0.8])
    assert surely_less(first - 0.1, first)  # alike in all folds: no doubt, however these differ
    assert not surely_less(first + 0.1, first)
    assert not surely_less(first, first)
    # Gains of 0.5, 0, 0, -0.1: mean 0.1, standard error sqrt(0.22 / 12) = 0.135.
    assert not surely_less(first - [0.5, 0.0, 0.0, -0.1], first)
    # Gains of 0.3, 0.1, 0.1, 0.1: mean 0.15, standard error sqrt(0.03 / 12) = 0.05.
    assert surely_less(first - [0.3, 0.1, 0.1, 0.1], first)


@pytest.mark.usefixtures("quick")
def test_worse_settings_that_a_search_comes_with_are_not_adopted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # No energy is kept by a motion that loses half of its own in a turn.
    bad = {**tune.DEFAULTS, "form": "hamiltonian"}
    tried = (Evaluation(tune.DEFAULTS, 1.0, 0.2), Evaluation(bad, 1.0, 0.1))
    found = SearchResult(bad, 0.1, tried, SearchEnding.PLANNED, (), "hyperband")
    monkeypatch.setattr(tune, "search", lambda *_, **__: found)
    tuned = pm.tune(dataset([circle(0.9 * k, 61, decay=0.08) for k in range(4)]))
    assert tuned.settings == tune.DEFAULTS
    assert tuned.error == tuned.default_error
    assert tuned.search.settings == bad


def forms_tried(data: xr.Dataset, **said: object) -> tuple[object, ...]:
    """The options of the search, which is stopped before it begins."""
    seen: list[object] = []

    def stop(error: object, space: dict[str, Categorical], **rest: object) -> object:
        seen.extend(space["form"].options)
        raise InterruptedError

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tune, "search", stop)
        with pytest.raises(InterruptedError):
            pm.tune(data, **said)  # type: ignore[arg-type]
    return tuple(seen)


def test_forms_follow_from_what_is_said() -> None:
    one, other = circle(0.0), circle(1.0)
    table = np.hstack([one.values, other.values])
    four = pm.from_arrays(one.time, table, names=["a", "b", "c", "d"])
    assert forms_tried(dataset([one, other])) == FORMS
    assert forms_tried(four) == ("plain",)
    assert forms_tried(four, pairs=[("a", "b"), ("c", "d")]) == FORMS
    driven = pm.from_arrays(one.time, one.values, names=["q", "p"], inputs=table[:, 2:3])
    assert forms_tried(driven) == ("plain", "port-hamiltonian")


def test_bad_requests_are_refused() -> None:
    with pytest.raises(pm.ProblemError, match="are not all states"):
        pm.tune(dataset([circle(0.0)]), pairs=[("q", "v")])
    with pytest.raises(pm.DataError, match="too few"):
        pm.tune(dataset([circle(0.0, 9)]))
    still = pm.from_arrays(np.arange(40.0), np.ones((40, 1)), names=["q"])
    with pytest.raises(pm.DataError, match="never changes"):
        pm.tune(still)


@pytest.mark.usefixtures("quick")
def test_the_page_on_tuning_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).resolve().parents[1] / "docs" / "tuning.md").read_text(encoding="utf-8")
    names: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        exec(compile(block, "tuning.md", "exec"), names)  # noqa: S102 - our own page
    shown = capsys.readouterr().out
    assert "held-out error" in shown
    assert "kind = 'spline'" in shown
