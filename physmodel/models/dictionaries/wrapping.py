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


def box_grid(waves: Index, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Sides of a box about zero that holds the support ``(d, n)`` without wrapping."""
    sides = (next_fast_len(int(2 * np.abs(k).max()) + 1) for k in waves)
    return tuple(min(side, n) for side, n in zip(sides, shape, strict=True))


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


def symmetric_grid(waves: Index, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Sides of the smallest grid tried that keeps the points of a symmetric support apart.

    Opposite frequencies go to opposite places, so that the coefficients are real. The end of the
    sampled range on an even side is its own opposite; where the support reaches it, the side of
    the grid has to divide that of the signal.
    """
    choices = []
    for k, n in zip(waves, shape, strict=True):
        if 2 * np.abs(k).max() == n:
            choices.append([m for m in range(1, n + 1) if n % m == 0])
        else:
            sides = {min(next_fast_len(round(n * i / 48) or 1), n) for i in range(1, 49)}
            choices.append(sorted(sides | {1, n}))
    count = waves.shape[1]
    grids = sorted((g for g in product(*choices) if np.prod(g) >= count), key=lambda g: np.prod(g))
    return next((grid for grid in grids if _holds(waves, grid)), shape)


def _holds(waves: Index, grid: tuple[int, ...]) -> bool:
    places = np.ravel_multi_index(tuple(k % m for k, m in zip(waves, grid, strict=True)), grid)
    return int(np.bincount(places).max()) == 1
