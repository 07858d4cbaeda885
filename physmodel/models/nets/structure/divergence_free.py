"""Divergence-free fields: the divergence of an antisymmetric matrix of networks.

References
----------
Richter-Powell, Lipman, Chen (2022), Neural conservation laws, arXiv:2210.01741.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physmodel.errors import ProblemError
from physmodel.models.nets.blocks import n_skew
from physmodel.models.nets.mlp import MLPVector


@dataclass(frozen=True)
class DivergenceFree:
    """``f_i = sum_j d A_ij / d x_j`` with ``A_ij = -A_ji``: phase-space volume is kept.

    Attributes
    ----------
    n_states : int
        Two at least: a field of one state without divergence is a constant.
    hidden : tuple of int
    """

    n_states: int
    hidden: tuple[int, ...] = (16,)
    n_inputs: ClassVar[int] = 0
    order: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if self.n_states < 2:
            raise ProblemError(
                "a field of one state without divergence does not depend on it",
                fix="give two states or more",
            )

    @cached_property
    def network(self) -> MLPVector:
        """Entries above the diagonal of ``A``, row by row."""
        d = self.n_states
        return MLPVector(d, n_skew(d), self.hidden)

    @property
    def n_parameters(self) -> int:
        """Length ``p`` of the parameter vector."""
        return self.network.n_parameters

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Random parameters ``(p,)`` for points of unit size."""
        return self.network.initial(seed)

    def rate(self, parameters: Tensor, motion: Tensor, inputs: Tensor) -> Tensor:
        """Time derivative ``(..., d)``."""
        slopes = self.network.jacobian(parameters, motion)
        rows, columns = np.triu_indices(self.n_states, 1)
        parts: list[list[Tensor]] = [[] for _ in range(self.n_states)]
        for k, (i, j) in enumerate(zip(rows, columns, strict=True)):
            parts[i].append(slopes[..., k, j])
            parts[j].append(-slopes[..., k, i])
        return torch.stack([torch.stack(some).sum(0) for some in parts], dim=-1)
