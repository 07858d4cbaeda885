"""Quasi-Newton methods on a smooth function: BFGS, self-scaled BFGS and Broyden, L-BFGS.

For residuals prefer `physmodel.optimizers.levenberg_marquardt`; these methods need no Jacobian and
serve where it is too large, or where there are no residuals.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from physmodel.optimizers.line_search import Point, line_search
from physmodel.optimizers.opening import check_objective, find_method, open_start
from physmodel.optimizers.residuals import Ending, Minimum, Objective, OnIteration
from physmodel.optimizers.self_scaled import (
    DenseInverse,
    InverseHessian,
    LimitedInverse,
    plain_bfgs,
    scaled_bfgs,
    scaled_broyden,
)

Array = NDArray[np.float64]

#: Part of the value that an iteration must promise; less is rounding of the value.
TOLERANCE = 1e-16
#: Part of the value that may be promised still when no step lowers it: the gradient then is
#: rounding. More is a stall.
FLAT = 1e-12
#: Part of the first value that counts as nothing: in a sum of squares, twelve digits of each.
VANISHED = 1e-24
#: Pairs that L-BFGS keeps.
MEMORY = 30
#: First step as a part of the size of the parameters (Hager and Zhang 2005, section 5).
FIRST_STEP = 0.01
#: The methods by name.
METHODS: dict[str, InverseHessian] = {
    "bfgs": DenseInverse(plain_bfgs),
    "self-scaled-bfgs": DenseInverse(scaled_bfgs),
    "self-scaled-broyden": DenseInverse(scaled_broyden),
    "l-bfgs": LimitedInverse(MEMORY),
}


def quasi_newton(
    objective: Objective,
    start: Array,
    *,
    method: str = "self-scaled-bfgs",
    max_iterations: int = 10_000,
    tolerance: float = TOLERANCE,
    time_limit: float | None = None,
    on_iteration: OnIteration | None = None,
) -> Minimum:
    """Minimise a smooth function.

    Raises ProblemError if there is no such method, if the start is not a finite vector, or if the
    objective is not finite there.

    Parameters
    ----------
    objective : callable
        Value and gradient; where it can not be evaluated it gives a value that is not finite.
    start : ndarray (p,)
    method : str
        A key of `METHODS`. All but ``"l-bfgs"`` hold two matrices of ``p * p`` numbers.
    max_iterations : int
    tolerance : float
        The search has converged when the quadratic model promises less than this part of the value,
        twice in a row, and does so again after a restart from the gradient alone.
    time_limit : float, optional
        Seconds.
    on_iteration : callable, optional
        Called after each iteration with its number, the parameters and the value.
    """
    memory = first = find_method(method, METHODS)
    deadline = np.inf if time_limit is None else perf_counter() + time_limit
    x = open_start(start)
    value, gradient = objective(x)
    check_objective(value, gradient)
    here = Point(0.0, x, float(value), gradient, 0.0)
    history, small, updates = [here.value], 0, 0
    restarted_at, promised = np.inf, np.inf
    rounding = VANISHED * abs(here.value)
    ending = Ending.ITERATIONS
    while len(history) <= max_iterations:
        direction = -memory.times(here.gradient)
        slope = float(here.gradient @ direction)
        if not slope < 0.0:
            memory, updates, direction = first, 0, -here.gradient
            slope = float(here.gradient @ direction)
        if slope == 0.0:
            ending = Ending.CONVERGED
            break
        # An estimate from few steps knows the steepest directions only and promises too little.
        promise = -slope / 2.0 if updates >= min(len(x), MEMORY) else np.inf
        small = small + 1 if promise <= max(tolerance * abs(here.value), rounding) else 0
        origin = Point(0.0, here.parameters, here.value, here.gradient, slope)
        ahead = None
        if small < 2:
            ahead = line_search(objective, origin, direction, 1.0 if updates else _first_step(here))
        if ahead is None:
            # The promise is that of an estimate: it counts when a new one promises no more.
            if updates and restarted_at - here.value > max(FLAT * abs(here.value), rounding):
                memory, updates, small = first, 0, 0
                restarted_at, promised = here.value, promise
                continue
            flat = min(promise, promised) <= max(FLAT * abs(here.value), rounding)
            vanished = abs(here.value) <= rounding
            ending = Ending.CONVERGED if flat or vanished else Ending.STALLED
            break
        step, change = ahead.parameters - here.parameters, ahead.gradient - here.gradient
        curvature = float(change @ step)
        if curvature > np.finfo(float).eps * float(np.linalg.norm(change) * np.linalg.norm(step)):
            bend = -ahead.distance * float(step @ here.gradient)
            memory, updates = memory.updated(step, change, bend), updates + 1
        here = ahead
        history.append(here.value)
        if on_iteration is not None:
            on_iteration(len(history) - 1, here.parameters, here.value)
        if perf_counter() > deadline:
            ending = Ending.TIME
            break
    return Minimum(here.parameters, here.value, ending, len(history) - 1, np.array(history), method)


def _first_step(here: Point) -> float:
    """Distance along the gradient before any curvature is known."""
    size = float(np.max(np.abs(here.parameters)))
    steepest = float(np.max(np.abs(here.gradient)))
    if size > 0.0:
        return FIRST_STEP * size / steepest
    value = abs(here.value)
    return FIRST_STEP * value / steepest**2 if value > 0.0 else 1.0 / steepest
