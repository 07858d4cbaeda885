"""Sweep tableau: least squares on a support that changes one column at a time.

The Gram matrix of ``[A b]``, swept on the columns of a support, shows the residual sum of squares
of that support and, by look-up, of every support one addition, deletion or exchange away. Moving
there costs one rank-one update.

References
----------
Goodnight (1979), The American Statistician 33, 149 (the SWEEP operator);
Miller (2002), Subset Selection in Regression, chapter 3 (searches that use it).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dger

from physmodel.optimizers.subset.triangular import TriangularFactor

Array = NDArray[np.float64]
#: Criterion of a support: residual sums of squares and support size in, values to minimise out.
Criterion = Callable[[Array, int], Array]

#: Squared length outside the support below which a unit column is not added: a Gram matrix does
#: not tell it from rounding.
DEPENDENT = 1e-10


class Tableau:
    """A support of columns and what its neighbours would give.

    `factor`: columns of unit norm. `inside` ``(p,)``: the present support.
    """

    def __init__(self, factor: TriangularFactor) -> None:
        columns = np.column_stack([factor.r, factor.c])
        self._table = columns.T @ columns
        self._table[-1, -1] = factor.total
        self.inside = np.zeros(factor.n_columns, dtype=bool)

    def copy(self) -> Tableau:
        """An independent tableau at the same support."""
        other = object.__new__(Tableau)
        other._table = self._table.copy()
        other.inside = self.inside.copy()
        return other

    @property
    def rss(self) -> float:
        """Residual sum of squares of the support."""
        return max(float(self._table[-1, -1]), 0.0)

    def can_enter(self, column: int) -> bool:
        """Whether rounding does not make a column out of the support."""
        return bool(self._table[column, column] > DEPENDENT)

    def toggle(self, column: int) -> None:
        """Add a column that `can_enter` to the support, or take one out."""
        pivot = self._table[column, column]
        row = self._table[column] / pivot
        # In place; the transpose of an array in C order is what BLAS wants, and gets no copy.
        dger(-1.0, row, self._table[:, column].copy(), a=self._table.T, overwrite_a=1)
        # A swept pivot is negative, so that sweeping twice gives the first table back.
        row = row if pivot > 0.0 else -row
        self._table[column], self._table[:, column] = row, row
        self._table[column, column] = -1.0 / pivot
        self.inside[column] = not self.inside[column]

    def best_move(
        self, criterion: Criterion, allowed: NDArray[np.bool_]
    ) -> tuple[float, tuple[int, ...]]:
        """The addition, deletion or exchange that lowers the criterion most.

        `criterion`: ``criterion(rss, k)``, vectorised over ``rss``. `allowed` ``(p,)``: columns
        that may be added. Returns `value`: criterion after the move, infinite if there is none;
        `columns`: columns to toggle.
        """
        table = self._table
        inside, outside = np.flatnonzero(self.inside), np.flatnonzero(~self.inside & allowed)
        k, rss = len(inside), table[-1, -1]
        slopes, lengths = table[-1, outside], table[outside, outside]
        moves: list[tuple[float, tuple[int, ...]]] = [(np.inf, ())]
        if len(outside):
            left = rss - _gains(slopes, lengths)
            j = int(np.argmin(left))
            moves.append((_value(criterion, left[j], k + 1), (int(outside[j]),)))
        if k:
            weights = table[-1, inside]
            variances = -table[inside, inside]
            costs = weights**2 / variances
            i = int(np.argmin(costs))
            moves.append((_value(criterion, rss + costs[i], k - 1), (int(inside[i]),)))
        if k and len(outside):
            # After column i left, the slope and length of candidate j grow by their coupling.
            coupling = table[np.ix_(inside, outside)]
            gains = _gains(
                slopes + coupling * (weights / variances)[:, None],
                lengths + coupling**2 / variances[:, None],
            )
            left = rss + costs[:, None] - gains
            i, j = divmod(int(np.argmin(left)), len(outside))
            value = _value(criterion, left[i, j], k)
            moves.append((value, (int(inside[i]), int(outside[j]))))
        return min(moves)


def _gains(slopes: Array, lengths: Array) -> Array:
    return np.where(lengths > DEPENDENT, slopes**2 / np.maximum(lengths, DEPENDENT), 0.0)


def _value(criterion: Criterion, rss: float, k: int) -> float:
    return float(criterion(np.array([max(rss, 0.0)]), k)[0])
