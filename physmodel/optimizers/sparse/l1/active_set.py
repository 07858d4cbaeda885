"""Quadratic programs with an L1 penalty on a Gram matrix: many at once, exactly.

A step solves for the minimum of the quadratic whose signs are those of the present support and
of the columns that should enter, and walks to the best of the points where a coefficient changes
its sign. All signals step together; those that are done leave.

References
----------
Lee, Battle, Raina, Ng (2006), NeurIPS 19, 801 (feature-sign search; here columns enter in blocks).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Relative violation of the optimality conditions that counts as none.
TOLERANCE = 1e-10
#: Share of rounding in a correlation.
ROUNDING = 1e-14
#: Columns enter whose violation is at least this share of the largest one.
SHARE = 0.6
#: The penalty falls by this factor whenever a row has settled, down to the one that is asked for:
#: few columns then enter with a sign that they do not keep.
FALL = 0.3
#: Numbers held at once in the small systems of a chunk of signals (32 MB).
CHUNK = 1 << 22
#: Keeps the systems of exactly equal columns solvable; the step is a correction of the present
#: point, so it costs no accuracy.
JITTER = 1e-13


def active_set(
    gram: Array,
    correlation: Array,
    penalty: Array,
    ridge: Array,
    start: Array | None = None,
    *,
    rank: int,
    max_steps: int = 500,
) -> tuple[Array, NDArray[np.intp], NDArray[np.bool_]]:
    """Minimise ``x G x / 2 - c x + ridge x^2 / 2 + penalty |x|`` for every signal.

    `gram` ``(p, p)``: unit diagonal. `correlation` ``(n, p)``: one signal per row. `penalty` ``(n,
    p)``, `ridge` ``(p,)``. `start` ``(n, p)``: warm start. `rank`: no more columns than this are
    ever in use, up to ties. Returns `x` ``(n, p)``; `steps` ``(n,)``; `done` ``(n,)``: False where
    the descent stalled or ran out of steps.
    """
    n = len(correlation)
    x = np.zeros_like(correlation) if start is None else start.copy()
    steps = np.zeros(n, dtype=np.intp)
    done = np.zeros(n, dtype=bool)
    # Rows that only finish the signs of the present support, because more did not descend.
    alone = np.zeros(n, dtype=bool)
    live = np.arange(n)
    rounding = ROUNDING * np.abs(correlation).max(axis=1, initial=0.0)
    above = np.ones(n) if x.any() else _first_multiple(correlation, penalty)
    for _ in range(max_steps):
        point = x[live]
        slope = correlation[live] - point @ gram - ridge * point
        bound = above[live, None] * penalty[live]
        inside = point != 0.0
        signs = np.where(inside, np.sign(point), np.sign(slope))
        tolerance = TOLERANCE * bound + rounding[live, None]
        excess = np.abs(slope) - bound
        settled = ((np.abs(slope - bound * signs) <= tolerance) | ~inside).all(axis=1)
        wanted = np.where(inside | (excess <= tolerance), 0.0, excess)
        largest = wanted.max(axis=1)
        optimal = settled & (largest == 0.0)
        finished = optimal & (above[live] == 1.0)
        # A settled row always descends, and so does one that settles alone: rounding ends others.
        stuck = alone[live] & settled
        done[live[finished]] = True
        above[live[optimal]] = np.maximum(FALL * above[live[optimal]], 1.0)
        keep = ~(finished | stuck)
        if not keep.all():
            live = live[keep]
            point, slope, bound, inside = point[keep], slope[keep], bound[keep], inside[keep]
            signs, wanted, largest, optimal = (
                signs[keep],
                wanted[keep],
                largest[keep],
                optimal[keep],
            )
        if not len(live):
            break
        if optimal.any():
            # The next penalty: what violates it enters in the same step.
            bound = above[live, None] * penalty[live]
            wanted = np.where(inside, 0.0, np.maximum(np.abs(slope) - bound, 0.0))
            largest = wanted.max(axis=1)
        entering = (wanted > 0.0) & (wanted >= SHARE * largest[:, None])
        entering[alone[live]] = False
        _limit(entering, wanted, inside, rank)
        moved = _step(gram, ridge, point, slope, bound, signs, inside, entering)
        steps[live] += 1
        alone[live] = ~moved
        x[live] = point
    return x, steps, done


def _first_multiple(correlation: Array, penalty: Array) -> Array:
    """How many times its penalty each signal starts at, without a warm start."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(penalty > 0.0, np.abs(correlation) / penalty, 1.0)
    return np.maximum(FALL * ratio.max(axis=1, initial=1.0), 1.0)


