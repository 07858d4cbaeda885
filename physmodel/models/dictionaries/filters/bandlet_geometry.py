"""The geometry of bandlets: which squares of which band run in which direction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from physmodel.models.dictionaries.dictionary import Band

Array = NDArray[np.float64]
Index = NDArray[np.intp]

#: Sides of the largest and the smallest square that may have a direction.
LARGEST, SMALLEST = 32, 4


@dataclass(frozen=True)
class Square:
    """A block of wavelet coefficients along one direction.

    `band`: label of the band of wavelet coefficients. `rows`, `columns`: where it begins and ends.
    `angle`: of the lines along which the coefficients vary little, from the columns' axis, in
    radians.
    """

    band: str
    rows: tuple[int, int]
    columns: tuple[int, int]
    angle: float

    @property
    def sides(self) -> tuple[int, int]:
        """Height and width."""
        return self.rows[1] - self.rows[0], self.columns[1] - self.columns[0]


def haar(values: Array) -> Array:
    """Orthonormal Haar transform of rows of any length: a constant gives one coefficient.

    Pairs are weighted by how many samples they stand for, and one that is left over waits for the
    next round (unbalanced Haar wavelets).
    """
    details, sizes = [], np.ones(values.shape[1])
    while values.shape[1] > 1:
        left, right, rest, sizes = _pairs(values.shape[1], sizes)
        even, odd = values[:, 0 : 2 * left.size : 2], values[:, 1 : 2 * left.size : 2]
        details.append(right * even - left * odd)
        values = np.hstack([left * even + right * odd, values[:, rest]])
    return np.hstack([values, *reversed(details)])


def inverse_haar(values: Array) -> Array:
    """Transpose and inverse of `haar`."""
    rounds, count, sizes = [], values.shape[1], np.ones(values.shape[1])
    while count > 1:
        left, right, rest, sizes = _pairs(count, sizes)
        rounds.append((count, left, right, rest))
        count = sizes.size
    means, start = values[:, :1], 1
    for count, left, right, rest in reversed(rounds):
        mean, detail = means[:, : left.size], values[:, start : start + left.size]
        out = np.empty((values.shape[0], count))
        out[:, 0 : 2 * left.size : 2] = left * mean + right * detail
        out[:, 1 : 2 * left.size : 2] = right * mean - left * detail
        out[:, rest] = means[:, left.size :]
        means, start = out, start + left.size
    return means


def _pairs(count: int, sizes: Array) -> tuple[Array, Array, slice, Array]:
    """Weights of both members of each pair, the one that is left over, and the sizes after."""
    half = count // 2
    even, odd = sizes[0 : 2 * half : 2], sizes[1 : 2 * half : 2]
    total = even + odd
    rest = slice(2 * half, count)
    return np.sqrt(even / total), np.sqrt(odd / total), rest, np.append(total, sizes[rest])


def order(sides: tuple[int, int], angle: float) -> Index:
    """Flat order of a block line by line: by the distance across the direction, then along it."""
    row, column = np.indices(sides)
    across = row * np.cos(angle) - column * np.sin(angle)
    along = row * np.sin(angle) + column * np.cos(angle)
    # Rounding must not part what lies on one line.
    return np.lexsort((along.ravel(), np.round(across.ravel(), 9)))


def places(square: Square, band: Band) -> Index:
    """Indices of the coefficients of a square, in the order of its direction."""
    grid = band.start + np.arange(int(np.prod(band.shape))).reshape(band.shape)
    block = grid[slice(*square.rows), slice(*square.columns)]
    return block.ravel()[order(square.sides, square.angle)]


def choose_geometry(
    coefficients: Array, bands: Sequence[Band], threshold: float
) -> tuple[Square, ...]:
    """Squares and directions of least cost, by a quadtree in each band.

    The cost of a block is what thresholding leaves behind plus ``threshold^2`` for every number
    that is kept, the direction among them: the Lagrangian of the best basis of Le Pennec and
    Mallat. It is the least over the block as it stands, the block along each of its directions
    (twice as many as its longer side), and its four quarters.

    `bands`: those that may have a geometry, each two-dimensional. `threshold`: positive. Returns:
    only those that have a direction.
    """
    by_sides: dict[tuple[int, int], list[tuple[Band, Square]]] = defaultdict(list)
    for band in bands:
        for block in _blocks(band):
            by_sides[block.sides].append((band, block))
    costs: dict[Square, tuple[float, float, Square]] = {}
    for sides, members in by_sides.items():
        costs |= _costs(coefficients, sides, members, threshold)

    def least(block: Square) -> tuple[float, tuple[Square, ...]]:
        free, cost, square = costs[block]
        options: list[tuple[float, tuple[Square, ...]]] = [(free, ()), (cost, (square,))]
        if quarters := _quarters(block):
            parts = [least(quarter) for quarter in quarters]
            total = sum(cost for cost, _ in parts)
            options.append((total, tuple(square for _, found in parts for square in found)))
        return min(options, key=lambda option: option[0])

    return tuple(square for band in bands for root in _roots(band) for square in least(root)[1])


def _costs(
    coefficients: Array,
    sides: tuple[int, int],
    members: list[tuple[Band, Square]],
    threshold: float,
) -> dict[Square, tuple[float, float, Square]]:
    """Of blocks of one size: cost as they stand, least cost along a direction, and that one."""
    index = np.array([places(block, band) for band, block in members])
    values = np.empty_like(coefficients, shape=index.shape)
    values[:, order(sides, 0.0)] = coefficients[index]  # from the order of angle 0 to row by row
    free = np.minimum(values**2, threshold**2).sum(axis=1)
    best, angle = np.full(len(members), np.inf), np.zeros(len(members))
    count = 2 * max(sides)
    for turn in np.arange(count) * np.pi / count if min(sides) >= SMALLEST else ():
        moved = haar(values[:, order(sides, turn)])
        cost = np.minimum(moved**2, threshold**2).sum(axis=1) + threshold**2
        angle = np.where(cost < best, turn, angle)
        best = np.minimum(cost, best)
    return {
        block: (float(f), float(b), replace(block, angle=float(a)))
        for (_, block), f, b, a in zip(members, free, best, angle, strict=True)
    }


def _roots(band: Band) -> list[Square]:
    """The largest blocks, which tile a band; those at its end may be smaller."""
    starts = (range(0, side, LARGEST) for side in band.shape)
    height, width = band.shape
    return [
        Square(band.label, (i, min(i + LARGEST, height)), (j, min(j + LARGEST, width)), 0.0)
        for i, j in product(*starts)
    ]


def _quarters(block: Square) -> list[Square]:
    """Four quarters, or none where they would be too small for a direction."""
    if min(block.sides) < 2 * SMALLEST:
        return []
    halves = []
    for first, last in (block.rows, block.columns):
        middle = (first + last) // 2
        halves.append(((first, middle), (middle, last)))
    return [Square(block.band, rows, columns, 0.0) for rows, columns in product(*halves)]


def _blocks(band: Band) -> Iterator[Square]:
    """Every node of the quadtrees of a band."""
    waiting = _roots(band)
    while waiting:
        block = waiting.pop()
        yield block
        waiting += _quarters(block)
