"""Integrators: exact solutions, units, refusals; for conservation see the property tests."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from physmodel.errors import PhysmodelError, ProblemError
from physmodel.models.fields.conservative import henon_heiles, rigid_body
from physmodel.models.integration import integrate as module
from physmodel.models.integration.geometric import implicit_midpoint, projected
from physmodel.models.integration.integrate import integrate, leapfrog, rk4, yoshida4, yoshida6
from physmodel.models.simulated.system import System

Array = NDArray[np.float64]


def oscillator(t: float, x: Array) -> Array:
    return np.array([x[1], -4.0 * x[0]])


@pytest.mark.parametrize("method", ["DOP853", "LSODA", "Radau"])
def test_adaptive_methods_meet_the_exact_solution(method: str) -> None:
    time = np.linspace(0.0, 10.0, 201)
    exact = np.stack([np.cos(2 * time), -2 * np.sin(2 * time)], axis=1)
    # Twenty radians of phase; a global error of some hundred local tolerances is usual.
    got = integrate(oscillator, time, [1.0, 0.0], rtol=1e-9, method=method)
    assert np.abs(got - exact).max() < 1e-6


def test_default_tolerance_is_near_rounding() -> None:
    time = np.linspace(0.0, 10.0, 201)
    got = integrate(oscillator, time, [1.0, 0.0])
    assert np.abs(got[:, 0] - np.cos(2 * time)).max() < 1e-9


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_accuracy_does_not_depend_on_units(scale: float) -> None:
    time = np.linspace(0.0, 5.0, 51)
    got = integrate(oscillator, time, [scale, 0.0]) / scale
    assert np.abs(got[:, 0] - np.cos(2 * time)).max() < 1e-9


def test_time_may_run_backwards() -> None:
    time = np.linspace(0.0, 3.0, 31)
    there = integrate(oscillator, time, [1.0, 0.5])
    back = integrate(oscillator, time[::-1], there[-1])
    assert np.abs(back[::-1] - there).max() < 1e-8


def test_one_time_gives_the_start_and_inputs_stay_as_they_were() -> None:
    start = np.array([1.0, 2.0])
    assert np.array_equal(integrate(oscillator, [3.0], start), start[None, :])
    integrate(oscillator, [0.0, 1.0], start)
    assert np.array_equal(start, [1.0, 2.0])


def test_blow_up_names_the_time_reached() -> None:
    # x' = x^2, x(0) = 1 is 1/(1 - t).
    with pytest.raises(PhysmodelError, match=r"stopped at t = (1|0\.99999)") as caught:
        integrate(lambda t, x: x**2, [0.0, 2.0], [1.0])
    assert caught.value.fix


def test_stiff_problem_falls_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_EVALUATIONS", 5000)
    # x' = -1e6 (x - cos t): stability holds explicit steps near 1e-6, so they need too many.
    got = integrate(lambda t, x: -1e6 * (x - np.cos(t)), [0.0, 1.0], [1.0], rtol=1e-6)
    # The slow solution is cos t + 1e-6 sin t.
    assert got[-1, 0] == pytest.approx(np.cos(1.0), abs=1e-5)


def test_giving_up_is_an_error_and_not_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_EVALUATIONS", 50)
    with pytest.raises(PhysmodelError, match="evaluations were not enough"):
        integrate(oscillator, [0.0, 100.0], [1.0, 0.0])


@pytest.mark.parametrize("time", [[0.0, 0.0], [0.0, 1.0, 0.5], [0.0, np.nan], [0.0, np.inf]])
def test_bad_times_are_refused(time: list[float]) -> None:
    with pytest.raises(ProblemError, match="monotone"):
        integrate(oscillator, time, [1.0, 0.0])


def test_values_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ProblemError, match="start value 1"):
        integrate(oscillator, [0.0, 1.0], [1.0, np.nan])
    with pytest.raises(PhysmodelError, match="not finite at the start"):
        integrate(lambda t, x: np.log(x), [0.0, 1.0], [-1.0])


def test_leapfrog_asks_for_one_force_per_step() -> None:
    asked = []

    def force(q: Array) -> Array:
        asked.append(q)
        return -q

    leapfrog(force, np.arange(11.0) / 10, [1.0], [0.0])
    assert len(asked) == 11


def test_implicit_midpoint_keeps_quadratic_invariants_of_any_field() -> None:
    body = rigid_body()
    # Frequencies of order one; the step resolves them, as for any integrator.
    path = implicit_midpoint(body.rhs, np.arange(5_001) * 0.1, [0.3, 0.8, 0.7])
    for invariant in body.invariants.values():
        values = invariant(path)
        # Exact but for rounding, of one sign at worst: 5e3 steps of 1e-16.
        assert np.ptp(values) <= 1e-12 * values[0]


def test_implicit_midpoint_damps_what_is_too_fast_to_follow() -> None:
    # x' = -1e6 (x - cos t) with ten steps: errors of the slow solution are O(h^2) = 0.01.
    path = implicit_midpoint(lambda t, x: -1e6 * (x - np.cos(t)), np.linspace(0, 1, 11), [1.0])
    assert path[-1, 0] == pytest.approx(np.cos(1.0), abs=2e-3)


@settings(max_examples=15)
@given(decades=st.lists(st.floats(-8.0, 8.0), min_size=2, max_size=2))
def test_implicit_steps_do_not_depend_on_units(decades: list[float]) -> None:
    a, b = 10.0 ** np.array(decades)
    time = np.linspace(0.0, 20.0, 101)
    plain = implicit_midpoint(lambda t, x: np.array([x[1], -np.sin(x[0])]), time, [1.5, 0.0])
    scaled = implicit_midpoint(
        lambda t, x: np.array([a * x[1] / b, -b * np.sin(x[0] / a)]), time, [1.5 * a, 0.0]
    )
    np.testing.assert_allclose(scaled / [a, b], plain, rtol=0, atol=1e-11)


@pytest.mark.parametrize("system", [rigid_body, henon_heiles])
def test_projection_keeps_invariants_and_the_order(system: Callable[[], System]) -> None:
    made = system()
    start = [np.mean(made.initial[name]) for name in made.states]
    invariants = list(made.invariants.values())
    exact = integrate(made.rhs, [0.0, 40.0], start, rtol=1e-13)[-1]
    errors = []
    for n in (400, 800):
        path = projected(made.rhs, np.linspace(0.0, 40.0, n + 1), start, invariants)
        errors.append(np.abs(path[-1] - exact).max())
        for invariant in invariants:
            assert np.ptp(invariant(path)) <= 1e-13 * np.abs(invariant(path)).max()
    assert np.log2(errors[0] / errors[1]) >= 3.8


def test_projection_on_nothing_is_the_method_itself() -> None:
    time = np.linspace(0.0, 5.0, 51)
    plain = rk4(oscillator, time, [1.0, 0.0])
    np.testing.assert_array_equal(projected(oscillator, time, [1.0, 0.0], []), plain)


def test_projection_says_when_the_law_leaves_its_invariants() -> None:
    time = np.linspace(0.0, 5.0, 51)
    with pytest.raises(PhysmodelError, match=r"stopped at t = 0 .*\n.*near"):
        # x^2 cannot stay what it was where it is forced to be constant and not: no real root.
        projected(lambda t, x: x, time, [1.0], [lambda x: (x[:, 0] > 1.0).astype(float)])
    with pytest.raises(ProblemError, match=r"\(1, 2\) -> \(1,\)"):
        projected(oscillator, time, [1.0, 0.0], [lambda x: x])


def test_a_step_that_is_too_long_is_an_error_and_not_a_number() -> None:
    # x' = x^2: k = (1 + k h / 2)^2 has no real root beyond h = 1/2.
    with pytest.raises(PhysmodelError, match="shorter steps"):
        implicit_midpoint(lambda t, x: x**2, [0.0, 1.0], [1.0])


def test_positions_and_velocities_belong_together() -> None:
    for method in (leapfrog, yoshida4, yoshida6):
        with pytest.raises(ProblemError, match="2 positions and 1 velocities"):
            method(lambda q: -q, [0.0, 1.0], [1.0, 2.0], [0.0])
