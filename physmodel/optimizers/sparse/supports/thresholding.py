"""Sequentially thresholded least squares, the optimiser of SINDy.

References
----------
Brunton, Proctor, Kutz (2016), PNAS 113, 3932 (STLSQ); Zhang and Schaeffer (2019),
Multiscale Model. Simul. 17, 948 (its convergence).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.errors import ProblemError
from physmodel.optimizers.sparse.criterion import check_sparsity, extended_bic
from physmodel.optimizers.sparse.design import Design, DictionaryLike
from physmodel.optimizers.sparse.opening import open_design
from physmodel.optimizers.sparse.record import Certificate, SparseResult, Status
from physmodel.optimizers.sparse.support_proof import support_certificate, support_statuses
from physmodel.optimizers.sparse.supports.fixed_size import least_squares

Array = NDArray[np.float64]

#: Thresholds that are tried when nobody names one, and the smallest relative to the largest.
TRIED, SMALLEST = 40, 1e-4
#: Columns up to which a Gram is formed.
MOST_COLUMNS = 4096
#: From a design with one signal and a threshold to coefficients of unit columns, iterations and
#: whether the method ended by itself.
Run = Callable[[Design, float], tuple[Array, int, bool]]


def stlsq(
    dictionary: DictionaryLike,
    signals: ArrayLike | None = None,
    *,
    threshold: float | None = None,
    ridge: float = 0.0,
    iterations: int = 100,
    scaled: bool = True,
) -> SparseResult:
    """Fit by least squares, drop coefficients below a threshold, repeat until none is.

    Parameters
    ----------
    dictionary : array_like (m, p), LinearOperator (m, p) or Gram
    signals : array_like (m,) or (m, k)
        None with a Gram.
    threshold : float, optional
        By default the extended Bayesian information criterion chooses among forty.
    ridge : float
        Half the squared norm of the coefficients is added with this weight.
    iterations : int
        Budget; a support that only shrinks needs at most one per column.
    scaled : bool
        Threshold and ridge act on coefficients of unit columns, so that units do not matter. False
        gives SINDy's threshold on the coefficients as they are.

    Returns
    -------
    SparseResult
        Its `penalty` is the threshold.
    """
    design = open_design(dictionary, signals)
    check_request(design, threshold, ridge, iterations)
    factor = np.ones(design.n_atoms) if scaled else 1.0 / design.scale
    bend = ridge * factor**2

    def run(part: Design, level: float) -> tuple[Array, int, bool]:
        return _sequential(part, level / factor, bend, iterations)

    return report_thresholds(design, run, factor, threshold)


def check_request(design: Design, threshold: float | None, ridge: float, iterations: int) -> None:
    """Refuse what no thresholding method can do."""
    if design.n_atoms > MOST_COLUMNS:
        raise ProblemError(
            f"{design.n_atoms} columns are too many for dense least squares",
            fix="use lasso or orthogonal_matching_pursuit",
        )
    for name, value in (("threshold", threshold), ("ridge", ridge)):
        if value is not None and not 0.0 <= value < np.inf:
            raise ProblemError(f"the {name} is {value}", fix="pass a finite number of 0 or more")
    if iterations < 1:
        raise ProblemError(f"{iterations} iterations", fix="pass 1 or more")


def report_thresholds(
    design: Design, run: Run, factor: Array, threshold: float | None
) -> SparseResult:
    """Run every signal at the threshold, or at the one that the criterion prefers."""
    parts = [design.signal(i) for i in range(design.n_signals)]
    answers, levels = [], []
    for part in parts:
        tried = [threshold] if threshold is not None else _thresholds(part, factor)
        runs = [run(part, level) for level in tried]
        best = 0
        if len(runs) > 1:
            values = [_value(part, answer[0]) for answer in runs]
            # Of equal values the largest threshold: the sparsest answer.
            best = len(values) - 1 - int(np.argmin(values[::-1]))
        answers.append(runs[best])
        levels.append(tried[best])
    x = np.stack([answer[0] for answer in answers], axis=1)
    certificate: Certificate = support_certificate(design, x)
    statuses = tuple(
        status if answer[2] else Status.LIMIT
        for answer, status in zip(answers, support_statuses(certificate), strict=True)
    )
    return SparseResult(
        design.restore(x),
        statuses,
        certificate,
        max(answer[1] for answer in answers),
        design.per_signal(np.array(levels)),
    )


def _thresholds(design: Design, factor: Array) -> list[float]:
    """Rising; the first keeps nearly all coefficients of the full fit, the last none."""
    full = least_squares(design, np.arange(design.n_atoms)) * factor
    top = max(float(np.abs(full).max()), float(np.abs(design.correlation[:, 0] * factor).max()))
    return list(1.01 * top * np.geomspace(SMALLEST, 1.0, TRIED)) if top > 0.0 else [0.0]


def _value(design: Design, x: Array) -> float:
    """Criterion of the support of an answer, fitted without shrinkage."""
    support = np.flatnonzero(x)
    rows = design.n_rows or design.n_atoms
    if len(support) > check_sparsity(None, rows, design.n_atoms):
        return np.inf
    rss = design.gradient(least_squares(design, support)[:, None])[1]
    values = np.repeat(rss[None], len(support) + 1, axis=1)
    return float(extended_bic(values, design.energy, rows, design.n_atoms)[0, -1])


def _sequential(
    design: Design, threshold: Array, ridge: Array, iterations: int
) -> tuple[Array, int, bool]:
    support = np.arange(design.n_atoms)
    x = np.zeros(design.n_atoms)
    for count in range(1, iterations + 1):
        if ridge.any():
            x = np.zeros(design.n_atoms)
            block = design.unit_gram[np.ix_(support, support)] + np.diag(ridge[support])
            x[support] = np.linalg.lstsq(block, design.correlation[support, 0], rcond=None)[0]
        else:
            x = least_squares(design, support)
        kept = support[np.abs(x[support]) >= threshold[support]]
        if len(kept) == len(support):
            return x, count, True
        support = kept
        if not len(support):
            return np.zeros(design.n_atoms), count, True
    return least_squares(design, support), iterations, False
