"""Backward elimination: from all columns to none, one Wald-weakest column at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr, qr_delete

from physmodel.optimizers.triangular import Solution, TriangularFactor, solution_from_qr

#: A column of unit length whose part outside the others is smaller is made of their rounding.
DEPENDENT = 1e-12


def backward_elimination(factor: TriangularFactor) -> Iterator[Solution]:
    """Solve on all columns, then repeatedly drop the column that costs least.

    Parameters
    ----------
    factor : TriangularFactor

    Yields
    ------
    Solution
        From the largest support to the empty one, each optimal on its support.

    Notes
    -----
    Dropping a column updates the QR factors (Golub and Van Loan, section 6.5) instead of
    downdating an inverse Gram: noise-free data have condition numbers at which the latter
    loses every digit.
    """
    support = _independent(factor)
    q, r = qr(factor.r[:, support], mode="full", check_finite=False)
    while len(support):
        k = len(support)
        columns = factor.r[:, support]
        solution = solution_from_qr(factor, support, (q.T @ factor.c)[:k], r[:k], columns)
        yield solution
        worst = int(np.argmin(solution.drop_costs))
        q, r = qr_delete(q, r, worst, which="col", check_finite=False)
        support = np.delete(support, worst)
    yield Solution(support, np.empty(0), factor.total, np.empty((0, 0)))


def _independent(factor: TriangularFactor) -> NDArray[np.intp]:
    """Columns that rounding does not make out of the others, at most as many as rows."""
    support = np.flatnonzero(np.abs(factor.r).max(axis=0, initial=0.0) > 0.0)
    if not len(support):
        return support
    triangle, order = qr(factor.r[:, support], mode="r", pivoting=True, check_finite=False)
    rank = int(np.sum(np.abs(np.diag(triangle)) > DEPENDENT))
    return np.sort(support[order[:rank]])
