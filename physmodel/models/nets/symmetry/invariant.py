"""Exact continuous symmetry: networks of invariants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physmodel.models.nets.form import ScalarAround
from physmodel.models.nets.mlp import MLPVector
from physmodel.models.nets.symmetry.invariants import Invariants


@dataclass(frozen=True)
class InvariantScalar(ScalarAround):
    """A scalar of invariants.

    `inner`: of as many variables as there are invariants.
    """

    invariants: Invariants

    @property
    def n_variables(self) -> int:
        """Number of variables ``D``."""
        return self.invariants.n_variables

    def value(self, parameters: Tensor, point: Tensor) -> Tensor:
        """Values ``(...)`` at points ``(..., D)``."""
        return self.inner.value(parameters, self.invariants.of(point))

    def gradient(self, parameters: Tensor, point: Tensor) -> Tensor:
        """Derivatives ``(..., D)`` by the point."""
        slopes = self.inner.gradient(parameters, self.invariants.of(point))
        return self.invariants.pull_back(point, slopes)


@dataclass(frozen=True)
class EquivariantField:
    """A field whose coefficients are a network of invariants.

    The rate of a vector is a sum of all `Invariants.directions` with such coefficients, that of
    a plain state is one itself.

    `invariants`: of states, velocities (order 2) and inputs.
    """

    network: MLPVector
    invariants: Invariants
    n_states: int
    n_inputs: int
    order: int

    @property
    def n_parameters(self) -> int:
        """Length ``p`` of the parameter vector."""
        return self.network.n_parameters

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Random parameters ``(p,)`` to start from."""
        return self.network.initial(seed)

    def rate(self, parameters: Tensor, motion: Tensor, inputs: Tensor) -> Tensor:
        """Highest time derivative ``(..., d)``."""
        point = torch.cat([motion, inputs], dim=-1)
        weights = self.network.value(parameters, self.invariants.of(point))
        plain, vectors = moving_parts(self.invariants, self.n_states)
        parts, places = [weights[..., : len(plain)]], list(plain)
        if vectors:
            _, turning = self.invariants.separate(point)
            shares = weights[..., len(plain) :].reshape(
                *weights.shape[:-1], len(vectors), self.invariants.n_directions
            )
            parts.append((shares @ self.invariants.directions(turning)).flatten(-2))
            places += [place for one in vectors for place in one]
        order = sorted(range(len(places)), key=places.__getitem__)
        return torch.cat(parts, dim=-1)[..., order]


def moving_parts(
    invariants: Invariants, n_states: int
) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
    """Plain variables and vectors that are states, and so have a rate."""
    plain = tuple(place for place in invariants.plain if place < n_states)
    return plain, tuple(one for one in invariants.vectors if max(one) < n_states)


def outputs_needed(invariants: Invariants, n_states: int) -> int:
    """Number of coefficients that an `EquivariantField` asks of its network."""
    plain, vectors = moving_parts(invariants, n_states)
    return len(plain) + len(vectors) * invariants.n_directions
