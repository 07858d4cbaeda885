"""Positive quadratic forms: kinetic energies, metrics, Lyapunov functions near rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physmodel.errors import ProblemError
from physmodel.models.nets.blocks import lower, n_lower, unit_lower


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
