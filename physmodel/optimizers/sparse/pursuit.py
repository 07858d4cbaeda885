"""Basis pursuit and basis pursuit denoising, exact at the end of a path of Lasso problems.

References
----------
Chen, Donoho, Saunders (1998), SIAM J. Sci. Comput. 20, 33;
Osborne, Presnell, Turlach (2000), IMA J. Numer. Anal. 20, 389 (the path is piecewise linear);
Fuchs (2004), IEEE Trans. Inf. Theory 50, 1341 (the dual certificate).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog

from physmodel.errors import ProblemError
from physmodel.optimizers.sparse.design import Design, Dictionary
from physmodel.optimizers.sparse.duality import penalties
from physmodel.optimizers.sparse.greedy import support_certificate
from physmodel.optimizers.sparse.l1 import noise_level
from physmodel.optimizers.sparse.opening import open_design
from physmodel.optimizers.sparse.record import Certificate, SparseResult, Status
from physmodel.optimizers.sparse.support import SupportFit, fit_support
from physmodel.optimizers.sparse.working_set import solve

Array = NDArray[np.float64]

#: Relative duality gap and residual at which an answer counts as optimal.
OPTIMAL = 1e-7
#: The penalty falls by this factor until the end of the path is in sight.
FALL = 0.1
MAX_ROUNDS = 40
#: A penalty this small, relative to the largest useful one, drowns in rounding.
SMALLEST = 1e-11


def basis_pursuit(
    dictionary: Dictionary,
    signals: ArrayLike | None = None,
    *,
    weights: ArrayLike | None = None,
    scaled: bool = True,
) -> SparseResult:
    """Minimise ``|x|_1`` subject to ``A x = y``.

    Parameters
    ----------
    dictionary : array_like (m, p), LinearOperator (m, p) or Gram
    signals : array_like (m,) or (m, k)
        None with a Gram.
    weights : array_like (p,), optional
        Positive costs of the coefficients (reweighted basis pursuit).
    scaled : bool
        Costs are those of coefficients of unit columns, so that units do not matter.

    Returns
    -------
    SparseResult
        ``optimal`` with a dual point that proves it, or ``infeasible``.

    Raises
    ------
    ProblemError
    """
    return _pursue(dictionary, signals, 0.0, weights, scaled)


def basis_pursuit_denoising(
    dictionary: Dictionary,
    signals: ArrayLike | None = None,
    *,
    tolerance: float | ArrayLike | None = None,
    weights: ArrayLike | None = None,
    scaled: bool = True,
) -> SparseResult:
    """Minimise ``|x|_1`` subject to ``|A x - y| <= tolerance``.

    Parameters
    ----------
    dictionary, signals, weights, scaled
        As for `basis_pursuit`.
    tolerance : float or array_like (k,), optional
        By default ``sigma sqrt(m + 2 sqrt(2 m))``, which bounds the norm of ``m`` noise values in
        some 98% of records, with the noise level of the scaled Lasso.

    Returns
    -------
    SparseResult
        Its `penalty` is the one of the equivalent Lasso.
    """
    return _pursue(dictionary, signals, tolerance, weights, scaled)


def _pursue(
    dictionary: Dictionary,
    signals: ArrayLike | None,
    tolerance: float | ArrayLike | None,
    weights: ArrayLike | None,
    scaled: bool,
) -> SparseResult:
    design = open_design(dictionary, signals)
    cost = penalties(design, 1.0, 0.0, weights, scaled)[0][:, 0]
    if not (cost > 0.0).all():
        raise ProblemError(
            "a weight is zero", fix="pass positive weights, or project the column out"
        )
    if tolerance is None:
        m = design.n_rows
        level = noise_level(design) * np.sqrt(m + 2.0 * np.sqrt(2.0 * m))
    else:
        level = np.asarray(tolerance, dtype=float)
    level = np.broadcast_to(level, (design.n_signals,))
    if not (level >= 0.0).all():
        raise ProblemError("the tolerance is negative or missing", fix="pass numbers of 0 or more")
    parts = [_one(design.signal(i), float(level[i]), cost) for i in range(design.n_signals)]
    x = np.stack([part[0] for part in parts], axis=1)
    numbers = np.array([part[1] for part in parts])
    with np.errstate(invalid="ignore"):
        gap = numbers[:, 0] - numbers[:, 1]
    proof = support_certificate(design, x)
    shape = design.per_signal
    certificate = Certificate(
        shape(numbers[:, 0]),
        shape(numbers[:, 1]),
        shape(np.where(np.isnan(gap), np.inf, gap)),
        shape(numbers[:, 2]),
        proof.coherence,
        proof.recovery,
        proof.sparsest,
    )
    return SparseResult(
        design.restore(x),
        tuple(part[2] for part in parts),
        certificate,
        max(part[3] for part in parts),
        shape(np.array([part[4] for part in parts])),
    )


Answer = tuple[Array, tuple[float, float, float], Status, int, float]


def _one(design: Design, level: float, cost: Array) -> Answer:
    """Walk down the Lasso path until the constraint is met, exactly."""
    size = float(np.sqrt(design.energy[0]))
    if level >= size:
        return np.zeros(design.n_atoms), (0.0, 0.0, 0.0), Status.OPTIMAL, 0, 0.0
    largest = float((np.abs(design.correlation[:, 0]) / cost).max())
    lam, low, high = FALL * largest, 0.0, largest
    x = np.zeros(design.n_atoms)
    best: Answer | None = None
    rounds = 0
    while rounds < MAX_ROUNDS and largest > 0.0:
        rounds += 1
        x = solve(design, (lam * cost)[:, None], np.zeros(design.n_atoms), x[:, None])[0][:, 0]
        fit = fit_support(design, x, cost)
        if fit is None:
            # Dependent columns: no line to follow, but the side of the constraint is known.
            left = float(np.sqrt(design.gradient(x[:, None])[1][0]))
            low, high = (low, lam) if left > level else (lam, high)
            lam = np.sqrt(low * high) if low > 0.0 else FALL * lam
            continue
        answer = _judge(design, fit, level, cost, rounds)
        if best is None or answer[1][0] - answer[1][1] < best[1][0] - best[1][1]:
            best = answer
        if answer[2] is Status.OPTIMAL:
            return answer
        if fit.residual > max(level, OPTIMAL * size) and fit.slope.max() <= 1e-9 * largest:
            # The residual is orthogonal to every column, so nothing can make it smaller.
            return fit.x, (np.inf, np.inf, 0.0), Status.INFEASIBLE, rounds, lam
        low, high = (low, lam) if _residual(fit, lam) > level else (lam, high)
        proposed = fit.penalty(level) if level > 0.0 else 0.0
        inside = low < proposed < high
        lam = proposed if inside else np.sqrt(low * high) if low > 0.0 else FALL * lam
        if lam < SMALLEST * largest:
            break
    if level == 0.0 and design.matrix is not None:
        return _linear_program(design, cost, rounds)
    if best is None:
        return x, (float(cost @ np.abs(x)), 0.0, np.inf), Status.STALLED, rounds, lam
    return best


def _residual(fit: SupportFit, lam: float) -> float:
    return float(np.sqrt(fit.residual**2 + lam**2 * fit.bend))


def _judge(design: Design, fit: SupportFit, level: float, cost: Array, rounds: int) -> Answer:
    """The point on the present piece of the path that meets the constraint, and its proof."""
    size = float(np.sqrt(design.energy[0]))
    lam = fit.penalty(level)
    x = fit.x - lam * fit.direction
    primal = float(cost @ np.abs(x))
    # Along a piece the residual is that of the fit plus lam times the dual direction.
    slope = (fit.left + lam * fit.dual) / cost if lam > 0.0 else fit.dual / cost
    steep = float(np.abs(slope).max(initial=0.0))
    if lam > 0.0:
        along = fit.along + lam * fit.dual_along
        dual = (along - level * _residual(fit, lam)) / steep
    else:
        dual = fit.dual_along / max(steep, 1.0)
    left = _residual(fit, lam)
    excess = max(left - level, 0.0) / size
    good = primal - dual <= OPTIMAL * (1.0 + primal) and excess <= OPTIMAL
    status = Status.OPTIMAL if good else Status.STALLED
    return x, (primal, dual, excess), status, rounds, lam


def _linear_program(design: Design, cost: Array, rounds: int) -> Answer:
    """The same problem by the simplex method, where ties keep the path from its end."""
    assert design.matrix is not None  # noqa: S101
    assert design.signals is not None  # noqa: S101
    matrix = design.matrix / design.scale
    target = design.signals[:, 0]
    solved = linprog(
        np.concatenate([cost, cost]),
        A_eq=np.hstack([matrix, -matrix]),
        b_eq=target,
        bounds=(0.0, None),
        method="highs",
    )
    if solved.status == 2:
        return (
            np.zeros(design.n_atoms),
            (np.inf, np.inf, 0.0),
            Status.INFEASIBLE,
            rounds,
            0.0,
        )
    if solved.x is None:
        return np.zeros(design.n_atoms), (np.inf, 0.0, np.inf), Status.STALLED, rounds, 0.0
    x = solved.x[: design.n_atoms] - solved.x[design.n_atoms :]
    point = solved.eqlin.marginals
    steep = float((np.abs(matrix.T @ point) / cost).max(initial=1.0))
    primal, dual = float(cost @ np.abs(x)), float(target @ point) / max(steep, 1.0)
    excess = float(np.linalg.norm(matrix @ x - target) / np.linalg.norm(target))
    good = primal - dual <= OPTIMAL * (1.0 + primal) and excess <= OPTIMAL
    status = Status.OPTIMAL if good else Status.STALLED
    return x, (primal, dual, excess), status, rounds, 0.0
