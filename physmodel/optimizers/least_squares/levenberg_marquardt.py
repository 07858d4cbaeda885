"""Levenberg-Marquardt: damped Gauss-Newton steps on a vector of residuals.

References
----------
Moré (1978), The Levenberg-Marquardt algorithm: implementation and theory;
Nielsen (1999), Damping parameter in Marquardt's method, IMM-REP-1999-05.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.optimizers.least_squares.damped_descent import TOLERANCE, damped_descent
from physmodel.optimizers.least_squares.dense_model import DenseModel
from physmodel.optimizers.least_squares.residuals import Minimum, Residuals

Array = NDArray[np.float64]


def levenberg_marquardt(
    problem: Residuals,
    start: Array,
    *,
    max_iterations: int = 200,
    tolerance: float = TOLERANCE,
) -> Minimum:
    """Minimise half the squared norm of residuals.

    `start` ``(p,)``. `tolerance`: relative change of cost and parameters below which the search has
    converged. Raises ProblemError if the start is not a finite vector, or residuals or derivatives
    are not finite there or have the wrong shape.

    Notes
    -----
    The steps do not depend on the units of the parameters nor on a rotation of the residuals. The
    linear problem is solved in the smaller of the two spaces; the Jacobian is held twice.
    """

    def linearise(parameters: Array) -> DenseModel:
        residuals, jacobian = problem.linearised(parameters)
        if jacobian.shape != (len(residuals), len(parameters)):
            raise ProblemError(
                f"the derivatives have the shape {jacobian.shape}, "
                f"not {(len(residuals), len(parameters))}",
                fix="return a row per residual and a column per parameter",
            )
        return DenseModel(residuals, jacobian)

    return damped_descent(
        problem.values,
        linearise,
        start,
        method="levenberg-marquardt",
        bend=True,
        max_iterations=max_iterations,
        tolerance=tolerance,
    )
