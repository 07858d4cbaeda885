"""Free-running simulation against data: the test that no regression can pass by luck."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.segments import Segment, segments
from physmodel.errors import PhysmodelError
from physmodel.laws.runs.measured import Measured, measured
from physmodel.laws.runs.start_fit import fitted_starts
from physmodel.laws.runs.velocities import smooth_velocities
from physmodel.laws.runs.windows import Window
from physmodel.models.fields.vector_field import VectorField, simulate
from physmodel.models.signals import Signal

Array = NDArray[np.float64]

#: Windows simulated, spread over all segments; more only where there are more segments.
MAX_WINDOWS = 40

#: Error, in standard deviations of the data, at which a forecast has lost the trajectory, and up
#: to which it is close.
LOST, CLOSE = 0.4, 0.1

#: Noise is averaged away until it blurs an error by this part of it; chance adds so many standard
#: deviations.
BLURRED, CHANCE = 1.0 / 3.0, 4.0

#: Evaluations of the model for all windows together, and as many for the whole record; a law of
#: these samples needs a few for each, and a wrong model with huge coefficients must not keep its
#: user waiting.
LEAST_EVALUATIONS, MOST_PER_SAMPLE = 20_000, 20

#: Times its fair share of the evaluations that are left that one run may take.
GREEDY = 4.0

#: Runs that blow up are tried again over half the samples, so often.
HALVINGS = 8


#: What `free_run_scores` returns.
SCORES = ("free_run_r2", "window", "valid_time", "tenth_time", "record")


def scored(scores: Mapping[str, float]) -> bool:
    """Whether scores hold those of free runs; a saved result may lack some."""
    return all(name in scores for name in SCORES)


def states_and_velocities(
    data: xr.Dataset, field: VectorField
) -> tuple[Array, Array, Array | None, Array]:
    """All samples of a dataset as a field wants them.

    Returns
    -------
    time (n,), states (n, d), velocities (n, d) or None, inputs (n, m)
    """
    every = segments(data, (*field.states, *field.inputs))
    d = len(field.states)
    time = np.concatenate([segment.time for segment in every])
    values = np.concatenate([segment.values for segment in every])
    velocities = smooth_velocities(every, d) if field.order == 2 else None
    return time, values[:, :d], velocities, values[:, d:]


def input_signal(segment: Segment, n_states: int) -> Signal | None:
    """A segment's inputs as they run between its samples, None when it has none."""
    values = segment.values[:, n_states:]
    return Signal(segment.time, values, segment.hold[n_states:]) if values.shape[1] else None


def evaluations_for(samples: int) -> int:
    """Evaluations of a field that simulations over so many samples may take."""
    return LEAST_EVALUATIONS + MOST_PER_SAMPLE * samples


