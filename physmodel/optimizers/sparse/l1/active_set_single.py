"""The same steps as `active_set` for one signal, without the bookkeeping of many.

Columns that enter together often explain the same: those whose sign does not hold are dropped and
the system is solved again before the point moves, and where several coefficients would change
their sign, all of them may stop at zero in one step.

References
----------
Lee, Battle, Raina, Ng (2006), NeurIPS 19, 801.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dposv, spotrf, spotrs

from physmodel.optimizers.sparse.l1.active_set import FALL, JITTER, ROUNDING, TOLERANCE
from physmodel.optimizers.sparse.l1.duality import Gap, gap_meter
from physmodel.optimizers.sparse.l1.smoothing import smooth

Array = NDArray[np.float64]
Index = NDArray[np.intp]

#: Exact steps in a row, and how many with more than this share of the rank in use.
PATIENCE, CROWDED, HURRY = 80, 0.8, 25
#: Gradient steps of the first smoothing; each later one has twice as many.
SMOOTHING = 200
#: The last smoothing: where exact steps stall even after this, columns are dependent to rounding.
LONGEST = 12_800
#: Columns enter whose violation is at least this share of the largest one. The share doubles where
#: more than `WRONG` of those that entered had the wrong sign, and halves otherwise.
SHARE, WRONG = 0.5, 0.2
#: Relative residual of a system that a step on the way to a given gap may have: steps that follow
#: mend it. Systems up to this size are solved in double precision in any case.
ROUGH, SMALL = 1e-4, 100


def active_set_single(
    gram: Array,
    correlation: Array,
    penalty: Array,
    ridge: Array,
    start: Array,
    *,
    rank: int,
    max_steps: int,
    energy: float = 0.0,
    goal: float = 0.0,
    history: list[float] | None = None,
) -> tuple[Array, int, bool]:
    """Minimise ``x G x / 2 - c x + ridge x^2 / 2 + penalty |x|``.

    `gram` ``(p, p)``: unit diagonal. `correlation`, `penalty`, `ridge`, `start` ``(p,)``. `rank`:
    no more columns than this are ever in use, up to ties. `max_steps`: exact steps after which no
    new smoothing begins. `energy`: squared norm of the signal, for the duality gap. `goal`: duality
    gap that will do; 0 for the exact answer. `history`: with a goal, the duality gap of every
    iterate is appended. Returns `x` ``(p,)``; `steps`; `done`: False where the descent stalled or
    ran out of steps.
    """
    meter = gap_meter(energy, correlation, penalty) if goal > 0.0 else None
    gaps = [] if history is None else history

    def descend(x: Array) -> tuple[Array, int, bool]:
        return _descend(gram, correlation, penalty, ridge, x, rank, meter, goal, gaps)

    x, steps, done = descend(start)
    count = steps
    smoothing = SMOOTHING
    while not done and count < max_steps and smoothing <= LONGEST:
        # Near as many columns as the rank, exact steps exchange them one by one. A gradient method
        # sorts the signs out roughly; exact steps then finish.
        x = smooth(gram, correlation, penalty, ridge, x, smoothing)
        x, steps, done = descend(x)
        count += steps
        smoothing *= 2
    return x, count, done


def _descend(
    gram: Array,
    correlation: Array,
    penalty: Array,
    ridge: Array,
    start: Array,
    rank: int,
    meter: Gap | None,
    goal: float,
    gaps: list[float],
) -> tuple[Array, int, bool]:
    inside = np.flatnonzero(start)
    value = start[inside]
    rounding = ROUNDING * float(np.abs(correlation).max(initial=0.0))
    above = 1.0 if len(inside) else _first_multiple(correlation, penalty)
    alone, done, steps, share = False, False, 0, SHARE
    while steps < (HURRY if len(inside) > CROWDED * rank else PATIENCE):
        slope = correlation - value @ gram[inside]
        slope[inside] -= ridge[inside] * value
        if meter is not None:
            gaps.append(meter.at(inside, value, slope))
            if gaps[-1] <= goal:
                done = True
                break
        size = np.abs(slope)
        lam = above * penalty[inside]
        sign = np.sign(value)
        misfit = np.abs(slope[inside] - lam * sign)
        settled = not (misfit > TOLERANCE * lam + rounding).any()
        size[inside] = 0.0
        wanted = size - above * penalty
        largest = float(wanted.max(initial=0.0))
        most = penalty[wanted.argmax()] if len(wanted) else 0.0  # no column is known yet
        none = largest <= TOLERANCE * most * above + rounding
        if settled and none:
            if above == 1.0:
                done = True
                break
            above = max(FALL * above, 1.0)
            lam = above * penalty[inside]
            wanted = size - above * penalty
            largest = float(wanted.max(initial=0.0))
            none = largest <= 0.0
        elif settled and alone:
            break
        steps += 1
        entering = inside[:0]
        if not (alone or none):
            entering = _entering(wanted, share * largest, max(rank - len(inside), 1))
        chosen = np.concatenate([inside, entering])
        now = np.concatenate([value, np.zeros(len(entering))])
        lam = np.concatenate([lam, above * penalty[entering]])
        sign = np.concatenate([sign, np.sign(slope[entering])])
        kept, system, push = _newton(
            gram, ridge, chosen, now, slope[chosen] - lam * sign, sign, meter is not None
        )
        if len(entering):
            worse = len(chosen) - len(kept) > WRONG * len(entering)
            share = min(2.0 * share, 0.9) if worse else 0.5 * share
        chosen, now, lam, sign = chosen[kept], now[kept], lam[kept], sign[kept]
        target = now + push
        moved = bool(len(kept))
        if (target * sign < 0.0).any():
            target, moved = _search(system, now, push, slope[chosen], lam)
        alone = not moved
        used = target != 0.0
        inside, value = chosen[used], target[used]
    x = np.zeros(len(correlation))
    x[inside] = value
    return x, steps, done


def _first_multiple(correlation: Array, penalty: Array) -> float:
    """How many times the penalty the descent starts at, without a warm start."""
    if not (penalty > 0.0).all():
        return 1.0
    return max(FALL * float((np.abs(correlation) / penalty).max(initial=1.0)), 1.0)


def _entering(wanted: Array, least: float, room: int) -> Index:
    """Columns that enter together: those that are wanted most, as many as there is room for."""
    # A share that has shrunk to nothing must still not let in what is not wanted.
    entering = np.flatnonzero((wanted >= least) & (wanted > 0.0))
    if len(entering) > room:
        entering = entering[np.argsort(-wanted[entering])[:room]]
    return entering


def _newton(
    gram: Array, ridge: Array, chosen: Index, now: Array, force: Array, sign: Array, rough: bool
) -> tuple[Index, Array, Array]:
    """Step to the optimum for the present signs, without columns that enter against theirs.

    Returns `kept` ``(r,)``: positions in `chosen`; `system` ``(r, r)``; `push` ``(r,)``.
    """
    kept = np.arange(len(chosen))
    while True:
        index = chosen[kept]
        # Two passes over whole rows are three times as fast as one over single entries.
        system = gram.take(index, axis=0).take(index, axis=1)
        system.flat[:: len(index) + 1] += ridge[index] + JITTER
        if not len(kept):
            return kept, system, np.zeros(0)
        push = _solve(system, force[kept], rough)
        right = (now[kept] != 0.0) | (push * sign[kept] > 0.0)
        if right.all():
            return kept, system, push
        kept = kept[right]


def _solve(system: Array, force: Array, rough: bool) -> Array:
    """Solve a positive (semi)definite system, to `ROUGH` where that is enough and faster."""
    # The transpose is the same matrix, in the order that LAPACK wants.
    if rough and len(force) > SMALL:
        factor, failed = spotrf(system.T.astype(np.float32), lower=1, clean=0, overwrite_a=1)
        if not failed:
            push = spotrs(factor, force.astype(np.float32), lower=1)[0].astype(float)
            rest = force - system @ push
            push += spotrs(factor, rest.astype(np.float32), lower=1)[0]
            if np.abs(force - system @ push).max() <= ROUGH * np.abs(force).max():
                return push
    _, push, failed = dposv(system.T, force, lower=1)
    if failed:
        push = np.linalg.lstsq(system, force, rcond=None)[0]
    return np.asarray(push, dtype=float)


def _search(system: Array, now: Array, push: Array, left: Array, lam: Array) -> tuple[Array, bool]:
    """The best of the sign changes, of the end of a segment, and of that end cut at zero."""
    linear = -float(left @ push)
    curve = float(push @ (system @ push))
    grow = np.where(now == 0.0, np.abs(push), np.sign(now) * push)
    lowest = -(linear + float(lam @ grow)) / curve if curve > 0.0 else 1.0
    end = now + push
    crossed = np.flatnonzero(now * end < 0.0)
    kinks = -now[crossed] / push[crossed]
    times = np.concatenate([kinks, [lowest if 0.0 < lowest < 1.0 else 1.0, 1.0]])
    before = float(np.abs(now) @ lam)
    walked = np.abs(now + times[:, None] * push)
    change = linear * times + 0.5 * curve * times**2 + walked @ lam - before
    best = int(change.argmin())
    end[crossed] = 0.0
    step = end - now
    cut = float(0.5 * step @ (system @ step) - left @ step + np.abs(end) @ lam) - before
    if cut < min(float(change[best]), 0.0):
        return end, True
    if not change[best] < 0.0:
        return now, False
    end = now + times[best] * push
    end[crossed[kinks == times[best]]] = 0.0
    return end, True
