"""Properties 1 to 4: what integrators conserve, on random Hamiltonians of bounded motion."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, target
from hypothesis import strategies as st
from numpy.typing import NDArray

from physmodel.errors import PhysmodelError, ProblemError
from physmodel.models.integration.geometric import implicit_midpoint, projected
from physmodel.models.integration.integrate import leapfrog, rk4, yoshida4, yoshida6
from physmodel.testing import Hamiltonian, check_integrator, hamiltonians
from physmodel.testing.integrator import (
    Method,
    check_energy,
    check_momenta,
    check_reversible,
    check_symplectic,
)

Array = NDArray[np.float64]
SEEDS = st.integers(0, 2**32 - 1)


def split(method: object) -> Method:
    def run(problem: Hamiltonian, time: Array, start: Array) -> Array:
        d = problem.dimension
        return method(problem.force, time, start[:d], start[d:])  # type: ignore[operator]

    return run


SYMPLECTIC: dict[str, tuple[Method, int]] = {
    "leapfrog": (split(leapfrog), 2),
    "yoshida4": (split(yoshida4), 4),
    "yoshida6": (split(yoshida6), 6),
    "implicit midpoint": (lambda h, t, s: implicit_midpoint(h.rate, t, s), 2),
}
METHODS = SYMPLECTIC | {
    "rk4": (lambda h, t, s: rk4(h.rate, t, s), 4),
    "projected": (lambda h, t, s: projected(h.rate, t, s, [h.energy]), 4),
}
names = pytest.mark.parametrize("name", SYMPLECTIC)


@pytest.mark.parametrize("name", METHODS)
def test_order_and_conservation(name: str) -> None:
    check_integrator(*METHODS[name], symplectic=name in SYMPLECTIC)


@names
@settings(max_examples=3)
@given(problem=hamiltonians(kind="separable", dim=1), seed=SEEDS)
def test_1_the_error_of_the_energy_has_the_order_and_does_not_grow(
    name: str, problem: Hamiltonian, seed: int
) -> None:
    method, order = SYMPLECTIC[name]
    # One degree of freedom: the motion is periodic, and a quarter of the span holds some periods.
    check_energy(method, problem, problem.start(seed), order, span=100.0)


@settings(max_examples=5)
@given(problem=hamiltonians(kind="separable", dim=1), seed=SEEDS)
def test_1_a_method_that_is_not_symplectic_drifts(problem: Hamiltonian, seed: int) -> None:
    start = problem.start(seed)
    energy = problem.energy(METHODS["rk4"][0](problem, np.linspace(0.0, 200.0, 2001), start))
    error = np.abs(energy - energy[0])
    assert error[-500:].max() > 2.0 * error[:500].max()


@names
@settings(max_examples=10)
@given(problem=hamiltonians(), seed=SEEDS)
def test_2_turning_the_momenta_round_leads_back(name: str, problem: Hamiltonian, seed: int) -> None:
    check_reversible(SYMPLECTIC[name][0], problem, problem.start(seed))


@names
@settings(max_examples=5)
@given(problem=hamiltonians(), seed=SEEDS)
def test_3_the_map_is_symplectic(name: str, problem: Hamiltonian, seed: int) -> None:
    check_symplectic(SYMPLECTIC[name][0], problem, problem.start(seed))


@names
@settings(max_examples=2)
@given(problem=hamiltonians(kind="central") | hamiltonians(kind="pairs"), seed=SEEDS)
def test_4_momenta_are_exact(name: str, problem: Hamiltonian, seed: int) -> None:
    check_momenta(SYMPLECTIC[name][0], problem, problem.start(seed))


@settings(max_examples=30)
@given(problem=hamiltonians(), seed=SEEDS)
def test_hamiltonians_are_what_they_say(problem: Hamiltonian, seed: int) -> None:
    rng = np.random.default_rng(seed)
    q, unit = rng.normal(size=(2, problem.dimension))
    h = 1e-5
    up, down = problem.potential(np.array([q + h * unit, q - h * unit]))
    # Central differences: truncation h^2 and rounding eps / h of values below 1e3.
    assert -(up - down) / (2 * h) == pytest.approx(problem.force(q) @ unit, rel=1e-6, abs=1e-6)
    path = SYMPLECTIC["yoshida4"][0](problem, np.linspace(0.0, 20.0, 401), problem.start(seed))
    energy = problem.energy(path)
    inner = path[:, : problem.dimension].reshape(len(path), problem.bodies, -1)
    spread = np.abs(inner - inner.mean(axis=1, keepdims=True) * (problem.bodies > 1)).max()
    target(float(spread))
    # A spring of stiffness 0.1 holds what starts within one; momenta below one stretch it to four.
    assert spread < 10.0
    assert np.ptp(energy) < 1e-2 * energy[0]


class Hill:
    """An unstable potential, ``V = -q^4 / 4``: the motion ends in finite time."""

    dimension = 1

    def force(self, q: Array) -> Array:
        return q**3

    def rate(self, t: float, x: Array) -> Array:
        return np.array([x[1], x[0] ** 3])

    def energy(self, x: Array) -> Array:
        return x[:, 1] ** 2 / 2 - x[:, 0] ** 4 / 4


@pytest.mark.parametrize("name", METHODS)
def test_blow_up_and_bad_starts_are_errors(name: str) -> None:
    method = METHODS[name][0]
    hill: object = Hill()
    with pytest.raises(PhysmodelError, match="stopped at t ="):
        method(hill, np.arange(0.0, 50.0), np.array([2.0, 0.0]))
    with pytest.raises(ProblemError, match="start value 0"):
        method(hill, np.arange(3.0), np.array([np.nan, 0.0]))
    with pytest.raises(ProblemError, match="monotone"):
        method(hill, np.array([0.0, 1.0, 1.0]), np.array([1.0, 0.0]))


# Broken twins: each property has something that lacks it.


@pytest.mark.parametrize("name", ["rk4", "projected"])
def test_a_map_that_is_not_symplectic_is_caught(name: str) -> None:
    problem = Hamiltonian(np.eye(2), np.eye(2)[None], np.ones(1))
    with pytest.raises(AssertionError, match="not symplectic"):
        check_symplectic(METHODS[name][0], problem, problem.start())


def symplectic_euler(problem: Hamiltonian, time: Array, start: Array) -> Array:
    d, path = problem.dimension, [start]
    for h in np.diff(time):
        p = path[-1][d:] + h * problem.force(path[-1][:d])
        path.append(np.concatenate([path[-1][:d] + h * p, p]))
    return np.array(path)


def test_a_method_that_is_not_symmetric_is_caught() -> None:
    problem = Hamiltonian(np.eye(2), np.eye(2)[None], np.ones(1))
    check_symplectic(symplectic_euler, problem, problem.start())
    with pytest.raises(AssertionError, match="do not lead back"):
        check_reversible(symplectic_euler, problem, problem.start())
    with pytest.raises(AssertionError, match=r"the order is 1.* and not 2"):
        check_integrator(symplectic_euler, 2)


@pytest.mark.parametrize(("axis", "word"), [(0, "momentum"), (1, "angular momentum")])
def test_drifting_momenta_are_caught(axis: int, word: str) -> None:
    ends = np.kron([[1.0, -1.0], [-1.0, 1.0]], np.eye(2))
    pair = Hamiltonian(ends, ends[None], np.ones(1), bodies=2)
    drift = np.zeros(8)
    drift[4 + axis] = 1e-9

    def leaking(problem: Hamiltonian, time: Array, start: Array) -> Array:
        path = SYMPLECTIC["leapfrog"][0](problem, time, start)
        if axis == 0:
            return path + drift * time[:, None]
        # A couple: equal and opposite pushes across the line between the bodies.
        return path + 1e-9 * time[:, None] * np.array([0, 0, 0, 0, 1, 0, -1, 0.0])

    with pytest.raises(AssertionError, match=f"^{word}"):
        check_momenta(leaking, pair)
    with pytest.raises(AssertionError, match="angular momentum"):
        check_momenta(METHODS["rk4"][0], pair)
