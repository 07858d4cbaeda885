"""The sparse solvers as one scikit-learn regressor; import this module only to use it there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.errors import ProblemError, require
from physmodel.optimizers import sparse
from physmodel.optimizers.sparse.record import SparseResult

# PySINDy brings scikit-learn.
base = require("sklearn.base", "pysindy")
validation = require("sklearn.utils.validation", "pysindy")

Array = NDArray[np.float64]

#: Length of a centred column relative to the column at which it is a constant.
CONSTANT = 1e-12

#: The solvers and the parameters of `SparseRegressor` that they know.
METHODS: dict[str, tuple[Callable[..., SparseResult], frozenset[str]]] = {
    "lasso": (sparse.lasso, frozenset({"penalty"})),
    "elastic_net": (sparse.elastic_net, frozenset({"penalty", "ridge"})),
    "orthogonal_matching_pursuit": (sparse.orthogonal_matching_pursuit, frozenset({"sparsity"})),
    "matching_pursuit": (sparse.matching_pursuit, frozenset()),
    "iterative_hard_thresholding": (sparse.iterative_hard_thresholding, frozenset({"sparsity"})),
    "hard_thresholding_pursuit": (sparse.hard_thresholding_pursuit, frozenset({"sparsity"})),
    "cosamp": (sparse.cosamp, frozenset({"sparsity"})),
    "subspace_pursuit": (sparse.subspace_pursuit, frozenset({"sparsity"})),
    "best_subset": (sparse.best_subset, frozenset({"sparsity"})),
    "stlsq": (sparse.stlsq, frozenset({"threshold", "ridge"})),
    "sr3": (sparse.sr3, frozenset({"threshold"})),
}


@final
class SparseRegressor(base.MultiOutputMixin, base.RegressorMixin, base.BaseEstimator):  # type: ignore[misc, name-defined]
    """Sparse linear regression by any of the solvers of this room.

    Parameters
    ----------
    method : str
        Name of the solver; see `METHODS`.
    penalty, ridge, sparsity, threshold : float or int, optional
        As the solver explains them; None leaves the choice to the data. They act on columns of
        unit norm. One that the solver does not know is refused.
    fit_intercept : bool
        Whether columns and targets are centred first.

    Attributes
    ----------
    coef_ : ndarray (p,) or (k, p)
    intercept_ : float or ndarray (k,)
    result_ : SparseResult
        Status and certificate of the centred problem, without constant columns.
    n_features_in_ : int
    """

    def __init__(
        self,
        method: str = "lasso",
        *,
        penalty: float | None = None,
        ridge: float | None = None,
        sparsity: int | None = None,
        threshold: float | None = None,
        fit_intercept: bool = True,
    ) -> None:
        self.method = method
        self.penalty = penalty
        self.ridge = ridge
        self.sparsity = sparsity
        self.threshold = threshold
        self.fit_intercept = fit_intercept

    def fit(self, X: ArrayLike, y: ArrayLike) -> SparseRegressor:  # noqa: N803
        """Fit ``y = X coef_ + intercept_``.

        Parameters
        ----------
        X : array_like (m, p)
        y : array_like (m,) or (m, k)

        Returns
        -------
        SparseRegressor
            The object itself.
        """
        matrix, target = validation.validate_data(
            self, X, y, dtype=np.float64, multi_output=True, y_numeric=True, ensure_min_samples=2
        )
        target = np.asarray(target, dtype=float)
        solve, options = self._solver()
        means = matrix.mean(axis=0) if self.fit_intercept else np.zeros(matrix.shape[1])
        middle = target.mean(axis=0) if self.fit_intercept else np.zeros(target.shape[1:])
        centred = matrix - means
        lengths = np.linalg.norm(centred, axis=0)
        varies = lengths > CONSTANT * np.linalg.norm(matrix, axis=0)
        x = np.zeros((matrix.shape[1], *target.shape[1:]))
        if varies.any():
            self.result_ = solve(centred[:, varies], target - middle, **options)
            x[varies] = self.result_.coefficients
        self.coef_ = x.T
        self.intercept_ = middle - means @ x
        return self

    def predict(self, X: ArrayLike) -> Array:  # noqa: N803
        """Predict targets (m,) or (m, k) of rows (m, p)."""
        validation.check_is_fitted(self)
        matrix = validation.validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(matrix @ self.coef_.T + self.intercept_, dtype=float)

    def _solver(self) -> tuple[Callable[..., SparseResult], dict[str, Any]]:
        if self.method not in METHODS:
            raise ProblemError(
                f"there is no method {self.method!r}", fix=f"one of {', '.join(METHODS)}"
            )
        solve, known = METHODS[self.method]
        given = {
            name: value
            for name in ("penalty", "ridge", "sparsity", "threshold")
            if (value := getattr(self, name)) is not None
        }
        if strangers := sorted(set(given) - known):
            raise ProblemError(
                f"{self.method} has no {', '.join(strangers)}",
                fix=f"it knows {', '.join(sorted(known)) or 'none of them'}",
            )
        return solve, given
