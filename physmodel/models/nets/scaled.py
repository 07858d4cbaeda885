"""Networks in scaled variables: trained alike in any units, exact in those of the user."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from physmodel.models.nets.form import FormAround, ScalarAround, like
from physmodel.models.nets.scaling import Scaling


@dataclass(frozen=True)
class ScaledForm(FormAround):
    """``f(x) = scale / time^order f^((x - centre) / scale)``.

    A change of units keeps what `physmodel.models.nets.structure.choice` promises if the scaling is
    one of `physmodel.models.nets.scaling.scaling_of` with what must be shared: canonical equations
    with one scale for coordinates and one for momenta have the energy ``scale_q scale_p / time
    H^``.

    `scaling`: of the states, then the inputs.
    """

    scaling: Scaling

    def rate(self, parameters: Tensor, motion: Tensor, inputs: Tensor) -> Tensor:
        """Highest time derivative ``(..., d)``."""
        d = self.n_states
        scale, centre = like(self.scaling.scale, motion), like(self.scaling.centre, motion)
        inside = (motion[..., :d] - centre[:d]) / scale[:d]
        if self.order == 2:
            faster = motion[..., d:] * (self.scaling.time / scale[:d])
            inside = torch.cat([inside, faster], dim=-1)
        if self.n_inputs:
            inputs = (inputs - centre[d:]) / scale[d:]
        found = self.inner.rate(parameters, inside, inputs)
        return found * (scale[:d] / self.scaling.time**self.order)


@dataclass(frozen=True)
class ScaledScalar(ScalarAround):
    """``H(x) = unit H^((x - centre) / scale)``.

    `unit`: of the values.
    """

    scaling: Scaling
    unit: float = 1.0

    def value(self, parameters: Tensor, point: Tensor) -> Tensor:
        """Values ``(...)`` at points ``(..., D)``."""
        inside, _ = self._inside(point)
        return self.unit * self.inner.value(parameters, inside)

    def gradient(self, parameters: Tensor, point: Tensor) -> Tensor:
        """Derivatives ``(..., D)`` by the point."""
        inside, scale = self._inside(point)
        return self.unit * self.inner.gradient(parameters, inside) / scale

    def _inside(self, point: Tensor) -> tuple[Tensor, Tensor]:
        scale = like(self.scaling.scale, point)
        return (point - like(self.scaling.centre, point)) / scale, scale
