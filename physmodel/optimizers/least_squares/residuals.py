"""What nonlinear optimisers work on, a vector of residuals, and what they return."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Residuals(Protocol):
    """A loss as a vector: half its squared norm is the cost.

    A point where the model cannot be evaluated gives entries that are not finite; optimisers take
    it for a step too far.
    """

    def values(self, parameters: Array) -> Array:
        """Residuals ``(m,)`` at parameters ``(p,)``."""

    def linearised(self, parameters: Array) -> tuple[Array, Array]:
        """Residuals ``(m,)`` and their derivatives ``(m, p)``."""


class Ending(StrEnum):
    """How an optimiser of a smooth function ended."""

    CONVERGED = "converged"
    STALLED = "stalled"
    ITERATIONS = "iteration-limit"
    TIME = "time-limit"


#: What to do next, one sentence per ending.
REMEDIES = {
    Ending.CONVERGED: "Nothing to do: neither the cost nor the parameters changed any more.",
    Ending.STALLED: (
        "No step lowered the cost although its gradient is not zero: start elsewhere, "
        "or look for parameters that the residuals hardly depend on."
    ),
    Ending.ITERATIONS: "The iterations are spent: raise the limit, or go on from this answer.",
    Ending.TIME: "The time is spent: raise the limit, or go on from this answer.",
}


@dataclass(frozen=True, eq=False)
class Minimum:
    """Where an optimiser ended.

    `parameters` ``(p,)``. `cost`: half the squared norm of the residuals. `history` ``(iterations +
    1,)``: cost after each iteration.
    """

    parameters: Array
    cost: float
    ending: Ending
    iterations: int
    history: Array
    method: str

    @property
    def remedy(self) -> str:
        """What to do about the ending."""
        return REMEDIES[self.ending]
