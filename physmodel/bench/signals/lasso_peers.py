"""Lasso paths of the peers: the same penalties, no intercept, a tolerance that can be turned."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: ``(matrix (m, p), signal (m,), penalties (n,), tolerance) -> coefficients (n, p)``.
PathSolver = Callable[[Array, Array, Array, float], Array]

MAX_ITERATIONS = 100_000


def scikit_learn(matrix: Array, signal: Array, penalties: Array, tolerance: float) -> Array:
    """``sklearn.linear_model.lasso_path``, which chooses the Gram route by itself."""
    from sklearn.linear_model import lasso_path

    with warnings.catch_warnings():
        # It warns where a tolerance is out of reach; the gap that is measured says the same.
        warnings.simplefilter("ignore")
        _, coefficients, _ = lasso_path(
            matrix,
            signal,
            alphas=penalties / len(signal),
            tol=tolerance,
            max_iter=MAX_ITERATIONS,
        )
    return np.asarray(coefficients.T, dtype=float)


def celer(matrix: Array, signal: Array, penalties: Array, tolerance: float) -> Array:
    """``celer.celer_path``."""
    path = import_module("celer").celer_path
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, coefficients, _ = path(
            matrix, signal, "lasso", alphas=penalties / len(signal), tol=tolerance, max_iter=500
        )
    return np.asarray(coefficients.T, dtype=float)


def skglm(matrix: Array, signal: Array, penalties: Array, tolerance: float) -> Array:
    """``skglm.Lasso`` with warm starts from penalty to penalty."""
    model = import_module("skglm").Lasso(
        fit_intercept=False, warm_start=True, tol=tolerance, max_iter=500
    )
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for penalty in penalties:
            model.alpha = penalty / len(signal)
            rows.append(np.array(model.fit(matrix, signal).coef_, dtype=float))
    return np.array(rows)


PEERS: dict[str, tuple[str, PathSolver]] = {
    "scikit-learn": ("sklearn", scikit_learn),
    "celer": ("celer", celer),
    "skglm": ("skglm", skglm),
}


def missing(module: str) -> str | None:
    """Why a peer cannot run, or None."""
    try:
        # Packages compiled for another numpy fail with other errors than ImportError.
        import_module(module)
    except Exception as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())}"
    return None
