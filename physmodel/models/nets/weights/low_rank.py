"""Low-rank updates: a trained network carried to another regime by few numbers.

References
----------
Hu et al. (2021), LoRA: low-rank adaptation of large language models, arXiv:2106.09685.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physmodel.errors import ProblemError
from physmodel.models.nets.form import FormAround, like
from physmodel.models.nets.net_field import NetField
from physmodel.models.nets.weights.weight_matrices import Matrix, weight_matrices
from physmodel.problem.checks import is_whole

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LowRank(FormAround):
    """A form at fixed weights ``w`` plus an update: ``W + B A`` for each matrix, ``b + c`` else.

    The parameters are those of the update, one piece after the other in the order of ``w``: ``B``
    ``(n, rank)`` then ``A`` ``(rank, m)`` of a matrix ``(n, m)``; vectors (biases, what stands
    behind the last layer), and matrices that two factors would not make smaller, have an update of
    their own size. It acts on the weights alone: whatever structure or symmetry the form has for
    any weights, it has with any update.

    Attributes
    ----------
    inner : Form
    base : ndarray (p,)
        Its weights, which stay as they are.
    rank : int

    Raises
    ------
    ProblemError
        If the weights do not fit the form, or the rank is not positive.
    """

    base: Array
    rank: int = 1

    def __post_init__(self) -> None:
        if self.base.shape != (self.inner.n_parameters,) or not np.isfinite(self.base).all():
            raise ProblemError(
                f"an update of weights of shape {self.base.shape}, or not finite",
                why=f"the form has {self.inner.n_parameters} of them",
                fix="train the network first",
            )
        if not is_whole(self.rank) or self.rank < 1:
            raise ProblemError(
                f"an update of rank {self.rank!r}", fix="give a rank of one or more; one is a start"
            )

    @cached_property
    def factored(self) -> tuple[Matrix, ...]:
        """Matrices whose update has two factors."""
        return tuple(
            one
            for one in weight_matrices(self.inner)
            if self.rank * (one.rows + one.columns) < one.rows * one.columns
        )

    @cached_property
    def pieces(self) -> tuple[tuple[int, Matrix | None], ...]:
        """Number of weights of each piece of the vector, and the matrix if it is one."""
        found: list[tuple[int, Matrix | None]] = []
        at = 0
        for one in self.factored:
            if one.start > at:
                found.append((one.start - at, None))
            found.append((one.stop - one.start, one))
            at = one.stop
        if len(self.base) > at:
            found.append((len(self.base) - at, None))
        return tuple(found)

    @property
    def n_parameters(self) -> int:
        """Length of the parameter vector of the update."""
        return sum(self._sizes)

    def initial(self, seed: int) -> Array:
        """No update: ``B`` and ``c`` are zero, the rows of ``A`` drawn with unit length."""
        rng = np.random.default_rng(seed)
        parts = []
        for size, matrix in self.pieces:
            if matrix is None:
                parts.append(np.zeros(size))
                continue
            drawn = rng.normal(size=(self.rank, matrix.columns))
            drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
            parts += [np.zeros(matrix.rows * self.rank), drawn.ravel()]
        return np.concatenate(parts)

    def weights(self, parameters: Tensor) -> Tensor:
        """Weights ``(p,)`` of the form with an update."""
        base = torch.split(like(self.base, parameters), [size for size, _ in self.pieces])
        found = []
        updates = torch.split(parameters, self._sizes)
        for (_, matrix), weights, update in zip(self.pieces, base, updates, strict=True):
            if matrix is not None:
                left, right = torch.split(
                    update, [self.rank * matrix.rows, self.rank * matrix.columns]
                )
                product = left.reshape(matrix.rows, -1) @ right.reshape(-1, matrix.columns)
                update = product.reshape(-1)
            found.append(weights + update)
        return torch.cat(found)

    def rate(self, parameters: Tensor, motion: Tensor, inputs: Tensor) -> Tensor:
        """Highest time derivative ``(..., d)``."""
        return self.inner.rate(self.weights(parameters), motion, inputs)

    @cached_property
    def _sizes(self) -> list[int]:
        return [
            size if matrix is None else self.rank * (matrix.rows + matrix.columns)
            for size, matrix in self.pieces
        ]


def with_update(field: NetField, *, rank: int = 1, seed: int = 0) -> NetField:
    """The same field, ready to be carried to another regime by fitting an update of low rank.

    Parameters
    ----------
    field : NetField
        Trained; if it has an update already, this is merged first.
    rank : int
        Of the update of each weight matrix.
    seed : int
        Of the directions that the update starts in.

    Returns
    -------
    NetField
        Its `form` is a `LowRank`; its parameters are those of the update, which is zero.

    Raises
    ------
    ProblemError
        If the rank is not positive.
    """
    base = merged(field)
    form = LowRank(base.form, base.parameters, rank)
    return replace(base, form=form, parameters=form.initial(seed))


def merged(field: NetField) -> NetField:
    """A plain network with the weights that a field with an update has; others as they are."""
    while isinstance(field.form, LowRank):
        weights = field.form.weights(torch.from_numpy(field.parameters.copy())).numpy()
        field = replace(field, form=field.form.inner, parameters=weights)
    return field
