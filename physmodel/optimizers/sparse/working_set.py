"""The L1 problem in unit columns: all signals on one Gram, or one signal on a growing set.

References
----------
Massias, Gramfort, Salmon (2018), ICML 80, 3315 (working sets that double);
Beck and Teboulle (2009), SIAM J. Imaging Sci. 2, 183 (FISTA, for operators);
O'Donoghue and Candes (2015), Found. Comput. Math. 15, 715 (its restart).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physmodel.optimizers.sparse.active_set import TOLERANCE, active_set
from physmodel.optimizers.sparse.active_set_single import active_set_single
from physmodel.optimizers.sparse.design import Design

Array = NDArray[np.float64]

#: Columns up to which a Gram is formed for several signals (32 MB).
GRAM_COLUMNS = 2048
#: Signals from which on one Gram serves all.
MANY = 4
#: Signals that step together: their arrays stay in the cache.
TOGETHER = 1024
#: Columns in the first working set.
FIRST = 32
MAX_ROUNDS = 200
#: Steps that signals take together; one with more is solved alone.
BATCH_STEPS = 100
#: Iterations of FISTA on an operator that is not written out.
MAX_ITERATIONS = 5000


def solve(
    design: Design, penalty: Array, ridge: Array, start: Array | None = None
) -> tuple[Array, NDArray[np.intp], NDArray[np.bool_]]:
    """Minimise ``|y - A x|^2 / 2 + ridge x^2 / 2 + penalty |x|`` in unit columns.

    Parameters
    ----------
    design : Design
    penalty : ndarray (p, k)
    ridge : ndarray (p,)
    start : ndarray (p, k), optional

    Returns
    -------
    x : ndarray (p, k)
    steps : ndarray of int (k,)
    done : ndarray of bool (k,)
        False where the descent stalled or ran out of steps.
    """
    if design.operator is not None:
        return _fista(design, penalty, ridge, start)
    k = design.n_signals
    rank = min(design.n_rows, design.n_atoms) if design.n_rows > 0 else design.n_atoms
    tall = design.gram is not None or design.n_rows >= design.n_atoms
    if design.n_atoms <= GRAM_COLUMNS and k < MANY and tall:
        answers = [
            active_set_single(
                design.unit_gram,
                design.correlation[:, i],
                penalty[:, i],
                ridge,
                np.zeros(design.n_atoms) if start is None else start[:, i],
                rank=rank,
            )
            for i in range(k)
        ]
    elif design.n_atoms <= GRAM_COLUMNS and k >= MANY:
        x = np.empty((design.n_atoms, k))
        steps, done = np.empty(k, dtype=np.intp), np.empty(k, dtype=bool)
        for first in range(0, k, TOGETHER):
            part = slice(first, first + TOGETHER)
            solved, steps[part], done[part] = active_set(
                design.unit_gram,
                np.ascontiguousarray(design.correlation[:, part].T),
                np.ascontiguousarray(penalty[:, part].T),
                ridge,
                None if start is None else np.ascontiguousarray(start[:, part].T),
                rank=rank,
                max_steps=BATCH_STEPS,
            )
            x[:, part] = solved.T
        # The few that many steps do not bring home (nearly equal columns) go one by one.
        for i in np.flatnonzero(~done):
            x[:, i], more, done[i] = _grow(design.signal(int(i)), penalty[:, i], ridge, None, rank)
            steps[i] += more
        return x, steps, done
    else:
        starts = [None if start is None else start[:, i] for i in range(k)]
        answers = [_grow(design.signal(i), penalty[:, i], ridge, starts[i], rank) for i in range(k)]
    return (
        np.stack([answer[0] for answer in answers], axis=1),
        np.array([answer[1] for answer in answers]),
        np.array([answer[2] for answer in answers]),
    )


def _grow(
    design: Design, penalty: Array, ridge: Array, start: Array | None, rank: int
) -> tuple[Array, int, bool]:
    """One signal: solve on few columns, look at all, add the worst, until none is left."""
    correlation = design.correlation[:, 0]
    x = np.zeros(design.n_atoms) if start is None else start.copy()
    slope = correlation if start is None or not x.any() else design.gradient(x[:, None])[0][:, 0]
    slope = slope - ridge * x
    rounding = 1e-14 * float(np.abs(correlation).max(initial=0.0))
    working = np.flatnonzero(x)
    columns = np.empty((design.n_rows, 0)) if design.gram is None else None
    gram = np.empty((0, 0))
    fresh = working
    steps, done = 0, True
    for _ in range(MAX_ROUNDS):
        excess = np.abs(slope) - penalty
        excess[working] = 0.0
        wanted = np.flatnonzero(excess > TOLERANCE * penalty + rounding)
        if not len(wanted) and (steps or not len(working)):
            break
        room = max(FIRST, int(np.count_nonzero(x)))
        if len(wanted) > room:
            wanted = wanted[np.argpartition(-excess[wanted], room)[:room]]
        fresh = np.concatenate([fresh, wanted]) if not steps else wanted
        if columns is None:
            working = np.concatenate([working, wanted])
            gram = design.block(working, working)
        else:
            added = design.columns(fresh)
            corner, side = added.T @ added, columns.T @ added
            gram = np.block([[gram, side], [side.T, corner]]) if gram.size else corner
            columns = np.concatenate([columns, added], axis=1)
            working = np.concatenate([working, wanted])
        x[working], count, done = active_set_single(
            gram, correlation[working], penalty[working], ridge[working], x[working], rank=rank
        )
        steps += count + 1
        used = np.flatnonzero(x[working])
        if columns is None:
            index = working[used]
            slope = correlation - design.unit_gram[:, index] @ x[index] - ridge * x
        else:
            assert design.signals is not None  # noqa: S101
            residual = design.signals[:, 0] - columns[:, used] @ x[working[used]]
            slope = design.adjoint(residual[:, None])[:, 0] - ridge * x
    return x, steps, done


def _fista(
    design: Design, penalty: Array, ridge: Array, start: Array | None
) -> tuple[Array, NDArray[np.intp], NDArray[np.bool_]]:
    """Accelerated proximal gradient with restarts: only applications of the operator."""
    x = np.zeros_like(design.correlation) if start is None else start.copy()
    bound = squared_norm(design) + float(ridge.max(initial=0.0))
    momentum, ahead = 1.0, x
    steps = 0
    done = np.zeros(design.n_signals, dtype=bool)
    reference = np.abs(design.correlation).max(axis=0)
    for _ in range(MAX_ITERATIONS):
        slope = design.gradient(ahead)[0] - ridge[:, None] * ahead
        moved = soft_threshold(ahead + slope / bound, penalty / bound)
        steps += 1
        change = moved - x
        if float(np.sum((ahead - moved) * change)) > 0.0:
            momentum, ahead = 1.0, moved
        else:
            following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
            ahead = moved + (momentum - 1.0) / following * change
            momentum = following
        x = moved
        done = np.abs(change).max(axis=0) * bound <= 1e-8 * reference
        if done.all():
            break
    return x, np.full(design.n_signals, steps), done


def soft_threshold(x: Array, threshold: Array | float) -> Array:
    """Proximal map of ``threshold |x|_1``."""
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0.0)


def squared_norm(design: Design, iterations: int = 60) -> float:
    """An upper estimate of the largest eigenvalue of the Gram of unit columns (power method)."""
    # A fixed start keeps answers reproducible; it is no eigenvector of any structured operator.
    v = np.cos(np.arange(1.0, design.n_atoms + 1.0) ** 1.5)[:, None]
    value = 0.0
    for _ in range(iterations):
        v /= np.linalg.norm(v)
        if design.gram is not None or "unit_gram" in design.__dict__:
            v = design.unit_gram @ v
        else:
            v = design.adjoint(design.apply(v))
        previous, value = value, float(np.linalg.norm(v))
        if abs(value - previous) <= 1e-4 * value:
            break
    # The power method approaches from below.
    return 1.02 * value
