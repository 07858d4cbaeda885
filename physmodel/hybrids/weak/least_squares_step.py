"""One least-squares step of a fit in the weak form, and what the last one says about errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.hybrids.weak.weak_fit import Round, State
from physmodel.models.fields.expression_field import ExpressionField
from physmodel.problem.algebra.calculus import derivative, names_in

Array = NDArray[np.float64]

#: Part of its size by which a parameter that does not enter linearly moves in one round at most.
STRIDE = 0.5

#: Size of such a parameter, relative to its start, below which it moves as if it had that size: it
#: may change sign.
LEAST_SIZE = 1e-3

#: Singular values relative to the largest below which directions of parameters are unknown.
UNKNOWN = 1e-9

#: Range of one change of the noise, and part of the degrees of freedom that is always taken to be
#: left: a first guess far off must not send the noise to nothing or to everything.
NOISE_STEP, LEAST_FREEDOM = (0.5, 2.0), 0.1


def least_sizes(field: ExpressionField) -> Array:
    """Sizes ``(q,)`` from which the strides of parameters count, see `LEAST_SIZE`.

    Infinite for parameters that all equations are linear in, the others as they are: these may
    move anywhere.
    """
    slopes = [[derivative(one, name) for one in field.expressions] for name in field.names]
    inside = [
        any(name in names_in(slope) for slope in row)
        for name, row in zip(field.names, slopes, strict=True)
    ]
    start = np.where(field.parameters == 0.0, 1.0, np.abs(field.parameters))
    return np.where(np.array(inside, dtype=bool), LEAST_SIZE * start, np.inf)


@dataclass(frozen=True, eq=False)
class Solved:
    """What one least-squares step gives.

    Attributes
    ----------
    parameters : ndarray (q,)
    weights : ndarray (K,)
        Of all columns behind the parameters; zero for those that were not fitted.
    rss : float
        Squared whitened residual; that of the whole step where a stride was cut short.
    used : float
        Degrees of freedom.
    """

    parameters: Array
    weights: Array
    rss: float
    used: float


def solved(
    now: Round,
    parameters: Array,
    free: NDArray[np.intp],
    least: Array,
    size: float = 0.0,
) -> Solved:
    """Make one least-squares step.

    Parameters
    ----------
    now : Round
    parameters : ndarray (q,)
        The present ones; where the data do not decide, they stay.
    free : ndarray of int (k,)
        Columns behind the parameters that are fitted.
    least : ndarray (q,)
        See `least_sizes`.
    size : float
        Variance of their weights over that of the noise; zero for weights that may be anything.
    """
    q, rows = now.q, now.rows(free, size)
    n = len(now.factor.r)
    target = np.zeros(len(rows))
    target[:n] = now.factor.c - rows[:n, :q] @ parameters
    norm = np.linalg.norm(rows, axis=0)
    norm = np.where(norm > 0.0, norm, 1.0)
    left, singular, across = np.linalg.svd(rows / norm, full_matrices=False)
    kept = singular > UNKNOWN * singular.max(initial=0.0)
    left, singular, across = left[:, kept], singular[kept], across[kept]
    change = (across.T @ ((left.T @ target) / singular)) / norm
    misfit = (target - rows @ change)[:n]
    stride = STRIDE * np.maximum(np.abs(parameters), least)
    weights = np.zeros(now.factor.n_columns - q)
    weights[free] = change[q:]
    return Solved(
        parameters + np.clip(change[:q], -stride, stride),
        weights,
        now.factor.residual + float(misfit @ misfit),
        float(np.sum(left[:n] ** 2)),
    )


def covariance_of(rows: Array) -> Array:
    """Inverse ``(k, k)`` of ``rows' rows`` for rows ``(r, k)``; very large where it is singular."""
    norm = np.linalg.norm(rows, axis=0)
    norm = np.where(norm > 0.0, norm, np.finfo(float).tiny ** 0.25)
    _, singular, across = np.linalg.svd(rows / norm, full_matrices=False)
    safe = np.maximum(singular, np.finfo(float).eps * singular.max(initial=1.0))
    root = across.T / safe / norm[:, None]
    return np.asarray(root @ root.T)


def rescaled(now: Round, state: State, used: float) -> Array:
    """Noise levels ``(d,)`` one step closer to the maximum of their likelihood."""
    rigid = np.zeros((1, len(state.noise)))  # the equation itself has no error here
    evidence = sum(row.variance_scores(state.coefficients, rigid)[0] for row in now.step.rows)
    left = max(1.0 - used / now.step.criterion.n_rows, LEAST_FREEDOM)
    return state.noise * np.clip(np.sqrt(evidence[0] / evidence[1] / left), *NOISE_STEP)
