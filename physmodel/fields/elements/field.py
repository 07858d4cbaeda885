"""Fields that are polynomials in each element: evaluated, differentiated, moved."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from physmodel.fields.terms import Index

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ElementField:
    """Chebyshev series in each element of the first coordinate, times one in the second.

    `breaks` ``(E + 1,)``. `span`: interval of the second coordinate; not used with one coordinate.
    `table` ``(E, q + 1, p + 1)``.
    """

    breaks: Array
    span: tuple[float, float]
    table: Array
    n_coordinates: int

    @property
    def n_coefficients(self) -> int:
        """Numbers that describe the field."""
        return int(self.table.size)

    def __call__(self, points: Array, index: Index | None = None) -> Array:
        """Field or one of its derivatives at points ``(n, d)``: ``(n,)``."""
        orders = (0, 0) if index is None else (*index, 0)[:2]
        count, rows, columns = self.table.shape
        element = np.clip(
            np.searchsorted(self.breaks, points[:, 0], side="right") - 1, 0, count - 1
        )
        left, right = self.breaks[element], self.breaks[element + 1]
        half, tall = (right - left) / 2.0, (self.span[1] - self.span[0]) / 2.0
        in_x = basis((points[:, 0] - (left + right) / 2.0) / half, columns - 1, orders[0])
        if self.n_coordinates == 1:
            value = np.einsum("nk,nk->n", self.table[element, 0], in_x)
        else:
            in_y = basis((points[:, 1] - self.span[0]) / tall - 1.0, rows - 1, orders[1])
            value = np.einsum("nk,nk->n", np.einsum("nlk,nl->nk", self.table[element], in_y), in_x)
            value = value / tall ** orders[1]
        return value / half ** orders[0]

    def size(self) -> float:
        """Largest value, from its values at the Chebyshev points of every element."""
        _, rows, columns = self.table.shape
        values = np.einsum(
            "elk,ik,jl->eij",
            self.table,
            basis(_lobatto(columns - 1), columns - 1, 0),
            basis(_lobatto(rows - 1), rows - 1, 0),
            optimize=True,
        )
        return float(np.abs(values).max())

    def moved(self, breaks: Array) -> Array:
        """Coefficients of the end state ``(E', p + 1)`` on other elements, by interpolation."""
        degree = self.table.shape[2] - 1
        nodes = _lobatto(degree)
        left, right = breaks[:-1, None], breaks[1:, None]
        # A point on a break belongs to the element on the side of the interval it comes from.
        inner = np.clip(nodes, -1.0 + 1e-14, 1.0 - 1e-14)
        x = ((left + right) / 2.0 + (right - left) / 2.0 * inner).ravel()
        points = np.stack([x, np.full(x.size, self.span[1])], axis=1)
        values = self(points[:, : self.n_coordinates]).reshape(len(breaks) - 1, degree + 1)
        return np.asarray(np.linalg.solve(basis(nodes, degree, 0), values.T).T, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class MarchedField:
    """Fields one after the other along the second coordinate."""

    slabs: tuple[ElementField, ...]

    @property
    def n_coefficients(self) -> int:
        """Numbers that describe the field."""
        return sum(slab.n_coefficients for slab in self.slabs)

    def __call__(self, points: Array, index: Index | None = None) -> Array:
        """Field or one of its derivatives at points ``(n, 2)``: ``(n,)``."""
        starts = np.array([slab.span[0] for slab in self.slabs])
        which = np.clip(np.searchsorted(starts, points[:, 1], side="right") - 1, 0, None)
        found = np.empty(len(points))
        for number in np.unique(which):
            here = which == number
            found[here] = self.slabs[number](points[here], index)
        return found


def basis(places: Array, degree: int, order: int) -> Array:
    """Derivatives of Chebyshev polynomials at places ``(n,)`` of [-1, 1]: ``(n, degree + 1)``."""
    values: Array = chebyshev.chebvander(places, degree) @ _derivative(degree, order).T
    return values


@lru_cache(maxsize=256)
def _derivative(degree: int, order: int) -> Array:
    """Maps: row ``k`` holds the series of the derivative of ``T_k``."""
    matrix = np.eye(degree + 1)
    if order == 0:
        return matrix
    lowered = chebyshev.chebder(matrix, order, axis=1) if order <= degree else np.zeros((1, 1))
    full = np.zeros((degree + 1, degree + 1))
    full[:, : lowered.shape[1]] = lowered
    return full


def _lobatto(degree: int) -> Array:
    return -np.cos(np.pi * np.arange(degree + 1) / degree) if degree else np.zeros(1)


#: Share of the tolerance below which two elements can be one.
SPARE = 0.1


def tails(field: ElementField) -> tuple[Array, float]:
    """Last coefficients relative to the size of the field.

    The larger of the last two in each direction: one of them is zero in an even or odd function.

    Returns `by_element` ``(E,)``: along the first coordinate; `along`: along the second coordinate.
    """
    size = field.size() or 1.0
    by_element = np.abs(field.table[:, :, -2:]).sum(axis=1).max(axis=1) / size
    last = np.abs(field.table[:, -2:]).max() if field.table.shape[1] > 2 else 0.0
    return by_element, float(last) / size


def split(breaks: Array, which: NDArray[np.bool_]) -> Array:
    """Breaks with the elements in question halved."""
    middle = (breaks[:-1] + breaks[1:]) / 2.0
    return np.sort(np.concatenate([breaks, middle[which]]))


def joined(field: ElementField, breaks: Array, domain: Array, tolerance: float) -> Array:
    """Breaks without those that the end state of a field does not need.

    `breaks` ``(E + 1,)``. `domain` ``(2,)``: halves of the same whole are joined: a break is known
    by its place in the domain. `tolerance`: largest last coefficient relative to the size of the
    field.
    """
    width = np.diff(breaks)
    number = np.rint((breaks[:-1] - domain[0]) / width).astype(int)
    siblings = np.isclose(width[:-1], width[1:], rtol=1e-6) & (number[:-1] % 2 == 0)
    siblings = np.flatnonzero(siblings)
    if not len(siblings):
        return breaks
    kept = np.setdiff1d(np.arange(len(breaks)), siblings + 1)
    coarse = field.moved(breaks[kept])
    size = field.size() or 1.0
    # Position of the joined element of each pair among the coarse ones.
    place = np.searchsorted(kept, siblings)
    needed = np.abs(coarse[place, -2:]).max(axis=1) > SPARE * tolerance * size
    return np.delete(breaks, siblings[~needed] + 1)
