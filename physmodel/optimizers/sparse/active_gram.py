"""The inverse Gram of a changing set of columns, one column in or out at a time.

References
----------
Golub and Van Loan (2013), Matrix Computations, section 2.1.4 (inverse of a bordered matrix).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physmodel.optimizers.sparse.design import Design

Array = NDArray[np.float64]

#: Squared length outside the others, relative to its own, below which a column depends on them.
DEPENDENT = 1e-11
#: Columns for which there is room at first, and numbers in the rows of a Gram at most (128 MB).
ROOM, MOST = 64, 1 << 24


class ActiveGram:
    """Rows of a Gram that belong to some columns, and the inverse of the block among them.

    `design`: its columns are divided by `cost`. `cost` ``(p,)``.
    """

    def __init__(self, design: Design, cost: Array) -> None:
        self.size = 0
        self._design, self._cost = design, cost
        self._index = np.empty(ROOM, dtype=np.intp)
        self._rows = np.empty((ROOM, design.n_atoms))
        self._inverse = np.empty((ROOM, ROOM))

    @property
    def index(self) -> NDArray[np.intp]:
        """The columns, in no order."""
        return self._index[: self.size]

    @property
    def inverse(self) -> Array:
        """Inverse of the Gram of the columns."""
        return self._inverse[: self.size, : self.size]

    def correlations(self, x: Array) -> Array:
        """Inner products (p,) of all columns with the combination `x` (size,) of these."""
        return x @ self._rows[: self.size]

    def add(self, column: int) -> bool:
        """Let a column in; False where it depends on the others or there is no room."""
        k = self.size
        if k == len(self._index) and not self._grow():
            return False
        row = self._gram_row(column)
        weights = self.inverse @ row[self.index]
        outside = float(row[column] - row[self.index] @ weights)
        if not outside > DEPENDENT * row[column]:
            return False
        self.inverse[:] += weights[:, None] * (weights / outside)
        self._inverse[k, :k] = self._inverse[:k, k] = -weights / outside
        self._inverse[k, k] = 1.0 / outside
        self._rows[k], self._index[k] = row, column
        self.size = k + 1
        return True

    def drop(self, place: int) -> None:
        """Let the column at a place of `index` out; the last one takes its place."""
        last = self.size - 1
        for axis in (self._index, self._rows, self._inverse, self._inverse.T):
            axis[[place, last]] = axis[[last, place]]
        side = self._inverse[:last, last]
        self.size = last
        self.inverse[:] -= side[:, None] * (side / self._inverse[last, last])

    def _gram_row(self, column: int) -> Array:
        design = self._design
        if design.has_gram:
            row = design.unit_gram[column]
        else:
            row = design.adjoint(design.columns(np.array([column])))[:, 0]
        return row / (self._cost * self._cost[column])

    def _grow(self) -> bool:
        room = 2 * len(self._index)
        if self.size * self._design.n_atoms >= MOST:
            return False
        self._index = np.resize(self._index, room)
        rows, inverse = self._rows, self._inverse
        self._rows, self._inverse = np.empty((room, rows.shape[1])), np.empty((room, room))
        self._rows[: self.size], self._inverse[: self.size, : self.size] = rows, inverse
        return True
