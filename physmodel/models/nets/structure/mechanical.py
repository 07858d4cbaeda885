"""Fields of second order with unit masses: potential, magnetic and frictional forces."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physmodel.models.nets.blocks import Entries, lower, n_lower, times, unit_lower
from physmodel.models.nets.form import InPieces, Scalar
from physmodel.models.nets.mlp import MLPVector


@dataclass(frozen=True)
class Mechanical(InPieces):
    """``x'' = -grad V + (curl A) v - R v``: without friction ``|v|^2 / 2 + V`` is kept.

    The second force is that of a vector potential ``A(x)``, ``(dA_j/dx_i - dA_i/dx_j) v_j``; it
    does no work. Without friction the field has the Lagrangian ``|v|^2 / 2 + A . v - V``.

    Attributes
    ----------
    potential : Scalar
        Of the coordinates.
    magnetic : tuple of int or None
        Layers of the vector potential; None for none.
    friction : bool
        ``R = L L'``, so that friction never gives energy.
    damping : tuple of int or None
        Layers of ``L(x)``; None for a constant one.
    """

    potential: Scalar
    magnetic: tuple[int, ...] | None = None
    friction: bool = False
    damping: tuple[int, ...] | None = None
    n_inputs: ClassVar[int] = 0
    order: ClassVar[int] = 2

    @property
    def n_states(self) -> int:
        """Number of coordinates ``d``."""
        return self.potential.n_variables

    @cached_property
    def vector_potential(self) -> MLPVector | None:
        """``A``, if there is one: a field of one coordinate cannot turn."""
        if self.magnetic is None or self.n_states < 2:
            return None
        return MLPVector(self.n_states, self.n_states, self.magnetic)

    @cached_property
    def braking(self) -> Entries:
        """Entries of ``L``."""
        count = n_lower(self.n_states) if self.friction else 0
        return Entries(self.n_states, count, self.damping)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Numbers of parameters: ``V``, ``A``, ``L``."""
        turning = self.vector_potential
        return (
            self.potential.n_parameters,
            0 if turning is None else turning.n_parameters,
            self.braking.n_parameters,
        )

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Random parameters ``(p,)`` for coordinates of unit size."""
        turning, parts = self.vector_potential, [self.potential.initial(seed)]
        if turning is not None:
            parts.append(turning.initial(seed + 1))
        if self.friction:
            parts.append(self.braking.initial(seed + 2, 0.3 * unit_lower(self.n_states)))
        return np.concatenate(parts)

    def energy(self, parameters: Tensor, motion: Tensor) -> Tensor:
        """``|v|^2 / 2 + V`` ``(...)``."""
        inner, *_ = self.pieces(parameters)
        x, v = torch.chunk(motion, 2, dim=-1)
        return (v * v).sum(-1) / 2.0 + self.potential.value(inner, x)

    def rate(self, parameters: Tensor, motion: Tensor, inputs: Tensor) -> Tensor:
        """Accelerations ``(..., d)``."""
        inner, turning, friction = self.pieces(parameters)
        x, v = torch.chunk(motion, 2, dim=-1)
        found = -self.potential.gradient(inner, x)
        if self.vector_potential is not None:
            slopes = self.vector_potential.jacobian(turning, x)
            found = found + times(slopes.mT - slopes, v)
        if self.friction:
            root = lower(self.braking.value(friction, x), self.n_states)
            found = found - times(root, times(root.mT, v))
        return found
