"""SR3: sparse relaxed regularised regression.

References
----------
Zheng, Askham, Brunton, Kutz, Aravkin (2019), IEEE Access 7, 1404.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cho_factor, cho_solve

from physmodel.errors import ProblemError
from physmodel.optimizers.sparse.design import Design, DictionaryLike, Gram
from physmodel.optimizers.sparse.l1.duality import penalised_certificate
from physmodel.optimizers.sparse.l1.working_set import solve
from physmodel.optimizers.sparse.opening import open_design
from physmodel.optimizers.sparse.record import SparseResult, Status
from physmodel.optimizers.sparse.supports.thresholding import check_request, report_thresholds

Array = NDArray[np.float64]

#: Relative change at which the iteration has arrived.
SETTLED = 1e-12


def sr3(
    dictionary: DictionaryLike,
    signals: ArrayLike | None = None,
    *,
    threshold: float | None = None,
    penalty: Literal["l0", "l1"] = "l0",
    coupling: float = 1.0,
    iterations: int = 10_000,
    scaled: bool = True,
) -> SparseResult:
    """Sparse relaxed regularised regression: least squares and thresholds on two coupled copies.

    Minimises ``|y - A x|^2 / 2 + coupling |x - w|^2 / 2 + penalty(w)`` and returns ``w``.

    Parameters
    ----------
    dictionary, signals, scaled
        As for `stlsq`.
    threshold : float, optional
        Coefficients below it are set to zero (l0), or all shrink by it (l1): the weight of the
        penalty is ``coupling threshold^2 / 2`` or ``coupling threshold``. By default the extended
        Bayesian information criterion chooses among forty.
    penalty : {"l0", "l1"}
    coupling : float
        Relative to the squared norm of a (unit) column.
    iterations : int
        Budget.

    Returns
    -------
    SparseResult
        With l1 the problem is a Lasso, solved exactly, and its duality gap is the certificate.
        `penalty` is the threshold.
    """
    design = open_design(dictionary, signals)
    check_request(design, threshold, 0.0, iterations)
    if penalty not in ("l0", "l1") or not coupling > 0.0:
        raise ProblemError(
            f"SR3 with penalty {penalty!r} and coupling {coupling}",
            fix="penalty 'l0' or 'l1', coupling above 0",
        )
    factor = np.ones(design.n_atoms) if scaled else 1.0 / design.scale
    kappa = coupling * factor**2
    # The coupling bounds this matrix from below: a product with its inverse is as exact as solving,
    # and many times faster in the thousands of small steps.
    inverse = cho_solve(cho_factor(design.unit_gram + np.diag(kappa)), np.eye(design.n_atoms))

    def run(part: Design, level: float) -> tuple[Array, int, bool]:
        if penalty == "l0":
            return _relaxed(part, level / factor, kappa, inverse, iterations)
        relaxed = _relaxed_gram(part, kappa, inverse)
        lam = (kappa * level / factor)[:, None] / relaxed.scale[:, None]
        x, steps, done = solve(relaxed, lam, np.zeros(part.n_atoms))
        return x[:, 0] / relaxed.scale, int(steps[0]), bool(done[0])

    result = report_thresholds(design, run, factor, threshold)
    if penalty == "l0" or design.n_signals != 1:
        return result
    relaxed = _relaxed_gram(design.signal(0), kappa, inverse)
    level = np.ravel(np.asarray(result.penalty))[0]
    x = np.reshape(result.coefficients, (-1, 1)) * design.scale[:, None] * relaxed.scale[:, None]
    lam = (kappa * level / factor / relaxed.scale)[:, None]
    proof = penalised_certificate(relaxed, x, lam, np.zeros(design.n_atoms))
    tight = float(np.ravel(np.asarray(proof.gap))[0]) <= 1e-9 * float(design.energy[0])
    statuses = (Status.OPTIMAL if tight else result.statuses[0],)
    return SparseResult(result.coefficients, statuses, proof, result.iterations, result.penalty)


def _relaxed(
    design: Design, threshold: Array, kappa: Array, inverse: Array, iterations: int
) -> tuple[Array, int, bool]:
    w = fitted = inverse @ design.correlation[:, 0]
    carried = inverse * kappa
    for count in range(1, iterations + 1):
        x = fitted + carried @ w
        moved = np.where(np.abs(x) >= threshold, x, 0.0)
        change = float(np.abs(moved - w).max())
        w = moved
        if change <= SETTLED * float(np.abs(w).max(initial=0.0)):
            return w, count, True
    return w, iterations, False


def _relaxed_gram(design: Design, kappa: Array, inverse: Array) -> Design:
    """The problem that is left when the unpenalised copy is solved for."""
    correlation = design.correlation[:, 0]
    gram = np.diag(kappa) - kappa[:, None] * inverse * kappa
    energy = float(design.energy[0]) - float(correlation @ inverse @ correlation)
    record = Gram(0.5 * (gram + gram.T), kappa * (inverse @ correlation), energy, design.n_rows)
    return open_design(record, None)
