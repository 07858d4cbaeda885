"""The loop of Levenberg and Marquardt, whatever way the damped linear problem is solved.

References
----------
Moré (1978), The Levenberg-Marquardt algorithm: implementation and theory (scaling by the largest
column norms seen, which makes the steps independent of the units of the parameters);
Nielsen (1999), Damping parameter in Marquardt's method, IMM-REP-1999-05 (gain ratio).
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.optimizers.residuals import Ending, Minimum

Array = NDArray[np.float64]
#: Called after each iteration with its number, the parameters ``(p,)`` and the cost.
OnIteration = Callable[[int, Array, float], None]

#: Damping of the first step, relative to the scaled normal matrix, and the least ever used: below
#: it, float64 cannot tell the damped normal matrix from the plain one.
FIRST_DAMPING, LEAST_DAMPING = 1e-3, 1e-15
#: Tries to find a step that lowers the cost before the search is called stalled, and the most by
#: which one raises the damping over the last. Together they span from the least damping to steps
#: that change no digit of the parameters.
DAMPING_TRIALS, MOST_GROWTH = 60, 16.0
#: Part of the cost, twice in a row, and of the parameters below which nothing is gained.
TOLERANCE = 1e-12
#: A step that differs by less from one that was refused is refused without being tried.
ALIKE = 0.1
#: Part of the predicted fall of the cost that must come true.
LEAST_RATIO = 1e-4
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
    """
    clock = perf_counter()
    x = _checked_start(start)
    model = linearise(x)
    _check_model(model)
    cost = _half_square(model.residuals)
    history = [cost]
    scale = np.zeros_like(x)
    damping, small_steps = FIRST_DAMPING, 0
    ending = Ending.ITERATIONS
    while len(history) <= max_iterations:
        scale = np.maximum(scale, model.column_norms)
        safe = np.where(scale > 0.0, scale, 1.0)
        slope = model.gradient / safe
        solve = model.solver(safe)
        if not np.any(slope) or _gain(solve, slope, LEAST_DAMPING) <= tolerance * cost:
            x, cost = _last_step(values, x, cost, solve(LEAST_DAMPING) / safe)
            history.append(cost)
            ending = Ending.CONVERGED
            break
        found, growth, refused, noise = None, 2.0, None, 0.0
        first = True
        for _ in range(DAMPING_TRIALS):
            scaled = solve(damping)
            new_step = refused is None or _differ(scaled, refused)
            if np.all(np.isfinite(scaled)) and new_step:
                step = scaled / safe
                moved = x + step
                if np.array_equal(moved, x):
                    break
                with np.errstate(all="ignore"):  # a step too far is refused below
                    trial = values(moved)
                    new = _half_square(trial)
                predicted = (damping * float(scaled @ scaled) - float(slope @ scaled)) / 2.0
                ratio = (cost - new) / predicted if predicted > 0.0 else -1.0
                if np.isfinite(new) and ratio > LEAST_RATIO:
                    with np.errstate(all="ignore"):
                        ahead = linearise(moved)
                    if np.all(np.isfinite(ahead.column_norms)):
                        found = ahead
                        break
                if np.any(trial != model.residuals):
                    noise = float(np.linalg.norm(trial - model.residuals - model.along(step)))
                refused, first = scaled, False
            damping, growth = damping * growth, min(2.0 * growth, MOST_GROWTH)
        if found is None:
            # What the smallest of all steps changed is rounding; a gain within it is none.
            within = noise * float(np.sqrt(2.0 * cost)) + noise**2
            flat = _gain(solve, slope, LEAST_DAMPING) <= within
            ending = Ending.CONVERGED if flat else Ending.STALLED
            break
        little = max(cost - new, predicted) <= tolerance * cost or np.linalg.norm(
            scaled
        ) <= tolerance * np.linalg.norm(safe * x)
        small_steps = small_steps + 1 if little and first else 0
        damping *= max(1.0 / 5.0, 1.0 - (2.0 * ratio - 1.0) ** 3)
        damping = max(damping, LEAST_DAMPING)
        x, model, cost = moved, found, _half_square(found.residuals)
        history.append(cost)
        if on_iteration is not None:
            on_iteration(len(history) - 1, x, cost)
        if small_steps == 2 or cost == 0.0:
            ending = Ending.CONVERGED
            break
        if time_limit is not None and perf_counter() - clock > time_limit:
            ending = Ending.TIME
            break
    return Minimum(x, cost, ending, len(history) - 1, np.array(history), method)


def _half_square(residuals: Array) -> float:
    return float(residuals @ residuals) / 2.0


def _gain(solve: Callable[[float], Array], slope: Array, damping: float) -> float:
    """Fall of the cost that the linear model promises at a damping; infinite where unknown."""
    scaled = solve(damping)
    gain = (damping * float(scaled @ scaled) - float(slope @ scaled)) / 2.0
    return gain if np.isfinite(gain) else np.inf


def _differ(one: Array, other: Array) -> bool:
    return bool(np.linalg.norm(one - other) > ALIKE * np.linalg.norm(other))


def _last_step(
    values: Callable[[Array], Array], x: Array, cost: float, step: Array
) -> tuple[Array, float]:
    """Take a step that is too short for the cost to tell, unless the cost does rise."""
    if not np.all(np.isfinite(step)):
        return x, cost
    with np.errstate(all="ignore"):
        new = _half_square(values(x + step))
    return (x + step, new) if new <= cost * (1.0 + ROUNDING) else (x, cost)


def _checked_start(start: Array) -> Array:
    x = np.array(start, dtype=float)
    if x.ndim != 1 or not np.all(np.isfinite(x)):
        raise ProblemError(
            f"the start must be a vector of finite numbers, not of shape {x.shape}"
            if x.ndim != 1
            else f"the start is not finite at entry {int(np.argmin(np.isfinite(x)))}",
            fix="start from finite parameters, one per unknown",
        )
    return x


def _check_model(model: LinearModel) -> None:
    finite = np.isfinite(model.residuals)
    if not finite.all():
        raise ProblemError(
            f"residual {int(np.argmin(finite))} is not finite at the start",
            why="no step can be judged from there",
            fix="start where the model can be evaluated",
        )
    finite = np.isfinite(model.column_norms)
    if not finite.all():
        raise ProblemError(
            f"a derivative by parameter {int(np.argmin(finite))} is not finite at the start",
            why="no step can be made from there",
            fix="start where the model is smooth, or leave that parameter out",
        )
