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
from scipy.linalg import cholesky_banded

from physmodel.losses.weak_form.banded import triangular_solve
from physmodel.losses.weak_form.stencils import increments

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
        noise = [_noise(left, order) for left in maps]
        motion = [_motion(np.diff(time), order) for time, _, _ in pieces]
        stretch = 2.0 * sum(float(np.log(left.diagonal(1)).sum()) for left in maps)
        for ratio in RATIOS:
            squares, determinant = np.zeros(n_states), -stretch
            for block, still, moving in zip(rows, noise, motion, strict=True):
                white, log_det = _white(still + ratio * moving, block)
                squares += np.sum(white**2, axis=0)
                determinant += log_det
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


def _noise(left: sparse.csr_array, order: int) -> Array:
    """Lower bands of the covariance of increments of unit noise."""
    covariance = sparse.csr_array(left @ left.T)
    bands = np.zeros((order + 1, covariance.shape[0]))
    for offset in range(order + 1):
        bands[offset, : bands.shape[1] - offset] = covariance.diagonal(offset)
    return bands


def _motion(gap: Array, order: int) -> Array:
    """The same of increments of unit random motion."""
    bands = np.zeros((order + 1, len(gap)))
    if order == 1:
        bands[0] = gap
        return bands
    # The first velocity is what the random force brings about in the time of the record: a
    # constant rate is a law, and no random motion.
    before = np.concatenate([[3.0 * gap.sum()], gap[:-1]])
    bands[0] = (before + gap) / 3.0
    bands[1, :-1] = gap[:-1] / 6.0
    return bands


def _white(bands: Array, block: Array) -> tuple[Array, float]:
    """Whitened increments, with the log determinant of their covariance."""
    bands[0] *= 1.0 + 1e-12
    factor = cholesky_banded(bands, overwrite_ab=True, lower=True, check_finite=False)
    return triangular_solve(factor, block), 2.0 * float(np.log(factor[0]).sum())
