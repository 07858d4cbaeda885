"""Fields that are stable by construction: every trajectory ends at one point.

References
----------
Kolter, Manek (2019), Learning stable deep dynamics models, arXiv:2001.06116.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physmodel.models.nets.blocks import lower, n_lower, times, unit_lower
from physmodel.models.nets.form import InPieces
from physmodel.models.nets.mlp import MLPVector

#: Keeps a division at the point of rest finite, where the numerator is zero.
TINY = 1e-300
#: Part of the unit matrix in the Lyapunov function, which bounds it away from zero.
FLOOR = 1e-3


@dataclass(frozen=True)
class Stable(InPieces):
    """A network whose growth of a Lyapunov function is taken out where it would grow too fast.

    ``V = y' (P + L L') y / 2`` with ``y`` the distance from a point of rest that is a parameter,
    and ``dV/dt <= -a V`` everywhere, so that ``V`` decays at least like ``exp(-a t)``.

    Attributes
    ----------
    n_states : int
    hidden : tuple of int
    decay : float
        ``a``, per unit of time.
    """

    n_states: int
    hidden: tuple[int, ...] = (16,)
    decay: float = 0.0
    n_inputs: ClassVar[int] = 0
    order: ClassVar[int] = 1

    @cached_property
    def network(self) -> MLPVector:
        """The field before the correction."""
        return MLPVector(self.n_states, self.n_states, self.hidden)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Numbers of parameters: network, ``L``, point of rest."""
        return (self.network.n_parameters, n_lower(self.n_states), self.n_states)

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Random parameters ``(p,)``, at rest in the origin."""
        rest = np.zeros(self.n_states)
        return np.concatenate([self.network.initial(seed), unit_lower(self.n_states), rest])

    def lyapunov(self, parameters: Tensor, motion: Tensor) -> tuple[Tensor, Tensor]:
        """``V`` ``(...)`` and its gradient ``(..., d)``."""
        _, metric, rest = self.pieces(parameters)
        away, root = motion - rest, lower(metric, self.n_states)
        slope = times(root, times(root.mT, away)) + FLOOR * away
        return (away * slope).sum(-1) / 2.0, slope

    def rate(self, parameters: Tensor, motion: Tensor, inputs: Tensor) -> Tensor:
        """Time derivative ``(..., d)``."""
        inner, _, rest = self.pieces(parameters)
        plain = self.network.value(inner, motion) - self.network.value(inner, rest)
        value, slope = self.lyapunov(parameters, motion)
        growth = (slope * plain).sum(-1) + self.decay * value
        share = torch.relu(growth) / ((slope * slope).sum(-1) + TINY)
        return plain - share.unsqueeze(-1) * slope
