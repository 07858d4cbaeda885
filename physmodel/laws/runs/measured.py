"""Trajectories with what errors of simulations are measured by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.measurement.noise import estimate_noise
from physmodel.data.measurement.timescale import characteristic_samples
from physmodel.data.segments import Segment, segments
from physmodel.models.fields.vector_field import VectorField

Array = NDArray[np.float64]

#: Noise, as a part of the spread, that is told from none.
LEAST_NOISE = 1e-6


@dataclass(frozen=True, eq=False)
class Measured:
    """Trajectories with what starts and errors are measured by.

    Attributes
    ----------
    found : list of Segment
        States first, then inputs; with two samples or more.
    spread, noise : ndarray (d,)
        Standard deviations of the states and of their measurement.
    sign : ndarray (d,)
        Of states that never change it, zero for others.
    speed : ndarray (d,)
        Typical rates of the states.
    """

    found: list[Segment]
    spread: Array
    noise: Array
    sign: Array
    speed: Array

    def memory(self, segment: Segment) -> int:
        """Samples in one characteristic time of a segment."""
        return characteristic_samples(segment.values[:, : len(self.spread)])

    def fastest(self, segment: Segment) -> int:
        """Samples in one characteristic time of the state that has the shortest."""
        return int(_memories(segment, len(self.spread)).min())


def measured(data: xr.Dataset, field: VectorField, noise: Array | None = None) -> Measured:
    """Trajectories of a dataset as a field sees them.

    Parameters
    ----------
    data : xarray.Dataset
    field : VectorField
    noise : ndarray (d,), optional
        Where it is known better than from the data alone.
    """
    d = len(field.states)
    every = segments(data, (*field.states, *field.inputs))
    found = [segment for segment in every if len(segment.time) > 1] or every[:1]
    states = np.concatenate([segment.values[:, :d] for segment in found])
    spread = states.std(axis=0)
    spread = np.where(spread > 0.0, spread, np.maximum(np.abs(states).max(axis=0), 1e-300))
    if noise is None:
        times = [segment.time for segment in found]
        columns = [[segment.values[:, j] for segment in found] for j in range(d)]
        noise = np.array([estimate_noise(times, column) for column in columns])
    alike = np.abs(np.sign(states).sum(axis=0)) == len(states)
    sign = np.where(alike, np.sign(states[0]), 0.0)
    longest = max(found, key=lambda segment: len(segment.time))
    step = float(np.median(np.diff(longest.time))) if len(longest.time) > 1 else 1.0
    speed = spread / (_memories(longest, d) * step)
    noise = np.maximum(noise, LEAST_NOISE * spread)
    return Measured(found, spread, noise, sign, speed)


def _memories(segment: Segment, d: int) -> NDArray[np.intp]:
    """Samples in one characteristic time of each state."""
    return np.array([characteristic_samples(segment.values[:, j : j + 1]) for j in range(d)])
