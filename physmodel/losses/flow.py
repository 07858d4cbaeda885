"""The flow of a field over many intervals at once, with its derivatives.

Steps of order eight with two embedded methods that tell the error; the derivatives are those of
the steps themselves, so that an optimiser sees the exact slope of what it evaluates.

References
----------
Hairer, Norsett, Wanner (1993), Solving Ordinary Differential Equations I, sections II.5 and II.10
(coefficients and error of Dormand and Prince's method).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import DOP853

from physmodel.models.fields.parametric_field import ParametricField, linearised_motion, motion_rate
from physmodel.models.fields.vector_field import VectorField
from physmodel.models.signals import Signal

Array = NDArray[np.float64]
#: Times ``(k,)`` and inputs ``(k, m)`` of a moment of all intervals.
Moment = tuple[Array, Array]
#: Rate of motions with what is carried along ``(k, D, c)`` at a moment.
Rate = Callable[[Moment, Array], Array]

#: How the error falls with the length of the steps.
ORDER = 8
#: Floats that the stages of one batch of intervals may take.
BATCH = 8_000_000

_STAGES = len(DOP853.B)
_WITHIN, _WEIGHTS, _SHARES = DOP853.A[:_STAGES, :_STAGES], DOP853.B, DOP853.C[:_STAGES]
_FIFTH, _THIRD = DOP853.E5, DOP853.E3


@dataclass(frozen=True, eq=False)
class Intervals:
    """Pieces of time with inputs that run straight between their ends, or in a curve.

    Attributes
    ----------
    start, length : ndarray (k,)
    first_inputs, last_inputs : ndarray (k, m)
        At the ends, within the interval: an input may jump there.
    bend : ndarray (2, k, m), optional
        What a cubic has of ``s^2`` and of ``s^3`` where a share ``s`` is over.
    """

    start: Array
    length: Array
    first_inputs: Array
    last_inputs: Array
    bend: Array | None = None

    @classmethod
    def along(cls, signals: Sequence[Signal]) -> Intervals:
        """From each sample to the next, of one record after another."""
        start = np.concatenate([signal.time[:-1] for signal in signals])
        length = np.concatenate([np.diff(signal.time) for signal in signals])
        first, *powers = np.concatenate([signal.coefficients for signal in signals], axis=1)
        slope, *bends = (c * length[:, None] ** (k + 1) for k, c in enumerate(powers))
        bend = np.stack(bends)
        end = first + slope + bend.sum(axis=0)
        return cls(start, length, first, end, bend if bend.any() else None)

    def at(self, share: float) -> Moment:
        """Times ``(k,)`` and inputs ``(k, m)`` where a share of each interval is over."""
        inputs = self.first_inputs + share * (self.last_inputs - self.first_inputs)
        if self.bend is not None:
            second, third = self.bend
            inputs = inputs + share * (share - 1.0) * (second + (1.0 + share) * third)
        return self.start + share * self.length, inputs

    def part(self, which: slice) -> Intervals:
        """Some of the intervals."""
        return Intervals(
            self.start[which],
            self.length[which],
            self.first_inputs[which],
            self.last_inputs[which],
            None if self.bend is None else self.bend[:, which],
        )


@dataclass(frozen=True, eq=False)
class Flow:
    """Where motions arrive.

    Attributes
    ----------
    end : ndarray (k, D)
    error : ndarray (k, D)
        Estimate of the error from methods of lower order, on the safe side.
    by_start : ndarray (k, D, D)
    by_parameter : ndarray (k, D, p)
    """

    end: Array
    error: Array
    by_start: Array
    by_parameter: Array


def flow_end(field: VectorField, intervals: Intervals, start: Array, steps: int) -> Array:
    """Motions ``(k, D)`` at the ends of the intervals; arguments as of `linearised_flow`."""

    def rate(moment: Moment, z: Array) -> Array:
        return motion_rate(field, moment[0], z[:, :, 0], moment[1])[:, :, None]

    return _march(rate, intervals, start[:, :, None], steps)[0][:, :, 0]


def fourth_order_end(field: VectorField, intervals: Intervals, start: Array) -> Array:
    """The same by one step of the classical method of Runge and Kutta: a third of the rates."""

    def rate(share: float, z: Array) -> Array:
        moment, inputs = intervals.at(share)
        return motion_rate(field, moment, z, inputs)

    h = intervals.length[:, None]
    first = rate(0.0, start)
    second = rate(0.5, start + 0.5 * h * first)
    third = rate(0.5, start + 0.5 * h * second)
    fourth = rate(1.0, start + h * third)
    return start + h / 6.0 * (first + 2.0 * (second + third) + fourth)


def linearised_flow(field: ParametricField, intervals: Intervals, start: Array, steps: int) -> Flow:
    """Motions at the ends of the intervals and their derivatives.

    Parameters
    ----------
    field : ParametricField
    intervals : Intervals
    start : ndarray (k, D)
        Motions at the starts; ``D`` is the number of states times the order.
    steps : int
        Steps per interval.
    """
    k, width = start.shape
    table = np.zeros((k, width, 1 + width + len(field.parameters)))
    table[:, :, 0] = start
    table[:, :, 1 : 1 + width] = np.eye(width)

    def rate(moment: Moment, z: Array) -> Array:
        here = linearised_motion(field, moment[0], z[:, :, 0], moment[1])
        out = np.empty_like(z)
        out[:, :, 0] = here.rate
        np.matmul(here.by_motion, z[:, :, 1:], out=out[:, :, 1:])
        out[:, :, 1 + width :] += here.by_parameter
        return out

    end, error = _march(rate, intervals, table, steps)
    return Flow(end[:, :, 0], error, end[:, :, 1 : 1 + width], end[:, :, 1 + width :])


def _march(rate: Rate, intervals: Intervals, table: Array, steps: int) -> tuple[Array, Array]:
    """Ends and errors, in batches; the columns are the motion, then its derivatives."""
    most = max(1, BATCH // ((_STAGES + 1) * max(1, int(np.prod(table.shape[1:])))))
    ends, errors = np.empty_like(table), np.empty(table.shape[:2])
    for first in range(0, len(table), most):
        part = slice(first, first + most)
        ends[part], errors[part] = _marched(rate, intervals.part(part), table[part], steps)
    return ends, errors


def _marched(rate: Rate, intervals: Intervals, z: Array, steps: int) -> tuple[Array, Array]:
    h = intervals.length / steps
    tall, error = h[:, None, None], np.zeros(z.shape[:2])
    rates = np.empty((_STAGES + 1, *z.shape))
    flat = rates.reshape(_STAGES + 1, -1)
    rates[0] = rate(intervals.at(0.0), z)
    for step in range(steps):
        for stage in range(1, _STAGES):
            slope = (_WITHIN[stage, :stage] @ flat[:stage]).reshape(z.shape)
            moment = intervals.at((step + _SHARES[stage]) / steps)
            rates[stage] = rate(moment, z + tall * slope)
        z = z + tall * (_WEIGHTS @ flat[:_STAGES]).reshape(z.shape)
        rates[_STAGES] = rate(intervals.at((step + 1) / steps), z)
        fifth, third = (np.tensordot(e, rates[..., 0], 1) for e in (_FIFTH, _THIRD))
        size = np.hypot(fifth, 0.1 * third)
        error += h[:, None] * fifth**2 / np.where(size > 0.0, size, 1.0)
        rates[0] = rates[_STAGES]
    return z, error
