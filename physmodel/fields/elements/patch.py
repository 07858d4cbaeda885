"""Spectral elements on one box: every row of the collocation system and its derivatives.

The field is a Chebyshev polynomial in each element of the first coordinate and one in the second.
Rows ask for the equation at Gauss points (where collocation is superconvergent, de Boor & Swartz
1973), for derivatives that continue across elements, and for the conditions. There are as many
rows as coefficients, so a Newton step is one sparse factorisation.

The number of derivatives that continue is even: with an odd number and symmetric points one of
the modes that solve the homogeneous joints neither grows nor decays from element to element, and
the system is singular or nearly so. An equation of odd order is therefore joined one order
smoother than it needs, which leaves one row to be found: the equation itself, near the end that has
fewer conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import roots_jacobi

from physmodel.fields.elements.field import ElementField, basis
from physmodel.fields.problem import PdeProblem
from physmodel.fields.terms import Index, Pointwise

Array = NDArray[np.float64]
#: Value, derivatives by the jet, derivatives by the unknown coefficients, at points.
Rows = tuple[Array, dict[Index, Array], Array]
#: Makes `Rows` from points and the jet there.
RowMaker = Callable[[Array, dict[Index, Array], Array], Rows]


@dataclass(frozen=True, eq=False)
class SideCondition:
    """Rows that hold at one end of a coordinate, and the derivatives they need."""

    indices: frozenset[Index]
    rows: RowMaker


def condition(part: Pointwise) -> SideCondition:
    """An equation of the problem as a condition."""
    return SideCondition(part.indices, part.linearised)


def continued(
    before: ElementField, order: int, sensitivity: Sequence[ElementField]
) -> SideCondition:
    """The derivative of an earlier field goes on, and so do its derivatives by unknowns."""
    index = (0, order)

    def rows(points: Array, jet: dict[Index, Array], unknown: Array) -> Rows:
        target = before(points, index)
        by_unknown = np.array([-field(points, index) for field in sensitivity])
        by_unknown = by_unknown.reshape(len(unknown), len(points)).T
        return jet[index] - target, {index: np.ones(len(points))}, by_unknown

    return SideCondition(frozenset({index}), rows)


@dataclass(frozen=True, eq=False)
class Patch:
    """The collocation system on elements times one interval.

    `breaks` ``(E + 1,)``. `span`: interval of the second coordinate. `shape`: degrees in an element
    and in the second coordinate. `lower`, `upper`: at the ends of the second coordinate.
    """

    problem: PdeProblem
    breaks: Array
    span: tuple[float, float]
    shape: tuple[int, int]
    lower: tuple[SideCondition, ...]
    upper: tuple[SideCondition, ...]

    def field(self, coefficients: Array) -> ElementField:
        """A field on this patch from its flat coefficients."""
        p, q = self.shape
        table = coefficients.reshape(len(self.breaks) - 1, q + 1, p + 1)
        return ElementField(self.breaks, self.span, table, len(self.problem.coordinates))

    def system(self, coefficients: Array, unknown: Array) -> tuple[Array, sparse.csr_array, Array]:
        """Residuals ``(n,)``, Jacobian ``(n, n)`` and derivatives by the unknown ``(n, k)``."""
        problem, (p, q) = self.problem, self.shape
        table = coefficients.reshape(-1, q + 1, p + 1)
        elements = np.arange(len(table))
        smooth = 2 * ((problem.equation.order(0) + 1) // 2)
        inside = _gauss(p + 1 - smooth)
        level, nodes = self._levels()
        rows = [(level, condition(problem.equation))]
        rows += [(np.array([-1.0]), item) for item in self.lower]
        rows += [(np.array([1.0]), item) for item in self.upper]
        pieces = [self._block(table, elements, inside, *row, unknown) for row in rows]
        if problem.equation.order(0) < smooth and not problem.periodic:
            free, place = self._free_end(elements, inside)
            pieces += [self._block(table, free, place, *row, unknown) for row in rows]
        if not problem.periodic:
            for sides, edge, element in (
                (problem.lower[0], -1.0, elements[:1]),
                (problem.upper[0], 1.0, elements[-1:]),
            ):
                for part in sides:
                    row = (nodes, condition(part))
                    pieces.append(self._block(table, element, np.array([edge]), *row, unknown))
        pieces.append(self._joints(table, smooth, unknown))
        residuals = np.concatenate([piece[0] for piece in pieces])
        by_unknown = np.concatenate([piece[3] for piece in pieces])
        data = np.concatenate([piece[1].ravel() for piece in pieces])
        columns = np.concatenate([piece[2].ravel() for piece in pieces])
        widths = np.concatenate([np.full(len(piece[0]), piece[1].shape[1]) for piece in pieces])
        starts = np.concatenate([[0], np.cumsum(widths)])
        size = coefficients.size
        return residuals, sparse.csr_array((data, columns, starts), shape=(size, size)), by_unknown

    def _levels(self) -> tuple[Array, Array]:
        """Where the equation holds in the second coordinate, and where side conditions do."""
        q, given = self.shape[1], len(self.lower) + len(self.upper)
        if len(self.problem.coordinates) == 1:
            return np.zeros(1), np.zeros(1)
        if given == 1 and self.lower:  # Radau IIA: damps what a step cannot resolve
            level = np.append(roots_jacobi(q - 1, 1.0, 0.0)[0], 1.0) if q > 1 else np.ones(1)
            return level, np.append(-1.0, level)
        return _gauss(q + 1 - given), -np.cos(np.pi * np.arange(q + 1) / q)

    def _free_end(
        self, elements: NDArray[np.intp], inside: Array
    ) -> tuple[NDArray[np.intp], Array]:
        """Where the equation holds once more: next to the end with fewer conditions.

        Not at the end itself, where a condition and the state before may already say the same.
        """
        if len(self.problem.lower[0]) < len(self.problem.upper[0]):
            return elements[:1], (inside[:1] - 1.0) / 2.0
        return elements[-1:], (inside[-1:] + 1.0) / 2.0

    def _block(
        self,
        table: Array,
        elements: NDArray[np.intp],
        across: Array,
        along: Array,
        item: SideCondition,
        unknown: Array,
    ) -> tuple[Array, Array, NDArray[np.intp], Array]:
        """Rows at every pair of places in some elements (reference coordinates)."""
        p, q = self.shape
        half = np.diff(self.breaks)[elements] / 2.0
        middle = (self.breaks[:-1] + self.breaks[1:])[elements] / 2.0
        tall = (self.span[1] - self.span[0]) / 2.0
        one = len(self.problem.coordinates) == 1
        x = middle[:, None, None] + half[:, None, None] * across
        y = self.span[0] + tall * (along + 1.0)
        grid = np.broadcast_arrays(x, y[None, :, None])
        points = np.stack(grid[: 1 if one else 2], axis=-1).reshape(-1, 1 if one else 2)
        jet, factors = {}, {}
        for index in item.indices:
            a, b = index[0], 0 if one else index[1]
            in_x, in_y = basis(across, p, a), basis(along, q, b) / tall**b
            values = np.einsum("elk,ik,jl->eji", table[elements], in_x, in_y, optimize=True)
            jet[index] = (values / half[:, None, None] ** a).ravel()
            factors[index] = (in_x, in_y, half**-a)
        value, slopes, by_unknown = item.rows(points, jet, unknown)
        shape = (len(elements), len(along), len(across))
        block = np.zeros((*shape, q + 1, p + 1))
        for index, slope in slopes.items():
            in_x, in_y, scale = factors[index]
            weight = slope.reshape(shape) * scale[:, None, None]
            block += (weight[..., None] * in_y[None, :, None, :])[..., None] * in_x[:, None, :]
        width = (q + 1) * (p + 1)
        columns = elements[:, None, None] * width + np.arange(width)
        columns = np.broadcast_to(columns, (len(elements), len(along) * len(across), width))
        return value, block.reshape(-1, width), columns.reshape(-1, width), by_unknown

    def _joints(
        self, table: Array, order: int, unknown: Array
    ) -> tuple[Array, Array, NDArray[np.intp], Array]:
        """Derivatives below an order go on from element to element."""
        p, q = self.shape
        count = len(table)
        left = np.arange(count if self.problem.periodic else count - 1)
        right = (left + 1) % count
        half = np.diff(self.breaks) / 2.0
        ends = np.array([1.0, -1.0])
        reach = np.minimum(half[left], half[right])
        values = np.empty((len(left), order, q + 1))
        data = np.empty((len(left), order, q + 1, 2, p + 1))
        for a in range(order):
            at = basis(ends, p, a)
            from_left = (reach / half[left])[:, None] ** a * at[0]
            from_right = (reach / half[right])[:, None] ** a * at[1]
            values[:, a] = np.einsum("elk,ek->el", table[left], from_left)
            values[:, a] -= np.einsum("elk,ek->el", table[right], from_right)
            data[:, a, :, 0] = from_left[:, None]
            data[:, a, :, 1] = -from_right[:, None]
        places = np.stack([left, right], axis=1)[:, None, None, :, None] * (q + 1) * (p + 1)
        places = places + np.arange(q + 1)[:, None, None] * (p + 1) + np.arange(p + 1)
        columns = np.broadcast_to(places, data.shape)
        if count == 1 and len(left):  # one periodic element: both sides are the same columns
            data = data.sum(axis=3, keepdims=True)
            columns = columns[..., :1, :]
        size, width = values.size, data.shape[-2] * data.shape[-1]
        return (
            values.ravel(),
            data.reshape(size, width),
            columns.reshape(size, width),
            np.zeros((size, len(unknown))),
        )


@lru_cache(maxsize=64)
def _gauss(count: int) -> Array:
    return legendre.leggauss(count)[0]
