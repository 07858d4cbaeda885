"""Basis pursuit and basis pursuit denoising, exact at the end of a path of Lasso problems.

References
----------
Chen, Donoho, Saunders (1998), SIAM J. Sci. Comput. 20, 33;
Osborne, Presnell, Turlach (2000), IMA J. Numer. Anal. 20, 389 (the path is piecewise linear).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.errors import ProblemError
from physmodel.optimizers.sparse.design import Design, DictionaryLike
from physmodel.optimizers.sparse.l1.duality import penalties
from physmodel.optimizers.sparse.l1.lasso import noise_level
from physmodel.optimizers.sparse.l1.pursuit_answer import Answer, infeasible, judge, linear_program
from physmodel.optimizers.sparse.l1.support import fit_support
from physmodel.optimizers.sparse.l1.working_set import solve
from physmodel.optimizers.sparse.opening import open_design
from physmodel.optimizers.sparse.record import Certificate, SparseResult, Status
from physmodel.optimizers.sparse.support_proof import support_certificate

Array = NDArray[np.float64]

#: The penalty falls by this factor until the end of the path is in sight.
FALL = 0.1
MAX_ROUNDS = 40
#: A penalty this small, relative to the largest useful one, drowns in rounding.
SMALLEST = 1e-11


def basis_pursuit(
    dictionary: DictionaryLike,
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
    dictionary: DictionaryLike,
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
    dictionary: DictionaryLike,
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
    parts = [pursue(design.signal(i), float(level[i]), cost) for i in range(design.n_signals)]
    x = np.stack([answer.x for answer, _ in parts], axis=1)
    answers = [answer for answer, _ in parts]
    return SparseResult(
        design.restore(x),
        tuple(answer.status for answer in answers),
        certify(design, answers),
        max(count for _, count in parts),
        design.per_signal(np.array([answer.penalty for answer in answers])),
    )


def certify(design: Design, answers: list[Answer]) -> Certificate:
    """The numbers of all signals, with what can be proven about their supports."""
    proof = support_certificate(design, np.stack([answer.x for answer in answers], axis=1))

    def each(values: list[float]) -> float | Array:
        return design.per_signal(np.array(values))

    return Certificate(
        each([answer.primal for answer in answers]),
        each([answer.dual for answer in answers]),
        each([answer.gap for answer in answers]),
        each([answer.excess for answer in answers]),
        proof.coherence,
        proof.recovery,
        proof.sparsest,
    )


def pursue(design: Design, level: float, cost: Array) -> tuple[Answer, int]:
    """Approach the end of the Lasso path by single penalties; its last piece is solved exactly.

    `design`: one signal. `level`: norm of the residual that is allowed. `cost` ``(p,)``: positive.
    Returns `answer`; `rounds`: penalties that were solved for.
    """
    largest = float((np.abs(design.correlation[:, 0]) / cost).max())
    if level >= np.sqrt(design.energy[0]):
        return Answer(np.zeros(design.n_atoms), Status.OPTIMAL), 0
    if largest == 0.0:
        return infeasible(design), 0
    return _approach(design, level, cost, FALL * largest)


def _approach(design: Design, level: float, cost: Array, lam: float) -> tuple[Answer, int]:
    """Solve at falling penalties until the piece of the path that meets the constraint shows."""
    low, high, least = 0.0, lam / FALL, SMALLEST * lam
    x = np.zeros(design.n_atoms)
    best: Answer | None = None
    rounds = 0
    while rounds < MAX_ROUNDS and lam > least:
        rounds += 1
        x = solve(design, (lam * cost)[:, None], np.zeros(design.n_atoms), x[:, None])[0][:, 0]
        fit = fit_support(design, x, cost)
        if fit is None:
            # Nothing is in use: no line to follow, but the side of the constraint is known.
            left, proposed = float(np.sqrt(design.energy[0])), 0.0
        else:
            answer = judge(design, fit, level, cost)
            if answer.settled:
                return answer, rounds
            if best is None or answer.gap < best.gap:
                best = answer
            left = fit.residual_norm(lam)
            proposed = fit.penalty(level) if level > 0.0 else 0.0
        low, high = (low, lam) if left > level else (lam, high)
        inside = low < proposed < high
        lam = proposed if inside else np.sqrt(low * high) if low > 0.0 else FALL * lam
    if level == 0.0 and design.matrix is not None:
        return linear_program(design, cost), rounds
    if best is None:
        return Answer(x, Status.STALLED, float(cost @ np.abs(x)), 0.0, np.inf, lam), rounds
    return best, rounds
