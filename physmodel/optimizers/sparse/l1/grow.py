"""One signal on a growing set of columns: solve on few, look at all, add the worst.

References
----------
Massias, Gramfort, Salmon (2018), ICML 80, 3315 (working sets that double);
Higham and Mary (2022), Acta Numer. 31, 347 (a system in single precision, its residual in double).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.optimizers.sparse.design import Design
from physmodel.optimizers.sparse.l1.active_set import ROUNDING, TOLERANCE
from physmodel.optimizers.sparse.l1.active_set_single import PATIENCE, active_set_single
from physmodel.optimizers.sparse.l1.duality import gap_meter
from physmodel.optimizers.sparse.l1.working_gram import WorkingGram, no_columns

Array = NDArray[np.float64]

MAX_ROUNDS, MAX_STEPS = 200, 1000
#: Share of the gap that is asked for, and of the present one, that is left on the known columns.
#: What it leaves to the others is most of it: they are looked at only once a round.
SHARE, PRESENT = 0.5, 0.03
#: A round on a Gram of single precision that does not shrink the gap by this calls for the other.
SHRINK = 0.5


@dataclass(frozen=True)
class Point:
    """Where one signal stands.

    `x` ``(p,)``: coefficients of unit columns. `left` ``(p,)``: inner products of unit columns with
    the residual. `rss`: squared norm of the residual.
    """

    x: Array
    left: Array
    rss: float


def grow(
    working: WorkingGram,
    design: Design,
    penalty: Array,
    ridge: Array,
    start: Array | Point,
    *,
    goal: float = 0.0,
    history: list[float] | None = None,
) -> tuple[WorkingGram, Point, int, bool]:
    """Solve for one signal, warm and with what is known of the Gram.

    `working`: grows in place. `design`: with the one signal. `penalty`, `ridge` ``(p,)``. `goal`:
    duality gap that will do; 0 for the exact answer. `history`: receives the gap of every iterate
    that has been compared with all columns. Returns `working`: another one where single precision
    was not enough; `point`; `steps`; `done`: False where the descent stalled or ran out of steps.
    """
    correlation, energy = design.correlation[:, 0], float(design.energy[0])
    rank = min(design.n_rows, design.n_atoms) if design.n_rows > 0 else design.n_atoms
    rounding = ROUNDING * float(np.abs(correlation).max(initial=0.0))
    meter = gap_meter(energy, correlation, penalty)
    gaps = [] if history is None else history
    point = _first(working, design, start)
    steps, done, tight, previous = 0, False, False, np.inf
    for _ in range(MAX_ROUNDS):
        x = point.x
        slope = point.left - ridge * x
        inside = np.flatnonzero(x)
        gap = meter.at(inside, x[inside], slope)
        gaps.append(gap)
        if gap <= goal:
            return working, point, steps, True
        fresh = _fresh(working, slope, penalty, rounding, len(inside))
        if not len(fresh) and tight:
            if not working.local:
                return working, point, steps, done
            if gap > SHRINK * previous:
                working = _known(no_columns(design), inside)
        previous = gap
        working.add(fresh)
        known = working.known
        here, value = working.gram, x[known]
        # A Gram in single precision models the change from here, not the whole way from zero.
        linear = point.left[known] + here @ value if working.local else correlation[known]
        rest = energy
        if working.local:
            rest = point.rss + float((linear + point.left[known]) @ value)
        whole = not working.local and len(known) == design.n_atoms
        tight = whole or not len(fresh)
        value, more, done = active_set_single(
            here,
            linear,
            penalty[known],
            ridge[known],
            value,
            rank=rank,
            # Rounding of the products may leave nothing to descend to: better products then help.
            max_steps=PATIENCE if working.single else MAX_STEPS,
            energy=rest,
            goal=SHARE * goal if tight or goal == 0.0 else max(SHARE * goal, PRESENT * gap),
            history=gaps if whole else None,
        )
        steps += more + 1
        x = np.zeros(design.n_atoms)
        x[known] = value
        point = Point(x, *working.left(design, x))
    return working, point, steps, False


def _first(working: WorkingGram, design: Design, start: Array | Point) -> Point:
    """The start with its gradient; its columns become known."""
    if isinstance(start, Point):
        return start
    if not start.any():
        return Point(start, design.correlation[:, 0], float(design.energy[0]))
    _known(working, np.flatnonzero(start))
    return Point(start, *working.left(design, start))


def _known(working: WorkingGram, index: NDArray[np.intp]) -> WorkingGram:
    working.add(np.setdiff1d(index, working.known, assume_unique=True))
    return working


def _fresh(
    working: WorkingGram, slope: Array, penalty: Array, rounding: float, used: int
) -> NDArray[np.intp]:
    """Columns to add: those that violate their bound, and the next ones to do so.

    None where no column violates.
    """
    if len(working.known) == len(slope):
        return working.known[:0]
    size = np.abs(slope)
    excess = size - penalty
    excess[working.known] = 0.0
    if not (excess > TOLERANCE * penalty + rounding).any():
        return working.known[:0]
    room = min(working.room(used), len(size) - len(working.known))
    ratio = np.divide(size, penalty, out=np.full_like(size, np.inf), where=penalty > 0.0)
    ratio[working.known] = -1.0
    return np.argpartition(-ratio, room - 1)[:room]
