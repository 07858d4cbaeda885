"""What methods of a fixed number of atoms share: thresholds, fits and how they report."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import lstsq

from physmodel.errors import ProblemError
from physmodel.optimizers.sparse.criterion import check_sparsity
from physmodel.optimizers.sparse.design import Design, DictionaryLike
from physmodel.optimizers.sparse.opening import open_design
from physmodel.optimizers.sparse.record import SparseResult, Status
from physmodel.optimizers.sparse.support_proof import support_certificate, support_statuses
from physmodel.optimizers.sparse.supports.matching import orthogonal_matching_pursuit_of

Array = NDArray[np.float64]
#: From a design with one signal, a number of atoms and a budget of iterations to coefficients of
#: unit columns, iterations and whether the method ended by itself.
Method = Callable[[Design, int, int], tuple[Array, int, bool]]


def hard_threshold(x: Array, sparsity: int) -> Array:
    """Keep the largest entries of a vector and set the others to zero.

    Of equal entries the first ones stay, so that doing it twice changes nothing.
    """
    kept = np.argsort(-np.abs(x), kind="stable")[:sparsity]
    out = np.zeros_like(x)
    out[kept] = x[kept]
    return out


def largest(x: Array, count: int) -> NDArray[np.intp]:
    """Places of the largest entries, ascending."""
    return np.sort(np.argsort(-np.abs(x), kind="stable")[:count])


def least_squares(design: Design, support: NDArray[np.intp]) -> Array:
    """Coefficients (p,) of the fit of one signal by some columns, of least norm if not unique."""
    x = np.zeros(design.n_atoms)
    if not len(support):
        return x
    if design.gram is None:
        assert design.signals is not None  # noqa: S101
        matrix, target = design.columns(support), design.signals[:, 0]
    else:
        matrix = design.unit_gram[np.ix_(support, support)]
        target = design.correlation[support, 0]
    # Singular values of dependent columns are rounding that grows with the size of the matrix.
    rounding = max(matrix.shape) * np.finfo(float).eps
    x[support] = lstsq(matrix, target, cond=rounding, check_finite=False)[0]
    return x


def run_signals(
    method: Method,
    dictionary: DictionaryLike,
    signals: ArrayLike | None,
    sparsity: int | None,
    iterations: int,
) -> SparseResult:
    """Apply a method to every signal and report.

    `dictionary`, `signals`: as for `orthogonal_matching_pursuit`. `sparsity`: by default, for each
    signal, what orthogonal matching pursuit takes. `iterations`: budget.
    """
    design = open_design(dictionary, signals)
    check_sparsity(sparsity, design.n_rows, design.n_atoms)
    if iterations < 1:
        raise ProblemError(f"{iterations} iterations", fix="pass 1 or more")
    if sparsity is None:
        first = orthogonal_matching_pursuit_of(design, None, None)
        used = first.coefficients != 0.0
        sizes = np.atleast_1d(used.sum(axis=0))
    else:
        sizes = np.full(design.n_signals, sparsity)
    answers = [
        method(design.signal(i), int(size), iterations)
        if size
        else (np.zeros(design.n_atoms), 0, True)
        for i, size in enumerate(sizes)
    ]
    x = np.stack([answer[0] for answer in answers], axis=1)
    certificate = support_certificate(design, x)
    statuses = tuple(
        status if answer[2] or status is Status.OPTIMAL else Status.LIMIT
        for answer, status in zip(answers, support_statuses(certificate), strict=True)
    )
    return SparseResult(
        design.restore(x), statuses, certificate, max(answer[1] for answer in answers)
    )
