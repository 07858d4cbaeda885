"""Least squares that are linear in some of the parameters: those are eliminated exactly.

References
----------
Golub and Pereyra (1973), The differentiation of pseudo-inverses and nonlinear least squares
problems whose variables separate, SIAM J. Numer. Anal. 10, 413-432;
Kaufman (1975), A variable projection method for solving separable nonlinear least squares problems,
BIT 15, 49-57 (the second term of the derivative is small where the fit is good; leaving it out
halves the work and hardly changes the steps).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr, solve_triangular

from physmodel.errors import ProblemError
from physmodel.optimizers.least_squares.damped_descent import TOLERANCE
from physmodel.optimizers.least_squares.levenberg_marquardt import levenberg_marquardt
from physmodel.optimizers.least_squares.residuals import Minimum

Array = NDArray[np.float64]


class SeparableResiduals(Protocol):
    """Residuals ``columns(shape) @ weights - target``."""

    @property
    def target(self) -> Array:
        """What is to be matched, ``(m,)``."""

    def columns(self, shape: Array) -> Array:
        """Columns ``(m, k)`` at the nonlinear parameters ``(q,)``."""

    def linearised(self, shape: Array) -> tuple[Array, Array]:
        """Columns ``(m, k)`` and their derivatives ``(m, k, q)``."""


@dataclass(frozen=True, eq=False)
class SeparableMinimum:
    """Where the optimiser ended.

    `shape`: its ``parameters`` are the nonlinear ones ``(q,)``. `weights` ``(k,)``: the linear
    parameters; zero for columns that rounding makes out of the others.
    """

    shape: Minimum
    weights: Array


def variable_projection(
    problem: SeparableResiduals,
    start: Array,
    *,
    max_iterations: int = 200,
    tolerance: float = TOLERANCE,
) -> SeparableMinimum:
    """Minimise half the squared norm of separable residuals.

    Parameters
    ----------
    problem : SeparableResiduals
    start : ndarray (q,)
        The linear parameters need none.
    max_iterations, tolerance
        See `physmodel.optimizers.least_squares.levenberg_marquardt.levenberg_marquardt`.

    Raises
    ------
    ProblemError
        If the start is not a finite vector, if columns or derivatives are not finite there, or if
        their shapes do not belong to the target.
    """
    projected = Projected(problem)
    found = levenberg_marquardt(
        projected, start, max_iterations=max_iterations, tolerance=tolerance
    )
    columns = problem.columns(found.parameters)
    weights = _fit(columns, problem.target).weights
    shape = Minimum(
        found.parameters,
        found.cost,
        found.ending,
        found.iterations,
        found.history,
        "variable-projection",
    )
    return SeparableMinimum(shape, weights)


@dataclass(frozen=True, eq=False)
class Projected:
    """Residuals of the best linear parameters, as a function of the nonlinear ones alone."""

    problem: SeparableResiduals

    def values(self, parameters: Array) -> Array:
        """Residuals ``(m,)``."""
        columns = self.problem.columns(parameters)
        if not np.all(np.isfinite(columns)):
            return np.full(len(self.problem.target), np.nan)
        return _fit(columns, self.problem.target).residuals

    def linearised(self, parameters: Array) -> tuple[Array, Array]:
        """Residuals ``(m,)`` and Kaufman's derivatives ``(m, q)``, whose gradient is exact."""
        columns, derivatives = self.problem.linearised(parameters)
        m = len(self.problem.target)
        if columns.shape[0] != m or derivatives.shape != (*columns.shape, len(parameters)):
            raise ProblemError(
                f"columns of shape {columns.shape} and derivatives of shape {derivatives.shape} "
                f"do not belong to {m} targets and {len(parameters)} parameters",
                fix="return a row per target, a column per weight, a layer per parameter",
            )
        if not (np.all(np.isfinite(columns)) and np.all(np.isfinite(derivatives))):
            return np.full(m, np.nan), np.full((m, len(parameters)), np.nan)
        fit = _fit(columns, self.problem.target)
        slope = np.einsum("mkq,k->mq", derivatives, fit.weights)
        return fit.residuals, slope - fit.basis @ (fit.basis.T @ slope)


@dataclass(frozen=True, eq=False)
class _Fit:
    weights: Array
    residuals: Array
    #: Orthonormal, spans the columns.
    basis: Array


def _fit(columns: Array, target: Array) -> _Fit:
    """Least squares by QR with column exchanges; dependent columns get no weight."""
    largest = np.max(np.abs(columns), axis=0, initial=0.0)  # its square need not be in range
    scale = np.where(largest > 0.0, largest, 1.0)
    q, r, order = qr(columns / scale, mode="economic", pivoting=True, check_finite=False)
    diagonal = np.abs(np.diag(r))
    rounding = np.finfo(float).eps * max(columns.shape)
    rank = int(np.sum(diagonal > rounding * diagonal.max(initial=0.0)))
    basis = q[:, :rank]
    along = basis.T @ target
    weights = np.zeros(columns.shape[1])
    weights[order[:rank]] = solve_triangular(r[:rank, :rank], along, check_finite=False)
    weights /= scale
    residuals = basis @ along - target
    # Once more, so that the residuals are orthogonal to the columns to the last digit.
    residuals -= basis @ (basis.T @ residuals)
    return _Fit(weights, residuals, basis)
