"""What an integrator for mechanics must do: its order, and the conservation that it promises.

A bound on the drift of the energy cannot tell a symplectic method from a good one that is not: the
drift must have the order of the method *and* must not grow with time.

References
----------
Hairer, Lubich, Wanner (2006), Geometric Numerical Integration, chapters V, VI and IX.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from physmodel.models.integration.integrate import integrate
from physmodel.testing.dynamics import Hamiltonian
from physmodel.testing.failure import require, require_close

Array = NDArray[np.float64]
#: ``method(problem, time (n,), start (2 d,))`` gives states ``(n, 2 d)``, positions first.
Method = Callable[[Hamiltonian, Array, Array], Array]

#: Weights of central differences of sixth order, and their step: eleven digits are left.
STENCIL, STEP = ((1, 0.75), (2, -0.15), (3, 1.0 / 60.0)), 5e-3

#: A spring that hardens, and a body in space drawn to a centre.
SPRING = Hamiltonian(np.eye(1), np.ones((1, 1, 1)), np.ones(1))
CENTRAL = Hamiltonian(np.eye(3), np.eye(3)[None], np.array([0.5]))


def check_integrator(
    method: Method, order: int, *, symplectic: bool = True, problem: Hamiltonian | None = None
) -> None:
    """Check the order of an integrator and, if it is symplectic, all that this entails.

    Parameters
    ----------
    method : callable
        ``method(problem, time, start)``, for example
        ``lambda h, t, s: leapfrog(h.force, t, s[: h.dimension], s[h.dimension :])``.
    order : int
        Of its global error.
    symplectic : bool
        Also check that the map is symplectic and reversible, that the error of the energy has the
        same order and does not grow, and that momenta are exact.
    problem : Hamiltonian, optional
        Whose motion is followed; by default a spring that hardens.

    Raises
    ------
    AssertionError
        With the property that fails, and its size.
    """
    system = SPRING if problem is None else problem
    start = 1.5 * np.sign(system.start()) * np.abs(system.start()) ** 0.25
    time = np.linspace(0.0, 1.0, 6)
    kept = start.copy()
    states = method(system, time, start)
    require(states.shape == (6, len(start)), f"the states have the shape {states.shape}")
    require(np.array_equal(states[0], start), "the first row is not the start")
    require(np.array_equal(start, kept), "the start is changed")
    _check_order(method, system, start, order)
    if symplectic:
        check_energy(method, system, start, order)
        check_reversible(method, system, start)
        check_symplectic(method, system, start)
        check_momenta(method, CENTRAL)


def _check_order(method: Method, system: Hamiltonian, start: Array, order: int) -> None:
    coarse = np.linspace(0.0, 10.0, 51)
    exact = integrate(system.rate, coarse, start, rtol=0.0)
    errors = []
    for halvings in range(6):
        fine = np.linspace(0.0, 10.0, 50 * 2**halvings + 1)
        errors.append(np.abs(method(system, fine, start)[:: 2**halvings] - exact).max())
        if errors[-1] < 1e-9:  # the next would meet the errors of the exact solution
            break
    require(len(errors) > 1, "the error is rounding at the first step: no order can be seen")
    seen = np.log2(errors[-2] / errors[-1])
    require(
        abs(seen - order) <= 0.2,
        f"the order is {seen:.2f} and not {order}: errors {errors[-2]:.2g}, {errors[-1]:.2g}",
    )


def check_energy(
    method: Method, system: Hamiltonian, start: Array, order: int, *, span: float = 200.0
) -> None:
    """Check that the error of the energy has the order of a method and does not grow.

    `method`: see `check_integrator`. `start` ``(2 d,)``. `span`: duration; the last quarter of it
    must have no larger error than 1.2 times the first. Raises AssertionError if halving the step
    divides the error by less or more than ``2**order``, to 0.2 in the exponent, or if the error
    grows.
    """
    drifts = []
    for halvings in range(5):
        time = np.arange(0.0, span + 1e-9, 0.1 / 2**halvings)
        energy = system.energy(method(system, time, start))
        error = np.abs(energy - energy[0])
        drifts.append(error.max())
        quarter = len(error) // 4
        growth = error[-quarter:].max() / error[:quarter].max()
        require(growth <= 1.2, f"the error of the energy grows {growth:.3g}-fold with time")
        seen = np.log2(drifts[-2] / drifts[-1]) if len(drifts) > 1 else np.inf
        if abs(seen - order) <= 0.2:
            return
        if drifts[-1] < 1e-11 * np.abs(energy[0]):
            break  # rounding
    raise AssertionError(
        f"the error of the energy has the order {seen:.2f} and not {order}: {drifts}"
    )


def check_reversible(method: Method, system: Hamiltonian, start: Array) -> None:
    """Check that a hundred steps, momenta turned round, and a hundred steps lead back.

    Raises AssertionError if they miss the start by more than 1e-9: exact but for rounding, which a
    few swings multiply by less than 1e5.
    """
    d, time = system.dimension, np.linspace(0.0, 5.0, 101)
    turn = np.repeat([1.0, -1.0], d)
    back = turn * method(system, time, turn * method(system, time, start)[-1])[-1]
    require_close(back, start, 1e-9, "momenta turned round do not lead back")


def check_symplectic(method: Method, system: Hamiltonian, start: Array) -> None:
    """Check that the derivative ``J`` of ten steps keeps areas: ``J' W J = W``.

    Raises AssertionError if it misses by more than 1e-8; central differences of sixth order are
    good to 1e-10.
    """
    d, time = system.dimension, np.linspace(0.0, 1.0, 11)
    jacobian = np.zeros((2 * d, 2 * d))
    for column, unit in zip(jacobian.T, np.eye(2 * d), strict=True):
        for distance, weight in STENCIL:
            for sign in (1.0, -1.0):
                there = method(system, time, start + sign * distance * STEP * unit)[-1]
                column += sign * weight * there / STEP
    zero, one = np.zeros((d, d)), np.eye(d)
    areas = np.block([[zero, one], [-one, zero]])
    require_close(jacobian.T @ areas @ jacobian, areas, 1e-8, "the map is not symplectic")
    require_close(np.linalg.det(jacobian), 1.0, 1e-8, "the map does not keep volumes")


def check_momenta(method: Method, system: Hamiltonian, start: Array | None = None) -> None:
    """Check that 10 000 steps keep the momenta that a system conserves.

    `method`: see `check_integrator`. `system`: of bodies without outer forces: angular momentum
    and, of several, momentum; or of one body in a central force. `start` ``(2 d,)``. Raises
    AssertionError if one changes by more than 1e-11 of the momenta of the single bodies. Kicks and
    drifts keep them exactly; rounding of 1e5 of them adds up to 1e-13.
    """
    state = system.start() if start is None else start
    path = method(system, np.linspace(0.0, 500.0, 10_001), state)
    shape = (len(path), 2, system.bodies, system.dimension // system.bodies)
    q, p = path.reshape(shape).transpose(1, 0, 2, 3)
    if system.bodies > 1:
        total, size = p.sum(axis=1), np.abs(p).sum(axis=1).max()
        require_close(total, np.broadcast_to(total[0], total.shape), 1e-11 * size, "momentum")
    spin = np.einsum("nbi,nbj->nij", q, p)
    spin = spin - spin.transpose(0, 2, 1)
    size = np.abs(np.einsum("nbi,nbi->n", q, q) * np.einsum("nbi,nbi->n", p, p)).max() ** 0.5
    require_close(spin, np.broadcast_to(spin[0], spin.shape), 1e-11 * size, "angular momentum")
