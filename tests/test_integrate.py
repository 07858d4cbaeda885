"""Integrators: exact solutions, order by halving, and what symplectic methods conserve."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from physmodel.errors import PhysmodelError, ProblemError
from physmodel.models import integrate as module
from physmodel.models.integrate import integrate, leapfrog, rk4, yoshida4

Array = NDArray[np.float64]
SYMPLECTIC = {"leapfrog": (leapfrog, 2), "yoshida4": (yoshida4, 4)}


def oscillator(t: float, x: Array) -> Array:
    return np.array([x[1], -4.0 * x[0]])


def pendulum_force(q: Array) -> Array:
    return -np.sin(q)


def pendulum_energy(states: Array) -> Array:
    return states[:, 1] ** 2 / 2 - np.cos(states[:, 0])


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
    with pytest.raises(PhysmodelError, match="stopped at t"):
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


def test_runge_kutta_has_order_four() -> None:
    errors = []
    for n in (200, 400):
        time = np.linspace(0.0, 10.0, n + 1)
        errors.append(abs(rk4(oscillator, time, [1.0, 0.0])[-1, 0] - np.cos(20.0)))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(4.0, abs=0.2)


@pytest.mark.parametrize("name", SYMPLECTIC)
def test_energy_error_has_the_order_of_the_method_and_does_not_grow(name: str) -> None:
    method, order = SYMPLECTIC[name]
    drifts = []
    for step in (0.1, 0.05):
        time = np.arange(0.0, 200.0 + step / 2, step)
        energy = pendulum_energy(method(pendulum_force, time, [1.5], [0.0]))
        error = np.abs(energy - energy[0])
        drifts.append(error.max())
        half = len(error) // 2
        # A secular method such as rk4 has a ratio near 4 here.
        assert error[half:].max() / error[:half].max() < 1.2
    assert np.log2(drifts[0] / drifts[1]) == pytest.approx(order, abs=0.2)


def test_the_boundedness_test_would_catch_a_secular_method() -> None:
    time = np.arange(0.0, 200.05, 0.1)
    states = rk4(lambda t, x: np.array([x[1], -np.sin(x[0])]), time, [1.5, 0.0])
    error = np.abs(pendulum_energy(states) - pendulum_energy(states)[0])
    half = len(error) // 2
    assert error[half:].max() / error[:half].max() > 1.5


@st.composite
def separable(draw: st.DrawFn) -> tuple[Callable[[Array], Array], int]:
    """Force of a positive definite quadratic plus quartic potential: bounded motion."""
    d = draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    root = rng.normal(size=(d, d)) / np.sqrt(d)
    matrix = root @ root.T + 0.1 * np.eye(d)
    quartic = rng.uniform(0.0, 1.0, d)
    return (lambda q: -matrix @ q - quartic * q**3), d


@settings(max_examples=50)
@given(problem=separable(), seed=st.integers(0, 1000), name=st.sampled_from(sorted(SYMPLECTIC)))
def test_flipping_the_velocity_leads_back(
    problem: tuple[Callable[[Array], Array], int], seed: int, name: str
) -> None:
    force, d = problem
    start = np.random.default_rng(seed).uniform(-1.0, 1.0, (2, d))
    time = np.arange(101) * 0.05
    there = SYMPLECTIC[name][0](force, time, *start)[-1]
    back = SYMPLECTIC[name][0](force, time, there[:d], -there[d:])[-1]
    # Exact but for rounding, which motion of a few swings multiplies by less than 1e4.
    assert np.abs(back[:d] - start[0]).max() < 1e-9
    assert np.abs(back[d:] + start[1]).max() < 1e-9


@pytest.mark.parametrize("name", SYMPLECTIC)
def test_the_map_is_symplectic(name: str) -> None:
    # A linear force makes a linear map: its matrix is the images of the unit vectors.
    stiffness = np.array([[2.0, 0.3], [0.3, 1.0]])
    columns = [
        SYMPLECTIC[name][0](lambda q: -stiffness @ q, [0.0, 0.3], unit[:2], unit[2:])[-1]
        for unit in np.eye(4)
    ]
    jacobian = np.array(columns).T
    omega = np.block([[np.zeros((2, 2)), np.eye(2)], [-np.eye(2), np.zeros((2, 2))]])
    assert np.abs(jacobian.T @ omega @ jacobian - omega).max() < 1e-14


@pytest.mark.parametrize("name", SYMPLECTIC)
def test_central_force_keeps_angular_momentum(name: str) -> None:
    states = SYMPLECTIC[name][0](
        lambda q: -q / np.linalg.norm(q) ** 3, np.arange(2001) * 0.01, [1.0, 0.0], [0.0, 1.1]
    )
    spin = states[:, 0] * states[:, 3] - states[:, 1] * states[:, 2]
    # Each kick and drift keeps it exactly; rounding of 6000 substeps adds up to 1e-13.
    assert np.ptp(spin) / spin[0] < 1e-11
