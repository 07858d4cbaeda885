"""The loop of Levenberg and Marquardt, whatever way the damped linear problem is solved.

References
----------
Moré (1978), The Levenberg-Marquardt algorithm: implementation and theory (scaling by the largest
column norms seen, which makes the steps independent of the units of the parameters);
Nielsen (1999), Damping parameter in Marquardt's method, IMM-REP-1999-05 (gain ratio);
Transtrum and Sethna (2012), Improvements to the Levenberg-Marquardt algorithm for nonlinear
least-squares minimization, arXiv 1201.5885 (steps along the curved valley).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.optimizers.least_squares.linear_model import (
    DampedModel,
    LinearModel,
    check_linearised,
    open_start,
)
from physmodel.optimizers.least_squares.residuals import Ending, Minimum

Array = NDArray[np.float64]

#: Damping of the first step, relative to the scaled normal matrix.
FIRST_DAMPING = 1e-3
#: Tries to find a step that lowers the cost before the search is called stalled, and the most by
#: which one raises the damping over the last: from no damping at all they lead to steps that
#: change no digit of the parameters.
DAMPING_TRIALS, MOST_GROWTH = 60, 16.0
#: What a good step leaves of the damping, and what an iteration leaves of the lengths of columns
#: seen. Keeping all of it, as Moré does, freezes parameters that start where a column is huge: on
#: 47 starts of 16 problems of Moré, Garbow and Hillstrom (1981), these two values need a quarter
#: less evaluations (geometric mean) than 1/5 and 1, and reach the least cost 37 times, not 34.
MOST_CUT, FORGET = 1.0 / 20.0, 0.5
#: Part of the cost, twice in a row, and of the parameters below which nothing is gained.
TOLERANCE = 1e-12
#: Iterations that are asked together what they gained.
SPELL = 10
#: A step that differs by less from one that was refused is refused without being tried.
ALIKE = 0.1
#: Part of the predicted fall of the cost that must come true, and part of a cost that is rounding.
LEAST_RATIO, ROUNDING = 1e-4, 1e-14
#: A step that keeps less of its promise is bent by what the residuals did beyond the linear model,
#: if that bow is no longer than a part of the step (Transtrum and Sethna). On the same starts 2857
#: Jacobians do what took 5099, for a sixth more values.
CURVED, MOST_BOW = 0.75, 0.375
#: The rounding of a residual over the smallest change of it that can be seen: it is a sum of terms.
TERMS = 16.0


@dataclass(frozen=True, eq=False)
class _Search:
    """What the trials of one iteration gave; ``ahead`` is None when all were refused."""

    damping: float
    refusals: int
    moved: Array
    scaled: Array
    predicted: float
    ratio: float
    ahead: LinearModel | None
    #: Length of what the linear model misses for the shortest step that changed anything: rounding.
    noise: float


def damped_descent(
    values: Callable[[Array], Array],
    linearise: Callable[[Array], LinearModel],
    start: Array,
    *,
    method: str,
    bend: bool,
    max_iterations: int,
    tolerance: float,
    worth: float = 0.0,
) -> Minimum:
    """Minimise half the squared norm of residuals by damped Gauss-Newton steps.

    `values`, `linearise`: residuals ``(m,)`` and their linear model at parameters ``(p,)``. `bend`:
    whether to correct steps for curvature; it pays where a Jacobian costs several values. `start`,
    `method`, `max_iterations`, `tolerance`: see
    `physmodel.optimizers.least_squares.levenberg_marquardt.levenberg_marquardt`. `worth`: part of
    the cost that `SPELL` iterations have to gain, or they are the last. Raises ProblemError if the
    start is not a finite vector, or residuals or derivatives are not finite there.

    Notes
    -----
    The search has converged when the linear model without any damping promises less than
    `tolerance` of the cost, when two steps in a row gained or moved less than that, when a spell of
    them gained less than they are worth, or when no step lowers the cost and that promise is within
    rounding, or the residuals are orthogonal to the columns, to the root of `tolerance`. Otherwise,
    without such a step, it has stalled.
    """
    x = open_start(start)
    model = linearise(x)
    check_linearised(model.residuals, model.column_norms)
    cost = _half_square(model.residuals)
    history, scale = [cost], np.zeros_like(x)
    damping, small_steps, ending = FIRST_DAMPING, 0, Ending.ITERATIONS
    while len(history) <= max_iterations:
        scale = np.maximum(FORGET * scale, model.column_norms)
        safe = np.where(scale > 0.0, scale, 1.0)
        local = DampedModel(model, cost, safe, model.gradient / safe, model.solver(safe), bend)
        if not np.any(local.slope):
            ending = Ending.CONVERGED
            break
        damping = max(damping, model.least_damping)
        scaled = local.step(damping)
        if local.predicted(scaled, damping) <= tolerance * cost >= local.possible():
            x, cost = _last_step(values, x, local)
            history.append(cost)
            ending = Ending.CONVERGED
            break
        search = _lower(values, linearise, x, local, damping)
        if search.ahead is None and not search.refusals:  # too short a step to change any digit
            search = _lower(values, linearise, x, local, model.least_damping)
        if search.ahead is None:
            ending = _without_step(search, local, cost, history[0], tolerance)
            break
        new = _half_square(search.ahead.residuals)
        little = max(cost - new, search.predicted) <= tolerance * cost or np.linalg.norm(
            search.scaled
        ) <= tolerance * np.linalg.norm(safe * search.moved)
        small_steps = small_steps + 1 if little and not search.refusals else 0
        damping = search.damping * max(MOST_CUT, 1.0 - (2.0 * search.ratio - 1.0) ** 3)
        x, model, cost = search.moved, search.ahead, new
        history.append(cost)
        slow = len(history) > SPELL and history[-1 - SPELL] - cost < worth * cost
        if small_steps == 2 or cost == 0.0 or slow:
            ending = Ending.CONVERGED
            break
    return Minimum(x, cost, ending, len(history) - 1, np.array(history), method)


def _without_step(
    search: _Search, local: DampedModel, cost: float, first: float, tolerance: float
) -> Ending:
    """What it means that no step lowers the cost."""
    rounding = TERMS * search.noise
    within = rounding * (rounding + float(np.sqrt(2.0 * cost)))
    # Residuals that are rounding of the first ones may not change at all any more.
    within = max(within, (TERMS * np.finfo(float).eps) ** 2 * first)
    still = not search.refusals and bool(np.all(np.isfinite(search.scaled)))
    flat = local.steepness() <= np.sqrt(tolerance) or local.possible() <= within
    return Ending.CONVERGED if still or flat else Ending.STALLED


def _lower(
    values: Callable[[Array], Array],
    linearise: Callable[[Array], LinearModel],
    x: Array,
    local: DampedModel,
    damping: float,
) -> _Search:
    """Raise the damping until a step lowers the cost."""
    growth, refused, noise, refusals, moved, scaled = 2.0, None, 0.0, 0, x, x
    for _ in range(DAMPING_TRIALS):
        scaled = local.step(damping)
        if np.all(np.isfinite(scaled)) and (refused is None or _differ(scaled, refused)):
            step = scaled / local.scale
            moved = x + step
            if np.array_equal(moved, x):
                break
            trial, new = _evaluated(values, moved)
            predicted = local.predicted(scaled, damping)
            change = trial - local.model.residuals
            bent = change - local.model.along(step)
            if local.bend and np.isfinite(new) and local.cost - new < CURVED * predicted:
                bow = local.solve(damping, bent)
                if np.linalg.norm(bow) <= MOST_BOW * np.linalg.norm(scaled):
                    lower = _evaluated(values, moved + bow / local.scale)[1]
                    if lower < new:
                        moved, new = moved + bow / local.scale, lower
            ratio = (local.cost - new) / predicted if predicted > 0.0 else -1.0
            if np.isfinite(new) and ratio > LEAST_RATIO:
                with np.errstate(all="ignore"):
                    ahead = linearise(moved)
                if np.all(np.isfinite(ahead.column_norms)):
                    return _Search(damping, refusals, moved, scaled, predicted, ratio, ahead, noise)
            if np.any(change):
                noise = float(np.linalg.norm(bent))
            refused = scaled
            refusals += 1
        damping, growth = damping * growth, min(2.0 * growth, MOST_GROWTH)
    return _Search(damping, refusals, moved, scaled, 0.0, -1.0, None, noise)


def _evaluated(values: Callable[[Array], Array], parameters: Array) -> tuple[Array, float]:
    """Residuals and cost of a trial, which may be a step too far."""
    with np.errstate(all="ignore"):
        residuals = values(parameters)
        return residuals, _half_square(residuals)


def _half_square(residuals: Array) -> float:
    return float(residuals @ residuals) / 2.0


def _differ(one: Array, other: Array) -> bool:
    return bool(np.linalg.norm(one - other) > ALIKE * np.linalg.norm(other))


def _last_step(
    values: Callable[[Array], Array], x: Array, local: DampedModel
) -> tuple[Array, float]:
    """Take a step that is too short for the cost to tell, unless the cost does rise."""
    step = local.step(local.model.least_damping) / local.scale
    new = _evaluated(values, x + step)[1]
    return (x + step, new) if new <= local.cost * (1.0 + ROUNDING) else (x, local.cost)
