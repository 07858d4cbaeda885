"""Our choice of terms as an optimizer of PySINDy; imports PySINDy, so it is imported late."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pysindy.optimizers import BaseOptimizer
from threadpoolctl import threadpool_limits

from physmodel.constants import ENGINE
from physmodel.optimizers.subset.selection import InformationCriterion, select
from physmodel.optimizers.subset.triangular import TriangularFactor, triangular_factor, unscaled

Array = NDArray[np.float64]

#: Rows per tile: the working set does not grow with the record.
TILE = 8192

#: Rounds between support and correlation of its residual; two are usual.
MAX_ROUNDS = 5


class SubsetOptimizer(BaseOptimizer):  # type: ignore[misc]
    """Choose the terms of each equation by an information criterion; there is nothing to set.

    Backward elimination, then additions, deletions and exchanges, until none lowers the extended
    Bayesian criterion (Chen and Chen 2008, Biometrika 95, 759). The number of independent samples
    is the number of samples over the correlation time of the residual: derivatives of smoothed
    data have errors that hang together. The support does not change when a feature or the
    derivative is rescaled.

    The errors of the derivatives should be noise. Those of low-order differences on clean data
    are functions of the state, which a criterion takes for part of the law: use
    ``ps.FiniteDifference(order=8)``, or `latent_parts`, which needs no derivatives.

    Attributes
    ----------
    coef_ : ndarray (d, p)
        Least squares on the support.
    ind_ : ndarray of bool (d, p)
        The support.
    """

    def __init__(self) -> None:
        super().__init__(unbias=False)

    def fit(self, x_: Any, y: Any, sample_weight: Any = None, **reduce_kws: Any) -> SubsetOptimizer:
        """Fit features (n, p) to derivatives (n, d); see `pysindy.optimizers.BaseOptimizer`."""
        super().fit(x_, y, sample_weight, **reduce_kws)
        # The base class compares with 1e-14, which depends on units.
        self.ind_ = self.coef_ != 0.0
        return self

    def _reduce(self, x: Array, y: Array) -> None:
        features, rates = np.asarray(x), np.asarray(y)
        with threadpool_limits(1, "blas"):
            self.coef_ = np.array([_equation(features, rate) for rate in rates.T])
        self.history_.append(self.coef_)


def _equation(features: Array, rate: Array) -> Array:
    """Sparse coefficients (p,) of one equation."""
    factor = triangular_factor(_tiles(features, rate))
    weights = _chosen(factor, float(len(rate)))
    for _ in range(MAX_ROUNDS):
        before, independent = weights, len(rate) / correlation_time(rate - features @ weights)
        weights = _chosen(factor, independent)
        if np.array_equal(before != 0.0, weights != 0.0):
            break
    return weights


def _tiles(features: Array, rate: Array) -> Iterator[tuple[Array, Array]]:
    for first in range(0, len(rate), TILE):
        yield features[first : first + TILE], rate[first : first + TILE]


def _chosen(factor: TriangularFactor, independent: float) -> Array:
    # A left-hand side of zero has no terms.
    if factor.total == 0.0:
        return np.zeros(factor.n_columns)
    rows = max(round(independent), 2)
    penalty = np.log(factor.n_rows) + 2.0 * np.log(factor.n_columns)
    # Nothing is known about the size of the noise here: the floor is relative.
    criterion = InformationCriterion(
        rows, float(penalty), ENGINE.negligible_misfit * factor.total / rows
    )
    return unscaled(factor, select(factor, [criterion])[0])


def correlation_time(residual: Array) -> float:
    """Samples per independent sample of a sequence.

    `residual` ``(n,)``. Returns: at least one: neighbours that repel each other are not believed.

    References
    ----------
    Geyer (1992), Statistical Science 7, 473: the initial positive sequence.
    """
    n = len(residual)
    spectrum = np.fft.rfft(residual - residual.mean(), 2 * n)
    covariance = np.fft.irfft(np.abs(spectrum) ** 2)[: n - n % 2]
    if not covariance.any() or covariance[0] <= 0.0:
        return 1.0
    pairs = covariance.reshape(-1, 2).sum(axis=1) / covariance[0]
    positive = int(np.argmax(pairs <= 0.0)) if (pairs <= 0.0).any() else len(pairs)
    return max(1.0, float(2.0 * pairs[:positive].sum() - 1.0))
