"""Least squares with a price on some unknowns, which rows that were held out decide.

References
----------
Golub, Heath, Wahba (1979), Generalized cross-validation as a method for choosing a good ridge
parameter, Technometrics 21, 215 (what it replaces: rows of one record are not independent).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Prices that are tried, over the square of the largest singular value, highest first: the first is
#: so high that nothing is paid.
PRICES = np.append(1e20, 10.0 ** np.arange(2.0, -27.0, -1.0))
#: Singular values below this part of the largest are rounding.
RANK = 1e-12


@dataclass(frozen=True, eq=False)
class HeldOutRidge:
    """What the rows decided.

    `paid` ``(p,)``, `free` ``(q,)``. `price`: ``|residuals|^2 + price |paid|^2`` is least.
    `held_out`: root mean square of the residuals of rows at the fit to the others.
    """

    paid: Array
    free: Array
    price: float
    held_out: float


def held_out_ridge(
    paid: Array, free: Array, target: Array, group: NDArray[np.intp]
) -> HeldOutRidge:
    """Solve ``paid a + free b = target`` in the sense of least squares.

    `paid` ``(m, p)``: columns of like size, whose unknowns have one price. `free` ``(m, q)``:
    columns whose unknowns cost nothing; of any rank. `target` ``(m,)``. `group` ``(m,)``: rows that
    are held out together; at least two groups.
    """
    whole = _Split.of(paid, free, target)
    prices = PRICES * (whole.values.max(initial=0.0) ** 2 or 1.0)
    total = np.zeros(len(prices))
    for one in np.unique(group):
        out = group == one
        part = _Split.of(paid[~out], free[~out], target[~out])
        for k, price in enumerate(prices):
            a, b = part.solution(price)
            total[k] += float(((paid[out] @ a + free[out] @ b - target[out]) ** 2).sum())
    best = int(np.argmin(total))
    a, b = whole.solution(prices[best])
    return HeldOutRidge(a, b, float(prices[best]), float(np.sqrt(total[best] / len(target))))


@dataclass(frozen=True, eq=False)
class _Split:
    """The free unknowns eliminated, the rest by its singular values."""

    paid: Array
    free: Array
    target: Array
    inverse: Array
    left: Array
    values: Array
    right: Array

    @classmethod
    def of(cls, paid: Array, free: Array, target: Array) -> _Split:
        # The columns of an orthogonal basis, because free ones may depend on each other.
        size = np.linalg.norm(free, axis=0)
        size = np.where(size > 0.0, size, 1.0)
        basis, spread, mixed = np.linalg.svd(free / size, full_matrices=False)
        kept = spread > RANK * spread.max(initial=0.0)
        basis = basis[:, kept]
        inverse = (mixed[kept].T / spread[kept]) @ basis.T / size[:, None]
        rest = paid - basis @ (basis.T @ paid)
        left, values, right = np.linalg.svd(rest, full_matrices=False)
        return cls(paid, free, target, inverse, left, values, right)

    def solution(self, price: float) -> tuple[Array, Array]:
        """Paid and free unknowns at a price."""
        gain = self.values / (self.values**2 + price)
        a = self.right.T @ (gain * (self.left.T @ self.target))
        return a, self.inverse @ (self.target - self.paid @ a)
