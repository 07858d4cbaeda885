"""Lagrangian fields of second order: ``L = v' M(q) v / 2 - V(q)`` with a positive mass matrix.

References
----------
Cranmer et al. (2020), Lagrangian neural networks, arXiv:2003.04630; Lutter, Ritter, Peters (2019),
Deep Lagrangian networks, arXiv:1907.04490 (mass matrix by its Cholesky factor).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physmodel.models.nets.blocks import Entries, lower, n_lower, times
from physmodel.models.nets.form import InPieces, Scalar


@dataclass(frozen=True)
class Lagrangian(InPieces):
    """Euler and Lagrange's equations: the energy ``v' M v / 2 + V`` is kept.

    ``M = 1 + A A'`` with ``A(q)`` a lower triangle of networks; the unit matrix fixes the scale,
    which the motion does not show, and bounds the mass from below.

    Attributes
    ----------
    potential : Scalar
        Of the coordinates.
    hidden : tuple of int or None
        Layers of the mass matrix; None for one that is the same everywhere.
    """

    potential: Scalar
    hidden: tuple[int, ...] | None = (8,)
    n_inputs: ClassVar[int] = 0
    order: ClassVar[int] = 2

    @property
    def n_states(self) -> int:
        """Number of coordinates ``d``."""
        return self.potential.n_variables

    @cached_property
    def triangle(self) -> Entries:
        """Entries of ``A``."""
        return Entries(self.n_states, n_lower(self.n_states), self.hidden)

    @property
    def sizes(self) -> tuple[int, int]:
        """Numbers of parameters: potential, ``A``."""
        return (self.potential.n_parameters, self.triangle.n_parameters)

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Random parameters ``(p,)`` for coordinates of unit size."""
        rng = np.random.default_rng(seed)
        about = 0.3 * rng.normal(size=self.triangle.count)
        return np.concatenate(
            [self.potential.initial(seed), self.triangle.initial(seed + 1, about)]
        )

    def mass(self, parameters: Tensor, coordinates: Tensor) -> Tensor:
        """``M`` ``(..., d, d)``."""
        _, entries = self.pieces(parameters)
        root = lower(self.triangle.value(entries, coordinates), self.n_states)
        return root @ root.mT + torch.eye(self.n_states, dtype=root.dtype, device=root.device)

    def energy(self, parameters: Tensor, motion: Tensor) -> Tensor:
        """``v' M v / 2 + V`` ``(...)``."""
        inner, _ = self.pieces(parameters)
        q, v = torch.chunk(motion, 2, dim=-1)
        kinetic = (v * times(self.mass(parameters, q), v)).sum(-1) / 2.0
        return kinetic + self.potential.value(inner, q)

    def rate(self, parameters: Tensor, motion: Tensor, inputs: Tensor) -> Tensor:
        """Accelerations ``(..., d)``: ``M q'' = grad (v' M v / 2) - M' v - grad V``."""
        inner, entries = self.pieces(parameters)
        q, v = torch.chunk(motion, 2, dim=-1)
        force = -self.potential.gradient(inner, q)
        slopes = self.triangle.jacobian(entries, q)
        if slopes is not None:
            root = lower(self.triangle.value(entries, q), self.n_states)
            along = times(root.mT, v)  # A' v, whose square is twice the kinetic energy
            by_place = lower(slopes.mT, self.n_states)  # dA/dq_k, (..., k, d, d)
            moving = (by_place * v[..., None, None]).sum(-3)  # dA/dt
            swept = (by_place * v[..., None, :, None]).sum(-2)  # dA/dq_k' v, (..., k, d)
            turned = times(moving, along) + times(root, times(moving.mT, v))
            force = force + times(swept, along) - turned
        # By Cholesky's factor, which exists: under vmap, torch.linalg.solve (2.13) may hand back
        # wrong derivatives.
        factor = torch.linalg.cholesky(self.mass(parameters, q))
        return torch.cholesky_solve(force.unsqueeze(-1), factor).squeeze(-1)
