"""Levenberg-Marquardt: damped Gauss-Newton steps on a vector of residuals.

References
----------
Moré (1978), The Levenberg-Marquardt algorithm: implementation and theory (scaling by the largest
column norms seen, which makes the steps independent of the units of the parameters);
Nielsen (1999), Damping parameter in Marquardt's method, IMM-REP-1999-05 (gain ratio).
"""

from __future__ import annotations

from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import svd

from physmodel.optimizers.residuals import Ending, Minimum, Residuals

Array = NDArray[np.float64]

#: Damping of the first step, relative to the scaled normal matrix.
FIRST_DAMPING = 1e-3
#: Tries to find a step that lowers the cost before the search is called stalled.
DAMPING_TRIALS = 40
#: Relative change of the cost, twice in a row, and of the parameters below which nothing is gained.
TOLERANCE = 1e-12
#: Cosine between residuals and columns below which the gradient is rounding.
FLAT = 1e-9


def levenberg_marquardt(
    problem: Residuals,
    start: Array,
    *,
    max_iterations: int = 200,
    tolerance: float = TOLERANCE,
    time_limit: float | None = None,
) -> Minimum:
    """Minimise half the squared norm of residuals.

    Parameters
    ----------
    problem : Residuals
    start : ndarray (p,)
    max_iterations : int
    tolerance : float
        Relative change of cost and parameters below which the search has converged.
    time_limit : float, optional
        Seconds.

    Returns
    -------
    Minimum
    """
    clock = perf_counter()
    x = np.array(start, dtype=float)
    r, jacobian = problem.linearised(x)
    cost = float(r @ r) / 2.0
    history = [cost]
    scale = np.zeros_like(x)
    damping, growth, small_steps = FIRST_DAMPING, 2.0, 0
    ending = Ending.ITERATIONS
    for _ in range(max_iterations):
        norms = np.linalg.norm(jacobian, axis=0)
        scale = np.maximum(scale, norms)
        safe = np.where(scale > 0.0, scale, 1.0)
        steepness = np.abs(jacobian.T @ r) / np.where(norms > 0.0, norms, 1.0)
        if cost == 0.0 or steepness.max(initial=0.0) <= FLAT * tolerance * np.sqrt(2.0 * cost):
            ending = Ending.CONVERGED
            break
        left, singular, right = svd(jacobian / safe, full_matrices=False, check_finite=False)
        along = left.T @ r
        accepted = False
        for _ in range(DAMPING_TRIALS):
            gain = singular / (singular**2 + damping)
            step = -(right.T @ (gain * along)) / safe
            predicted = float(np.sum(along**2 * singular * gain * (1.0 - singular * gain / 2.0)))
            with np.errstate(all="ignore"):  # a step too far is refused below
                trial = problem.values(x + step)
                new = float(trial @ trial) / 2.0
            ratio = (cost - new) / predicted if predicted > 0.0 else -1.0
            if np.isfinite(new) and ratio > 1e-4:
                accepted = True
                break
            damping *= growth
            growth *= 2.0
        if not accepted:
            flat = predicted <= tolerance * cost
            ending = Ending.CONVERGED if flat else Ending.STALLED
            break
        damping *= max(1.0 / 5.0, 1.0 - (2.0 * ratio - 1.0) ** 3)
        damping, growth = max(damping, 1e-30), 2.0
        little = cost - new <= tolerance * cost or np.linalg.norm(
            safe * step
        ) <= tolerance * np.linalg.norm(safe * x)
        x = x + step
        r, jacobian = problem.linearised(x)
        cost = float(r @ r) / 2.0
        history.append(cost)
        small_steps = small_steps + 1 if little else 0
        if small_steps == 2:
            ending = Ending.CONVERGED
            break
        if time_limit is not None and perf_counter() - clock > time_limit:
            ending = Ending.TIME
            break
    return Minimum(x, cost, ending, len(history) - 1, np.array(history), "levenberg-marquardt")
