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

#: Exact steps in a row, and the share of the rank in use at which they are given up earlier.
PATIENCE, CROWDED = 80, 0.8
#: Gradient steps of the first smoothing; each later one has twice as many.
SMOOTHING = 200


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
    x, steps, done = _descend(gram, correlation, penalty, ridge, start, rank, PATIENCE, CROWDED)
    count = steps
    smoothing = SMOOTHING
    while not done and count < max_steps:
        # Near as many columns as the rank, exact steps exchange them one by one. A gradient method
        # sorts the signs out roughly; exact steps then finish.
        x = _smooth(gram, correlation, penalty, ridge, x, smoothing)
        x, steps, done = _descend(gram, correlation, penalty, ridge, x, rank, PATIENCE, 2.0)
        count += steps
        smoothing *= 2
    return x, count, done


def _smooth(
    gram: Array, correlation: Array, penalty: Array, ridge: Array, start: Array, iterations: int
) -> Array:
    """Accelerated proximal gradient with restarts (O'Donoghue and Candes 2015)."""
    vector = np.cos(np.arange(1.0, len(gram) + 1.0) ** 1.5)
    for _ in range(30):
        vector = gram @ (vector / np.linalg.norm(vector))
    # The power method approaches the largest eigenvalue from below.
    bound = 1.05 * float(np.linalg.norm(vector)) + float(ridge.max(initial=0.0))
    x = ahead = start
    momentum = 1.0
    threshold = penalty / bound
    for _ in range(iterations):
        point = ahead + (correlation - gram @ ahead - ridge * ahead) / bound
        moved = np.sign(point) * np.maximum(np.abs(point) - threshold, 0.0)
        change = moved - x
        following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
        if float((ahead - moved) @ change) > 0.0:
            momentum, ahead = 1.0, moved
        else:
            ahead = moved + (momentum - 1.0) / following * change
            momentum = following
        x = moved
    return x


def _descend(
    gram: Array,
    correlation: Array,
    penalty: Array,
    ridge: Array,
    start: Array,
    rank: int,
    max_steps: int,
    crowded: float,
) -> tuple[Array, int, bool]:
    inside = np.flatnonzero(start)
    value = start[inside]
    rounding = ROUNDING * float(np.abs(correlation).max(initial=0.0))
    above = 1.0
    if not len(inside) and (penalty > 0.0).all():
        above = max(FALL * float((np.abs(correlation) / penalty).max(initial=1.0)), 1.0)
    alone = done = False
    steps = 0
    while steps < max_steps and not (steps > 5 and len(inside) > crowded * rank):
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
