"""How well a field fulfils an equation, whatever describes the field."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from physmodel.fields.problem import PdeProblem
from physmodel.fields.terms import Index

Array = NDArray[np.float64]


class PdeField(Protocol):
    """A solution as a function of the coordinates."""

    @property
    def n_coefficients(self) -> int:
        """Numbers that describe the field."""

    def __call__(self, points: Array, index: Index | None = None) -> Array:
        """Field or one of its derivatives at points ``(n, d)``: ``(n,)``."""


def relative_residual(problem: PdeProblem, field: PdeField, points: Array) -> float:
    """Root mean square of the equation over that of its terms, at points ``(n, d)``."""
    jet: dict[Index, Array] = {index: field(points, index) for index in problem.equation.indices}
    value, slopes, _ = problem.equation.linearised(points, jet, np.empty(0))
    terms = float(np.sqrt(sum(rms(slope * jet[index]) ** 2 for index, slope in slopes.items())))
    return rms(value) / terms if terms > 0.0 else rms(value)


def rms(values: Array) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(values**2)))
