"""Least squares reduced to one small triangle, accumulated tile by tile.

The R factor of ``[A b]`` holds everything that a least-squares problem needs, in ``(p + 1)^2``
numbers whatever the number of rows, and with the full precision that a Gram matrix loses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr, solve_triangular

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TriangularFactor:
    """Sufficient statistics of ``min |A w - b|`` with unit-norm columns.

    `r` ``(m, p)``: triangle of the column-scaled matrix. `c` ``(m,)``: the right-hand side in the
    same orthonormal basis. `residual`: squared distance of ``b`` from the range of ``A``. `scale`
    ``(p,)``: column norms of ``A``; a coefficient of the scaled problem is ``w * scale``. `n_rows`:
    number of rows that went in.
    """

    r: Array
    c: Array
    residual: float
    scale: Array
    n_rows: int

    @property
    def n_columns(self) -> int:
        """Number of candidate columns ``p``."""
        return self.r.shape[1]

    @property
    def total(self) -> float:
        """Squared norm of the right-hand side."""
        return float(self.c @ self.c) + self.residual


@dataclass(frozen=True)
class Solution:
    """Least squares on one support.

    Attributes
    ----------
    support : ndarray of int (k,)
        Columns in use, ascending.
    weights : ndarray (k,)
        Coefficients of the *scaled* columns.
    rss : float
        Residual sum of squares.
    inverse : ndarray (k, k)
        Inverse of the triangle of the support; ``inverse @ inverse.T`` is the inverse Gram.
    """

    support: NDArray[np.intp]
    weights: Array
    rss: float
    inverse: Array

    @property
    def variances(self) -> Array:
        """Diagonal of the inverse Gram, for unit noise."""
        return np.einsum("ij,ij->i", self.inverse, self.inverse)

    @property
    def drop_costs(self) -> Array:
        """Rise of ``rss`` when a single column is dropped (the Wald statistic)."""
        return self.weights**2 / self.variances


def triangular_factor(tiles: Iterable[tuple[Array, Array]]) -> TriangularFactor:
    """Accumulate rows into a triangle (sequential TSQR).

    Parameters
    ----------
    tiles : iterable of (A, b)
        Row blocks ``A`` of shape ``(rows, p)`` and ``b`` of shape ``(rows,)``.

    References
    ----------
    Demmel, Grigori, Hoemmen, Langou (2012), SIAM J. Sci. Comput. 34, A206.
    """
    stack: Array | None = None
    n_rows = 0
    for matrix, target in tiles:
        block = np.column_stack([matrix, target])
        n_rows += len(block)
        stack = block if stack is None else np.vstack([stack, block])
        stack = qr(stack, mode="r", check_finite=False)[0][: stack.shape[1]]
    if stack is None:
        raise ValueError("triangular_factor needs at least one tile")
    scale = np.sqrt(np.einsum("ij,ij->j", stack[:, :-1], stack[:, :-1]))
    # A column of zeros stays a column of zeros: dividing by one keeps it out of every support.
    scale = np.where(scale > 0.0, scale, 1.0)
    p = stack.shape[1] - 1
    top = min(p, len(stack))
    residual = float(np.sum(stack[top:, -1] ** 2))
    return TriangularFactor(stack[:top, :-1] / scale, stack[:top, -1], residual, scale, n_rows)


def unscaled(factor: TriangularFactor, solution: Solution) -> Array:
    """Coefficients ``(p,)`` of the columns as they came, zero outside the support.

    Returns ``(p,)``.
    """
    weights = np.zeros(factor.n_columns)
    weights[solution.support] = solution.weights / factor.scale[solution.support]
    return weights


def solve_support(factor: TriangularFactor, support: NDArray[np.intp]) -> Solution:
    """Least squares restricted to some columns.

    `support` ``(k,)``.
    """
    if not len(support):
        return Solution(support, np.empty(0), factor.total, np.empty((0, 0)))
    columns = factor.r[:, support]
    q, r = qr(columns, mode="economic", check_finite=False)
    k = len(support)
    # Exactly dependent columns would give infinities; a tiny ridge keeps the numbers finite and
    # makes their variance so large that elimination drops one of them first.
    tiny = np.finfo(float).eps * np.abs(np.diag(r)).max(initial=1.0)
    safe = r + np.diag(np.where(np.abs(np.diag(r)) < tiny, tiny, 0.0))
    inverse = solve_triangular(safe, np.eye(k), check_finite=False)
    weights = inverse @ (q.T @ factor.c)
    misfit = columns @ weights - factor.c
    return Solution(support, weights, factor.residual + float(misfit @ misfit), inverse)
