"""Levenberg-Marquardt for many local unknowns, coupled like a chain, and a few shared ones.

The derivatives are ``[A | B]``: ``A`` sparse with a banded normal matrix (states along
trajectories), ``B`` dense (parameters of the law). The local unknowns are eliminated exactly by a
banded Cholesky factorisation, so that an iteration costs a multiple of their number.

References
----------
Björck (1996), Numerical Methods for Least Squares Problems, sections 6.3 (bordered problems) and
2.9 (one step of refinement gives normal equations the accuracy of orthogonal ones);
Schlöder and Bock (1983), Identification of rate constants in bistable chemical reactions (the
structure of multiple shooting).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_solve_banded, cholesky_banded, qr, solve_triangular
from scipy.sparse import coo_array, csr_array, diags_array
from scipy.sparse.csgraph import reverse_cuthill_mckee

from physmodel.errors import ProblemError
from physmodel.optimizers.least_squares.damped_descent import TOLERANCE, damped_descent
from physmodel.optimizers.least_squares.residuals import Minimum

Array = NDArray[np.float64]
#: A SciPy sparse array or matrix of any format; SciPy ships no types.
Sparse = Any


class BorderedResiduals(Protocol):
    """A loss as a vector of residuals that depend on local and on shared unknowns.

    A point where the model cannot be evaluated gives entries that are not finite; it is taken for
    a step too far.
    """

    def values(self, local: Array, shared: Array) -> Array:
        """Residuals ``(m,)`` at local unknowns ``(n,)`` and shared ones ``(p,)``."""

    def linearised(self, local: Array, shared: Array) -> tuple[Array, Sparse, Array]:
        """Residuals ``(m,)``, derivatives by local ``(m, n)``, sparse, and shared ``(m, p)``."""


@dataclass(frozen=True, eq=False)
class BorderedMinimum:
    """Where the optimiser ended.

    `shared`: its ``parameters`` are the shared unknowns ``(p,)``; its cost is that of everything.
    `local` ``(n,)``.
    """

    shared: Minimum
    local: Array


def bordered_least_squares(
    problem: BorderedResiduals,
    local: Array,
    shared: Array,
    *,
    max_iterations: int = 200,
    tolerance: float = TOLERANCE,
    worth: float = 0.0,
) -> BorderedMinimum:
    """Minimise half the squared norm of residuals over local and shared unknowns.

    Raises ProblemError if a start is not a finite vector, or the residuals are not finite there, or
    the derivatives do not have the shapes promised.

    `local` ``(n,)``: start; the order does not matter, neighbours are found from the derivatives.
    `shared` ``(p,)``: start. `tolerance`: relative change of cost and unknowns below which the
    search has converged. `worth`: part of the cost that ten iterations have to gain, or they are
    the last: along directions that the residuals hardly see, searches go on for hundreds of them.
    """
    n = np.size(local)

    def linearise(x: Array) -> BorderedModel:
        residuals, by_local, by_shared = problem.linearised(x[:n], x[n:])
        wanted = (len(residuals), n), (len(residuals), len(x) - n)
        if (by_local.shape, by_shared.shape) != wanted:
            raise ProblemError(
                f"the derivatives have shapes {by_local.shape} and {by_shared.shape}, "
                f"not {wanted[0]} and {wanted[1]}",
                fix="return a row per residual, a column per local or shared unknown",
            )
        return BorderedModel(residuals, csr_array(by_local), by_shared)

    found = damped_descent(
        lambda x: problem.values(x[:n], x[n:]),
        linearise,
        np.concatenate([np.ravel(local), np.ravel(shared)]),
        method="bordered-levenberg-marquardt",
        bend=False,  # measured in shooting: no fewer Jacobians, and two thirds more values
        max_iterations=max_iterations,
        tolerance=tolerance,
        worth=worth,
    )
    x = found.parameters
    return BorderedMinimum(
        Minimum(x[n:], found.cost, found.ending, found.iterations, found.history, found.method),
        x[:n],
    )


@dataclass(frozen=True, eq=False)
class BorderedModel:
    """Residuals near a point, to first order.

    `residuals` ``(m,)``, `by_shared` ``(m, p)``.
    """

    residuals: Array
    by_local: csr_array
    by_shared: Array

    @property
    def least_damping(self) -> float:
        """Rounding of the normal matrix."""
        return 1e-15

    @cached_property
    def gradient(self) -> Array:
        """Derivatives of half the squared norm, ``(n + p,)``."""
        return np.concatenate([self.by_local.T @ self.residuals, self.by_shared.T @ self.residuals])

    @cached_property
    def column_norms(self) -> Array:
        """Lengths of the columns of the derivatives, ``(n + p,)``."""
        with np.errstate(over="ignore"):  # a flow without bounds, which the caller refuses
            squares = self.by_local.power(2).sum(axis=0)
        return np.concatenate([np.sqrt(squares), np.linalg.norm(self.by_shared, axis=0)])

    def along(self, step: Array) -> Array:
        """Change of the residuals by a step ``(n + p,)``, to first order."""
        n = self.by_local.shape[1]
        return self.by_local @ step[:n] + self.by_shared @ step[n:]

    def solver(self, scale: Array) -> Callable[[float, Array], Array]:
        """Scaled steps at many dampings; see `LinearModel.solver`."""
        n = self.by_local.shape[1]
        by_local = csr_array(self.by_local @ diags_array(1.0 / scale[:n]))
        by_shared = self.by_shared / scale[n:]
        gram = csr_array(by_local.T @ by_local)
        order = _narrow_order(gram)
        by_local, band = by_local[:, order], _lower_band(gram[order][:, order])

        def solve(damping: float, residuals: Array) -> Array:
            dense = np.column_stack([by_shared, residuals])
            root = np.sqrt(damping)
            damped = band.copy()
            damped[0] += damping
            try:
                factor = cholesky_banded(damped, lower=True, check_finite=False)
            except LinAlgError:
                return np.full(len(scale), np.nan)
            explained = cho_solve_banded((factor, True), by_local.T @ dense, check_finite=False)
            rest = dense - by_local @ explained
            correction = by_local.T @ rest - damping * explained
            explained += cho_solve_banded((factor, True), correction, check_finite=False)
            rest = dense - by_local @ explained
            p = len(scale) - n
            rows = np.vstack([rest, root * explained, root * np.eye(p, p + 1)])
            triangle = qr(rows, mode="r", check_finite=False)[0]
            shared = -solve_triangular(triangle[:p, :p], triangle[:p, p], check_finite=False)
            step = np.empty(len(scale))
            step[order] = -explained[:, p] - explained[:, :p] @ shared
            step[n:] = shared
            return step

        return solve


def _narrow_order(gram: csr_array) -> NDArray[np.intp]:
    """An order of the unknowns in which coupled ones are near each other."""
    given = np.arange(gram.shape[0])
    found = np.asarray(reverse_cuthill_mckee(gram, symmetric_mode=True), dtype=np.intp)
    return found if _bandwidth(gram[found][:, found]) < _bandwidth(gram) else given


def _bandwidth(gram: csr_array) -> int:
    entries = coo_array(gram)
    return int(np.max(np.abs(entries.row - entries.col), initial=0))


def _lower_band(gram: csr_array) -> Array:
    """Diagonals of the lower half as rows, as LAPACK wants them."""
    entries = coo_array(gram)
    below = entries.row >= entries.col
    row, column = entries.row[below], entries.col[below]
    band = np.zeros((int(np.max(row - column, initial=0)) + 1, gram.shape[0]))
    band[row - column, column] = entries.data[below]
    return band
