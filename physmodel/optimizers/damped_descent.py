"""The loop of Levenberg and Marquardt, whatever way the damped linear problem is solved.

References
----------
Moré (1978), The Levenberg-Marquardt algorithm: implementation and theory (scaling by the largest
column norms seen, which makes the steps independent of the units of the parameters);
Nielsen (1999), Damping parameter in Marquardt's method, IMM-REP-1999-05 (gain ratio).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from physmodel.optimizers.opening import check_linearised, open_start
from physmodel.optimizers.residuals import Ending, Minimum, OnIteration

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
#: A step that differs by less from one that was refused is refused without being tried.
ALIKE = 0.1
#: Part of the predicted fall of the cost that must come true.
LEAST_RATIO = 1e-4
#: The rounding of a residual over the smallest change of it that can be seen: it is a sum of terms.
TERMS = 16.0
#: Part of the cost that is rounding when it is a sum of many squares.
ROUNDING = 1e-14


class LinearModel(Protocol):
    """Residuals near a point, to first order: ``r + J step``."""

    @property
    def residuals(self) -> Array:
        """Residuals ``(m,)`` at the point."""

    @property
    def gradient(self) -> Array:
        """``J' r``, ``(p,)``."""

    @property
    def column_norms(self) -> Array:
        """Lengths of the columns of ``J``, ``(p,)``; not finite where ``J`` is not."""

    @property
    def least_damping(self) -> float:
        """Below it, the solver cannot tell the damped problem from the plain one."""

    def along(self, step: Array) -> Array:
        """``J step``, ``(m,)``."""

    def solver(self, scale: Array) -> Callable[[float], Array]:
        """Solve the damped problem for many dampings.

        Parameters
        ----------
        scale : ndarray (p,)
            Positive; the unknowns are ``scale * step``.

        Returns
        -------
        callable
            ``damping -> (p,)``: the scaled step that minimises
            ``|r + J step|^2 + damping |scale * step|^2``; not finite where rounding forbids it.
        """


@dataclass(frozen=True, eq=False)
class _Local:
    """The damped problem at the present point, in scaled unknowns."""

    model: LinearModel
    cost: float
    scale: Array
    slope: Array
    solve: Callable[[float], Array]

    def predicted(self, scaled: Array, damping: float) -> float:
        """Fall of the cost that the linear model promises; not finite for such a step."""
        return (damping * float(scaled @ scaled) - float(self.slope @ scaled)) / 2.0

    def possible(self) -> float:
        """Fall of the cost that the linear model promises without damping."""
        least = self.model.least_damping
        gain = self.predicted(self.solve(least), least)
        return gain if np.isfinite(gain) else np.inf

    def steepness(self) -> float:
        """Largest cosine between the residuals and a column of the Jacobian."""
        norms = self.model.column_norms * np.sqrt(2.0 * self.cost)
        gradient = np.abs(self.model.gradient)
        return float(np.max(gradient / np.where(norms > 0.0, norms, 1.0), initial=0.0))


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
    #: Length of the part of the residuals' change that the linear model does not explain, for the
    #: shortest step that changed them at all: their rounding.
    noise: float


