"""Pruning: search for a least-squares model with fewer parameters, by counted refits.

The optimal brain surgeon leads down in stages; what it took too early is exchanged for what turned
out to matter less.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from physmodel.errors import ProblemError
from physmodel.optimizers.pruning.brain_surgeon import NOISE, exchanged, removed
from physmodel.optimizers.pruning.trial import Evaluations, Trial, Unit, schwarz

#: Share of the evaluations that lead down to a size; the others exchange parameters at it.
DOWN = 2.0 / 3.0
#: Parameters that are put back before as many others are taken: tried in this order until an
#: exchange is better than what there was, and then from the first again.
EXCHANGES = (3, 1, 2, 6, 12)
#: Part of the parameters that one evaluation of a search for the size takes away.
STAGE = 0.15


def prune_to(evaluate: Evaluations, dense: Trial, size: int, units: Sequence[Unit] = ()) -> Trial:
    """The best model found with so many parameters, or more where fewer cannot be evaluated.

    Parameters
    ----------
    evaluate : Evaluations
        Those left are used, or fewer if exchanges change nothing.
    dense : Trial
        With all parameters, fitted.
    size : int
    units : sequence of Unit

    Raises
    ------
    ProblemError
        If the size is impossible, or no evaluation is left.
    """
    if not 0 <= size <= dense.size or not evaluate.left:
        raise ProblemError(
            f"{size} of {dense.size} parameters and {evaluate.left} evaluations",
            fix="ask for as many as there are at most, and allow at least one evaluation",
        )
    found, spared = dense, evaluate.left - max(1, round(DOWN * evaluate.left))
    while evaluate.left > spared and found.size > size:
        wanted = shrinking(found.size, size, evaluate.left - spared)[0]
        smaller = _smaller(evaluate, found, wanted, units, evaluate.left - spared > 2)
        # What cannot be evaluated is left out, and more is taken away at once.
        found = smaller if np.isfinite(smaller.cost) else found
    moves = [(0, back, whole) for back in EXCHANGES for whole in (True, False)]
    return _improved(evaluate, found, units, lambda trial: trial.cost, moves, size)


def prune_by_criterion(
    evaluate: Evaluations, dense: Trial, n_residuals: int, units: Sequence[Unit] = ()
) -> Trial:
    """The model with the least of Schwarz's criterion, ``2 misfit + k log m``.

    Parameters
    ----------
    evaluate : Evaluations
        Of residuals in units of their standard deviations.
    dense : Trial
        With all parameters, fitted.
    n_residuals : int
        ``m``, those of the prior left out.
    units : sequence of Unit

    Returns
    -------
    Trial
        The dense one where nothing can be taken away.

    Notes
    -----
    A stage fails when the misfit alone exceeds the least criterion so far: it only rises, so that
    nothing smaller can win. Shorter stages are tried then, down to a single parameter.
    """

    def criterion(trial: Trial) -> float:
        return schwarz(trial, n_residuals)

    best, found, share, whole = dense, dense, STAGE, True
    while evaluate.left and found.size:
        step = max(1, round(share * found.size))
        smaller = evaluate(*removed(found, found.size - step, units, whole=whole))
        best = min(best, smaller, key=criterion)
        if 2.0 * smaller.misfit < criterion(best):
            found = smaller
        elif whole and units:
            whole = False
        elif step > 1:
            share, whole = share / 3.0, True
        else:
            break
    moves = [(fewer, 0, whole) for fewer in (3, 1) for whole in (True, False)]
    moves += [(fewer, back, False) for back in EXCHANGES for fewer in (1, 0)]
    return _improved(evaluate, best, units, criterion, moves)


def _smaller(
    evaluate: Evaluations, trial: Trial, size: int, units: Sequence[Unit], twice: bool
) -> Trial:
    """One stage; parameters go one by one if taking whole units was not as free as it seemed."""
    found = evaluate(*removed(trial, size, units))
    if twice and units and 2.0 * (found.misfit - trial.misfit) > NOISE * (trial.size - found.size):
        other = evaluate(*removed(trial, size, units, whole=False))
        found = min(found, other, key=lambda one: one.cost)
    return found


def shrinking(size: int, wanted: int, stages: int) -> list[int]:
    """Sizes on the way down, each the same part of the one before."""
    ratio = max(wanted, 0.5) / max(size, 1)
    steps = [round(size * ratio ** (k / stages)) for k in range(1, stages)]
    return [*dict.fromkeys(step for step in steps if wanted < step < size), wanted]


def _improved(
    evaluate: Evaluations,
    best: Trial,
    units: Sequence[Unit],
    criterion: Callable[[Trial], float],
    moves: Sequence[tuple[int, int, bool]],
    size: int | None = None,
) -> Trial:
    """Moves (how many fewer, how many back, whether units go as a whole) while they help."""
    tried, waiting = {best.kept.tobytes()}, list(moves)
    while evaluate.left and waiting:
        fewer, back, whole = waiting.pop(0)
        wanted = best.size if size is None else size  # a unit that went may have left room
        kept, start = exchanged(best, max(wanted - fewer, 0), back, units, whole=whole)
        if kept.tobytes() in tried:
            continue
        tried.add(kept.tobytes())
        found = evaluate(kept, start)
        if criterion(found) < criterion(best):
            best, waiting = found, list(moves)
    return best
