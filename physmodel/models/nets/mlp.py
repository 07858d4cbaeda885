"""Multilayer perceptrons with a polynomial beside them: scalars, vectors and vector fields."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physmodel.models.nets.form import InPieces
from physmodel.models.nets.layers import Layers

#: Size of the network beside the polynomial at the start: large enough for all weights to matter,
#: small enough for the polynomial to be fitted first.
FIRST_SIZE = 0.1


@dataclass(frozen=True)
class MLPScalar(InPieces):
    """``a . z(x) + l . x + x . Q x / 2``: a function without a constant, which no gradient shows.

    Attributes
    ----------
    n_variables : int
    hidden : tuple of int
    bias : bool
    quadratic : bool
        With ``Q`` (symmetric) and ``l``: energies are quadratic near rest. It starts as
        ``|x|^2 / 2``.
    """

    n_variables: int
    hidden: tuple[int, ...] = (16,)
    bias: bool = True
    quadratic: bool = True

    def __post_init__(self) -> None:
        _ = self.layers  # which refuses impossible sizes

    @cached_property
    def layers(self) -> Layers:
        """The hidden layers."""
        return Layers(self.n_variables, self.hidden, self.bias)

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """Numbers of parameters: hidden layers, ``a``, upper triangle of ``Q``, ``l``."""
        n = self.n_variables
        polynomial = (n * (n + 1) // 2, n) if self.quadratic else (0, 0)
        return (self.layers.n_parameters, self.hidden[-1], *polynomial)

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Random parameters ``(p,)`` for points of unit size."""
        rng = np.random.default_rng(seed)
        parts = [self.layers.initial(rng)]
        parts.append(FIRST_SIZE * rng.normal(size=self.hidden[-1]) / np.sqrt(self.hidden[-1]))
        if self.quadratic:
            rows, columns = np.triu_indices(self.n_variables)
            parts += [(rows == columns).astype(float), np.zeros(self.n_variables)]
        return np.concatenate(parts)

    def value(self, parameters: Tensor, point: Tensor) -> Tensor:
        """Values ``(...)`` at points ``(..., D)``."""
        inner, outer, curvature, slope = self.pieces(parameters)
        found = self.layers.units(self.layers.split(inner), point)[-1] @ outer
        if self.quadratic:
            bent = point @ symmetric(curvature, self.n_variables) / 2.0
            found = found + ((bent + slope) * point).sum(-1)
        return found

    def gradient(self, parameters: Tensor, point: Tensor) -> Tensor:
        """Derivatives ``(..., D)`` by the point."""
        inner, outer, curvature, slope = self.pieces(parameters)
        layers = self.layers.split(inner)
        found = self.layers.pull_back(layers, self.layers.units(layers, point), outer)
        if self.quadratic:
            found = found + point @ symmetric(curvature, self.n_variables) + slope
        return found


@dataclass(frozen=True)
class MLPVector(InPieces):
    """``C z(x) + A x + b``.

    Attributes
    ----------
    n_variables, n_outputs : int
    hidden : tuple of int
    bias : bool
        Without it the map is odd: ``b`` and the biases of the units are left out.
    linear : bool
        With ``A``.
    """

    n_variables: int
    n_outputs: int
    hidden: tuple[int, ...] = (16,)
    bias: bool = True
    linear: bool = True

    def __post_init__(self) -> None:
        _ = self.layers  # which refuses impossible sizes

    @cached_property
    def layers(self) -> Layers:
        """The hidden layers."""
        return Layers(self.n_variables, self.hidden, self.bias)

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """Numbers of parameters: hidden layers, ``C``, ``A``, ``b``."""
        k = self.n_outputs
        by_point = k * self.n_variables if self.linear else 0
        return (self.layers.n_parameters, k * self.hidden[-1], by_point, k if self.bias else 0)

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Random parameters ``(p,)`` for points of unit size; values are small."""
        rng = np.random.default_rng(seed)
        _, outer, linear, constant = self.sizes
        first = FIRST_SIZE * rng.normal(size=outer) / np.sqrt(self.hidden[-1])
        return np.concatenate([self.layers.initial(rng), first, np.zeros(linear + constant)])

    def value(self, parameters: Tensor, point: Tensor) -> Tensor:
        """Values ``(..., n_outputs)`` at points ``(..., n_variables)``."""
        inner, outer, linear, constant = self.pieces(parameters)
        units = self.layers.units(self.layers.split(inner), point)[-1]
        found = units @ outer.reshape(self.n_outputs, self.hidden[-1]).mT
        if self.linear:
            found = found + point @ linear.reshape(self.n_outputs, self.n_variables).mT
        return found + constant if self.bias else found

    def jacobian(self, parameters: Tensor, point: Tensor) -> Tensor:
        """Derivatives ``(..., n_outputs, n_variables)`` by the point."""
        inner, outer, linear, _ = self.pieces(parameters)
        layers = self.layers.split(inner)
        units = [values.unsqueeze(-2) for values in self.layers.units(layers, point)]
        found = self.layers.pull_back(layers, units, outer.reshape(self.n_outputs, self.hidden[-1]))
        if self.linear:
            found = found + linear.reshape(self.n_outputs, self.n_variables)
        return found


@dataclass(frozen=True)
class MLPField:
    """A field without structure: the highest derivative is a network of motion and inputs.

    Attributes
    ----------
    n_states, n_inputs : int
    order : {1, 2}
    hidden : tuple of int
    bias, linear : bool
        See `MLPVector`.
    """

    n_states: int
    n_inputs: int = 0
    order: int = 1
    hidden: tuple[int, ...] = (16,)
    bias: bool = True
    linear: bool = True

    @cached_property
    def network(self) -> MLPVector:
        """The network of all variables."""
        n_variables = self.order * self.n_states + self.n_inputs
        return MLPVector(n_variables, self.n_states, self.hidden, self.bias, self.linear)

    @property
    def n_parameters(self) -> int:
        """Length ``p`` of the parameter vector."""
        return self.network.n_parameters

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Random parameters ``(p,)`` for variables of unit size."""
        return self.network.initial(seed)

    def rate(self, parameters: Tensor, motion: Tensor, inputs: Tensor) -> Tensor:
        """Highest time derivative ``(..., d)``."""
        point = torch.cat([motion, inputs], dim=-1) if self.n_inputs else motion
        return self.network.value(parameters, point)


def symmetric(triangle: Tensor, n: int) -> Tensor:
    """Symmetric matrix ``(n, n)`` from its upper triangle ``(n (n + 1) / 2,)``, row by row."""
    return triangle[..., torch.from_numpy(_places(n)).to(triangle.device)]


@cache
def _places(n: int) -> NDArray[np.int64]:
    """Place ``(n, n)`` of each entry of a symmetric matrix in its upper triangle."""
    found = np.zeros((n, n), dtype=np.int64)
    rows, columns = np.triu_indices(n)
    found[rows, columns] = found[columns, rows] = np.arange(len(rows))
    return found
