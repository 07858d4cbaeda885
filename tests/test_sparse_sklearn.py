"""The scikit-learn face: its own conformance suite, and that it adds nothing to the solvers."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from physmodel.errors import ProblemError
from physmodel.optimizers.sparse import lasso
from physmodel.optimizers.sparse.estimators_sklearn import METHODS, SparseRegressor


@pytest.mark.parametrize("method", METHODS)
def test_conformance(method: str) -> None:
    with warnings.catch_warnings():
        # Checks that need optional packages are skipped with a warning.
        warnings.simplefilter("ignore")
        records = check_estimator(SparseRegressor(method), on_fail=None)
    failed = [r["check_name"] for r in records if r["status"] == "failed"]
    assert failed == []
    assert sum(r["status"] == "passed" for r in records) > 30


def test_intercept_and_constant_columns() -> None:
    rng = np.random.default_rng(0)
    matrix = np.hstack([rng.standard_normal((50, 6)), np.full((50, 1), 3.0)])
    signal = 2.0 * matrix[:, 1] + 5.0 + 0.1 * rng.standard_normal(50)
    model = SparseRegressor().fit(matrix, signal)
    centred = matrix[:, :6] - matrix[:, :6].mean(axis=0)
    alone = lasso(centred, signal - signal.mean())
    np.testing.assert_allclose(model.coef_[:6], alone.coefficients, atol=1e-12)
    assert model.coef_[6] == 0.0
    # The fit passes through the means.
    np.testing.assert_allclose(model.predict(matrix).mean(), signal.mean(), rtol=1e-12)
    assert model.result_.status == "optimal"


def test_in_a_pipeline() -> None:
    rng = np.random.default_rng(1)
    matrix = rng.standard_normal((80, 10)) * 10.0 ** np.arange(10)
    targets = np.column_stack([matrix[:, 9] / 1e9, matrix[:, 0]])
    pipe = make_pipeline(StandardScaler(), SparseRegressor("best_subset", sparsity=1))
    assert pipe.fit(matrix, targets).score(matrix, targets) == pytest.approx(1.0)


def test_parameters_of_other_methods_are_refused() -> None:
    with pytest.raises(ProblemError, match="has no sparsity"):
        SparseRegressor("lasso", sparsity=3).fit(np.eye(3), np.arange(3.0))
    with pytest.raises(ProblemError, match="no method"):
        SparseRegressor("ridge").fit(np.eye(3), np.arange(3.0))
