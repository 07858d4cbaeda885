"""The same steps as `active_set` for one signal, without the bookkeeping of many.

References
----------
Lee, Battle, Raina, Ng (2006), NeurIPS 19, 801.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dposv

from physmodel.optimizers.sparse.active_set import FALL, JITTER, ROUNDING, SHARE, TOLERANCE

Array = NDArray[np.float64]

#: Steps that a warm start has before it is given up.
WARM_STEPS = 200


def active_set_single(
    gram: Array,
    correlation: Array,
    penalty: Array,
    ridge: Array,
    start: Array,
    *,
    rank: int,
    max_steps: int = 1000,
) -> tuple[Array, int, bool]:
    """Minimise ``x G x / 2 - c x + ridge x^2 / 2 + penalty |x|``.

    Parameters
    ----------
    gram : ndarray (p, p)
        Unit diagonal.
    correlation, penalty, ridge, start : ndarray (p,)
    rank : int
        No more columns than this are ever in use, up to ties.
    max_steps : int

    Returns
    -------
    x : ndarray (p,)
    steps : int
    done : bool
        False where the descent stalled or ran out of steps.
    """
    if start.any():
        x, steps, done = _descend(gram, correlation, penalty, ridge, start, rank, WARM_STEPS)
        if done:
            return x, steps, done
    # A start with many columns of the wrong sign is worse than none.
    cold = np.zeros_like(start)
    return _descend(gram, correlation, penalty, ridge, cold, rank, max_steps)


def _descend(
    gram: Array,
    correlation: Array,
    penalty: Array,
    ridge: Array,
    start: Array,
    rank: int,
    max_steps: int,
) -> tuple[Array, int, bool]:
    inside = np.flatnonzero(start)
    value = start[inside]
    rounding = ROUNDING * float(np.abs(correlation).max(initial=0.0))
    above = 1.0
    if not len(inside) and (penalty > 0.0).all():
        above = max(FALL * float((np.abs(correlation) / penalty).max(initial=1.0)), 1.0)
    alone = done = False
    steps = 0
    for _ in range(max_steps):
        slope = correlation - value @ gram[inside]
        slope[inside] -= ridge[inside] * value
        size = np.abs(slope)
        lam = above * penalty[inside]
        sign = np.sign(value)
        misfit = np.abs(slope[inside] - lam * sign)
        settled = not (misfit > TOLERANCE * lam + rounding).any()
        size[inside] = 0.0
        wanted = size - above * penalty
        largest = float(wanted.max(initial=0.0))
        none = largest <= TOLERANCE * penalty[wanted.argmax()] * above + rounding
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
        entering = np.flatnonzero(wanted >= SHARE * largest) if not (alone or none) else inside[:0]
        room = max(rank - len(inside), 1)
        if len(entering) > room:
            entering = entering[np.argsort(-wanted[entering])[:room]]
        chosen = np.concatenate([inside, entering])
        now = np.concatenate([value, np.zeros(len(entering))])
        lam = np.concatenate([lam, above * penalty[entering]])
        sign = np.concatenate([sign, np.sign(slope[entering])])
        left = slope[chosen]
        system = gram[chosen[:, None], chosen]
        system.flat[:: len(chosen) + 1] += ridge[chosen] + JITTER
        _, push, failed = dposv(system, left - lam * sign)
        if failed:
            push = np.linalg.lstsq(system, left - lam * sign, rcond=None)[0]
        wrong = (push * sign <= 0.0) & (now == 0.0)
        push[wrong] = 0.0
        target = now + push
        moved = True
        if wrong.any() or (target * sign < 0.0).any():
            target, moved = _search(system, now, push, left, lam)
        alone = not moved
        used = target != 0.0
        inside, value = chosen[used], target[used]
    x = np.zeros(len(correlation))
    x[inside] = value
    return x, steps, done


def _search(system: Array, now: Array, push: Array, left: Array, lam: Array) -> tuple[Array, bool]:
    """The best point among the sign changes and the end of a segment, exact zeros included."""
    linear = -float(left @ push)
    curve = float(push @ (system @ push))
    grow = np.where(now == 0.0, np.abs(push), np.sign(now) * push)
    lowest = -(linear + float(lam @ grow)) / curve if curve > 0.0 else 1.0
    crossed = np.flatnonzero(now * (now + push) < 0.0)
    kinks = -now[crossed] / push[crossed]
    times = np.concatenate([kinks, [lowest if 0.0 < lowest < 1.0 else 1.0, 1.0]])
    walked = np.abs(now + times[:, None] * push)
    change = linear * times + 0.5 * curve * times**2 + walked @ lam - float(np.abs(now) @ lam)
    best = int(change.argmin())
    if not change[best] < 0.0:
        return now, False
    end = now + times[best] * push
    end[crossed[kinks == times[best]]] = 0.0
    return end, True
