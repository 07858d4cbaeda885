"""Grids for bands: how few samples hold a piece of the Fourier plane.

A frequency `k` (whole numbers, cycles per signal) goes to the place `k mod m` on a grid of sides
`m`. The grid holds the band if no two frequencies of its support meet.
"""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len

Index = NDArray[np.intp]

#: Sides tried along each axis for a support and its mirror image, by number of dimensions.
STEPS = {1: 64, 2: 32, 3: 10}


def box_grid(waves: Index, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Sides of a box about zero that holds the support ``(d, n)`` without wrapping."""
    sides = (next_fast_len(int(2 * np.abs(k).max()) + 1) for k in waves)
    return tuple(min(side, n) for side, n in zip(sides, shape, strict=True))


def one_ended(waves: Index, shape: tuple[int, ...]) -> Index:
    """Count the end of an even range, which is -n/2 and n/2, to the side of most of the support."""
    moved = waves.copy()
    for k, n in zip(moved, shape, strict=True):
        if np.median(k) > 0:
            k[2 * k == -n] = n // 2
    return moved


def sheared_grid(waves: Index, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Sides of a box into which a sheared, one-sided support wraps.

    For one order of the axes: the extent along the first, then the largest extent along the next
    among points that agree in those before. Two points that meet agree in all of them. The best
    order is taken (Candes, Demanet, Donoho and Ying 2006, section 3.3).
    """
    best = shape
    for order in permutations(range(len(shape))):
        grid = list(shape)
        group = np.zeros(waves.shape[1], dtype=np.intp)
        for axis in order:
            high = np.full(group.max() + 1, np.iinfo(np.intp).min)
            low = np.full(group.max() + 1, np.iinfo(np.intp).max)
            np.maximum.at(high, group, waves[axis])
            np.minimum.at(low, group, waves[axis])
            grid[axis] = min(next_fast_len(int((high - low).max()) + 1), shape[axis])
            _, group = np.unique(group * shape[axis] + waves[axis], return_inverse=True)
        if np.prod(grid) < np.prod(best):
            best = tuple(grid)
    return best


def mirrored_grid(waves: Index, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Sides of the smallest grid tried on which neither the support nor its mirror image meet."""
    steps = STEPS[len(shape)]
    # Both ends of an even range are in, so that a side may have to be longer than the signal's.
    choices = [
        {next_fast_len(-(-n * i // steps) + extra) for i in range(1, steps + 1) for extra in (0, 1)}
        for n in shape
    ]
    points = np.hstack([waves, -waves])
    for grid in sorted(product(*choices), key=lambda grid: (np.prod(grid), grid)):
        if np.prod(grid) >= points.shape[1] and _apart(points, grid):
            return grid
    return tuple(2 * n + 1 for n in shape)


def _apart(points: Index, grid: tuple[int, ...]) -> bool:
    places = np.ravel_multi_index(tuple(k % m for k, m in zip(points, grid, strict=True)), grid)
    return int(np.bincount(places).max()) == 1
