"""How a fit came about: its descents, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.optimizers.least_squares.residuals import REMEDIES, Ending

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Stage:
    """One descent of a fit, at one noise and one slack of the joints between samples.

    Attributes
    ----------
    slack : float
        Standard deviation of a joint, as a part of the typical size of the motion.
    cost : ndarray (iterations + 1,)
        Half the sum of squared residuals, each over its standard deviation, at the start and after
        each iteration. Costs of different stages are measured in different units.
    ending : Ending
    """

    slack: float
    cost: Array
    ending: Ending

    @property
    def remedy(self) -> str:
        """What to do about the ending."""
        return REMEDIES[self.ending]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"slack": self.slack, "cost": self.cost.tolist(), "ending": str(self.ending)}


def stage_of(table: dict[str, Any]) -> Stage:
    """A stage from its plain data."""
    cost = np.array(table["cost"], dtype=float)
    return Stage(float(table["slack"]), cost, Ending(table["ending"]))
