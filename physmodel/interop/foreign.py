"""PySINDy's optimizers in our pipeline: a choice of terms on a whitened triangle."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.optimizers.subset.selection import InformationCriterion
from physmodel.optimizers.subset.triangular import Solution, TriangularFactor, solve_support

Selector = Callable[
    [TriangularFactor, InformationCriterion | None, NDArray[np.intp] | None], Solution
]


def selector(optimizer: Any) -> Selector:
    """Make a PySINDy optimizer choose terms as `physmodel.optimizers.subset.selection.select` does.

    The optimizer gets columns of unit length and a left-hand side of unit length: a threshold is
    then a share of the left-hand side, and the support does not depend on units. The coefficients
    are those of least squares on its support.

    Parameters
    ----------
    optimizer : pysindy optimizer
        It is not changed.

    Returns
    -------
    callable
        ``(factor, criterion, near) -> Solution``; the last two are there to take the place of
        `select` and are not used.

    Raises
    ------
    ProblemError
        If the object cannot fit.
    """
    if not hasattr(optimizer, "fit"):
        raise ProblemError(
            f"{type(optimizer).__name__} is no PySINDy optimizer",
            why="it has no method 'fit'",
            fix="give an object such as pysindy.STLSQ(threshold=0.1)",
        )

    def choose(
        factor: TriangularFactor,
        criterion: InformationCriterion | None = None,
        near: NDArray[np.intp] | None = None,
    ) -> Solution:
        length = np.sqrt(factor.total)
        if length == 0.0:
            return solve_support(factor, np.empty(0, dtype=np.intp))
        # The last row holds what no column explains, so that residuals come out right.
        rows = np.vstack([factor.r, np.zeros((1, factor.n_columns))])
        target = np.append(factor.c, np.sqrt(factor.residual)) / length
        fitted = copy.deepcopy(optimizer).fit(rows, target[:, None])
        support = np.flatnonzero(np.ravel(np.asarray(fitted.coef_)))
        return solve_support(factor, support)

    return choose