def free_run(
    field: VectorField, window: Window, start: Array, most: int, rtol: float = 1e-8
) -> tuple[Array, int]:
    """Simulate over the samples of a window.

    Parameters
    ----------
    field : VectorField
    window : Window
    start : ndarray (D,)
        States and, for second order, velocities at its first sample.
    most : int
        Evaluations of the field that each method of integration may take.
    rtol : float

    Returns
    -------
    path : ndarray (n, d)
        NaN after a blow-up.
    evaluations : int
    """
    d, time = len(field.states), window.time
    path, counted = np.full((len(time), d), np.nan), _Counted(field)
    for halving in range(HALVINGS):
        count = -(-len(time) // 2**halving)
        if counted.evaluations >= most or count < 2:
            break
        try:
            path[:count] = simulate(
                counted,
                time[:count],
                start[:d],
                start_velocity=start[d:] if field.order == 2 else None,
                inputs=input_signal(window.segment, d),
                rtol=rtol,
                max_evaluations=most - counted.evaluations,
            )
        except PhysmodelError:
            continue
        break
    return path, counted.evaluations


def free_run_scores(
    field: VectorField,
    data: xr.Dataset,
    noise: Array | None = None,
    start: Array | None = None,
) -> dict[str, float]:
    """Scores of free-running simulations, each from a start that fits the samples.

    Parameters
    ----------
    field : VectorField
    data : xarray.Dataset
    noise : ndarray (d,), optional
        Standard deviations of the measurement, where they are known better than from the data
        alone.
    start : ndarray (D,), optional
        Fitted start of the first trajectory, where it is known already.

    Returns
    -------
    dict of str to float
        ``free_run_r2``: share of the variance explained by one simulation of the whole record,
        or, where that loses the trajectory (as it must on chaos) or there are several segments,
        by simulations over windows of one characteristic time, in which every segment counts by
        its samples; at least -1;
        ``window``: length of the simulations in units of time;
        ``valid_time`` and ``tenth_time``: how long a simulation of the longest segment stays
        within `LOST`, and within `CLOSE`, standard deviations, beside what noise adds, in units
        of time, capped by the record; ``record``: length of that record.
    """
    record = measured(data, field, noise)
    longest = max(record.found, key=lambda segment: len(segment.time))
    whole = Window(longest, 0, len(longest.time) - 1)
    samples = sum(len(segment.time) for segment in record.found)
    total = evaluations_for(samples)
    if start is None or longest is not record.found[0]:
        start = fitted_starts(field, record, [whole])[0]
    run, _ = free_run(field, whole, start, total)
    times = {limit: _lasts(record, whole, run, limit) for limit in (LOST, CLOSE)}
    tally, length = _Tally(record.spread), whole.duration
    if len(record.found) == 1 and times[LOST] == length:
        tally.add(run, whole, 1.0)
    else:
        windows = _windows(record)
        starts = fitted_starts(field, record, [window for window, _ in windows])
        length = max(window.duration for window, _ in windows)
        for k, (window, weight) in enumerate(windows):
            most = int(total * min(1.0, GREEDY / (len(windows) - k)))
            run, used = free_run(field, window, starts[k], most)
            tally.add(run, window, weight)
            total = max(total - used, 0)
    values = (tally.r2, length, times[LOST], times[CLOSE], whole.duration)
    return dict(zip(SCORES, values, strict=True))


class _Counted:
    """A field that counts its evaluations."""

    def __init__(self, field: VectorField) -> None:
        self.states, self.inputs, self.order = field.states, field.inputs, field.order
        self._rate, self.evaluations = field.rate, 0

    def rate(self, time: Array, states: Array, velocities: Array | None, inputs: Array) -> Array:
        """See `VectorField.rate`."""
        self.evaluations += 1
        return self._rate(time, states, velocities, inputs)


class _Tally:
    """Sums of squares of forecasts and of the data they forecast, in standard deviations."""

    def __init__(self, spread: Array) -> None:
        self.spread, self.error, self.total = spread, 0.0, 0.0

    def add(self, run: Array, window: Window, weight: float) -> None:
        """Add one forecast."""
        gone = 10.0  # standard deviations at which a forecast is as wrong as it can be
        truth = window.values[:, : len(self.spread)]
        miss = np.where(np.isfinite(run), (run - truth) / self.spread, gone)
        self.error += weight * float(np.sum(np.clip(miss, -gone, gone) ** 2))
        self.total += weight * float(np.sum(((truth - truth.mean(axis=0)) / self.spread) ** 2))

    @property
    def r2(self) -> float:
        """Share of the variance explained, at least -1."""
        if self.error > 2.0 * self.total:
            return -1.0
        return 1.0 - self.error / max(self.total, np.finfo(float).tiny)


def _windows(record: Measured) -> list[tuple[Window, float]]:
    """Windows of one characteristic time, some from every segment, and what a sample counts."""
    samples = sum(len(segment.time) for segment in record.found)
    windows = []
    for segment in record.found:
        n, length = len(segment.time), record.memory(segment)
        firsts = np.arange(0, max(n - length, 1), length)
        fair = max(1, round(MAX_WINDOWS * n / samples))
        picked = firsts[np.unique(np.linspace(0, len(firsts) - 1, fair).round().astype(int))]
        own = [Window(segment, int(a), min(int(a) + length, n - 1)) for a in picked]
        weight = n / sum(len(window) for window in own)
        windows += [(window, weight) for window in own]
    return windows


def _lasts(record: Measured, window: Window, run: Array, limit: float) -> float:
    """Time until a run is farther from the data than a limit, beside what noise adds.

    The square of the error is averaged over as many samples as noise makes necessary.
    """
    d = len(record.spread)
    miss = np.mean(((run - window.values[:, :d]) / record.spread) ** 2, axis=1)
    miss = np.where(np.isfinite(miss), miss, 1e6)
    noise = float(np.mean((record.noise / record.spread) ** 2))
    needed = noise * (2.0 / (limit * BLURRED)) ** 2 / d
    count = int(np.clip(np.ceil(needed), 1, max(record.memory(window.segment) // 2, 1)))
    window_of = np.ones(count)
    whole = np.convolve(np.ones(len(miss)), window_of, "same")
    mean = np.convolve(miss, window_of, "same") / whole
    # Noise that is too loud to tell makes the time shorter, not longer.
    chance = min(CHANCE * noise * np.sqrt(2.0 / (count * d)), limit**2)
    lost = np.flatnonzero(mean - noise > limit**2 + chance)
    end = int(lost[0]) if len(lost) else len(miss) - 1
    return float(window.time[end] - window.time[0])
