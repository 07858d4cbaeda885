"""Records as intervals from sample to sample, and what fields miss in each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.losses.next_sample import NextSample
from physmodel.losses.shooting import Record
from physmodel.models.fields.parametric_field import ParametricField
from physmodel.optimizers.least_squares.levenberg_marquardt import levenberg_marquardt

Array = NDArray[np.float64]

#: Noise of an interval, over the typical change in one, that is told from none.
LEAST_NOISE = 1e-6
#: What a motion misses that runs away, in units.
FAR = 1e100
#: Relative change of the cost that ends a fit: `physmodel.fit` goes on from there.
TOLERANCE = 1e-4
#: Integration steps per interval at most.
MOST_STEPS = 8


@dataclass(frozen=True, eq=False)
class Course:
    """Records as intervals from one sample to the next, below each other.

    Attributes
    ----------
    records : tuple of Record
        Complete, of two samples or more.
    steps : int
        Integration steps per interval.
    """

    records: tuple[Record, ...]
    steps: int = 1

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """First interval of each record, and their number, ``(r + 1,)``."""
        return np.concatenate([[0], np.cumsum([len(one.time) - 1 for one in self.records])])

    @cached_property
    def first(self) -> NDArray[np.bool_]:
        """Intervals that begin a record, ``(n,)``."""
        found = np.zeros(self.starts[-1], dtype=bool)
        found[self.starts[:-1]] = True
        return found

    @cached_property
    def change(self) -> Array:
        """Change of the motion in each interval, ``(n, D)``."""
        return np.vstack([np.diff(one.motion, axis=0) for one in self.records])

    @cached_property
    def unit(self) -> Array:
        """Typical change, ``(D,)``."""
        size = np.sqrt((self.change**2).mean(axis=0))
        return np.where(size > 0.0, size, size.max() or 1.0)

    def every(self, stride: int) -> Course:
        """The course with every so many samples; what is left over at the end of a record is lost.

        Where the noise is larger than what happens from one sample to the next, longer intervals
        show more: what happens grows with their length, and the noise does not.
        """
        found = [
            replace(
                one,
                time=one.time[::stride],
                motion=one.motion[::stride],
                inputs=one.inputs[::stride],
                rates=None,
            )
            for one in self.records
            if len(one.time) > stride
        ]
        return Course(tuple(found))

    def missed(self, field: ParametricField) -> Array:
        """What each interval of a field misses of the next sample, in units, ``(n, D)``."""
        problem = NextSample(field, self.records, self.unit, self.steps)
        with np.errstate(all="ignore"):
            found = problem.values(field.parameters).reshape(self.change.shape)
        return np.clip(np.nan_to_num(found, nan=FAR), -FAR, FAR)

    def refined(self, field: ParametricField) -> Course:
        """The course with as many integration steps as a field needs."""
        for steps in range(1, MOST_STEPS + 1):
            problem = NextSample(field, self.records, self.unit, steps)
            if problem.step_error(field.parameters) <= LEAST_NOISE:
                break
        return replace(self, steps=steps)

    def part(self, chosen: NDArray[np.bool_]) -> tuple[Record, ...]:
        """Records of the runs of intervals that are chosen."""
        found = []
        for one, begin, end in zip(self.records, self.starts, self.starts[1:], strict=False):
            edges = np.diff(np.concatenate([[0], chosen[begin:end].astype(int), [0]]))
            for a, b in zip(np.flatnonzero(edges > 0), np.flatnonzero(edges < 0), strict=True):
                rows = slice(a, b + 1)
                found.append(
                    replace(
                        one,
                        time=one.time[rows],
                        motion=one.motion[rows],
                        inputs=one.inputs[rows],
                        rates=None,
                    )
                )
        return tuple(found)

    def fitted(
        self, field: ParametricField, chosen: NDArray[np.bool_], noise: Array, most: int
    ) -> ParametricField | None:
        """The field fitted to chosen intervals; None if these are too few or lead nowhere."""
        if self.change.shape[1] * np.count_nonzero(chosen) <= len(field.parameters):
            return None
        problem = NextSample(field, self.part(chosen), noise * self.unit, self.steps)
        try:
            found = levenberg_marquardt(
                problem, field.parameters, max_iterations=most, tolerance=TOLERANCE
            )
        except ProblemError:  # it cannot be evaluated there
            return None
        return field.with_parameters(found.parameters)


def costs(course: Course, experts: Sequence[ParametricField], noise: Array) -> Array:
    """Minus the logarithm of the likelihood of each interval in each regime, ``(n, K)``."""
    misfit = [((course.missed(one) / noise) ** 2).sum(axis=1) / 2.0 for one in experts]
    return np.column_stack(misfit) + np.log(noise).sum()


def unknown_cost(course: Course) -> Array:
    """The same without a field: all that is known of a change is its typical size, ``(n,)``."""
    found: Array = ((course.change / course.unit) ** 2).sum(axis=1) / 2.0
    return found
