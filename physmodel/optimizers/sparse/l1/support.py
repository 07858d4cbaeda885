"""Least squares on a given support, and the piece of the Lasso path that runs through it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, qr, solve_triangular

from physmodel.optimizers.sparse.design import Design

Array = NDArray[np.float64]

#: Diagonal of a triangle of unit columns below which they count as dependent.
DEPENDENT = 1e-10


@dataclass(frozen=True)
class SupportFit:
    """The line ``x - penalty * direction`` on which Lasso answers with given signs lie.

    `x`, `direction` ``(p,)``: least squares on the support, and its change with the penalty. `left`
    ``(p,)``: inner products of the columns with the residual of ``x``. `dual` ``(p,)``: inner
    products of the columns with the dual direction: costs times signs on the support. `along`,
    `dual_along`: inner products of the signal with the residual and with the dual direction.
    `residual`: norm of the residual of ``x``. `bend`: squared norm of the dual direction.
    """

    x: Array
    direction: Array
    left: Array
    dual: Array
    along: float
    dual_along: float
    residual: float
    bend: float

    @property
    def slope(self) -> Array:
        """Sizes of the inner products with the residual."""
        return np.abs(self.left)

    def penalty(self, level: float) -> float:
        """The penalty at which the residual has a norm, zero where it is never that small."""
        if self.bend <= 0.0 or level <= self.residual:
            return 0.0
        return float(np.sqrt((level**2 - self.residual**2) / self.bend))

    def residual_norm(self, penalty: float) -> float:
        """Norm of the residual at a penalty."""
        return float(np.sqrt(self.residual**2 + penalty**2 * self.bend))


def fit_support(design: Design, x: Array, cost: Array) -> SupportFit | None:
    """Fit the support and the signs of `x`.

    `design`: one signal. `x`, `cost` ``(p,)``. Returns: None if the support is empty. Of dependent
    columns the first ones carry the fit.
    """
    support = np.flatnonzero(x)
    if not len(support):
        return None
    support = _independent(design, support)
    push = cost[support] * np.sign(x[support])
    full, direction = np.zeros_like(x), np.zeros_like(x)
    correlation = design.correlation[:, 0]
    if design.gram is not None:
        gram = design.unit_gram[:, support]
        factor = cho_factor(gram[support])
        full[support] = cho_solve(factor, correlation[support])
        direction[support] = cho_solve(factor, push)
        rss = design.energy[0] - correlation[support] @ full[support]
        left = correlation - gram @ full[support]
        left[support] = 0.0
        bend = float(push @ direction[support])
        dual_along = float(correlation[support] @ direction[support])
        # The Gram knows the residual only to the rounding of the energy.
        rss = rss if rss > 1e-14 * design.energy[0] else 0.0
        return SupportFit(
            full, direction, left, gram @ direction[support], rss, dual_along, rss**0.5, bend
        )
    assert design.signals is not None  # noqa: S101
    target = design.signals[:, 0]
    q, r = qr(design.columns(support), mode="economic", check_finite=False)
    full[support] = solve_triangular(r, q.T @ target)
    point = q @ solve_triangular(r, push, trans="T")
    direction[support] = solve_triangular(r, q.T @ point)
    residual = target - q @ (q.T @ target)
    both = design.adjoint(np.column_stack([residual, point]))
    return SupportFit(
        full,
        direction,
        both[:, 0],
        both[:, 1],
        float(target @ residual),
        float(target @ point),
        float(np.linalg.norm(residual)),
        float(point @ point),
    )


def _independent(design: Design, support: NDArray[np.intp]) -> NDArray[np.intp]:
    """Columns of the support that span it: a piece of the path is unique on these only."""
    if design.gram is None:
        columns, least = design.columns(support), DEPENDENT
    else:
        columns, least = design.unit_gram[np.ix_(support, support)], 1e-12
    triangle, order = qr(columns, mode="r", pivoting=True, check_finite=False)
    rank = int(np.sum(np.abs(np.diag(triangle)) > least))
    return np.sort(support[order[:rank]])