def damped_descent(
    values: Callable[[Array], Array],
    linearise: Callable[[Array], LinearModel],
    start: Array,
    *,
    method: str,
    max_iterations: int,
    tolerance: float,
    time_limit: float | None,
    on_iteration: OnIteration | None,
) -> Minimum:
    """Minimise half the squared norm of residuals by damped Gauss-Newton steps.

    Parameters
    ----------
    values : callable
        Residuals ``(m,)`` at parameters ``(p,)``.
    linearise : callable
    start : ndarray (p,)
    method : str
        Name for the record.
    max_iterations, tolerance, time_limit, on_iteration
        See `physmodel.optimizers.levenberg_marquardt.levenberg_marquardt`.

    Returns
    -------
    Minimum

    Raises
    ------
    ProblemError
        If the start is not a finite vector, or residuals or derivatives are not finite there.

    Notes
    -----
    The search has converged when the linear model without any damping promises less than
    `tolerance` of the cost, when two steps in a row gained or moved less than that, or when no step
    lowers the cost and what it promises is within the rounding of the residuals or the gradient is
    zero: its cosines with the residuals are below the root of `tolerance`. It has stalled when no
    step lowers the cost and none of this holds.
    """
    deadline = np.inf if time_limit is None else perf_counter() + time_limit
    x = open_start(start)
    model = linearise(x)
    check_linearised(model.residuals, model.column_norms)
    cost = _half_square(model.residuals)
    history, scale = [cost], np.zeros_like(x)
    damping, small_steps = FIRST_DAMPING, 0
    ending = Ending.ITERATIONS
    while len(history) <= max_iterations:
        scale = np.maximum(FORGET * scale, model.column_norms)
        safe = np.where(scale > 0.0, scale, 1.0)
        local = _Local(model, cost, safe, model.gradient / safe, model.solver(safe))
        if not np.any(local.slope):
            ending = Ending.CONVERGED
            break
        damping = max(damping, model.least_damping)
        scaled = local.solve(damping)
        if local.predicted(scaled, damping) <= tolerance * cost >= local.possible():
            x, cost = _last_step(values, x, local)
            history.append(cost)
            ending = Ending.CONVERGED
            break
        search = _lower(values, linearise, x, local, damping, deadline)
        if search.ahead is None and not search.refusals:  # too short a step to change any digit
            search = _lower(values, linearise, x, local, model.least_damping, deadline)
        if search.ahead is None:
            rounding = TERMS * search.noise
            within = rounding * float(np.sqrt(2.0 * cost)) + rounding**2
            if perf_counter() > deadline:
                ending = Ending.TIME
            else:
                still = not search.refusals and bool(np.all(np.isfinite(search.scaled)))
                flat = local.steepness() <= np.sqrt(tolerance) or local.possible() <= within
                ending = Ending.CONVERGED if still or flat else Ending.STALLED
            break
        new = _half_square(search.ahead.residuals)
        little = max(cost - new, search.predicted) <= tolerance * cost or np.linalg.norm(
            search.scaled
        ) <= tolerance * np.linalg.norm(safe * search.moved)
        small_steps = small_steps + 1 if little and not search.refusals else 0
        damping = search.damping * max(MOST_CUT, 1.0 - (2.0 * search.ratio - 1.0) ** 3)
        x, model, cost = search.moved, search.ahead, new
        history.append(cost)
        if on_iteration is not None:
            on_iteration(len(history) - 1, x, cost)
        if small_steps == 2 or cost == 0.0:
            ending = Ending.CONVERGED
            break
        if perf_counter() > deadline:
            ending = Ending.TIME
            break
    return Minimum(x, cost, ending, len(history) - 1, np.array(history), method)


def _lower(
    values: Callable[[Array], Array],
    linearise: Callable[[Array], LinearModel],
    x: Array,
    local: _Local,
    damping: float,
    deadline: float,
) -> _Search:
    """Raise the damping until a step lowers the cost."""
    growth, refused, noise, refusals = 2.0, None, 0.0, 0
    moved, scaled = x, np.zeros_like(x)
    for _ in range(DAMPING_TRIALS):
        scaled = local.solve(damping)
        if np.all(np.isfinite(scaled)) and (refused is None or _differ(scaled, refused)):
            step = scaled / local.scale
            moved = x + step
            if np.array_equal(moved, x) or (refusals and perf_counter() > deadline):
                break
            with np.errstate(all="ignore"):  # a step too far is refused below
                trial = values(moved)
                new = _half_square(trial)
            predicted = local.predicted(scaled, damping)
            ratio = (local.cost - new) / predicted if predicted > 0.0 else -1.0
            if np.isfinite(new) and ratio > LEAST_RATIO:
                with np.errstate(all="ignore"):
                    ahead = linearise(moved)
                if np.all(np.isfinite(ahead.column_norms)):
                    return _Search(damping, refusals, moved, scaled, predicted, ratio, ahead, noise)
            change = trial - local.model.residuals
            if np.any(change):
                noise = float(np.linalg.norm(change - local.model.along(step)))
            refused = scaled
            refusals += 1
        damping, growth = damping * growth, min(2.0 * growth, MOST_GROWTH)
    return _Search(damping, refusals, moved, scaled, 0.0, -1.0, None, noise)


def _half_square(residuals: Array) -> float:
    return float(residuals @ residuals) / 2.0


def _differ(one: Array, other: Array) -> bool:
    return bool(np.linalg.norm(one - other) > ALIKE * np.linalg.norm(other))


def _last_step(values: Callable[[Array], Array], x: Array, local: _Local) -> tuple[Array, float]:
    """Take a step that is too short for the cost to tell, unless the cost does rise."""
    step = local.solve(local.model.least_damping) / local.scale
    with np.errstate(all="ignore"):
        new = _half_square(values(x + step))
    return (x + step, new) if new <= local.cost * (1.0 + ROUNDING) else (x, local.cost)
