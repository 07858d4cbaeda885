"""The damped linear problem at one point of a search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.optimizers.linear_model import LinearModel

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DampedModel:
    """The damped problem at the present point, in scaled unknowns."""

    model: LinearModel
    cost: float
    scale: Array
    slope: Array
    solve: Callable[[float, Array], Array]
    bend: bool

    def step(self, damping: float) -> Array:
        """Scaled step ``(p,)``; not finite where rounding forbids it."""
        return self.solve(damping, self.model.residuals)

    def predicted(self, scaled: Array, damping: float) -> float:
        """Fall of the cost that the linear model promises; not finite for such a step."""
        return (damping * float(scaled @ scaled) - float(self.slope @ scaled)) / 2.0

    def possible(self) -> float:
        """Fall of the cost that the linear model promises without damping."""
        least = self.model.least_damping
        gain = self.predicted(self.step(least), least)
        return gain if np.isfinite(gain) else np.inf

    def steepness(self) -> float:
        """Largest cosine between the residuals and a column of the Jacobian."""
        norms = self.model.column_norms * np.sqrt(2.0 * self.cost)
        gradient = np.abs(self.model.gradient)
        return float(np.max(gradient / np.where(norms > 0.0, norms, 1.0), initial=0.0))
