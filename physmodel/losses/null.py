"""The null model of a law: smooth random motion plus noise, with nothing to predict.

A constant, a random walk and an integrated random walk (the prior of the smoothing spline), each
observed with white noise, are fitted to every state on its own. Data that such a motion explains
as well as any equation hold no evidence of a law.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import cholesky_banded, lapack

from physmodel.losses.stencils import increments

Array = NDArray[np.float64]

#: Ratios of random-motion to noise variance per sampling interval that are tried.
RATIOS = np.concatenate([[0.0], np.logspace(-8.0, 8.0, 33)])


def null_evidence(pieces: Sequence[tuple[Array, Array, Array]]) -> float:
    """Criterion of the best random motion, comparable with `Law.evidence` per residual.

    Parameters
    ----------
    pieces : sequence of (time, states, inputs)
        In computing units.

    Returns
    -------
    float
        Per residual that carries information.

    References
    ----------
    Harvey (1989), Forecasting, Structural Time Series Models and the Kalman Filter, chapter 2.
    """
    n_states = pieces[0][1].shape[1]
    best = np.full(n_states, np.inf)
    count = sum(len(time) - 1 for time, _, _ in pieces)
    for order in (1, 2):
        maps = [_differences(time, order) for time, _, _ in pieces]
        rows = [left @ states for left, (_, states, _) in zip(maps, pieces, strict=True)]
        gaps = [np.diff(time) for time, _, _ in pieces]
        for ratio in RATIOS:
            squares, determinant = np.zeros(n_states), 0.0
            for left, block, gap in zip(maps, rows, gaps, strict=True):
                white, log_det = _white(left, block, ratio, gap, order)
                squares += np.sum(white**2, axis=0)
                determinant += log_det - 2.0 * float(np.log(left.diagonal(1)).sum())
            variance = np.maximum(squares / count, np.finfo(float).tiny)
            best = np.minimum(best, np.log(variance) + determinant / count)
    return float(best.mean())


def _differences(time: Array, order: int) -> sparse.csr_array:
    """Increments of every interval, or the first slope and then the changes of the slope."""
    first = increments(time, 1)
    if order == 1:
        return first
    start = first[:1] / (time[1] - time[0])
    return sparse.csr_array(sparse.vstack([start, increments(time, 2)]))


def _white(
    left: sparse.csr_array, block: Array, ratio: float, gap: Array, order: int
) -> tuple[Array, float]:
    """Whitened increments of noise plus random motion, with the log determinant."""
    covariance = sparse.csr_array(left @ left.T)
    n = covariance.shape[0]
    bands = np.zeros((order + 1, n))
    for offset in range(order + 1):
        bands[order - offset, offset:] = covariance.diagonal(offset)
    if order == 1:
        bands[-1] += ratio * gap
    else:
        # The first velocity is what the random force brings about in the time of the record: a
        # constant rate is a law, and no random motion.
        before = np.concatenate([[3.0 * gap.sum()], gap[:-1]])
        bands[-1] += ratio * (before + gap) / 3.0
        bands[-2, 1:] += ratio * gap[:-1] / 6.0
    bands[-1] *= 1.0 + 1e-12
    factor = cholesky_banded(bands, check_finite=False)
    white, _ = lapack.dtbtrs(factor, block, uplo="U", trans="T")
    return white, 2.0 * float(np.log(factor[-1]).sum())
