"""Segments: uninterrupted pieces of a trajectory, and the rules for where to cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.contract import offsets
from physmodel.data.inputs.holds import holds_of

Array = NDArray[np.float64]

#: A time step this many times a typical one is a gap.
GAP = 5.0

#: A step in the values is a hidden gap when it is this many times a typical one *and* its
#: neighbours: a resolved spike has neighbours of its own size.
JUMP = 8.0

#: Outliers beyond this are counted when it is asked whether jumps are rare.
NEAR_MISS = 4.0

#: More jumps than this share of the samples are a property of the signal, not gaps.
MAX_JUMP_SHARE = 0.01

#: Records shorter than this are too short to say what a typical step is.
ENOUGH_TIMES, ENOUGH_VALUES, ENOUGH_CURVES = 8, 16, 100


@dataclass(frozen=True)
class Segment:
    """One uninterrupted piece.

    Attributes
    ----------
    trajectory : str
    time : ndarray (n,)
    values : ndarray (n, v)
    hold : tuple of str
        How each column runs between samples, see `physmodel.problem.holds`; empty texts where
        nothing is said, and nothing where nothing is said of any.
    """

    trajectory: str
    time: Array
    values: Array
    hold: tuple[str, ...] = ()


def segments(data: xr.Dataset, names: Sequence[str]) -> list[Segment]:
    """Trajectories of a dataset as plain arrays.

    Parameters
    ----------
    data : xarray.Dataset
    names : sequence of str
        Columns wanted, in this order.
    """
    edges = offsets(data)
    time = data["time"].values
    values = np.column_stack([data[name].values for name in names])
    known = holds_of(data, names)
    hold = tuple(known.get(name, "") for name in names) if known else ()
    return [
        Segment(str(label), time[first:last], values[first:last], hold)
        for label, first, last in zip(data["trajectory"].values, edges[:-1], edges[1:], strict=True)
    ]


def is_regular(time: Array) -> bool:
    """Whether all time steps are equal, to one per cent.

    Parameters
    ----------
    time : ndarray (n,)

    Returns
    -------
    bool
        True for fewer than three samples.
    """
    step = np.diff(time)
    return len(step) < 2 or float(np.ptp(step)) <= 0.01 * float(np.median(step))


def time_gaps(time: Array) -> NDArray[np.intp]:
    """Samples after which the record is interrupted.

    Parameters
    ----------
    time : ndarray (n,)

    Returns
    -------
    ndarray of int
        Index of the last sample before each gap.

    Notes
    -----
    When four steps of five are equal, a gap is a step of more than five of them. Otherwise the
    record is irregular: a gap exceeds five times the 90th percentile (randomly missing samples
    raise that too, so they do not cut the record to pieces) and five times the median of its six
    neighbours (so that logarithmic or adaptive sampling is left alone).
    """
    step = np.diff(time)
    if len(step) < ENOUGH_TIMES:
        return np.empty(0, dtype=np.intp)
    middle = float(np.median(step))
    if np.mean(np.abs(step - middle) <= 0.05 * middle) >= 0.8:
        return np.flatnonzero(step > GAP * middle)
    padded = np.pad(step, 3, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 7)
    around = np.median(windows[:, [0, 1, 2, 4, 5, 6]], axis=1)
    return np.flatnonzero((step > GAP * np.percentile(step, 90.0)) & (step > GAP * around))


def value_jumps(states: Array) -> NDArray[np.intp]:
    """Samples after which the states leap although the time axis shows no gap.

    Parameters
    ----------
    states : ndarray (n, d)

    Returns
    -------
    ndarray of int
        Index of the last sample before each jump; empty when the leaps are so many that they
        belong to the signal.

    Notes
    -----
    Two measures of surprise are taken: the step itself, and in records that are long enough the
    step less the mean of the steps beside it, which also shows a gap of a few samples in a smooth
    signal. A leap exceeds eight scaled medians of its measure and eight times the neighbours
    that do not contain it, in one state at least. Leaps between plateaus are switching, not
    gaps, so a leap must not exceed twice the range of the values beside it. What is left must be
    rare, one per cent of the samples, and so must the near misses: a relaxation oscillation has
    many of those.
    """
    n = len(states)
    found: set[int] = set()
    if n < ENOUGH_VALUES:
        return np.empty(0, dtype=np.intp)
    limit = max(1, int(MAX_JUMP_SHARE * n))
    for column in states.T:
        step = np.diff(column)
        leaps = _outliers(np.abs(step), 1, limit)
        if not len(leaps) and n >= ENOUGH_CURVES:
            bend, beyond = np.zeros_like(step), np.zeros_like(step)
            bend[1:-1] = np.abs(step[1:-1] - 0.5 * (step[:-2] + step[2:]))
            beyond[1:-1] = bend[1:-1] - 0.5 * np.abs(step[2:] - step[:-2])
            leaps = _outliers(bend, 2, max(1, limit // 5))
            # At a kink, as a switched force makes, the step lies between its neighbours.
            leaps = leaps[beyond[leaps] > 0.5 * bend[leaps]]
        found.update(_between_moving_parts(column, leaps))
    if len(found) > limit:
        return np.empty(0, dtype=np.intp)
    return np.array(sorted(found), dtype=np.intp)


def _outliers(measure: Array, reach: int, limit: int) -> NDArray[np.intp]:
    """Isolated outliers: the neighbours `reach` and `reach` + 1 away are ordinary."""
    size = reach + 1
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(measure, size, mode="reflect"), 2 * size + 1
    )
    around = windows[:, [0, 1, -2, -1]].max(axis=1)
    typical = np.maximum(around, 1.4826 * float(np.median(measure)))
    ratio = np.divide(measure, typical, out=np.zeros_like(measure), where=typical > 0.0)
    # The first and last have neighbours on one side only.
    ratio[:size] = ratio[-size:] = 0.0
    if np.count_nonzero(ratio > NEAR_MISS) > limit:
        return np.empty(0, dtype=np.intp)
    highest = np.lib.stride_tricks.sliding_window_view(np.pad(measure, size), 2 * size + 1).max(
        axis=1
    )
    return np.flatnonzero((ratio > JUMP) & (measure >= highest))


def _between_moving_parts(column: Array, leaps: NDArray[np.intp]) -> list[int]:
    edges = [0, *(leaps + 1).tolist(), len(column)]
    ranges = [float(np.ptp(column[a:b])) for a, b in pairwise(edges)]
    return [
        int(leap)
        for k, leap in enumerate(leaps)
        if abs(column[leap + 1] - column[leap]) <= 2.0 * max(ranges[k], ranges[k + 1])
    ]


def cut(n: int, after: Sequence[int]) -> list[tuple[int, int]]:
    """Half-open ranges between cuts.

    Parameters
    ----------
    n : int
        Number of samples.
    after : sequence of int
        Last sample before each cut.

    Returns
    -------
    list of (int, int)
    """
    edges = [0, *(int(k) + 1 for k in sorted(set(after))), n]
    return [(a, b) for a, b in pairwise(edges) if b > a]


def runs(usable: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open ranges of consecutive true values.

    Parameters
    ----------
    usable : ndarray of bool (n,)

    Returns
    -------
    list of (int, int)
    """
    change = np.diff(np.concatenate([[False], usable, [False]]).astype(int))
    ends = [np.flatnonzero(change == sign).tolist() for sign in (1, -1)]
    return list(zip(*ends, strict=True))
