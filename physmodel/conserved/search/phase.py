"""Points of phase space and the errors that they have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from physmodel.models.fields.sparse_field import velocity_name

Array = NDArray[np.float64]

#: Nothing is believed to be measured better than this share of its spread.
FLOOR = 1e-7


@dataclass(frozen=True)
class Patch:
    """Points of one piece and the map from unit white noise in the data to errors of the points.

    Attributes
    ----------
    rows : slice
        Of `Phase.values`.
    positions, slopes : ndarray (m, K)
        Spline basis, orthonormal over the samples, and its time derivative at the points.
    """

    rows: slice
    positions: Array
    slopes: Array


@dataclass(frozen=True)
class Phase:
    """Smoothed points of phase space.

    Attributes
    ----------
    states : tuple of str
    with_velocities : bool
        Whether the columns go on with the time derivatives of the states.
    time : ndarray (m,)
    values : ndarray (m, v)
    trajectory : ndarray of int (m,)
        Number of the trajectory of each point.
    noise : ndarray (d,)
        Standard deviation of the measurement of each state.
    patches : tuple of Patch
    """

    states: tuple[str, ...]
    with_velocities: bool
    time: Array
    values: Array
    trajectory: NDArray[np.intp]
    noise: Array
    patches: tuple[Patch, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of `values`."""
        extra = tuple(velocity_name(s) for s in self.states) if self.with_velocities else ()
        return (*self.states, *extra)

    @property
    def n_trajectories(self) -> int:
        """Number of trajectories."""
        return int(self.trajectory[-1]) + 1

    @property
    def freedom(self) -> int:
        """Independent numbers that a function along the trajectories has left."""
        sizes = sum(min(patch.positions.shape) for patch in self.patches)
        return max(sizes - self.n_trajectories, 1)

    def without_velocities(self) -> Phase:
        """The same points with the measured states only."""
        d = len(self.states)
        return replace(self, values=self.values[:, :d], with_velocities=False)

    @cached_property
    def _drawn(self) -> dict[int, Array]:
        return {}

    def errors(self, seed: int) -> Array:
        """One draw ``(m, v)`` of the errors of the points; kept, for many families use it."""
        if seed not in self._drawn:
            self._drawn[seed] = self._draw(seed)
        return self._drawn[seed]

    def _draw(self, seed: int) -> Array:
        rng = np.random.default_rng(seed)
        drawn = np.empty_like(self.values)
        d = len(self.states)
        for patch in self.patches:
            white = rng.standard_normal((patch.positions.shape[1], d)) * self.noise
            drawn[patch.rows, :d] = patch.positions @ white
            if self.with_velocities:
                drawn[patch.rows, d:] = patch.slopes @ white
        return drawn


def means(values: Array, trajectory: NDArray[np.intp]) -> Array:
    """Mean of values ``(m, ...)`` along the trajectory of each point, of the same shape."""
    _, starts, counts = np.unique(trajectory, return_index=True, return_counts=True)
    sums = np.add.reduceat(values, starts, axis=0)
    mean = sums / counts.reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(np.repeat(mean, counts, axis=0))
