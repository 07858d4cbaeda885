"""A fit has the face of every law: it runs, is drawn, written, saved and read back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import physmodel as pm
from physmodel.cli.root import root
from physmodel.errors import IntegrityError
from physmodel.models.integration.integrate import integrate
from physmodel.models.nets.mlp import MLPField, MLPScalar
from physmodel.models.nets.net_field import NetField
from physmodel.models.nets.structure.hamiltonian import Hamiltonian

TIME = np.linspace(0.0, 6.0, 121)


def swing() -> np.ndarray:
    """Damped and driven: ``x'' = -4 x - 0.5 x' + u`` with ``u = 1`` settles at a quarter."""
    slow, fast = 0.25, np.sqrt(4.0 - 0.25**2)
    cosine, sine = np.cos(fast * TIME), np.sin(fast * TIME)
    return 0.25 + 0.75 * np.exp(-slow * TIME) * (cosine + slow / fast * sine)


@pytest.fixture(scope="module")
def fit() -> pm.Fit:
    noise = 1e-3 * np.random.default_rng(0).standard_normal(len(TIME))
    data = pm.from_arrays(
        TIME,
        (swing() + noise)[:, None],
        names=["x [m]"],
        inputs=np.ones(len(TIME)),
        input_names=["u"],
        time_units="s",
    )
    return pm.fit(data, "x'' = -k*x - c*x' + u")


def test_numbers_are_a_table_as_of_every_law(fit: pm.Fit) -> None:
    assert fit.parameters.index.tolist() == ["k", "c"]
    np.testing.assert_array_equal(fit.parameters["value"], fit.values)
    np.testing.assert_array_equal(fit.parameters["std_error"], fit.std_errors)
    assert np.all(np.abs(fit.values - [4.0, 0.5]) < 4.0 * fit.std_errors)


def test_it_runs_and_is_compared_with_its_own_data(fit: pm.Fit) -> None:
    assert dict(fit.problem.units) == {"x": "m"}
    run = fit.simulate(t=TIME)
    # The start and two numbers from 121 samples with noise 1e-3: their errors are below 1e-3.
    np.testing.assert_allclose(run["x"].values, swing(), rtol=0, atol=1e-3)
    assert run["x"].attrs["units"] == "m"
    assert fit.scores["free_run_r2"] > 0.9999  # the noise is 1e-6 of the variance
    assert fit.plot().get_suptitle().endswith(": identified")


def test_its_source_gives_its_rates(fit: pm.Fit) -> None:
    names: dict[str, object] = {}
    exec(fit.to_python(), names)  # noqa: S102 - our own text
    rates = names["rates"]
    assert callable(rates)
    state, drive = [0.3, -0.2], [1.0]
    wanted = fit.model.rate(
        np.zeros(1), np.array([[0.3]]), np.array([[-0.2]]), np.array([drive])
    ).item()
    assert rates(0.0, state, drive) == pytest.approx([-0.2, wanted], rel=1e-12)
    assert "void rates" in fit.to_c()
    assert "function rates" in fit.to_julia()
    assert r"\ddot{x} &= " in fit.to_latex()
    (equation,) = fit.to_sympy().values()
    found = {abs(float(one)) for one in equation.rhs.atoms() if one.is_Float}
    assert found == {float(value) for value in fit.values}


def test_what_is_saved_is_read_back(fit: pm.Fit, tmp_path: Path) -> None:
    path = fit.save(tmp_path / "run")
    again = pm.load(path)
    assert isinstance(again, pm.Fit)
    assert again.to_dict() | {"run": None} == fit.to_dict() | {"run": None}
    assert (str(again), repr(again)) == (str(fit), repr(fit))
    np.testing.assert_array_equal(again.covariance, fit.covariance)
    np.testing.assert_array_equal(again.intervals(), fit.intervals())
    np.testing.assert_array_equal(again.simulate(t=TIME)["x"], fit.simulate(t=TIME)["x"])
    assert again.scores == pytest.approx(fit.scores)
    table = json.loads(path.read_text(encoding="utf-8"))
    table["model"]["parameters"][0]["value"] = None
    path.write_text(json.dumps(table), encoding="utf-8")
    with pytest.raises(IntegrityError, match="not finite"):
        pm.load(path)


def test_numbers_that_are_not_determined_stay_so(tmp_path: Path) -> None:
    data = pm.from_arrays(TIME, np.exp(-TIME)[:, None], names=["x"])
    free = pm.fit(data, {"x": "-(a + b)*x"})
    again = pm.load(free.save(tmp_path))
    assert isinstance(again, pm.Fit)
    assert again.undetermined == free.undetermined == ("a", "b")
    assert again.status == "not-identifiable"


def test_what_is_not_measured_is_not_compared() -> None:
    data = pm.from_arrays(TIME, np.cos(2.0 * TIME)[:, None], names=["x"])
    found = pm.fit(data, {"x": "v", "v": "-k*x"}, unmeasured=["v"])
    assert found.scores == {}
    assert found.simulate(t=TIME)["v"].values == pytest.approx(-2.0 * np.sin(2.0 * TIME), abs=1e-4)
    assert "state v" in found.to_python()
    with pytest.raises(pm.ProblemError, match="needs 'v'"):
        found.plot()


