"""Free-running simulation against data: the test that no regression can pass by luck."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.segments import Segment, segments
from physmodel.data.timescale import characteristic_samples
from physmodel.errors import PhysmodelError
from physmodel.laws.velocities import finite_velocities, shooting_velocities
from physmodel.models.vector_field import InputSignal, VectorField, simulate

Array = NDArray[np.float64]

#: Windows simulated at most, spread over the record.
MAX_WINDOWS = 40

#: Error, in standard deviations of the data, at which a forecast has lost the trajectory.
LOST = 0.4


#: Evaluations of the model that a simulation gets; a law of these samples needs a few for each,
#: and a wrong model with huge coefficients must not keep its user waiting.
LEAST_EVALUATIONS, MOST_PER_SAMPLE = 20_000, 50


def states_and_velocities(
    data: xr.Dataset, field: VectorField
) -> tuple[Array, Array, Array | None, Array]:
    """All samples of a dataset as a field wants them.

    Parameters
    ----------
    data : xarray.Dataset
    field : VectorField

    Returns
    -------
    time (n,), states (n, d), velocities (n, d) or None, inputs (n, m)
    """
    found = segments(data, (*field.states, *field.inputs))
    d = len(field.states)
    time = np.concatenate([segment.time for segment in found])
    values = np.concatenate([segment.values for segment in found])
    velocities = None
    if field.order == 2:
        velocities = np.concatenate(
            [finite_velocities(segment.time, segment.values[:, :d]) for segment in found]
        )
    return time, values[:, :d], velocities, values[:, d:]


def start_velocity(field: VectorField, time: Array, states: Array, sample: int) -> Array | None:
    """Velocity ``(d,)`` at a sample for a second-order field, None for first order."""
    if field.order == 1:
        return None
    if field.inputs:
        return finite_velocities(time, states)[sample]
    return shooting_velocities(field, time, states, np.array([sample]))[0]


def input_signal(segment: Segment, n_states: int) -> InputSignal | None:
    """Linear interpolation of a segment's inputs, None when it has none."""
    signals = segment.values[:, n_states:]
    if not signals.shape[1]:
        return None
    return lambda now: np.array([np.interp(now, segment.time, column) for column in signals.T])


def free_run(field: VectorField, segment: Segment, first: int, last: int) -> Array:
    """Simulate from one sample of a segment to another.

    Parameters
    ----------
    field : VectorField
    segment : Segment
        States first, then inputs.
    first, last : int
        Sample numbers; the run starts at the measured state of ``first``.

    Returns
    -------
    ndarray (last - first + 1, d)
        NaN after a blow-up.
    """
    d = len(field.states)
    states = segment.values[:, :d]
    velocity = start_velocity(field, segment.time, states, first)
    time = segment.time[first : last + 1]
    try:
        return simulate(
            field,
            time,
            states[first],
            start_velocity=velocity,
            inputs=input_signal(segment, d),
            rtol=1e-8,
            max_evaluations=LEAST_EVALUATIONS + MOST_PER_SAMPLE * len(time),
        )
    except PhysmodelError:
        return np.full((len(time), d), np.nan)


def free_run_scores(field: VectorField, data: xr.Dataset) -> dict[str, float]:
    """Scores of free-running simulations.

    Parameters
    ----------
    field : VectorField
    data : xarray.Dataset

    Returns
    -------
    dict of str to float
        ``free_run_r2``: share of the variance explained by one simulation of the whole record,
        or, where that loses the trajectory (as it must on chaos) or there are several, by
        simulations over windows of one characteristic time; at least -1;
        ``window``: length of the simulations in units of time;
        ``valid_time``: how long a simulation from the first sample stays within `LOST` standard
        deviations, in units of time, capped by the record; ``record``: length of that record.
    """
    found = segments(data, (*field.states, *field.inputs))
    d = len(field.states)
    spread = np.concatenate([segment.values[:, :d] for segment in found]).std(axis=0)
    longest = max(found, key=lambda segment: len(segment.time))
    whole = free_run(field, longest, 0, len(longest.time) - 1)
    miss = np.sqrt(np.mean(((whole - longest.values[:, :d]) / spread) ** 2, axis=1))
    lost = np.flatnonzero(~(miss < LOST))
    end = int(lost[0]) if len(lost) else len(longest.time) - 1
    record = float(longest.time[-1] - longest.time[0])
    tally, window = _Tally(spread), record
    if len(found) == 1 and not len(lost):
        tally.add(whole, longest.values[:, :d])
    else:
        window = 0.0
        for segment, first, last in _windows(found, d):
            tally.add(free_run(field, segment, first, last), segment.values[first : last + 1, :d])
            window = max(window, float(segment.time[last] - segment.time[first]))
    return {
        "free_run_r2": tally.r2,
        "window": window,
        "valid_time": float(longest.time[end] - longest.time[0]),
        "record": record,
    }


class _Tally:
    """Sums of squares of forecasts and of the data they forecast, in standard deviations."""

    def __init__(self, spread: Array) -> None:
        self.spread, self.error, self.total = spread, 0.0, 0.0

    def add(self, run: Array, truth: Array) -> None:
        """Add one forecast; its first sample is given and does not count."""
        gone = 10.0  # standard deviations at which a forecast is as wrong as it can be
        miss = np.where(np.isfinite(run), (run - truth) / self.spread, gone)[1:]
        self.error += float(np.sum(np.clip(miss, -gone, gone) ** 2))
        self.total += float(np.sum(((truth - truth.mean(axis=0)) / self.spread)[1:] ** 2))

    @property
    def r2(self) -> float:
        """Share of the variance explained, at least -1."""
        if self.error > 2.0 * self.total:
            return -1.0
        return 1.0 - self.error / max(self.total, np.finfo(float).tiny)


def _windows(found: list[Segment], d: int) -> list[tuple[Segment, int, int]]:
    """Windows of one characteristic time, spread over all segments."""
    windows = []
    for segment in found:
        length = characteristic_samples(segment.values[:, :d])
        starts = range(0, max(len(segment.time) - length, 1), length)
        windows += [(segment, a, min(a + length, len(segment.time) - 1)) for a in starts]
    return windows[:: -(-len(windows) // MAX_WINDOWS)]
