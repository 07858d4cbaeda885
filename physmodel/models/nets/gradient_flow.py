"""Gradient flows: ``x' = -M grad V`` with ``M`` symmetric and positive: ``V`` never grows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from physmodel.models.nets.blocks import lower, n_lower, times, unit_lower
from physmodel.models.nets.form import InPieces, Scalar


@dataclass(frozen=True)
class GradientFlow(InPieces):
    """Steepest descent of a potential in a constant metric ``M = L L'``.

    Attributes
    ----------
    potential : Scalar
    metric : bool
        Without it ``M`` is the unit matrix.
    """

    potential: Scalar
    metric: bool = True
    n_inputs: ClassVar[int] = 0
    order: ClassVar[int] = 1

    @property
    def n_states(self) -> int:
        """Number of states ``d``."""
        return self.potential.n_variables

    @property
    def sizes(self) -> tuple[int, int]:
        """Numbers of parameters: potential, ``L``."""
        return (self.potential.n_parameters, n_lower(self.n_states) if self.metric else 0)

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Random parameters ``(p,)``, the metric that of the variables."""
        metric = unit_lower(self.n_states) if self.metric else np.empty(0)
        return np.concatenate([self.potential.initial(seed), metric])

    def rate(self, parameters: Tensor, motion: Tensor, inputs: Tensor) -> Tensor:
        """Time derivative ``(..., d)``."""
        inner, metric = self.pieces(parameters)
        slope = self.potential.gradient(inner, motion)
        if not self.metric:
            return -slope
        root = lower(metric, self.n_states)
        return -times(root, times(root.mT, slope))