def test_a_fitted_network_says_how_it_is_saved(tmp_path: Path) -> None:
    form = MLPField(1, hidden=(2,))
    field = NetField(form, ("x",), (), form.initial(1))
    short = TIME[:30]
    data = pm.from_arrays(short, np.exp(-short)[:, None], names=["x"])
    found = pm.fit(data, field)
    for ask in (found.to_python, found.to_latex, found.to_sympy, lambda: found.save(tmp_path)):
        with pytest.raises(pm.ProblemError, match=r"pm\.nets\.save_net"):
            ask()
    assert not [*tmp_path.iterdir()]
    assert found._repr_latex_() is None  # a notebook shows the card
    assert found.simulate(t=short)["x"].values == pytest.approx(np.exp(-short), abs=1e-2)


def test_the_command_keeps_its_run(tmp_path: Path) -> None:
    file, run = tmp_path / "decay.csv", tmp_path / "run"
    rows = "\n".join(f"{t:.6f},{2.0 * np.exp(-0.7 * t):.9f}" for t in TIME)
    file.write_text(f"t,x\n{rows}\n", encoding="utf-8")

    def physmodel(*words: object) -> str:
        done = CliRunner().invoke(root, [str(word) for word in words])
        assert done.exit_code == 0, done.output
        return done.stdout

    table = json.loads(physmodel("fit", file, "--equations", "x' = -k*x", "--json", "-o", run))
    assert table["parameters"]["k"]["value"] == pytest.approx(0.7, abs=1e-6)
    assert table["equations"] == {"x": "-x*k"}
    assert "status: identified" in physmodel("verify", run)
    last = physmodel("simulate", run, "--until", "6", "--points", "2").splitlines()[-1]
    assert float(last.split(",")[1]) == pytest.approx(2.0 * np.exp(-4.2), abs=1e-6)
    page = Path(physmodel("report", run).strip()).read_text(encoding="utf-8")
    assert "Free-run R²" in page
    assert "<h2>Numbers</h2>" in page


def test_regimes_are_scored_drawn_and_kept(tmp_path: Path) -> None:
    """A spring that is stiffer to one side: the motion decides, so one field runs it all."""
    time = np.linspace(0.0, 20.0, 200)

    def stiff(_: float, z: np.ndarray) -> np.ndarray:
        return np.array([z[1], -(1.0 if z[0] > 0 else 4.0) * z[0]])

    path = integrate(stiff, time, np.array([1.0, 0.3]))
    data = pm.from_arrays(time, path, names=["x", "v"])
    found = pm.fit_regimes(data, {"x": "v", "v": "-k*x"})
    assert found.n_regimes == 2
    assert found.score(data)["free_run_r2"] > 0.99  # the gate stands between two samples
    assert found.plot(data).get_suptitle() == f"Law: {found.status}"
    again = pm.load(found.save(tmp_path))
    assert isinstance(again, type(found))
    assert again.to_dict() | {"run": None} == found.to_dict() | {"run": None}
    assert str(again) == str(found)
    states = np.array([[0.5, 0.1], [-0.5, 0.1]])
    rates = [one.field.rate(np.zeros(2), states, None, np.empty((2, 0))) for one in (found, again)]
    np.testing.assert_array_equal(*rates)
    told = CliRunner().invoke(root, ["simulate", str(tmp_path), "--until", "30"])
    assert told.exit_code == 2
    assert "2 regimes" in told.output


def test_fitted_networks_are_scored_drawn_and_kept(tmp_path: Path) -> None:
    angle = np.cos(2.0 * TIME)
    table = np.column_stack([angle, -2.0 * np.sin(2.0 * TIME), -2.0 * np.sin(2.0 * TIME)])
    table = np.column_stack([table, -4.0 * angle])
    data = pm.from_arrays(TIME, table, names=["q", "p", "q_t", "p_t"])
    found = pm.fit_network(lambda width: Hamiltonian(MLPScalar(2, (width,))), data)
    assert found.score(data)["free_run_r2"] > 0.99  # what is left is the error of a small network
    assert found.plot(data).get_suptitle() == "Law: network"
    again = pm.nets.load_net(found.save(tmp_path / "net"))
    point = np.zeros(1), np.array([[0.3, 0.4]]), None, np.empty((1, 0))
    np.testing.assert_array_equal(again.rate(*point), found.field.rate(*point))
    with pytest.raises(pm.ProblemError, match="needs 'p'"):
        found.score(data[["q", "row_size"]])


@pytest.mark.parametrize("form", ["python", "c", "julia", "latex", "json", "text"])
def test_a_run_is_shown_in_every_form(form: str, fit: pm.Fit, tmp_path: Path) -> None:
    fit.save(tmp_path)
    done = CliRunner().invoke(root, ["show", str(tmp_path), "--as", form])
    assert done.exit_code == 0, done.output
    again = pm.load(tmp_path)
    assert isinstance(again, pm.Fit)
    wanted = {
        "python": again.to_python,
        "c": again.to_c,
        "julia": again.to_julia,
        "latex": again.to_latex,
        "text": lambda: str(again),
        "json": lambda: json.dumps(again.to_dict(str(tmp_path)), indent=1),
    }[form]()
    assert done.stdout.strip() == wanted.strip()
