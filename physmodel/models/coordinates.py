"""Computing coordinates: every state of order one, positive states through their logarithm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Coordinates:
    """The map between physical values and the dimensionless numbers that are computed with.

    A plain state is ``x = scale z``, a positive one ``x = scale exp(z)``; time is
    ``t = origin + step tau``. Nothing is thresholded in user units, so nothing depends on them.

    `scale` ``(d,)``, `positive` ``(d,)``. `origin`, `step`: zero and unit of the computing time, in
    user units.
    """

    scale: Array
    positive: NDArray[np.bool_]
    origin: float
    step: float

    def to_physical(self, states: Array) -> Array:
        """Physical values of computing coordinates, ``(..., d)``."""
        grown = np.exp(np.where(self.positive, states, 0.0))
        return self.scale * np.where(self.positive, grown, states)

    def to_computing(self, values: Array) -> Array:
        """Computing coordinates of physical values, ``(..., d)``."""
        scaled = values / self.scale
        return np.where(self.positive, np.log(np.where(self.positive, scaled, 1.0)), scaled)

    def stretch(self, states: Array) -> Array:
        """Derivative of physical values by computing coordinates, ``(..., d)``."""
        return np.where(self.positive, self.to_physical(states), self.scale)

    def rate_scale(self, order: int) -> Array:
        """Physical rate that equals one in computing units, ``(d,)``.

        For a positive state it is the *per-capita* rate ``x'/x``.
        """
        rate: Array = np.where(self.positive, 1.0, self.scale) / self.step**order
        return rate
