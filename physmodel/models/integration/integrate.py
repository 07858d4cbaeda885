"""Explicit integrators: adaptive ones for accuracy, symplectic ones for long-term conservation.

Implicit and projected ones are in `physmodel.models.integration.geometric`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.errors import PhysmodelError, ProblemError
from physmodel.models.integration.adaptive import RightHandSide, solved
from physmodel.models.integration.stepping import finite, times_and_start

Array = NDArray[np.float64]
Force = Callable[[Array], Array]

#: Evaluations of the right-hand side after which an integration is given up.
MAX_EVALUATIONS = 2_000_000
#: The tightest relative tolerance that SciPy's step control can meet in float64.
TIGHTEST = 2.3e-14


def _symmetric(*outer: float) -> tuple[float, ...]:
    """The same forwards and backwards, one in sum."""
    return (*outer, 1.0 - 2.0 * sum(outer), *outer[::-1])


#: Parts of a step that are taken in turn by a symmetric method of second order.
YOSHIDA4 = _symmetric(1.0 / (2.0 - 2.0 ** (1.0 / 3.0)))
YOSHIDA6 = _symmetric(0.78451361047755726382, 0.23557321335935813368, -1.17767998417887100695)


def integrate(
    rhs: RightHandSide,
    time: ArrayLike,
    start: ArrayLike,
    *,
    rtol: float = 1e-10,
    method: str = "DOP853",
    max_evaluations: int | None = None,
) -> Array:
    """Integrate an initial value problem with an adaptive Runge-Kutta method.

    Parameters
    ----------
    rhs : callable
        ``f(t, x) -> dx/dt``, both of shape ``(d,)``.
    time : array_like (n,)
        Strictly monotone; the first entry is the time of `start`.
    start : array_like (d,)
    rtol : float
        Relative tolerance, at least 2.3e-14; the absolute one follows from the size of each state.
    method : str
        A SciPy method; a stiff problem on which DOP853 needs too many steps falls back to LSODA.
    max_evaluations : int, optional
        Evaluations of the right-hand side after which a method is given up; two million by default.

    Returns
    -------
    ndarray (n, d)

    Raises
    ------
    PhysmodelError
        If the solution blows up or the integrator gives up; the message names the time reached.
    ProblemError
        If the times are not monotone, or a start value is not finite.

    References
    ----------
    Hairer, Norsett, Wanner (1993), Solving Ordinary Differential Equations I (DOP853).
    """
    t, x = times_and_start(time, start)
    if len(t) == 1:
        return x[None, :].copy()
    scale = np.maximum(np.abs(x), np.abs(x).max(initial=0.0) * 1e-6)
    rtol = max(rtol, TIGHTEST)
    atol = rtol * np.where(scale > 0.0, scale, 1.0)
    most = MAX_EVALUATIONS if max_evaluations is None else max_evaluations
    with np.errstate(all="ignore"), warnings.catch_warnings():
        # LSODA warns where the other methods return a message; both end in an error.
        warnings.simplefilter("ignore")
        if not np.isfinite(rhs(t[0], x)).all():
            raise PhysmodelError(
                f"the right-hand side is not finite at the start, t = {t[0]:.6g}",
                fix="start inside the range of the data",
            )
        return solved(rhs, t, x, method, {"rtol": rtol, "atol": atol}, most)


def rk4(rhs: RightHandSide, time: ArrayLike, start: ArrayLike) -> Array:
    """Classical Runge-Kutta method of order 4, one step per time.

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
        If the states grow beyond all numbers; the message names the time reached.
    """
    t, x = times_and_start(time, start)
    out = np.empty((len(t), len(x)))
    out[0] = x
    with np.errstate(all="ignore"):  # what overflows is reported at the end
        for i, h in enumerate(np.diff(t)):
            x = rk4_step(rhs, t[i], h, x)
            out[i + 1] = x
    return finite(t, out)


def rk4_step(rhs: RightHandSide, now: float, step: float, x: Array) -> Array:
    """One step of `rk4` from the states ``(d,)`` at a time."""
    k1 = rhs(now, x)
    k2 = rhs(now + step / 2, x + step / 2 * k1)
    k3 = rhs(now + step / 2, x + step / 2 * k2)
    k4 = rhs(now + step, x + step * k3)
    return x + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def leapfrog(force: Force, time: ArrayLike, position: ArrayLike, velocity: ArrayLike) -> Array:
    """Stoermer-Verlet: second order, symplectic, time-reversible.

    Parameters
    ----------
    force : callable
        Acceleration ``a(q)``, ``(d,)``.
    time : array_like (n,)
    position, velocity : array_like (d,)

    Returns
    -------
    ndarray (n, 2 d)
        Positions, then velocities.

    Raises
    ------
    ProblemError
        If the times are not monotone, or a start value is not finite.
    PhysmodelError
        If the states grow beyond all numbers; the message names the time reached.
    """
    return _composed(force, time, position, velocity, (1.0,))


def yoshida4(force: Force, time: ArrayLike, position: ArrayLike, velocity: ArrayLike) -> Array:
    """Yoshida's composition of three leapfrog steps: fourth order, symplectic, reversible.

    Parameters, returns and errors are those of `leapfrog`.

    References
    ----------
    Yoshida (1990), Phys. Lett. A 150, 262, section 4.
    """
    return _composed(force, time, position, velocity, YOSHIDA4)


def yoshida6(force: Force, time: ArrayLike, position: ArrayLike, velocity: ArrayLike) -> Array:
    """Yoshida's composition of seven leapfrog steps: sixth order, symplectic, reversible.

    Parameters, returns and errors are those of `leapfrog`.

    References
    ----------
    Yoshida (1990), Phys. Lett. A 150, 262, table 1, solution A; to 20 digits in Hairer, Lubich,
    Wanner (2006), Geometric Numerical Integration, section V.3.2.
    """
    return _composed(force, time, position, velocity, YOSHIDA6)


def _composed(
    force: Force,
    time: ArrayLike,
    position: ArrayLike,
    velocity: ArrayLike,
    fractions: tuple[float, ...],
) -> Array:
    t, q = times_and_start(time, position)
    v = times_and_start(time, velocity)[1]
    if q.shape != v.shape:
        raise ProblemError(
            f"there are {len(q)} positions and {len(v)} velocities",
            fix="give one velocity for every position",
        )
    out = np.empty((len(t), 2 * len(q)))
    out[0] = np.concatenate([q, v])
    # Two half kicks in a row, with the same force, are one kick.
    halves = (0.0, *(fraction / 2.0 for fraction in fractions), 0.0)
    first, *kicks = [a + b for a, b in pairwise(halves)]
    with np.errstate(all="ignore"):  # what overflows is reported at the end
        pull = force(q)  # a leapfrog step ends with the force that the next one begins with
        for i, step in enumerate(np.diff(t)):
            v = v + step * first * pull
            for drift, kick in zip(fractions, kicks, strict=True):
                q = q + step * drift * v
                pull = force(q)
                v = v + step * kick * pull
            out[i + 1] = np.concatenate([q, v])
    return finite(t, out)
