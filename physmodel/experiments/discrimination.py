"""How much a planned record would tell about which of several linear models is true.

Every model predicts the whitened left-hand side of the planned record as a Gaussian: its mean from
the coefficients fitted so far, its covariance from unit noise and from what these coefficients
leave open. A difference that other coefficient values of a rival could absorb lies along the wide
directions of that covariance and counts for nothing. Everything is small and closed, except the
probability of a decision, which is simulated.

References
----------
Box, Hill (1967), Technometrics 9, 57 (discrimination by expected entropy);
Kolchinsky, Tracey (2017), Entropy 19, 361 (bounds on the entropy of a mixture).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr, solve_triangular

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Belief:
    """One model as the data so far leave it.

    Attributes
    ----------
    weights : ndarray (q,)
        Fitted coefficients of the common columns, zero outside the support.
    root : ndarray (q, k)
        ``root @ root.T`` is the covariance of the coefficients.
    delta : float
        Information criterion above the best model's.
    """

    weights: Array
    root: Array
    delta: float

    @property
    def size(self) -> int:
        """Coefficients in use."""
        return self.root.shape[1]


@dataclass(frozen=True)
class Predictions:
    """Gaussian densities of the reduced planned record, one per model.

    Attributes
    ----------
    means : ndarray (h, m)
    covariances : ndarray (h, m, m)
    factors : ndarray (h, m, m)
        Their lower Cholesky factors.
    """

    means: Array
    covariances: Array
    factors: Array

    @property
    def log_volumes(self) -> Array:
        """Log determinants ``(h,)`` of the covariances."""
        return _log_det(self.factors)


def probabilities(deltas: Array) -> Array:
    """Model probabilities, proportional to ``exp(-delta / 2)``, along the last axis."""
    odds = np.exp(-(deltas - deltas.min(axis=-1, keepdims=True)) / 2.0)
    shares: Array = odds / odds.sum(axis=-1, keepdims=True)
    return shares


def entropy(shares: Array) -> Array:
    """Entropy in nats along the last axis."""
    logs = np.log(np.where(shares > 0.0, shares, 1.0))
    return np.asarray(-np.sum(shares * logs, axis=-1))


def reduced(matrix: Array) -> Array:
    """Triangle ``(min(r, q), q)`` that stands for the whitened columns ``(r, q)`` of a record.

    What lies outside their range is noise to every model.
    """
    return np.asarray(qr(matrix, mode="r", check_finite=False)[0][: matrix.shape[1]])


def predictions(triangle: Array, beliefs: Sequence[Belief]) -> Predictions:
    """What every model expects of a planned record.

    Parameters
    ----------
    triangle : ndarray (m, q)
        From `reduced`.
    beliefs : sequence of Belief
    """
    spreads = [triangle @ belief.root for belief in beliefs]
    covariances = np.stack([spread @ spread.T for spread in spreads]) + np.eye(len(triangle))
    means = np.stack([triangle @ belief.weights for belief in beliefs])
    return Predictions(means, covariances, np.asarray(np.linalg.cholesky(covariances)))


def overlaps(one: int, expected: Predictions) -> Array:
    """Bhattacharyya distances ``(h,)`` of all predictions from one of them.

    Minus the log of the overlap of two densities: large where they hardly share anything.
    """
    between = (expected.covariances + expected.covariances[one]) / 2.0
    factors = np.linalg.cholesky(between)
    shifts = np.linalg.solve(factors, (expected.means - expected.means[one])[:, :, None])[:, :, 0]
    volumes = expected.log_volumes
    excess = _log_det(factors) - (volumes + volumes[one]) / 2.0
    distances = np.sum(shifts**2, axis=1) / 8.0 + np.maximum(excess, 0.0) / 2.0
    distances[one] = 0.0
    return np.asarray(distances)


def divergences(one: int, expected: Predictions) -> Array:
    """Kullback-Leibler divergences ``(h,)`` of all predictions from one of them."""
    rises = _rises(one, expected) - expected.means.shape[1]
    volumes = expected.log_volumes
    return (rises + volumes - volumes[one]) / 2.0


def remaining(shares: Array, distances: Array) -> float:
    """Bound on the expected entropy of the model probabilities after the planned record.

    With Bhattacharyya distances it is an upper bound, with Kullback-Leibler divergences a lower
    one. It goes on falling where the information itself has long reached its limit, so that
    plans which all seem to settle the matter can still be told apart.

    Parameters
    ----------
    shares : ndarray (h,)
        Probabilities of the models now.
    distances : ndarray (h, h)
        Row ``i``: if model ``i`` is true, distances of all models. Infinite where it does not
        matter which of two models is found.

    Returns
    -------
    float
        Nats.
    """
    ratio = shares[None, :] / shares[:, None] * np.exp(-distances)
    np.fill_diagonal(ratio, 0.0)
    return float(shares @ np.log1p(ratio.sum(axis=1)))


def separations(true: int, expected: Predictions, sizes: Array, growth: float) -> Array:
    """Expected rise of every model's criterion above that of the true one.

    Parameters
    ----------
    true : int
    expected : Predictions
    sizes : ndarray (h,)
        Coefficients of each model.
    growth : float
        Factor by which the number of samples grows, for the price of a coefficient.

    Returns
    -------
    ndarray (h,)
    """
    rises = _rises(true, expected)
    return rises - rises[true] + (sizes - sizes[true]) * np.log(growth)


def simulated_misfits(
    true: int, expected: Predictions, draws: int, rng: np.random.Generator
) -> Array:
    """Rise of every model's residual, after refitting, over simulated records of one true model.

    Returns
    -------
    ndarray (draws, h)
        Squared whitened distance from the prediction; by Woodbury's identity the rise of the
        least-squares residual of old and new rows together.
    """
    noise = rng.standard_normal((draws, expected.means.shape[1]))
    records = expected.means[true] + noise @ expected.factors[true].T
    misfits = np.empty((draws, len(expected.means)))
    for g, (mean, factor) in enumerate(zip(expected.means, expected.factors, strict=True)):
        white = solve_triangular(factor, (records - mean).T, lower=True, check_finite=False)
        misfits[:, g] = np.sum(white**2, axis=0)
    return misfits


def _rises(true: int, expected: Predictions) -> Array:
    """Expected squared whitened distance ``(h,)`` of a record of one model from each prediction."""
    shifts = (expected.means[true] - expected.means)[:, :, None]
    sides = np.concatenate(
        [np.broadcast_to(expected.factors[true], expected.factors.shape), shifts], axis=2
    )
    return np.asarray(np.sum(np.linalg.solve(expected.factors, sides) ** 2, axis=(1, 2)))


def _log_det(factors: Array) -> Array:
    return np.asarray(2.0 * np.log(np.diagonal(factors, axis1=-2, axis2=-1)).sum(axis=-1))
