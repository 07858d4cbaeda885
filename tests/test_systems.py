"""Simulated systems: the listed terms are the right-hand side, and what is said to hold holds."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.models.integration.integrate import integrate
from physmodel.models.simulated.systems import SYSTEMS, get_system, simulate
from physmodel.problem.algebra.calculus import evaluate
from physmodel.problem.algebra.parser import parse
from physmodel.problem.problem import Problem

Array = NDArray[np.float64]
WITH_TERMS = [name for name, system in SYSTEMS.items() if system.equations is not None]
#: The column whose swings about its mean show the characteristic time.
CLOCK = {"lorenz": "z", "duffing": "v", "forced-duffing": "v", "three-body": "x2"}


@pytest.fixture(scope="module")
def records() -> dict[str, tuple[list[Array], list[Array]]]:
    return {name: simulate(name, periods=20) for name in SYSTEMS}


@pytest.mark.parametrize("name", WITH_TERMS)
def test_right_hand_side_is_the_sum_of_the_listed_terms(name: str) -> None:
    system = SYSTEMS[name]
    names = (*system.states, *system.inputs)
    rng = np.random.default_rng(1)
    for _ in range(50):
        time = rng.uniform(0.0, 10.0)
        state = rng.uniform(0.1, 2.0, len(system.states))
        values = dict(zip(system.states, state, strict=True))
        values |= {u: float(signal(np.array(time))) for u, signal in system.inputs.items()}
        assert system.equations is not None
        listed = [
            sum(c * float(evaluate(parse(term, names), values)) for term, c in terms.items())
            for terms in system.equations.values()
        ]
        # A handful of additions: rounding only.
        np.testing.assert_allclose(system.rhs(time, state), listed, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", WITH_TERMS)
def test_terms_are_in_canonical_form(name: str) -> None:
    system = SYSTEMS[name]
    names = (*system.states, *system.inputs)
    assert system.equations is not None
    assert tuple(system.equations) == system.states
    for terms in system.equations.values():
        assert [str(parse(term, names)) for term in terms] == list(terms)


@pytest.mark.parametrize("name", SYSTEMS)
def test_invariants_stay_constant(name: str) -> None:
    system = SYSTEMS[name]
    if name in {"pendulum", "double-pendulum", "harmonic-oscillator", "kepler", "lotka-volterra"}:
        assert system.invariants
    start = np.array([np.mean(system.initial[state]) for state in system.states])
    states = integrate(system.rhs, np.linspace(0.0, 10 * system.period, 201), start, rtol=1e-12)
    for invariant in system.invariants.values():
        values = invariant(states)
        # Relative to the size of its parts; 1e-12 local errors over ten periods.
        assert np.ptp(values) < 1e-8 * max(1.0, np.abs(values).max())


@pytest.mark.parametrize("name", SYSTEMS)
def test_stated_period_is_the_measured_one(
    name: str, records: dict[str, tuple[list[Array], list[Array]]]
) -> None:
    system = SYSTEMS[name]
    (time,), (values,) = records[name]
    column = values[:, system.columns.index(CLOCK.get(name, system.columns[0]))]
    swing = column - column.mean()
    crossings = time[np.flatnonzero((swing[:-1] < 0.0) & (swing[1:] >= 0.0))]
    assert len(crossings) > 5
    assert 1 / 1.5 < np.diff(crossings).mean() / system.period < 1.5


@pytest.mark.parametrize("name", SYSTEMS)
def test_record_is_complete(name: str) -> None:
    system = SYSTEMS[name]
    assert system.id == name
    assert set(system.units) >= {*system.states, *system.inputs}
    assert set(system.initial) == set(system.states)
    assert all(low <= high for low, high in system.initial.values())
    assert system.citation
    problem = Problem.from_mapping(system.problem)
    assert (*problem.states, *problem.inputs) == system.columns


def test_dissipative_systems_start_on_their_attractor() -> None:
    # The limit cycle of van der Pol's oscillator is one closed curve: all records share it.
    _, values = simulate("van-der-pol", periods=2, trajectories=3)
    heights = [states[:, 0].max() for states in values]
    # The peak is read off samples; 100 in a period miss it by up to (2 pi/200)^2 of curvature.
    assert np.ptp(heights) < 2e-3


def test_same_seed_same_data_and_noise_leaves_the_trajectory() -> None:
    _, clean = simulate("lorenz", periods=5, seed=3)
    _, again = simulate("lorenz", periods=5, seed=3)
    _, other = simulate("lorenz", periods=5, seed=4)
    _, noisy = simulate("lorenz", periods=5, seed=3, noise=0.05)
    assert np.array_equal(clean[0], again[0])
    assert not np.array_equal(clean[0], other[0])
    ratio = (noisy[0] - clean[0]).std(axis=0) / clean[0].std(axis=0)
    # Standard error of a standard deviation of 501 draws: 3 per cent.
    np.testing.assert_allclose(ratio, 0.05, rtol=0.15)


def test_inputs_are_recorded_without_noise() -> None:
    system = SYSTEMS["forced-duffing"]
    (time,), (values,) = simulate("forced-duffing", noise=0.1)
    assert system.columns == ("x", "v", "u")
    np.testing.assert_allclose(values[:, 2], system.inputs["u"](time), rtol=0, atol=0)


def test_shapes() -> None:
    times, values = simulate("lorenz", periods=2, samples_per_period=10, trajectories=3)
    assert [t.shape for t in times] == [(21,)] * 3
    assert [x.shape for x in values] == [(21, 3)] * 3
    assert simulate("three-body", periods=1)[1][0].shape == (101, 6)


@pytest.mark.parametrize(
    "options",
    [
        {"noise": -1.0},
        {"noise": float("nan")},
        {"periods": 0.0},
        {"periods": float("inf")},
        {"samples_per_period": 0},
        {"trajectories": 0},
        {"seed": -1},
        {"periods": 1e9},
        {"periods": 0.001},
    ],
)
def test_impossible_requests_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ProblemError):
        simulate("lorenz", **options)  # type: ignore[arg-type]


def test_unknown_name_suggests_a_near_one() -> None:
    with pytest.raises(ProblemError, match="did you mean 'lorenz'"):
        get_system("lorentz")
