"""Read what a nonlinear optimiser starts from; bad input is named before anything is computed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError

Array = NDArray[np.float64]


def open_start(start: Array) -> Array:
    """Copy a start.

    `start` ``(p,)``. Returns ``(p,)``. Raises ProblemError if it is not a vector of finite numbers.
    """
    fix = "start from a vector of finite numbers, one per unknown"
    try:
        x = np.array(start, dtype=float)
    except (TypeError, ValueError) as error:
        raise ProblemError(f"the start cannot be read as numbers: {error}", fix=fix) from error
    if x.ndim != 1:
        raise ProblemError(f"the start has the shape {x.shape}", fix=fix)
    finite = np.isfinite(x)
    if not finite.all():
        raise ProblemError(f"the start is not finite at entry {int(np.argmin(finite))}", fix=fix)
    return x


def check_linearised(residuals: Array, column_norms: Array) -> None:
    """Refuse a start from which no step can be judged.

    `residuals` ``(m,)``. `column_norms` ``(p,)``: lengths of the columns of the derivatives. Raises
    ProblemError if a residual or a derivative is not finite.
    """
    finite = np.isfinite(residuals)
    if not finite.all():
        raise ProblemError(
            f"residual {int(np.argmin(finite))} is not finite at the start",
            why="no step can be judged from there",
            fix="start where the model can be evaluated",
        )
    finite = np.isfinite(column_norms)
    if not finite.all():
        raise ProblemError(
            f"a derivative by parameter {int(np.argmin(finite))} is not finite at the start",
            why="no step can be made from there",
            fix="start where the model is smooth, or leave that parameter out",
        )
