"""CoSaMP and subspace pursuit: merge supports, fit, prune.

References
----------
Needell and Tropp (2009), Appl. Comput. Harmon. Anal. 26, 301 (CoSaMP);
Dai and Milenkovic (2009), IEEE Trans. Inf. Theory 55, 2230 (subspace pursuit).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.optimizers.sparse.design import Design, DictionaryLike
from physmodel.optimizers.sparse.record import SparseResult
from physmodel.optimizers.sparse.supports.fixed_size import largest, least_squares, run_signals

Array = NDArray[np.float64]

#: Relative fall of the residual sum of squares below which an iteration changed nothing.
PROGRESS = 1e-12


def cosamp(
    dictionary: DictionaryLike,
    signals: ArrayLike | None = None,
    *,
    sparsity: int | None = None,
    iterations: int = 200,
) -> SparseResult:
    """Compressive sampling matching pursuit: add twice the sparsity, fit, keep the largest.

    Parameters
    ----------
    dictionary, signals, sparsity, iterations
        As for `iterative_hard_thresholding`.

    Returns
    -------
    SparseResult
        The best support that was met, fitted by least squares. Answers do not depend on the scale
        and sign of a column.
    """
    return run_signals(_cosamp, dictionary, signals, sparsity, iterations)


def subspace_pursuit(
    dictionary: DictionaryLike,
    signals: ArrayLike | None = None,
    *,
    sparsity: int | None = None,
    iterations: int = 200,
) -> SparseResult:
    """Add as many columns as the sparsity, fit, keep the largest, fit again.

    Parameters
    ----------
    dictionary, signals, sparsity, iterations
        As for `cosamp`.

    Returns
    -------
    SparseResult
        It stops when the residual no longer falls.
    """
    return run_signals(_subspace, dictionary, signals, sparsity, iterations)


def _cosamp(design: Design, sparsity: int, iterations: int) -> tuple[Array, int, bool]:
    x = np.zeros(design.n_atoms)
    best, value = x, float(design.energy[0])
    slope = design.correlation[:, 0]
    # More columns than rows would fit anything.
    most = max(min(design.n_rows or design.n_atoms, design.n_atoms), sparsity)
    for count in range(1, iterations + 1):
        merged = _merge(x, slope, 2 * sparsity, most)
        wide = least_squares(design, merged)
        kept = largest(wide, sparsity)
        x = np.zeros_like(wide)
        x[kept] = wide[kept]
        slopes, _ = design.gradient(x[:, None])
        slope = slopes[:, 0]
        fitted = least_squares(design, kept)
        rss = float(design.gradient(fitted[:, None])[1][0])
        if not rss < value * (1.0 - PROGRESS):
            return best, count, True
        best, value = fitted, rss
    return best, iterations, False


def _subspace(design: Design, sparsity: int, iterations: int) -> tuple[Array, int, bool]:
    x = least_squares(design, largest(design.correlation[:, 0], sparsity))
    slopes, rss = design.gradient(x[:, None])
    value = float(rss[0])
    most = max(min(design.n_rows or design.n_atoms, design.n_atoms), sparsity)
    for count in range(1, iterations + 1):
        wide = least_squares(design, _merge(x, slopes[:, 0], sparsity, most))
        proposed = least_squares(design, largest(wide, sparsity))
        following, rss = design.gradient(proposed[:, None])
        if not rss[0] < value * (1.0 - PROGRESS):
            return x, count, True
        x, slopes, value = proposed, following, float(rss[0])
    return x, iterations, False


def _merge(x: Array, slope: Array, extra: int, most: int) -> NDArray[np.intp]:
    """The support of `x` and the columns that the residual resembles most."""
    inside = np.flatnonzero(x)
    outside = np.abs(slope)
    outside[inside] = -1.0
    room = min(extra, most - len(inside))
    added = np.argsort(-outside, kind="stable")[: max(room, 0)]
    return np.union1d(inside, added)
