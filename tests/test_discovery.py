"""From data to laws: exact answers where they exist, honest ones where they do not."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import xarray as xr

import physmodel as pm
from physmodel.models.integration.integrate import integrate
from physmodel.models.simulated.systems import SYSTEMS


def support(result: pm.Result) -> dict[str, set[str]]:
    return {s: {item["term"] for item in result.terms(s)} for s in result.problem.states}


def truth(name: str) -> dict[str, set[str]]:
    equations = SYSTEMS[name].equations
    assert equations is not None
    return {state: set(terms) for state, terms in equations.items()}


def worst_error(result: pm.Result, name: str) -> float:
    equations = SYSTEMS[name].equations
    assert equations is not None
    found = {(s, i["term"]): i["coefficient"] for s in equations for i in result.terms(s)}
    return max(
        abs(found[state, term] / value - 1.0)
        for state, terms in equations.items()
        for term, value in terms.items()
    )


@cache
def of_clean_data(name: str) -> pm.Result:
    """The law of a record without noise, for several tests; the record stays as it was."""
    # Which hold the inputs have is found in tests/test_held_inputs.py and in the quick start.
    data = pm.catalogue.load(name)
    before = data.copy(deep=True)
    result = pm.discover(data, hold=dict.fromkeys(SYSTEMS[name].inputs, "band-limited"))
    xr.testing.assert_identical(data, before)
    return result


@pytest.mark.parametrize(
    "name", ["lorenz", "van-der-pol", "pendulum", "lotka-volterra", "duffing", "forced-duffing"]
)
def test_noise_free_laws_are_exact(name: str) -> None:
    result = of_clean_data(name)
    assert support(result) == truth(name)
    assert result.status == "identified"
    # Asked for: 1e-8 on Lorenz. The interpolation rules leave 1e-9 at the fastest swings.
    assert worst_error(result, name) < 1e-8


# `physmodel bench discovery` measures the share of exact laws over many systems, noises and seeds.
@pytest.mark.parametrize(
    ("name", "seed"),
    [("lorenz", 0), ("van-der-pol", 1), ("pendulum", 1), ("lotka-volterra", 0), ("duffing", 1)],
)
def test_one_per_cent_of_noise(name: str, seed: int) -> None:
    data = pm.catalogue.load(name, noise=0.01, seed=seed)
    result = pm.discover(data)
    assert support(result) == truth(name)
    equations = SYSTEMS[name].equations
    assert equations is not None
    for state, terms in equations.items():
        for item in result.terms(state):
            # Five standard errors: one in two million for a calibrated Gaussian error.
            miss = abs(item["coefficient"] - terms[item["term"]])
            assert miss < 5.0 * item["std"] + 1e-9
    for state in result.problem.states:
        # The share of each channel in a joint residual is uncertain by 20% at n = 1000.
        assert result.noise_std[state] == pytest.approx(0.01 * float(data[state].std()), rel=0.25)


def test_position_alone_gives_a_second_order_law() -> None:
    data = pm.catalogue.load("pendulum")
    result = pm.discover(pm.open(data, states=["theta"]))
    assert result.model.order == 2
    assert support(result) == {"theta": {"sin(theta)"}}
    assert result.terms("theta")[0]["coefficient"] == pytest.approx(-9.81, rel=1e-8)
    assert result.terms("theta")[0]["unit"] == "rad/s^2"


def test_noisy_position_alone() -> None:
    data = pm.catalogue.load("pendulum", noise=0.01, trajectories=2)
    result = pm.discover(pm.open(data, states=["theta"]))
    assert support(result) == {"theta": {"sin(theta)"}}
    # One per cent of noise over ten periods: the frequency is known to about 1e-3.
    assert result.terms("theta")[0]["coefficient"] == pytest.approx(-9.81, rel=5e-3)


def test_a_damped_oscillator_from_its_position() -> None:
    t = np.linspace(0.0, 40.0, 800)
    x = np.exp(-0.1 * t) * np.cos(2.0 * t)
    result = pm.discover(pm.from_arrays(t, x[:, None], names=["x"]))
    assert support(result) == {"x": {"x", "x_t"}}
    values = {item["term"]: item["coefficient"] for item in result.terms("x")}
    assert values == pytest.approx({"x": -4.01, "x_t": -0.2}, rel=1e-7)


def test_irregular_sampling_gaps_and_unequal_lengths() -> None:
    rng = np.random.default_rng(3)
    times, states = [], []
    for n, start in ((900, [1.0, 1.0, 20.0]), (400, [-5.0, 3.0, 22.0])):
        t = np.sort(rng.uniform(0.0, n * 0.01, n))
        t = t[np.concatenate([[True], np.diff(t) > 1e-4])]
        if n == 900:
            t = np.concatenate([t, t + 12.0])  # a gap
        x = integrate(SYSTEMS["lorenz"].rhs, t, np.array(start), rtol=1e-12)
        times.append(t)
        states.append(x + 0.01 * x.std(axis=0) * rng.standard_normal(x.shape))
    data = pm.from_arrays(times, states, names=["x", "y", "z"])
    assert data.sizes["trajectory"] == 3
    result = pm.discover(data)
    assert support(result) == truth("lorenz")
    assert worst_error(result, "lorenz") < 0.01


def test_user_terms_and_functions() -> None:
    t = np.linspace(0.0, 12.0, 600)
    x = integrate(lambda _, s: np.array([2.0 - 3.0 * s[0] / (1.0 + s[0])]), t, [0.1], rtol=1e-12)
    data = pm.from_arrays(t, x, names=["x"])
    result = pm.discover(data, order=1, degree=1, terms=["x/(1 + x)"])
    assert support(result) == {"x": {"1", "x*(1 + x)^-1"}}


@pytest.mark.parametrize(
    ("label", "values"),
    [
        ("white noise", lambda rng: rng.standard_normal((500, 2))),
        ("random walk", lambda rng: np.cumsum(rng.standard_normal((300, 2)), axis=0)),
        ("integrated walk", lambda rng: np.cumsum(np.cumsum(rng.standard_normal((600, 1)), 0), 0)),
    ],
    ids=["white", "walk", "integrated"],
)
def test_randomness_gets_no_law(label: str, values) -> None:
    result = pm.discover(pm.from_arrays(0.1, values(np.random.default_rng(5))))
    assert result.status == "no-law", label


def test_idle_and_repeated_columns_are_left_out() -> None:
    data = pm.catalogue.load("lorenz")
    x = np.column_stack([data[name].values for name in "xyz"])
    wide = np.column_stack([x, np.full(len(x), 3.0), 2.0 * x[:, 0] + 1.0])
    made = pm.from_arrays(data["time"].values, wide, names=["x", "y", "z", "still", "copy"])
    result = pm.discover(made)
    assert result.problem.states == ("x", "y", "z")
    assert support(result) == truth("lorenz")
    told = " ".join(str(f) for f in result.warnings)
    assert "still" in told
    assert "copy" in told


def test_same_data_same_bits() -> None:
    data = pm.catalogue.load("lorenz", noise=0.05, periods=6)
    first, second = pm.discover(data), pm.discover(data)
    xr.testing.assert_identical(first.coefficients, second.coefficients)
    xr.testing.assert_identical(first.std_errors, second.std_errors)


def test_duplicated_trajectories_shrink_errors_by_the_root_of_two() -> None:
    data = pm.catalogue.load("lorenz", noise=0.02, seed=1, periods=6)
    x = np.column_stack([data[n].values for n in "xyz"])
    t = data["time"].values
    once = pm.discover(pm.from_arrays([t], [x], names=list("xyz")))
    twice = pm.discover(pm.from_arrays([t, t], [x, x], names=list("xyz")))
    for state in "xyz":
        for first, second in zip(once.terms(state), twice.terms(state), strict=True):
            # The degrees of freedom and the noise estimate change by parts in a thousand.
            assert first["std"] / second["std"] == pytest.approx(np.sqrt(2.0), rel=0.02)
            assert first["coefficient"] == pytest.approx(second["coefficient"], rel=1e-3)


def test_conserved_quantities_are_found_and_absent_where_there_are_none() -> None:
    found = of_clean_data("pendulum").conserved
    assert len(found) == 1
    assert found[0].drift < 1e-9
    assert not of_clean_data("duffing").conserved  # it is damped
    assert not of_clean_data("lorenz").conserved


def test_a_problem_that_does_not_fit_the_data() -> None:
    data = pm.catalogue.load("lorenz")
    with pytest.raises(pm.ProblemError, match="no variable 'w'"):
        pm.discover(data, states=["w"])
    with pytest.raises(pm.DataError, match="zero or negative"):
        pm.discover(data, positive=["x"])
    with pytest.raises(pm.ProblemError, match="needs at least"):
        pm.discover(
            data.pipe(lambda d: pm.from_arrays(0.01, d["x"].values[:30])),
            degree=6,
            functions=["sin", "cos", "exp"],
        )
