"""Parts of a record that no fit sees, and how far a field strays from them when it runs alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_smoothing_spline

from physmodel.data.measurement.timescale import characteristic_samples
from physmodel.data.segments import Segment
from physmodel.errors import DataError
from physmodel.losses.flow import Intervals, flow_end
from physmodel.models.fields.parametric_field import ParametricField

Array = NDArray[np.float64]

#: Parts of a record that are held out in turn, and how many trajectories are too few to be them.
FOLDS, FEW = 4, 3
#: Samples of a piece that is smoothed, at least.
SHORTEST = 8
#: Places at which a run is compared with the record, over one characteristic time.
PLACES = 16


@dataclass(frozen=True, eq=False)
class Split:
    """Segments to fit, and segments to judge by.

    `memory`: characteristic time.
    """

    training: list[Segment]
    held_out: list[Segment]
    memory: float


def folds(found: Sequence[Segment], n_states: int) -> list[Split]:
    """Hold out every trajectory once, or every stretch of each where there are few.

    `n_states`: how many of the columns are states. Returns: each sample is held out in exactly one,
    the last of trajectories in the last; but for pieces of fewer than `SHORTEST` samples. Raises
    DataError if there are too few samples for two folds.
    """
    long = [one for one in found if len(one.time) >= SHORTEST]
    most = max((len(one.time) // SHORTEST for one in long), default=0)
    count = FOLDS if len(long) > FEW else min(FOLDS, most)
    if count < 2:
        raise DataError(
            f"{sum(len(one.time) for one in found)} samples are too few to hold some out",
            why="settings are judged by data that no fit has seen",
            fix=f"supply a trajectory of {2 * SHORTEST} samples or more",
        )
    times = []
    for one in long:
        samples = characteristic_samples(one.values[:, :n_states])
        times.append(samples * float(np.median(np.diff(one.time))))
    memory = float(np.median(times))
    if len(long) > FEW:
        return [
            Split([one for j, one in enumerate(long) if j % count != k], long[k::count], memory)
            for k in range(count)
        ]
    return [_stretch(long, k, count, memory) for k in range(count)]


def _stretch(long: Sequence[Segment], k: int, count: int, memory: float) -> Split:
    """Hold out one stretch of each trajectory; what is too short for that is only fitted."""
    training, held_out = [], []
    for one in long:
        n = len(one.time)
        first, last = k * n // count, (k + 1) * n // count
        if last - first < SHORTEST:
            training.append(one)
            continue
        held_out.append(_part(one, first, last))
        rest = (_part(one, 0, first), _part(one, last, n))
        training += [part for part in rest if len(part.time) >= SHORTEST]
    return Split(training, held_out, memory)


def _part(one: Segment, first: int, last: int) -> Segment:
    return Segment(one.trajectory, one.time[first:last], one.values[first:last])


def surely_less(errors: Array, others: Array) -> bool:
    """Whether the mean is less by more than the standard error of the difference.

    The difference is taken in each fold, so that what makes a fold hard for all does not count.

    `errors`, `others` ``(k,)``: of the same folds, two or more.
    """
    less = others - errors
    return bool(less.mean() > less.std(ddof=1) / np.sqrt(len(less)))


@dataclass(frozen=True, eq=False)
class Exam:
    """Runs of one characteristic time over parts of the record.

    `time` ``(m + 1, k)``: times at which ``k`` runs are compared; the first is their start.
    `measured` ``(m + 1, k, d)``, `inputs` ``(m + 1, k, u)``. `start` ``(k, d)``: smoothed, so that
    the noise of one sample is not blamed on the field. `spread` ``(d,)``.
    """

    time: Array
    measured: Array
    inputs: Array
    start: Array
    spread: Array

    def strays(self, field: ParametricField) -> float:
        """Root mean square of the error over the spread of each state, at most one.

        A run that is farther off than the spread of the record says nothing, and counts as one;
        so does one that leaves for infinity.

        `field`: of first order.
        """
        now, total = self.start, 0.0
        with np.errstate(all="ignore"):
            for j in range(1, len(self.time)):
                stretch = Intervals(
                    self.time[j - 1],
                    self.time[j] - self.time[j - 1],
                    self.inputs[j - 1],
                    self.inputs[j],
                )
                now = flow_end(field, stretch, now, 1)
                error = np.nan_to_num(((now - self.measured[j]) / self.spread) ** 2, nan=1.0)
                total += float(np.minimum(error, 1.0).mean())
        return float(np.sqrt(total / (len(self.time) - 1)))


def exam(held_out: Sequence[Segment], n_states: int, memory: float, spread: Array) -> Exam:
    """Cut what was held out into runs of one characteristic time that overlap by half.

    `memory`: characteristic time. `spread` ``(d,)``.
    """
    span = min(memory, min(float(one.time[-1] - one.time[0]) for one in held_out))
    runs = []
    for one in held_out:
        smoothed = np.column_stack(
            [make_smoothing_spline(one.time, x)(one.time) for x in one.values[:, :n_states].T]
        )
        begin = one.time[0]
        while begin + span <= one.time[-1] * (1.0 + 1e-12):
            wanted = np.linspace(begin, begin + span, PLACES + 1)
            rows = np.clip(np.searchsorted(one.time, wanted - 1e-9 * span), 0, len(one.time) - 1)
            runs.append((one.time[rows], one.values[rows], smoothed[rows[0]]))
            begin += span / 2.0
    table = np.stack([values for _, values, _ in runs], axis=1)
    return Exam(
        np.stack([time for time, _, _ in runs], axis=1),
        table[..., :n_states],
        table[..., n_states:],
        np.stack([start for _, _, start in runs]),
        spread,
    )
