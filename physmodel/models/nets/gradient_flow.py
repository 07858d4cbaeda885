"""Gradient flows: ``x' = -M grad V`` with ``M`` symmetric and positive: ``V`` never grows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physmodel.models.nets.blocks import lower, n_lower, times, unit_lower
from physmodel.models.nets.form import Scalar


@dataclass(frozen=True)
class GradientFlow:
    """Steepest descent of a potential in a constant metric ``M = L L'``.

    Attributes
    ----------
    potential : Scalar
    metric : bool
        Without it ``M`` is the unit matrix.
    """

    potential: Scalar
    metric: bool = True

    @property
    def n_states(self) -> int:
        """Number of states ``d``."""
        return self.potential.n_variables

    @property
    def n_inputs(self) -> int:
        """Number of inputs: none."""
        return 0

    @property
    def order(self) -> int:
        """Order in time, 1."""
        return 1

    @property
    def sizes(self) -> tuple[int, int]:
        """Numbers of parameters: potential, ``L``."""
        return (self.potential.n_parameters, n_lower(self.n_states) if self.metric else 0)

    @property
    def n_parameters(self) -> int:
        """Length ``p`` of the parameter vector."""
        return sum(self.sizes)

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Random parameters ``(p,)``, the metric that of the variables."""
        metric = unit_lower(self.n_states) if self.metric else np.empty(0)
        return np.concatenate([self.potential.initial(seed), metric])

    def rate(self, parameters: Tensor, motion: Tensor, inputs: Tensor) -> Tensor:
        """Time derivative ``(..., d)``."""
        inner, metric = torch.split(parameters, list(self.sizes), dim=-1)
        slope = self.potential.gradient(inner, motion)
        if not self.metric:
            return -slope
        root = lower(metric, self.n_states)
        return -times(root, times(root.mT, slope))