def _limit(
    entering: NDArray[np.bool_], wanted: Array, inside: NDArray[np.bool_], rank: int
) -> None:
    """Let only the worst columns in where the rank leaves no room for more."""
    room = np.maximum(rank - inside.sum(axis=1), 1)
    full = entering.sum(axis=1) > room
    for row in np.flatnonzero(full) if full.any() else ():
        order = np.argsort(-wanted[row])
        entering[row] = False
        entering[row, order[: room[row]]] = True


def _step(
    gram: Array,
    ridge: Array,
    point: Array,
    slope: Array,
    bound: Array,
    signs: Array,
    inside: NDArray[np.bool_],
    entering: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Move every row of `point` in place; tell which ones descended."""
    moved = np.zeros(len(point), dtype=bool)
    chosen = inside | entering
    counts = chosen.sum(axis=1)
    order = np.argsort(counts, kind="stable")
    first = int(np.searchsorted(counts[order], 1))
    while first < len(order):
        # Rows of similar size go together: a chunk is padded to its largest.
        size = int(counts[order[first]])
        stop = first + max(1, CHUNK // (size + 2) ** 2)
        stop = min(stop, int(np.searchsorted(counts[order], size + 2 + size // 8, side="right")))
        rows = order[first:stop]
        width = int(counts[rows].max())
        real = np.arange(width) < counts[rows][:, None]
        index = np.zeros(real.shape, dtype=np.intp)
        index[real] = np.nonzero(chosen[rows])[1]
        pick = (rows[:, None], index)
        system = gram[index[:, :, None], index[:, None, :]]
        system *= real[:, :, None] & real[:, None, :]
        diagonal = np.arange(width)
        system[:, diagonal, diagonal] += np.where(real, ridge[index] + JITTER, 1.0)
        now = np.where(real, point[pick], 0.0)
        sign = signs[pick]
        lam: Array = np.where(real, bound[pick], 0.0)
        left = np.where(real, slope[pick], 0.0)
        solved = np.linalg.solve(system, (left - lam * sign)[:, :, None])
        push: Array = np.asarray(solved[:, :, 0], dtype=np.float64)
        # A column that enters against its gradient stays out.
        wrong = real & (now == 0.0) & (push * sign <= 0.0)
        push[wrong | ~real] = 0.0
        target = now + push
        moved[rows] = True
        crossing = np.flatnonzero(wrong.any(axis=1) | (real & (target * sign < 0.0)).any(axis=1))
        if len(crossing):
            target[crossing], moved[rows[crossing]] = _search(
                system[crossing],
                now[crossing],
                push[crossing],
                left[crossing],
                lam[crossing],
            )
        block = point[pick]
        block[real] = target[real]
        point[pick] = block
        first = stop
    return moved


def _search(
    system: Array, now: Array, push: Array, left: Array, lam: Array
) -> tuple[Array, NDArray[np.bool_]]:
    """The best point among the sign changes and the end of a segment, exact zeros included."""
    linear = -np.einsum("ij,ij->i", left, push)
    curve = np.einsum("ij,ij->i", push, (system @ push[:, :, None])[:, :, 0])
    # Before the first sign change the function is one parabola; its lowest point, or that change,
    # lies below the start of every descent.
    grow = np.where(now == 0.0, np.abs(push), np.sign(now) * push)
    descent = -(linear + np.einsum("ij,ij->i", lam, grow))
    with np.errstate(divide="ignore", invalid="ignore"):
        kinks = -now / push
        lowest = descent / curve
    kinks = np.where((now != 0.0) & (kinks > 0.0) & (kinks < 1.0), kinks, 1.0)
    lowest = np.where((lowest > 0.0) & (lowest < 1.0), lowest, 1.0)
    times = np.concatenate([kinks, lowest[:, None], np.ones((len(now), 1))], axis=1)
    change = linear[:, None] * times + 0.5 * curve[:, None] * times**2
    walked = np.abs(now[:, None, :] + times[:, :, None] * push[:, None, :]) - np.abs(now)[:, None]
    change += np.einsum("itj,ij->it", walked, lam)
    best = change.argmin(axis=1)
    rows = np.arange(len(now))
    time = times[rows, best]
    descended = change[rows, best] < 0.0
    end = now + time[:, None] * push
    end[(kinks == time[:, None]) & (time < 1.0)[:, None] & (now != 0.0)] = 0.0
    return np.where(descended[:, None], end, now), descended
