"""The sparsest exact representation that a portfolio of pursuits finds.

References
----------
Candes, Wakin, Boyd (2008), J. Fourier Anal. Appl. 14, 877 (reweighted basis pursuit);
Donoho and Elad (2003), PNAS 100, 2197 (half as many nonzeros as rows are unique);
Pati, Rezaiifar, Krishnaprasad (1993), Asilomar 27, 40 (orthogonal matching pursuit).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.errors import ProblemError
from physmodel.optimizers.sparse.design import Design, DictionaryLike
from physmodel.optimizers.sparse.l1.pursuit import certify, pursue
from physmodel.optimizers.sparse.l1.pursuit_answer import Answer
from physmodel.optimizers.sparse.opening import open_design
from physmodel.optimizers.sparse.record import SparseResult, Status
from physmodel.optimizers.sparse.support_proof import EXACT, support_statuses
from physmodel.optimizers.sparse.supports.matching import orthogonal_steps

Array = NDArray[np.float64]

#: Coefficient, relative to the largest, that is rounding of one that is zero.
ROUNDING = 1e-9
#: Relative change of the coefficients at which reweighting has arrived.
SETTLED = 1e-6


def sparse_recovery(
    dictionary: DictionaryLike, signals: ArrayLike | None = None, *, rounds: int = 8
) -> SparseResult:
    """Find the sparsest ``x`` with ``A x = y``: greedily, by basis pursuit, by reweighting it.

    Nothing has to be known about the number of nonzeros or their amplitudes. Basis pursuit finds
    equal amplitudes best; where it needs more than half as many columns as there are rows, it is
    repeated with costs ``1 / (|x| + e)``, which finds more of the amplitudes that differ.

    Parameters
    ----------
    dictionary : array_like (m, p), LinearOperator (m, p) or Gram
    signals : array_like (m,) or (m, k)
        None with a Gram.
    rounds : int
        Reweightings at most; none of an operator too large to be written out.

    Returns
    -------
    SparseResult
        The certificate is that of basis pursuit: its gap says by how much the sum of sizes exceeds
        the least one. ``optimal`` where there is no gap, or coherence proves that nothing is
        sparser; ``converged`` for another exact representation. One with at most half as many
        nonzeros as rows is the sparsest, unless as few columns as there are rows are dependent.
        ``infeasible`` if there is none.

    Raises
    ------
    ProblemError
    """
    if rounds < 0:
        raise ProblemError(f"{rounds} reweightings", fix="pass 0 or more")
    design = open_design(dictionary, signals)
    parts = [_sparsest(design.signal(i), rounds) for i in range(design.n_signals)]
    x = np.stack([answer.x for answer, _ in parts], axis=1)
    certificate = certify(design, [answer for answer, _ in parts])
    proven = support_statuses(certificate)
    statuses = tuple(
        Status.OPTIMAL if proof is Status.OPTIMAL else answer.status
        for (answer, _), proof in zip(parts, proven, strict=True)
    )
    return SparseResult(design.restore(x), statuses, certificate, max(count for _, count in parts))


def _sparsest(design: Design, rounds: int) -> tuple[Answer, int]:
    """The answer for one signal and the number of basis pursuits."""
    cost = np.ones(design.n_atoms)
    first, _ = pursue(design, 0.0, cost)
    if first.status is not Status.OPTIMAL:
        return first, 1
    half = max((design.n_rows or design.n_atoms) // 2, 1)
    size = float(np.sqrt(design.energy[0]))
    convex = best = x = _clean(first.x)
    steps = orthogonal_steps(design, min(half, design.n_atoms), EXACT * size)
    if np.sqrt(steps.rss[0, -1]) <= EXACT * size:
        greedy = _clean(steps.coefficients(steps.sizes, design.n_atoms).toarray()[:, 0])
        best = min(best, greedy, key=np.count_nonzero)
    count = 1
    rounds = rounds if design.operator is None else 0
    while np.count_nonzero(best) > half and count <= rounds:
        # More columns than half the rows are not unique: costs rise from the one in the middle.
        cost = 1.0 / (np.abs(x) + np.partition(np.abs(x), -half)[-half])
        answer, _ = pursue(design, 0.0, cost / cost.max())
        count += 1
        moved = _clean(answer.x)
        still = np.abs(moved - x).max() <= SETTLED * np.abs(x).max()
        if answer.status is not Status.OPTIMAL or still:
            break
        best, x = min(best, moved, key=np.count_nonzero), moved
    if best is convex:
        return replace(first, x=best), count
    # Its sum of sizes is above the least one, whose proof is kept.
    other = replace(first, x=best, status=Status.CONVERGED, primal=float(np.abs(best).sum()))
    return other, count


def _clean(x: Array) -> Array:
    return np.where(np.abs(x) > ROUNDING * np.abs(x).max(initial=0.0), x, 0.0)
