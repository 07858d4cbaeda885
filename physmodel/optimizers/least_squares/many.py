"""Many small least-squares problems at once, each with a damping of its own.

References
----------
Moré (1978), The Levenberg-Marquardt algorithm: implementation and theory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Damping of the first step, relative to the diagonal of the normal matrix; what it is multiplied
#: by after a step that was taken and one that was refused; and where a problem is given up.
FIRST_DAMPING, EASED, RAISED, MOST_DAMPING = 1e-3, 0.1, 10.0, 1e8
#: Length of a step, in standard errors for residuals of size one, below which it is the last.
SETTLED = 1e-2
#: Differences that replace derivatives, over the scale of a parameter.
DIFFERENCE = 1e-6


@dataclass(frozen=True, eq=False)
class ManyMinima:
    """Where the searches ended.

    `parameters` ``(k, p)``. `cost` ``(k,)``: squared norms; infinite where the start has none.
    `std_errors` ``(k, p)``: of the parameters over their scale, for residuals with errors of size
    one.
    """

    parameters: Array
    cost: Array
    std_errors: Array


def many_least_squares(
    values: Callable[[Array], Array], start: Array, scale: Array, *, max_iterations: int = 12
) -> ManyMinima:
    """Minimise the squared norms of many vectors of residuals, each of parameters of its own.

    `values`: residuals ``(k, c, m)`` of ``k`` problems at ``c`` choices ``(k, c, p)`` of their
    parameters; not finite where there are none. `start` ``(k, p)``. `scale` ``(p,)``: typical sizes
    of the parameters.
    """
    shifts = np.vstack([np.zeros_like(scale), DIFFERENCE * np.diag(scale)])

    def linearised(points: Array) -> tuple[Array, Array, Array]:
        table = values(points[:, None] + shifts)
        finite = np.logical_and.reduce(np.isfinite(table), axis=(1, 2))
        table = np.where(finite[:, None, None], table, 0.0)
        slopes = (table[:, 1:] - table[:, :1]) / DIFFERENCE
        cost = np.where(finite, np.sum(table[:, 0] ** 2, axis=1), np.inf)
        return table[:, 0], slopes, cost

    best = start.copy()
    residuals, slopes, cost = linearised(best)
    damping = np.full(len(start), FIRST_DAMPING)
    active = np.isfinite(cost)
    for _ in range(max_iterations):
        if not active.any():
            break
        normal = slopes @ slopes.transpose(0, 2, 1)
        step = -np.linalg.solve(_damped(normal, damping), slopes @ residuals[:, :, None])[:, :, 0]
        length = np.sqrt(np.einsum("kp,kpq,kq->k", step, normal, step))
        tried = np.where(active[:, None], best + scale * step, best)
        ahead = linearised(tried)
        better = active & (ahead[2] < cost)
        best[better] = tried[better]
        residuals[better], slopes[better], cost[better] = (new[better] for new in ahead)
        damping = np.clip(damping * np.where(better, EASED, RAISED), 1e-12, None)
        active &= (length > SETTLED) & (damping < MOST_DAMPING)
    inverse = np.linalg.inv(_damped(slopes @ slopes.transpose(0, 2, 1), np.zeros(len(best))))
    return ManyMinima(best, cost, np.sqrt(np.maximum(np.einsum("kpp->kp", inverse), 0.0)))


def _damped(normal: Array, damping: Array) -> Array:
    """Normal matrices ``(k, p, p)`` with more on their diagonals, never singular."""
    diagonal = np.einsum("kpp->kp", normal)
    floor = np.finfo(float).eps * np.maximum(diagonal.max(axis=1, keepdims=True), 1e-200)
    more = damping[:, None] * diagonal + (1.0 + damping[:, None]) * floor
    return np.asarray(normal + more[:, :, None] * np.eye(normal.shape[1]))
