"""The shape of trajectories from measured slopes, and how far measured states are from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

Array = NDArray[np.float64]

#: Degree of the splines through slopes, where there are rows enough.
DEGREE = 5


@dataclass(frozen=True, eq=False)
class Paths:
    """Trajectories below each other, in the shape that their slopes give them.

    `states` ``(n, d)``: integrals of the slopes whose means are those of the measured states.
    `path` ``(n,)``: trajectory of each row. `rows` ``(k,)``: rows of each trajectory. `noise`
    ``(d,)``: standard deviation of the measured states from these paths, of a trajectory like most:
    noise is alike in all, and a few that turn too sharply for their samples do not count. `error`
    ``(d,)``: what the noise would come to without noise: the error of the integrals.
    """

    states: Array
    path: NDArray[np.intp]
    rows: NDArray[np.intp]
    noise: Array
    error: Array


def paths_of(time: Sequence[Array], states: Sequence[Array], slopes: Sequence[Array]) -> Paths:
    """Integrate slopes along each trajectory.

    `time` ``(n_j,)``, `states`, `slopes` ``(n_j, d)``.
    """
    found, off, error = [], [], []
    for t, x, v in zip(time, states, slopes, strict=True):
        fine, coarse = (_integral(t, v, degree) for degree in (DEGREE, DEGREE - 2))
        placed = fine + (x - fine).mean(axis=0)
        found.append(placed)
        freedom = max(len(t) - 1, 1)
        off.append(_typical(((x - placed) ** 2).sum(axis=0), freedom))
        error.append(_typical(((fine - coarse) ** 2).sum(axis=0), freedom))
    rows = np.array([len(t) for t in time], dtype=np.intp)
    root = [np.sqrt(np.median(squares, axis=0)) for squares in (off, error)]
    return Paths(np.vstack(found), np.repeat(np.arange(len(rows)), rows), rows, *root)


def _typical(total: Array, freedom: int) -> Array:
    """Variance whose median a sum of squares would be (Wilson and Hilferty 1931)."""
    return np.asarray(total / (freedom * (1.0 - 2.0 / (9.0 * freedom)) ** 3))


def _integral(time: Array, slopes: Array, degree: int) -> Array:
    """Integral ``(n, d)`` of a spline through the slopes, with mean zero."""
    k = min(degree, len(time) - 1)
    if k < 1:
        return np.zeros_like(slopes)
    values = np.asarray(make_interp_spline(time, slopes, k=k).antiderivative()(time))
    return values - values.mean(axis=0)
