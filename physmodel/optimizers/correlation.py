"""How many of the residuals of a fit are independent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from physmodel.constants import ENGINE

Array = NDArray[np.float64]


def effective_samples(pieces: Sequence[Array]) -> float:
    """Number of independent values in correlated series.

    `pieces` ``(n_i, d)``: residuals in time order; columns are series of their own, pieces do not
    touch. Returns: ``sum_j n / (1 + 2 sum_k rho_jk)``, at least one per column and at most all.

    Notes
    -----
    The sum over lags ends at the first pair of neighbouring correlations that is not clearly
    positive (Geyer 1992, Statistical Science 7, 473: initial positive sequence).
    """
    count = sum(len(piece) for piece in pieces)
    if not count:
        return 0.0
    longest = max(len(piece) for piece in pieces)
    sums = np.zeros((longest, pieces[0].shape[1]))
    for piece in pieces:
        spectrum = np.abs(np.fft.rfft(piece, 2 * len(piece), axis=0)) ** 2
        sums[: len(piece)] += np.fft.irfft(spectrum, axis=0)[: len(piece)]
    correlation = sums[1:] / np.where(sums[0] > 0.0, sums[0], 1.0)
    pairs = correlation[: 2 * (len(correlation) // 2)].reshape(-1, 2, sums.shape[1]).sum(axis=1)
    clear = pairs > ENGINE.clear_correlation * np.sqrt(2.0 / count)
    counted = np.cumprod(clear, axis=0)
    return float(np.sum(np.maximum(count / (1.0 + 2.0 * np.sum(pairs * counted, axis=0)), 1.0)))


def lag_one(pieces: Sequence[Array]) -> Array:
    """Correlation of neighbours in each column of series.

    `pieces` ``(n_i, d)``. Returns ``(d,)``.
    """
    product = sum(np.sum(piece[1:] * piece[:-1], axis=0) for piece in pieces)
    square = sum(np.sum(piece**2, axis=0) for piece in pieces)
    return np.asarray(product / np.maximum(square, np.finfo(float).tiny))
