"""From each sample to the next: the residuals of a field on trajectories with little noise.

Each sample is taken as it was measured and followed to the next one. There are no unknown motions,
so that many parameters are cheap; noise in the states bends the answer, and
`physmodel.losses.shooting` is for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from physmodel.losses.shooting import MultipleShooting, Record
from physmodel.models.fields.parametric_field import ParametricField

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NextSample:
    """``(flow of a sample - next sample) / size``; a vector of `Residuals`.

    Attributes
    ----------
    field : ParametricField
    records : tuple of Record
        Completely measured: for second order also the velocities.
    size : ndarray (D,)
        What the residuals are divided by.
    steps : int
        Integration steps per sampling interval.
    """

    field: ParametricField
    records: tuple[Record, ...]
    size: Array
    steps: int = 1

    @cached_property
    def motion(self) -> Array:
        """All samples, ``(n D,)``."""
        return np.vstack([record.motion for record in self.records]).ravel()

    @cached_property
    def _shooting(self) -> MultipleShooting:
        return MultipleShooting(self.field, self.records, self.size, self.size, self.steps)

    @property
    def record(self) -> NDArray[np.intp]:
        """The record that each residual belongs to."""
        counts = [len(record.time) - 1 for record in self.records]
        return np.repeat(np.arange(len(counts)), np.array(counts) * len(self.size))

    def values(self, parameters: Array) -> Array:
        """Residuals ``(k D,)`` of the ``k`` intervals."""
        # What shooting asks of the data is met exactly by the samples themselves.
        return self._shooting.values(self.motion, parameters)[len(self.motion) :]

    def linearised(self, parameters: Array) -> tuple[Array, Array]:
        """Residuals ``(k D,)`` and their derivatives ``(k D, p)``."""
        flow, _ = self._shooting.pieces(self.motion, parameters)
        following = self.motion.reshape(-1, len(self.size))[self._shooting.joined + 1]
        by_parameter = flow.by_parameter / self.size[:, None]
        residuals = (flow.end - following) / self.size
        return residuals.ravel(), by_parameter.reshape(residuals.size, -1)

    def step_error(self, parameters: Array) -> float:
        """Largest integration error of an interval, over the sizes."""
        return float(np.max(self._shooting.step_error(self.motion, parameters) / self.size))
