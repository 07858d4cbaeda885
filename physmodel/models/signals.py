"""Inputs between their samples: held, straight, or smooth."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from physmodel.problem.holds import BAND_LIMITED, LINEAR, ZERO

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]

#: Change of slope, over the steepest, from which a straight course has a kink.
KINK = 1e-6


class Signal:
    """Inputs as a function of the time, a polynomial of degree three in each interval.

    Before the first sample and after the last one the signal stands still.

    `time` ``(n,)``: increasing. `values` ``(n, m)``. `hold`: how each input runs between samples,
    see `physmodel.problem.holds`; straight where nothing is said.
    """

    def __init__(self, time: Array, values: Array, hold: Sequence[str] = ()) -> None:
        self.time, self.values = time, values
        self.hold = tuple(kind or LINEAR for kind in hold) or (LINEAR,) * values.shape[1]

    def __call__(self, now: float) -> Array:
        """Values ``(m,)`` at a time; at a jump those after it."""
        return self.at(np.array([now]))[0]

    def at(self, times: Array, *, before: bool = False) -> Array:
        """Values ``(k, m)`` at times; at a jump those after it, or those before it."""
        if len(self.time) < 2:
            return np.repeat(self.values, len(times), axis=0)
        within = np.clip(times, self.time[0], self.time[-1])
        side = np.searchsorted(self.time, within, side="left" if before else "right") - 1
        k = np.clip(side, 0, len(self.time) - 2)
        s = (within - self.time[k])[:, None]
        c = self.coefficients[:, k]
        found = c[0] + s * (c[1] + s * (c[2] + s * c[3]))
        return found if before else np.where((k < side)[:, None], self.values[-1], found)

    @cached_property
    def coefficients(self) -> Array:
        """Of the powers of the time since the sample before, ``(4, n - 1, m)``."""
        found = np.zeros((4, len(self.time) - 1, self.values.shape[1]))
        found[0] = self.values[:-1]
        for column, (kind, signal) in enumerate(zip(self.hold, self.values.T, strict=True)):
            if kind == BAND_LIMITED and len(self.time) > 2:
                found[:, :, column] = CubicSpline(self.time, signal).c[::-1]
            elif kind != ZERO:
                found[1, :, column] = np.diff(signal) / np.diff(self.time)
        return found

    @cached_property
    def jumps(self) -> Array:
        """Times between the first and the last sample at which an input jumps."""
        held = np.array(self.hold) == ZERO
        return np.asarray(self.time[1:-1][_changes(self.values[:-1, held])])

    @cached_property
    def kinks(self) -> Numbers:
        """Samples between the first and the last at which an input or its slope jumps."""
        straight = np.array(self.hold) == LINEAR
        slopes = self.coefficients[1][:, straight]
        steepest = np.abs(slopes).max(axis=0, initial=0.0)
        held = np.array(self.hold) == ZERO
        kinks = _changes(self.values[:-1, held]) | _changes(slopes, KINK * steepest)
        return np.flatnonzero(kinks) + 1


def _changes(table: Array, least: Array | float = 0.0) -> NDArray[np.bool_]:
    """Rows that differ from the one before, ``(n - 1,)``."""
    return np.asarray((np.abs(np.diff(table, axis=0)) > least).any(axis=1))
