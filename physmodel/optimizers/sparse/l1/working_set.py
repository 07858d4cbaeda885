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

from physmodel.optimizers.sparse.design import Design
from physmodel.optimizers.sparse.l1.active_set import active_set
from physmodel.optimizers.sparse.l1.grow import grow
from physmodel.optimizers.sparse.l1.working_gram import working_gram

Array = NDArray[np.float64]

#: Columns up to which a Gram is formed for several signals (32 MB).
GRAM_COLUMNS = 2048
#: Signals from which on one Gram serves all.
MANY = 4
#: Signals that step together: their arrays stay in the cache.
TOGETHER = 1024
#: Steps that signals take together; one with more is solved alone.
BATCH_STEPS = 100
#: Iterations of FISTA on an operator that is not written out.
MAX_ITERATIONS = 5000


def solve(
    design: Design,
    penalty: Array,
    ridge: Array,
    start: Array | None = None,
    *,
    tolerance: float = 0.0,
    history: list[float] | None = None,
) -> tuple[Array, NDArray[np.intp], NDArray[np.bool_]]:
    """Minimise ``|y - A x|^2 / 2 + ridge x^2 / 2 + penalty |x|`` in unit columns.

    `penalty` ``(p, k)``, `ridge` ``(p,)``, `start` ``(p, k)``. `tolerance`: duality gap relative to
    the energy of a signal that will do. Signals that are solved together on one Gram, and
    operators, go on to where their methods end. `history`: receives the duality gaps of the
    iterates of a single signal. Returns `x` ``(p, k)``; `steps` ``(k,)``; `done` ``(k,)``: False
    where the descent stalled or ran out of steps.
    """
    if design.operator is not None:
        return _fista(design, penalty, ridge, start)
    k = design.n_signals
    if k < MANY or design.n_atoms > GRAM_COLUMNS:
        x = np.zeros_like(design.correlation) if start is None else start.copy()
        steps, done = np.zeros(k, dtype=np.intp), np.zeros(k, dtype=bool)
        todo = np.arange(k)
    else:
        x, steps, done = _together(design, penalty, ridge, start)
        # The few that many steps do not bring home (nearly equal columns) go one by one.
        todo = np.flatnonzero(~done)
        x[:, todo] = 0.0
    working = working_gram(design, k) if len(todo) else None
    for i in todo:
        assert working is not None  # noqa: S101
        working, point, more, done[i] = grow(
            working,
            design.signal(int(i)),
            penalty[:, i],
            ridge,
            x[:, i],
            goal=tolerance * float(design.energy[i]),
            history=history if k == 1 else None,
        )
        x[:, i] = point.x
        steps[i] += more
    return x, steps, done


def _together(
    design: Design, penalty: Array, ridge: Array, start: Array | None
) -> tuple[Array, NDArray[np.intp], NDArray[np.bool_]]:
    """All signals on one Gram, some at a time."""
    k = design.n_signals
    x = np.empty((design.n_atoms, k))
    steps, done = np.empty(k, dtype=np.intp), np.empty(k, dtype=bool)
    rank = min(design.n_rows, design.n_atoms) if design.n_rows > 0 else design.n_atoms
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
        v = design.unit_gram @ v if design.has_gram else design.adjoint(design.apply(v))
        previous, value = value, float(np.linalg.norm(v))
        if abs(value - previous) <= 1e-4 * value:
            break
    # The power method approaches from below.
    return 1.02 * value
