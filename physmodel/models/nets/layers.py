"""Layers of tanh units: values and pulled-back derivatives in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physmodel.errors import ProblemError
from physmodel.problem.checks import is_whole

#: Largest width of a layer and number of layers: these are small networks.
WIDEST, DEEPEST = 4096, 8
#: Points on which first weights are scaled.
DRAWN = 256


@dataclass(frozen=True)
class Layers:
    """``z_1 = tanh(W_1 x + b_1), z_2 = tanh(W_2 z_1 + b_2), ...``.

    The derivative of tanh is ``1 - tanh^2``, so that derivatives by the point need no automatic
    differentiation, which is left for those by the parameters.

    `hidden`: number of units of each layer. `bias`: without biases the units are odd functions of
    the point.
    """

    n_variables: int
    hidden: tuple[int, ...]
    bias: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.hidden, tuple) or not all(map(is_whole, self.hidden)):
            raise ProblemError(
                f"hidden layers of {self.hidden!r} units",
                fix="give a tuple of whole numbers, such as (16,)",
            )
        if not is_whole(self.n_variables):
            raise ProblemError(f"a network of {self.n_variables!r} variables", fix="a whole number")
        if not self.hidden or len(self.hidden) > DEEPEST:
            raise ProblemError(
                f"a network of {len(self.hidden)} hidden layers",
                fix=f"give the widths of one to {DEEPEST} layers, such as (16,)",
            )
        if min(self.hidden) < 1 or max(self.hidden) > WIDEST or self.n_variables < 1:
            raise ProblemError(
                f"a network of {self.n_variables} variables with layers of {self.hidden} units",
                fix=f"give at least one variable, and widths from 1 to {WIDEST}",
            )

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers of weights and biases of each layer in the parameter vector."""
        widths = (self.n_variables, *self.hidden)
        per_layer = [(n * m, n if self.bias else 0) for m, n in pairwise(widths)]
        return tuple(size for layer in per_layer for size in layer)

    @property
    def n_parameters(self) -> int:
        """Length of the parameter vector."""
        return sum(self.sizes)

    def initial(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Random weights ``(p,)`` for points of unit size.

        The arguments of tanh are of unit size over all units of a layer, neither linear nor
        saturated, and differ from unit to unit: drawn units serve coarse and fine features. The
        planes where they vanish pass through points that are drawn as the data are, so that the
        units bend where there are data.
        """
        values = rng.normal(size=(DRAWN, self.n_variables))
        parts = []
        for n in self.hidden:
            weights = rng.normal(size=(n, values.shape[1]))
            weights /= np.sqrt((values @ weights.T).var(axis=0).mean())
            parts.append(weights.ravel())
            arguments = values @ weights.T
            if self.bias:
                parts.append(-arguments[rng.integers(DRAWN, size=n), np.arange(n)])
                arguments = arguments + parts[-1]
            values = np.tanh(arguments)
        return np.concatenate(parts)

    def split(self, parameters: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Weights ``(n, m)`` and biases ``(n,)`` (or none, ``(0,)``) of each layer."""
        # One split has one concatenation for its derivative; slices would add up one vector each.
        parts = torch.split(parameters, list(self.sizes), dim=-1)
        widths = pairwise((self.n_variables, *self.hidden))
        return [(parts[2 * k].reshape(n, m), parts[2 * k + 1]) for k, (m, n) in enumerate(widths)]

    def units(self, layers: list[tuple[Tensor, Tensor]], point: Tensor) -> list[Tensor]:
        """Values ``(..., n)`` of the units of each layer at points ``(..., n_variables)``."""
        values, found = point, []
        for weights, biases in layers:
            values = values @ weights.mT
            values = torch.tanh(values + biases if self.bias else values)
            found.append(values)
        return found

    def pull_back(
        self, layers: list[tuple[Tensor, Tensor]], units: list[Tensor], by_last: Tensor
    ) -> Tensor:
        """Derivatives by the point ``(..., n_variables)`` from those by the last layer."""
        slopes = by_last
        for (weights, _), values in zip(reversed(layers), reversed(units), strict=True):
            slopes = (slopes * (1.0 - values * values)) @ weights
        return slopes
