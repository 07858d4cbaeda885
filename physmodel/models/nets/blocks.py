"""Matrices with a structure from entries that are parameters or networks, and quadratic forms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physmodel.errors import ProblemError
from physmodel.models.nets.form import like
from physmodel.models.nets.mlp import MLPVector


@dataclass(frozen=True)
class Entries:
    """Numbers that are the same everywhere, or networks of the point.

    `hidden`: layers of the network; None for constants.
    """

    n_variables: int
    count: int
    hidden: tuple[int, ...] | None = None

    @cached_property
    def network(self) -> MLPVector | None:
        """The network, if there is one and anything to give."""
        if self.hidden is None or not self.count:
            return None
        return MLPVector(self.n_variables, self.count, self.hidden)

    @property
    def n_parameters(self) -> int:
        """Length ``p`` of the parameter vector."""
        return self.count if self.network is None else self.network.n_parameters

    def initial(self, seed: int, about: NDArray[np.float64]) -> NDArray[np.float64]:
        """Random parameters ``(p,)`` that give about these entries ``(count,)``."""
        if self.network is None:
            return about.copy()
        found = self.network.initial(seed)
        found[-self.count :] += about  # the constants of the network stand last
        return found

    def value(self, parameters: Tensor, point: Tensor) -> Tensor:
        """Entries ``(count,)`` or ``(..., count)`` at points ``(..., n_variables)``."""
        return parameters if self.network is None else self.network.value(parameters, point)

    def jacobian(self, parameters: Tensor, point: Tensor) -> Tensor | None:
        """Derivatives ``(..., count, n_variables)`` by the point; None for constants."""
        return None if self.network is None else self.network.jacobian(parameters, point)


def n_lower(n: int) -> int:
    """Entries of a lower triangle with its diagonal."""
    return n * (n + 1) // 2


def n_skew(n: int) -> int:
    """Entries of an antisymmetric matrix."""
    return n * (n - 1) // 2


def unit_lower(n: int) -> NDArray[np.float64]:
    """Entries of the unit matrix as a lower triangle."""
    rows, columns = np.tril_indices(n)
    return (rows == columns).astype(np.float64)


def lower(entries: Tensor, n: int) -> Tensor:
    """Lower triangular matrices ``(..., n, n)`` from entries ``(..., n (n + 1) / 2)``."""
    return _placed(entries, n, _lower_places(n))


def skew(entries: Tensor, n: int) -> Tensor:
    """Antisymmetric matrices ``(..., n, n)`` from entries ``(..., n (n - 1) / 2)``."""
    upper = _placed(entries, n, _upper_places(n))
    return upper - upper.mT


def _placed(entries: Tensor, n: int, places: NDArray[np.float64]) -> Tensor:
    # A product, because writing into a matrix has no derivative under vmap.
    return (entries @ like(places, entries)).reshape(*entries.shape[:-1], n, n)


@cache
def _lower_places(n: int) -> NDArray[np.float64]:
    """One at the place of each entry, ``(n (n + 1) / 2, n n)``."""
    rows, columns = np.tril_indices(n)
    return np.eye(n * n)[rows * n + columns]


@cache
def _upper_places(n: int) -> NDArray[np.float64]:
    """One at the place of each entry, ``(n (n - 1) / 2, n n)``."""
    rows, columns = np.triu_indices(n, 1)
    return np.eye(n * n)[rows * n + columns]


def times(matrix: Tensor, vector: Tensor) -> Tensor:
    """Products ``(..., n)`` of matrices ``(..., n, m)`` with vectors ``(..., m)``."""
    return (matrix @ vector.unsqueeze(-1)).squeeze(-1)


@dataclass(frozen=True)
class PositiveQuadratic:
    """``x . L L^T x / 2``: never negative; the kinetic energy ``p . M^-1 p / 2`` of momenta.

    Attributes
    ----------
    n_variables : int
    known : tuple of tuple of float or None
        The matrix, if it is known; then there are no parameters. Otherwise they are the lower
        triangle of ``L``, which starts as the unit matrix.
    """

    n_variables: int
    known: tuple[tuple[float, ...], ...] | None = None

    def __post_init__(self) -> None:
        if self.known is None:
            return
        matrix, n = np.array(self.known, dtype=float), self.n_variables
        sound = matrix.shape == (n, n) and np.isfinite(matrix).all()
        if not sound or not np.array_equal(matrix, matrix.T) or np.linalg.eigvalsh(matrix)[0] < 0:
            raise ProblemError(
                f"a quadratic form of {n} variables with the matrix {self.known}",
                why="it has to be symmetric, and no value of the form may be negative",
                fix="give the rows of a symmetric matrix with eigenvalues that are not negative",
            )

    @property
    def n_parameters(self) -> int:
        """Length ``p`` of the parameter vector."""
        return n_lower(self.n_variables) if self.known is None else 0

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Parameters ``(p,)`` of ``|x|^2 / 2``; the seed makes no difference."""
        if self.known is not None:
            return np.empty(0)
        return unit_lower(self.n_variables)

    def value(self, parameters: Tensor, point: Tensor) -> Tensor:
        """Values ``(...)`` at points ``(..., D)``."""
        return (point * self.gradient(parameters, point)).sum(-1) / 2.0

    def gradient(self, parameters: Tensor, point: Tensor) -> Tensor:
        """Derivatives ``(..., D)`` by the point."""
        if self.known is not None:
            return point @ torch.tensor(self.known, dtype=point.dtype, device=point.device)
        root = lower(parameters, self.n_variables)
        return (point @ root) @ root.mT
