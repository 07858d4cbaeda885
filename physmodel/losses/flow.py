"""The flow of a field over many intervals at once, with its derivatives.

Fourth-order Runge-Kutta steps, whole and halved, are extrapolated to fifth order; what the two
differ by tells the error (Hairer, Norsett, Wanner (1993), Solving Ordinary Differential Equations
I, section II.4). The derivatives are those of the steps themselves, so that an optimiser sees the
exact slope of what it evaluates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.models.parametric_field import ParametricField, linearised_motion, motion_rate

Array = NDArray[np.float64]

#: Error of the halved steps over their difference from the whole ones, for order four.
EXTRAPOLATED = 1.0 / 15.0


@dataclass(frozen=True, eq=False)
class Intervals:
    """Pieces of time with inputs that run straight between their ends.

    Attributes
    ----------
    start, length : ndarray (k,)
    first_inputs, last_inputs : ndarray (k, m)
    """

    start: Array
    length: Array
    first_inputs: Array
    last_inputs: Array

    def at(self, share: float) -> tuple[Array, Array]:
        """Times ``(k,)`` and inputs ``(k, m)`` where a share of each interval is over."""
        inputs = self.first_inputs + share * (self.last_inputs - self.first_inputs)
        return self.start + share * self.length, inputs


@dataclass(frozen=True, eq=False)
class Flow:
    """Where motions arrive.

    Attributes
    ----------
    end : ndarray (k, D)
    error : ndarray (k, D)
        Difference that the extrapolation takes away: a bound of the error, far on the safe side.
    by_start : ndarray (k, D, D)
    by_parameter : ndarray (k, D, p)
    """

    end: Array
    error: Array
    by_start: Array
    by_parameter: Array


def flow_end(field: ParametricField, intervals: Intervals, start: Array, steps: int) -> Array:
    """Motions ``(k, D)`` at the ends of the intervals; arguments as of `linearised_flow`."""
    fine = _ends(field, intervals, start, 2 * steps)
    return fine + (fine - _ends(field, intervals, start, steps)) * EXTRAPOLATED


def linearised_flow(field: ParametricField, intervals: Intervals, start: Array, steps: int) -> Flow:
    """Motions at the ends of the intervals and their derivatives.

    Parameters
    ----------
    field : ParametricField
    intervals : Intervals
    start : ndarray (k, D)
        Motions at the starts; ``D`` is the number of states times the order.
    steps : int
        Whole steps per interval.

    Returns
    -------
    Flow
    """
    coarse, coarse_slopes = _linearised_ends(field, intervals, start, steps)
    fine, fine_slopes = _linearised_ends(field, intervals, start, 2 * steps)
    error = (fine - coarse) * EXTRAPOLATED
    slopes = fine_slopes + (fine_slopes - coarse_slopes) * EXTRAPOLATED
    width = start.shape[1]
    return Flow(fine + error, np.abs(error), slopes[:, :, :width], slopes[:, :, width:])


def _ends(field: ParametricField, intervals: Intervals, start: Array, steps: int) -> Array:
    x, h = start, (intervals.length / steps)[:, None]
    for step in range(steps):
        now, half, after = (intervals.at((step + part) / steps) for part in (0.0, 0.5, 1.0))
        k1 = motion_rate(field, now[0], x, now[1])
        k2 = motion_rate(field, half[0], x + h / 2 * k1, half[1])
        k3 = motion_rate(field, half[0], x + h / 2 * k2, half[1])
        k4 = motion_rate(field, after[0], x + h * k3, after[1])
        x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return x


def _linearised_ends(
    field: ParametricField, intervals: Intervals, start: Array, steps: int
) -> tuple[Array, Array]:
    """Ends ``(k, D)`` and derivatives ``(k, D, D + p)`` by the starts and the parameters."""
    k, width = start.shape
    h = (intervals.length / steps)[:, None]
    tall = h[:, :, None]
    x, slopes = start, np.zeros((k, width, width + len(field.parameters)))
    slopes[:, :, :width] = np.eye(width)

    def stage(moment: tuple[Array, Array], at: Array, carried: Array) -> tuple[Array, Array]:
        here = linearised_motion(field, moment[0], at, moment[1])
        changed = here.by_motion @ carried
        changed[:, :, width:] += here.by_parameter
        return here.rate, changed

    for step in range(steps):
        now, half, after = (intervals.at((step + part) / steps) for part in (0.0, 0.5, 1.0))
        k1, s1 = stage(now, x, slopes)
        k2, s2 = stage(half, x + h / 2 * k1, slopes + tall / 2 * s1)
        k3, s3 = stage(half, x + h / 2 * k2, slopes + tall / 2 * s2)
        k4, s4 = stage(after, x + h * k3, slopes + tall * s3)
        x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        slopes = slopes + tall / 6 * (s1 + 2 * s2 + 2 * s3 + s4)
    return x, slopes
