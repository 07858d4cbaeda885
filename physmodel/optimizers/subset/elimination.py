"""Backward elimination: from all columns to none, the Wald-weakest column first."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack, qr, solve_triangular

from physmodel.optimizers.subset.triangular import Solution, TriangularFactor

#: A column of unit length whose part outside the others is smaller is made of their rounding.
DEPENDENT = 1e-12

#: Above the first number of columns, one in so many leaves at a time: there a step costs most and
#: decides least.
MANY, SHARE = 256, 32

#: Columns that LAPACK reflects at a time, for the size of its work space.
BLOCK = 64


def backward_elimination(factor: TriangularFactor) -> Iterator[Solution]:
    """Solve on all columns, then repeatedly drop the column that costs least.

    Yields: from the largest support to the empty one, each optimal on its support. Supports of more
    than `MANY` columns shrink by several at once. `Solution.inverse` is a square root of the
    inverse Gram, but no triangle.

    Notes
    -----
    Dropping columns turns the inverse of the triangle, and the projections of the right-hand side
    with it, by the Householder reflections that make its rows of these columns zero but for as
    many entries (Golub and Van Loan, section 5.2), instead of downdating an inverse Gram:
    noise-free data have condition numbers at which the latter loses every digit. A step costs the
    square of the number of columns.
    """
    support, columns = _independent(factor), np.ascontiguousarray(factor.r.T)
    q, r = qr(factor.r[:, support], mode="economic", check_finite=False)
    inverse = solve_triangular(r, np.eye(len(support)), check_finite=False)
    turned = np.asfortranarray(np.vstack([inverse, q.T @ factor.c]))
    while len(support):
        inverse, projections = turned[:-1], turned[-1]
        weights = inverse @ projections
        misfit = weights @ columns[support] - factor.c
        rss = factor.residual + float(misfit @ misfit)
        solution = Solution(support, weights, rss, inverse)
        yield solution
        count = len(support) // SHARE if len(support) > MANY else 1
        worst = np.argsort(solution.drop_costs)[:count]
        reflected, scalars, _, _ = lapack.dgeqrf(inverse[worst].T)
        rest = np.delete(turned, worst, axis=0)
        size = BLOCK * len(rest)
        rest, _, _ = lapack.dormqr("R", "N", reflected, scalars, rest, size, overwrite_c=True)
        turned, support = rest[:, count:], np.delete(support, worst)
    yield Solution(support, np.empty(0), factor.total, np.empty((0, 0)))


def _independent(factor: TriangularFactor) -> NDArray[np.intp]:
    """Columns that rounding does not make out of the others, at most as many as rows."""
    support = np.flatnonzero(np.abs(factor.r).max(axis=0, initial=0.0) > 0.0)
    if not len(support):
        return support
    triangle, order = qr(factor.r[:, support], mode="r", pivoting=True, check_finite=False)
    rank = int(np.sum(np.abs(np.diag(triangle)) > DEPENDENT))
    return np.sort(support[order[:rank]])
