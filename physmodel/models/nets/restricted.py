"""Fields that leave something alone: states that stay positive, points of rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from physmodel.models.nets.form import FormAround, like


@dataclass(frozen=True)
class Positive(FormAround):
    """``x_k' = x_k f_k(x)`` for some states, which then never change their sign.

    `inner`: of first order: relative rates of the positive states, rates of the others. `places`:
    positive states.
    """

    places: tuple[int, ...]
    order: ClassVar[int] = 1

    def rate(self, parameters: Tensor, motion: Tensor, inputs: Tensor) -> Tensor:
        """Time derivative ``(..., d)``."""
        found = self.inner.rate(parameters, motion, inputs)
        chosen = torch.zeros(self.n_states, dtype=torch.bool, device=motion.device)
        chosen[list(self.places)] = True
        return torch.where(chosen, motion * found, found)


@dataclass(frozen=True)
class AtRest(FormAround):
    """``f(z) - f(z with some variables set)``: nothing changes where these have their values.

    `places`: variables among states, velocities (order 2) and inputs.
    """

    places: tuple[int, ...]
    values: tuple[float, ...]

    def rate(self, parameters: Tensor, motion: Tensor, inputs: Tensor) -> Tensor:
        """Highest time derivative ``(..., d)``."""
        point = torch.cat([motion, inputs], dim=-1)
        values = torch.zeros(point.shape[-1], dtype=point.dtype, device=point.device)
        values[list(self.places)] = like(self.values, point)
        chosen = torch.zeros(point.shape[-1], dtype=torch.bool, device=point.device)
        chosen[list(self.places)] = True
        sizes = [motion.shape[-1], inputs.shape[-1]]
        still = torch.split(torch.where(chosen, values, point), sizes, dim=-1)
        return self.inner.rate(parameters, motion, inputs) - self.inner.rate(parameters, *still)
