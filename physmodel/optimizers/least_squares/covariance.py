"""Uncertainty of fitted parameters, from the derivatives of the residuals at the minimum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import svd

from physmodel.errors import ProblemError

Array = NDArray[np.float64]


def covariance(jacobian: Array, residuals: Array | None = None) -> Array:
    """Covariance of the parameters that minimise a sum of squared residuals.

    `jacobian` ``(m, p)``: derivatives of the residuals at the minimum. `residuals` ``(m,)``:
    residuals at the minimum, from which their common variance is estimated with ``m`` less the rank
    as degrees of freedom. Without them they are whitened: their variance is one. Returns ``(p,
    p)``: infinite where the residuals do not determine a parameter: a diagonal entry with the part
    that the parameter has in the directions along which no residual changes, the others with the
    sign that it has there. All entries are infinite when no degree of freedom is left. Raises
    ProblemError if something is not finite or the sizes do not agree.

    Notes
    -----
    The rank is counted after the columns are brought to unit length, so it does not depend on
    units; a singular value is zero when it is within the rounding of the factorisation, ``eps``
    times the larger size and the largest singular value (Golub and Van Loan, section 5.5.8).
    """
    jacobian = np.asarray(jacobian, dtype=float)
    m, p = _checked_shape(jacobian, residuals)
    norms = np.linalg.norm(jacobian, axis=0)
    scale = np.where(norms > 0.0, norms, 1.0)
    _, singular, right = svd(jacobian / scale, full_matrices=True, check_finite=False)
    rounding = np.finfo(float).eps * max(m, p) * singular.max(initial=0.0)
    rank = int(np.sum(singular > rounding))
    known, unknown = right[:rank], right[rank:]
    weighted = known / singular[:rank, None]
    variance = 1.0
    if residuals is not None:
        if m == rank:
            return np.full((p, p), np.inf)
        variance = float(residuals @ residuals) / (m - rank)
    spread: Array = variance * (weighted.T @ weighted)
    # The projector on the unknown directions, unlike a basis of them, is unique. Rounding tilts
    # them by itself over the gap, here the least singular value that is known.
    projector = unknown.T @ unknown
    tilt = rounding / singular[rank - 1] if rank else 0.0
    infinite = np.abs(projector) > max(tilt, np.finfo(float).eps * p)
    spread[infinite] = np.copysign(np.inf, projector[infinite])
    with np.errstate(over="ignore"):
        return spread / scale[:, None] / scale


def _checked_shape(jacobian: Array, residuals: Array | None) -> tuple[int, int]:
    if jacobian.ndim != 2 or (residuals is not None and np.shape(residuals) != jacobian.shape[:1]):
        raise ProblemError(
            f"derivatives of shape {jacobian.shape} do not belong to residuals of shape "
            f"{None if residuals is None else np.shape(residuals)}",
            fix="pass a row of derivatives per residual",
        )
    if not np.all(np.isfinite(jacobian)) or not np.all(
        np.isfinite(0.0 if residuals is None else residuals)
    ):
        raise ProblemError(
            "residuals or derivatives are not finite",
            why="an uncertainty is only defined at a minimum",
            fix="pass the derivatives at the parameters that the optimiser returned",
        )
    return jacobian.shape[0], jacobian.shape[1]
