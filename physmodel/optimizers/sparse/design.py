"""One face for a matrix, a Gram or an operator, with columns brought to unit norm."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.linalg import LinearOperator

Array = NDArray[np.float64]

#: Columns per application of an operator while it is written out.
TILE = 256


@dataclass(frozen=True)
class Gram:
    """Sufficient statistics of ``min |A x - y|``: enough for every solver that needs no residual.

    Attributes
    ----------
    gram : ndarray (p, p)
        ``A.T @ A``.
    correlation : ndarray (p,) or (p, k)
        ``A.T @ y``.
    energy : float or ndarray (k,)
        ``y @ y`` of each signal.
    n_rows : int
        Rows that went in.
    """

    gram: Array
    correlation: Array
    energy: float | Array
    n_rows: int


#: Whatever a solver takes as its dictionary.
DictionaryLike: TypeAlias = ArrayLike | LinearOperator | Gram


@dataclass(frozen=True)
class Design:
    """A dictionary of unit columns and the signals to represent.

    `scale` ``(p,)``: norms of the caller's columns; coefficients here are the caller's times
    ``scale``. `correlation` ``(p, k)``: inner products of unit columns and signals. `energy`
    ``(k,)``: squared norms of the signals. `single`: whether the caller gave one signal as a
    vector. `matrix`, `operator`, `gram`: as the caller gave them, not scaled.
    """

    n_rows: int
    n_atoms: int
    scale: Array
    correlation: Array
    energy: Array
    single: bool
    signals: Array | None = None
    matrix: Array | None = None
    operator: LinearOperator | None = None
    gram: Array | None = None

    @property
    def n_signals(self) -> int:
        """Number of signals."""
        return self.correlation.shape[1]

    @property
    def has_gram(self) -> bool:
        """Whether the Gram is at hand: given, or made before."""
        return self.gram is not None or "unit_gram" in self.__dict__

    def signal(self, index: int) -> Design:
        """The same dictionary with one of the signals."""
        part = slice(index, index + 1)
        signals = None if self.signals is None else self.signals[:, part]
        other = Design(
            self.n_rows,
            self.n_atoms,
            self.scale,
            self.correlation[:, part],
            self.energy[part],
            True,
            signals,
            self.matrix,
            self.operator,
            self.gram,
        )
        if "unit_gram" in self.__dict__:
            other.__dict__["unit_gram"] = self.unit_gram
        return other

    def columns(self, index: NDArray[np.intp]) -> Array:
        """Unit columns (m, len(index)); not for a Gram."""
        if self.matrix is not None:
            return self.matrix[:, index] / self.scale[index]
        unit = np.zeros((self.n_atoms, len(index)))
        unit[index, np.arange(len(index))] = 1.0
        return self.apply(unit)

    def apply(self, x: Array) -> Array:
        """Synthesis (m, k) from coefficients (p, k) of unit columns; not for a Gram."""
        x = x / self.scale[:, None]
        if self.matrix is not None:
            used = np.flatnonzero(x.any(axis=1))
            # Most coefficients are zero: touch only the columns in use.
            if 4 * len(used) < self.n_atoms:
                return self.matrix[:, used] @ x[used]
            return self.matrix @ x
        assert self.operator is not None  # noqa: S101
        return np.asarray(self.operator.matmat(x), dtype=float)

    def adjoint(self, residual: Array) -> Array:
        """Inner products (p, k) of unit columns with residuals (m, k); not for a Gram."""
        if self.matrix is not None:
            product = self.matrix.T @ residual
        else:
            assert self.operator is not None  # noqa: S101
            product = adjoint_of(self.operator, residual)
        return product / self.scale[:, None]

    def residual(self, x: Array) -> Array:
        """``y - A x``, (m, k); not for a Gram."""
        assert self.signals is not None  # noqa: S101
        return self.signals - self.apply(x)

    def gradient(self, x: Array, *, quick: bool = False) -> tuple[Array, Array]:
        """Inner products (p, k) of columns with the residual, and its squared norm (k,).

        `quick` allows a Gram that is at hand in place of a tall matrix: the squared norm is then
        exact to the rounding of the signal's energy only.
        """
        tall = quick and "unit_gram" in self.__dict__ and self.n_rows >= self.n_atoms
        if self.gram is None and not tall:
            residual = self.residual(x)
            return self.adjoint(residual), np.einsum("ij,ij->j", residual, residual)
        left = self.correlation - self.unit_gram @ x
        rss = self.energy - np.einsum("ij,ij->j", self.correlation + left, x)
        return left, np.maximum(rss, 0.0)

    def block(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Array:
        """A block of the Gram of unit columns."""
        if self.has_gram:
            return self.unit_gram[np.ix_(rows, columns)]
        return self.columns(rows).T @ self.columns(columns)

    @cached_property
    def unit_gram(self) -> Array:
        """The Gram of all unit columns (p, p)."""
        if self.gram is not None:
            return self.gram / self.scale / self.scale[:, None]
        if self.matrix is not None:
            return (self.matrix.T @ self.matrix) / self.scale / self.scale[:, None]
        gram = np.empty((self.n_atoms, self.n_atoms))
        for start in range(0, self.n_atoms, TILE):
            index = np.arange(start, min(start + TILE, self.n_atoms))
            gram[:, index] = self.adjoint(self.columns(index))
        return gram

    def restore(self, x: Array) -> Array:
        """Coefficients in the caller's units and shape."""
        x = x / self.scale[:, None]
        return x[:, 0] if self.single else x

    def per_signal(self, values: Array) -> float | Array:
        """A float for a single signal, the array otherwise."""
        return float(values[0]) if self.single else values


def adjoint_of(operator: LinearOperator, residual: Array) -> Array:
    """Inner products of the columns of an operator with residuals, by ``rmatvec`` alone."""
    columns = [operator.rmatvec(column) for column in residual.T]
    return np.asarray(np.stack(columns, axis=1), dtype=float)
