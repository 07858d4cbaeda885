"""What a network is here: a pure function of a flat vector of parameters and a point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class Form(Protocol):
    """A family of vector fields; `physmodel.models.nets.net_field.NetField` makes one of them.

    Forms are frozen dataclasses without state: all weights are in one flat float64 vector, which is
    what second-order optimisers, delta files and mergers work on. Take it apart by one
    ``torch.split``: many slices would make derivatives twice as slow. `rate` has to work under
    ``torch.func.vmap`` and ``jacrev``; ``torch.linalg.solve`` does not (wrong numbers in 2.13).
    """

    @property
    def n_states(self) -> int:
        """Number of states ``d``."""

    @property
    def n_inputs(self) -> int:
        """Number of inputs ``m``."""

    @property
    def order(self) -> int:
        """Order in time, 1 or 2."""

    @property
    def n_parameters(self) -> int:
        """Length ``p`` of the parameter vector."""

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Random parameters ``(p,)`` to start from."""

    def rate(self, parameters: Tensor, motion: Tensor, inputs: Tensor) -> Tensor:
        """Highest time derivative ``(..., d)``.

        `parameters` ``(p,)``. `motion` ``(..., order d)``: states, then velocities. `inputs`
        ``(..., m)``.
        """

    def __hash__(self) -> int:
        """Equal forms are one, which `physmodel.models.nets.traced` counts on."""


class Scalar(Protocol):
    """A family of scalar functions of a point: energies, potentials, entropies."""

    @property
    def n_variables(self) -> int:
        """Number of variables ``D``."""

    @property
    def n_parameters(self) -> int:
        """Length ``p`` of the parameter vector."""

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Random parameters ``(p,)`` to start from."""

    def value(self, parameters: Tensor, point: Tensor) -> Tensor:
        """Values ``(...)`` at points ``(..., D)``."""

    def gradient(self, parameters: Tensor, point: Tensor) -> Tensor:
        """Derivatives ``(..., D)`` by the point, themselves differentiable."""


@dataclass(frozen=True, eq=False)
class FormAround:
    """What a form around another one leaves as it is."""

    inner: Form

    @property
    def n_states(self) -> int:
        """Number of states ``d``."""
        return self.inner.n_states

    @property
    def n_inputs(self) -> int:
        """Number of inputs ``m``."""
        return self.inner.n_inputs

    @property
    def order(self) -> int:
        """Order in time, 1 or 2."""
        return self.inner.order

    @property
    def n_parameters(self) -> int:
        """Length ``p`` of the parameter vector."""
        return self.inner.n_parameters

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Random parameters ``(p,)`` to start from."""
        return self.inner.initial(seed)


@dataclass(frozen=True, eq=False)
class ScalarAround:
    """What a scalar around another one leaves as it is."""

    inner: Scalar

    @property
    def n_variables(self) -> int:
        """Number of variables ``D``."""
        return self.inner.n_variables

    @property
    def n_parameters(self) -> int:
        """Length ``p`` of the parameter vector."""
        return self.inner.n_parameters

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Random parameters ``(p,)`` to start from."""
        return self.inner.initial(seed)


class InPieces:
    """A vector of parameters that is several one after the other."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers of parameters of the pieces."""
        raise NotImplementedError

    @property
    def n_parameters(self) -> int:
        """Length ``p`` of the parameter vector."""
        return sum(self.sizes)

    def pieces(self, parameters: Tensor) -> tuple[Tensor, ...]:
        """The pieces of a vector of parameters."""
        return torch.split(parameters, list(self.sizes), dim=-1)


def like(values: NDArray[np.float64] | Sequence[object], tensor: Tensor) -> Tensor:
    """Numbers in the type and on the device of a tensor."""
    return torch.as_tensor(values, dtype=tensor.dtype, device=tensor.device)
