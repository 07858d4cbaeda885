"""Integrators that keep what a law keeps: implicit midpoint, and projection on invariants.

References
----------
Hairer, Lubich, Wanner (2006), Geometric Numerical Integration, sections II.1.2 and VI.4 (implicit
midpoint), IV.4 (projection), VIII.6 (iterations that do not add up their errors).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.errors import PhysmodelError, ProblemError
from physmodel.models.integration.adaptive import RightHandSide
from physmodel.models.integration.integrate import rk4_step
from physmodel.models.integration.stepping import finite, times_and_start

Array = NDArray[np.float64]
#: A function of states, ``(n, d) -> (n,)``.
Invariant = Callable[[Array], Array]

#: Iterations of a step at most; one that contracts at all needs far fewer.
MOST_ITERATIONS = 50
#: Share of the last change that an iteration may leave: beyond it, old derivatives are computed
#: anew, and new ones do not help.
KEEPS, FAILS = 0.1, 0.9
#: Step of one-sided and of central differences, relative to the size of a state.
ONE_SIDED, CENTRAL = 1.5e-8, 6e-6
#: Changes below this, relative to the states, may be rounding: where forces are small differences
#: of large positions, it is far above the last digit.
NEAR = 1e-10


def implicit_midpoint(rhs: RightHandSide, time: ArrayLike, start: ArrayLike) -> Array:
    """Implicit midpoint rule, one step per time: second order, symmetric, stable for stiff fields.

    It is symplectic for every Hamiltonian, separable or not, and keeps quadratic invariants to
    rounding. The equation of a step is solved to rounding by Newton's method with derivatives that
    are kept as long as they serve.

    Parameters
    ----------
    rhs : callable
        ``f(t, x) -> dx/dt``, both of shape ``(d,)``.
    time : array_like (n,)
    start : array_like (d,)

    Returns
    -------
    ndarray (n, d)

    Raises
    ------
    ProblemError
        If the times are not monotone, or a start value is not finite.
    PhysmodelError
        If a step has no solution that can be found; the message names the time reached.
    """
    t, x = times_and_start(time, start)
    out = np.empty((len(t), len(x)))
    out[0] = x
    slope, inverse, made_for = rhs(t[0], x), np.eye(len(x)), 0.0
    size = np.abs(x)
    for i, h in enumerate(np.diff(t)):
        now = t[i] + h / 2
        with np.errstate(over="ignore"):  # a step without end has no solution, which is said below
            size = np.maximum(size, np.abs(h * slope))
        solved = None
        if made_for == h:
            solved = _midpoint_slope(rhs, now, h, x, slope, inverse, size, KEEPS)
        if solved is None:
            inverse, made_for = _newton_inverse(rhs, now, h, x, slope, size), h
            solved = _midpoint_slope(rhs, now, h, x, slope, inverse, size, FAILS)
        if solved is None:
            raise PhysmodelError(
                f"the simulation stopped at t = {t[i]:.6g} of {t[-1]:.6g}",
                why="the implicit step has no solution near the states before it",
                fix="take shorter steps",
            )
        slope = solved
        with np.errstate(over="ignore"):
            x = x + h * slope
        size = np.maximum(size, np.abs(x))
        out[i + 1] = x
    return finite(t, out)


def _midpoint_slope(
    rhs: RightHandSide,
    now: float,
    h: float,
    x: Array,
    slope: Array,
    inverse: Array,
    size: Array,
    slowest: float,
) -> Array | None:
    """Solution ``k`` of ``k = f(now, x + h k / 2)``, or None if the iteration does not contract.

    It ends where changes no longer shrink: stopping earlier would leave an error of one sign in
    every step, which adds up to a drift.
    """
    unit, before = np.where(size > 0.0, size, 1.0), np.inf
    for _ in range(MOST_ITERATIONS):
        with np.errstate(all="ignore"):
            change = inverse @ (rhs(now, x + h / 2 * slope) - slope)
            changed = float(np.abs(h * change / unit).max(initial=0.0))
        if changed == 0.0 or (before <= NEAR and changed >= before):
            return slope
        if not np.isfinite(changed) or changed > max(slowest * before, NEAR):
            return None
        slope, before = slope + change, changed
    return slope if before <= NEAR else None


def _newton_inverse(
    rhs: RightHandSide, now: float, h: float, x: Array, slope: Array, size: Array
) -> Array:
    """Inverse of ``1 - h/2 df/dx`` by one-sided differences; the unit matrix if there is none."""
    unit = np.eye(len(x))
    widths = ONE_SIDED * np.where(size > 0.0, size, size.max(initial=0.0) or 1.0)
    with np.errstate(all="ignore"):
        x = x + h / 2 * slope
        base = rhs(now, x)
        columns = [(rhs(now, x + w * e) - base) / w for w, e in zip(widths, unit, strict=True)]
        matrix = unit - h / 2 * np.array(columns).reshape(unit.shape).T
    if not np.isfinite(matrix).all() or np.linalg.matrix_rank(matrix) < len(x):
        return unit
    return np.asarray(np.linalg.inv(matrix))


def projected(
    rhs: RightHandSide,
    time: ArrayLike,
    start: ArrayLike,
    invariants: Sequence[Invariant],
) -> Array:
    """Runge-Kutta steps of order 4, each followed by a return to the values of invariants.

    Parameters
    ----------
    rhs : callable
        ``f(t, x) -> dx/dt``, both of shape ``(d,)``.
    time : array_like (n,)
    start : array_like (d,)
    invariants : sequence of callable
        Functions of the states, ``(n, d) -> (n,)``, as in `System.invariants`. The nearest states
        with the values at the start are taken, distances counted in the sizes of the states.

    Returns
    -------
    ndarray (n, d)

    Raises
    ------
    ProblemError
        If the times are not monotone, a start value is not finite, or an invariant gives no
        number for every row.
    PhysmodelError
        If the states blow up, or no states with these values are near; the message names the time.
    """
    t, x = times_and_start(time, start)
    out = np.empty((len(t), len(x)))
    out[0] = x
    values = _values(invariants, x[None])[0]
    size = np.abs(x)
    for i, h in enumerate(np.diff(t)):
        with np.errstate(all="ignore"):  # what overflows is reported at the end
            x = rk4_step(rhs, t[i], h, x)
        if np.isfinite(x).all():
            size = np.maximum(size, np.abs(x))
            x = _nearest(invariants, values, x, size, f"t = {t[i]:.6g} of {t[-1]:.6g}")
        out[i + 1] = x
    return finite(t, out)


def _values(invariants: Sequence[Invariant], states: Array) -> Array:
    """Values ``(n, k)`` of the invariants."""
    with np.errstate(all="ignore"):  # what is not finite is refused below
        columns = [np.asarray(function(states), dtype=float) for function in invariants]
    for k, column in enumerate(columns):
        if column.shape != (len(states),) or not np.isfinite(column).all():
            raise ProblemError(
                f"invariant {k} gives the shape {column.shape} or values that are not finite",
                why=f"it is asked for the states as rows and gives one number each: "
                f"({len(states)}, {states.shape[1]}) -> ({len(states)},)",
                fix="let it act along the last axis",
            )
    return np.array(columns).reshape(len(columns), len(states)).T


def _nearest(
    invariants: Sequence[Invariant], values: Array, x: Array, size: Array, where: str
) -> Array:
    """States near `x` with these values: Gauss-Newton steps of least length to rounding."""
    widths = CENTRAL * np.diag(np.where(size > 0.0, size, 1.0))
    here = _values(invariants, x[None])[0]
    for _ in range(MOST_ITERATIONS):
        probes = _values(invariants, np.concatenate([x + widths, x - widths]))
        # Slopes by changes relative to the sizes: a state that is always zero stays so.
        slopes = (probes[: len(x)] - probes[len(x) :]).T / (2.0 * CENTRAL) * (size > 0.0)
        move = size * np.linalg.lstsq(slopes, values - here, rcond=1e-10)[0]
        there = _values(invariants, (x + move)[None])[0]
        if not np.any(np.abs(there - values) < np.abs(here - values)):
            break
        x, here = x + move, there
    # What is left is rounding of the values, which can be large where they are small differences.
    spread = np.abs(slopes).sum(axis=1)
    if np.any(np.abs(here - values) > 1e-9 * np.maximum(spread, np.abs(values))):
        raise PhysmodelError(
            f"the simulation stopped at {where}",
            why="no states with the values of the invariants at the start are near",
            fix="take shorter steps, or check that the law conserves these quantities",
        )
    return x
