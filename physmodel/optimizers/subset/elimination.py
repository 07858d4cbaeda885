"""Backward elimination: from all columns to none, the Wald-weakest column first."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr, qr_delete, solve_triangular

from physmodel.optimizers.subset.triangular import Solution, TriangularFactor

#: A column of unit length whose part outside the others is smaller is made of their rounding.
DEPENDENT = 1e-12

#: Above the first number of columns, one in so many leaves at a time: there a step costs most and
#: decides least.
MANY, SHARE = 256, 32


def backward_elimination(factor: TriangularFactor) -> Iterator[Solution]:
    """Solve on all columns, then repeatedly drop the column that costs least.

    Yields: from the largest support to the empty one, each optimal on its support. Supports of more
    than `MANY` columns shrink by several at once.

    Notes
    -----
    Dropping a column rotates the QR factors (Golub and Van Loan, section 6.5) instead of
    downdating an inverse Gram: noise-free data have condition numbers at which the latter
    loses every digit. The same rotations turn the inverse of the triangle and the projections
    of the right-hand side, so that a step costs the square of the number of columns.
    """
    support = _independent(factor)
    q, r = qr(factor.r[:, support], mode="economic", check_finite=False)
    inverse = solve_triangular(r, np.eye(len(support)), check_finite=False)
    turned = np.vstack([inverse, q.T @ factor.c])
    while len(support):
        inverse, projections = turned[:-1], turned[-1]
        weights = inverse @ projections
        misfit = factor.r[:, support] @ weights - factor.c
        rss = factor.residual + float(misfit @ misfit)
        solution = Solution(support, weights, rss, inverse)
        yield solution
        leaving = len(support) // SHARE if len(support) > MANY else 1
        for worst in np.sort(np.argsort(solution.drop_costs)[:leaving])[::-1]:
            turned, r = qr_delete(turned, r, worst, which="col", check_finite=False)
            turned, support = np.delete(turned, worst, axis=0), np.delete(support, worst)
    yield Solution(support, np.empty(0), factor.total, np.empty((0, 0)))


def _independent(factor: TriangularFactor) -> NDArray[np.intp]:
    """Columns that rounding does not make out of the others, at most as many as rows."""
    support = np.flatnonzero(np.abs(factor.r).max(axis=0, initial=0.0) > 0.0)
    if not len(support):
        return support
    triangle, order = qr(factor.r[:, support], mode="r", pivoting=True, check_finite=False)
    rank = int(np.sum(np.abs(np.diag(triangle)) > DEPENDENT))
    return np.sort(support[order[:rank]])
