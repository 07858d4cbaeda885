"""Symplectic maps of networks: one step in time as a chain of shears.

References
----------
Jin et al. (2020), SympNets: intrinsic structure-preserving symplectic networks, arXiv:2001.03750.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physmodel.models.nets.mlp import MLPScalar


@dataclass(frozen=True)
class SymplecticMap:
    """``q += grad T_k(p)``, then ``p -= grad V_k(q)``, for some pairs of networks.

    A map, not a field: it takes states one sampling interval further, and is symplectic for any
    parameters.

    Attributes
    ----------
    n_pairs : int
        Coordinates, each with its momentum.
    hidden : tuple of int
        Of each network.
    n_shears : int
        Pairs of shears.
    """

    n_pairs: int
    hidden: tuple[int, ...] = (16,)
    n_shears: int = 2

    @property
    def scalar(self) -> MLPScalar:
        """The family of each ``T_k`` and ``V_k``."""
        return MLPScalar(self.n_pairs, self.hidden)

    @property
    def n_parameters(self) -> int:
        """Length ``p`` of the parameter vector."""
        return 2 * self.n_shears * self.scalar.n_parameters

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Random parameters ``(p,)`` for states of unit size; a step well below it."""
        count = 2 * self.n_shears
        drawn = [self.scalar.initial(seed * count + k) for k in range(count)]
        for one in drawn:  # the polynomial beside each network makes a small step
            one[self.scalar.sizes[0] :] *= 0.1
        return np.concatenate(drawn)

    def step(self, parameters: Tensor, state: Tensor) -> Tensor:
        """States ``(..., 2 n_pairs)`` one step later."""
        q, p = torch.chunk(state, 2, dim=-1)
        parts = torch.chunk(parameters, 2 * self.n_shears, dim=-1)
        for kinetic, potential in zip(parts[::2], parts[1::2], strict=True):
            q = q + self.scalar.gradient(kinetic, p)
            p = p - self.scalar.gradient(potential, q)
        return torch.cat([q, p], dim=-1)
