"""Pruning: which parameters of a least-squares model may be zero, judged to second order.

The Jacobian of the residuals gives the Gauss-Newton matrix ``H``, and with it in closed form what
it costs to set a parameter to zero while all others make up for it: the optimal brain surgeon. What
was taken too early is exchanged for what turned out to matter less.

References
----------
Hassibi, Stork, Wolff (1993), Optimal brain surgeon and general network pruning, IEEE ICNN;
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.optimizers.pruning_trial import Evaluations, Mask, Trial, Unit, schwarz

Array = NDArray[np.float64]

#: Share of the evaluations that lead down to a size; the others exchange parameters at it.
DOWN = 2.0 / 3.0
#: Parameters that are put back before as many others are taken: tried in this order until an
#: exchange is better than what there was, and then from the first again.
EXCHANGES = (3, 1, 2, 6, 12)
#: Twice the cost that a parameter saves on average by following noise; what costs less is as good
#: as free. A unit that is free goes before any parameter that is: the model is linear in what leads
#: out of its last units, so that more of the estimate comes true.
NOISE = 1.0
#: Part of the parameters that one evaluation of a search for the size takes away.
STAGE = 0.15


def saliencies(trial: Trial) -> tuple[Array, Array]:
    """What it costs to set each kept parameter to zero, if the others make up for it.

    Returns
    -------
    ndarray (k,)
        ``w_q^2 / (2 [H^-1]_qq)``: rise of the cost, exact at the minimum of linear residuals.
    ndarray (k, k)
        ``H^-1`` of the kept parameters.
    """
    inner = trial.curvature[np.ix_(trial.kept, trial.kept)]
    diagonal = np.diag(inner)
    # A parameter without effect or prior gets the scale of one, and so no cost.
    scale = 1.0 / np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))
    values, vectors = np.linalg.eigh(inner * scale[:, None] * scale)
    rounding = len(values) * np.finfo(float).eps * values.max(initial=1.0)
    half = vectors / np.sqrt(np.maximum(values, rounding))
    inverse = (half @ half.T) * scale[:, None] * scale
    return trial.parameters[trial.kept] ** 2 / (2.0 * np.diag(inverse)), inverse


def removed(
    trial: Trial, size: int, units: Sequence[Unit] = (), *, whole: bool = True
) -> tuple[Mask, Array]:
    """Take away one parameter, or one unit, after the other where it costs least per parameter.

    Parameters
    ----------
    trial : Trial
    size : int
        Number of parameters to keep; fewer are kept where the last step takes a whole unit.
    units : sequence of Unit
    whole : bool
        Whether to take units as a whole; those that lost all that leads out of them go anyway.

    Returns
    -------
    kept : ndarray of bool (p,)
    start : ndarray (p,)
        Minimum of the quadratic model under these constraints.
    """
    kept, w = trial.kept.copy(), trial.parameters.copy()
    inverse = np.zeros_like(trial.curvature)
    inverse[np.ix_(kept, kept)] = saliencies(trial)[1]
    w -= inverse @ trial.slope

    def hold(q: int, at: float) -> None:
        """Fix a parameter; the others follow."""
        column = inverse[:, q] / inverse[q, q]
        w[:] += column * (at - w[q])
        inverse[:] -= np.outer(column, inverse[q])
        inverse[q] = inverse[:, q] = w[q] = 0.0
        kept[q] = False

    while int(kept.sum()) > size and (kept & ~trial.pinned).any():
        spread = np.maximum(np.diag(inverse), np.finfo(float).tiny)
        cost = np.where(kept & ~trial.pinned, w**2 / spread, np.inf)
        chosen = [int(np.argmin(cost))]
        least = max(float(cost[chosen[0]]), NOISE)
        for unit in units if whole else ():
            out = [q for q in unit.outgoing if kept[q]]
            if not out:
                continue
            many = len(out) + int(kept[list(unit.incoming)].sum())
            rise = float(w[out] @ np.linalg.solve(inverse[np.ix_(out, out)], w[out])) / many
            if rise < least:
                chosen, least = out, rise
        for q in chosen:
            hold(q, 0.0)
        for unit in units:
            if not kept[list(unit.outgoing)].any():
                for q in unit.incoming:
                    if kept[q]:
                        hold(q, float(w[q]))
    return kept, w


def exchanged(
    trial: Trial, size: int, many: int, units: Sequence[Unit] = (), *, whole: bool = True
) -> tuple[Mask, Array]:
    """Put parameters back that promise most, and take as many others away.

    Parameters
    ----------
    trial : Trial
    size : int
    many : int
        Parameters to put back; those of units that are gone cannot be.
    units, whole
        See `removed`.

    Returns
    -------
    kept : ndarray of bool (p,)
    start : ndarray (p,)
        See `removed`.
    """
    curvature = np.diag(trial.curvature)
    gain = trial.slope**2 / np.where(curvature > 0.0, curvature, np.inf)
    gain[trial.kept] = 0.0
    for unit in units:
        if not trial.kept[list(unit.outgoing)].any():
            gain[list(unit.incoming + unit.outgoing)] = 0.0
    back = np.argsort(-gain, kind="stable")[:many]
    kept = trial.kept.copy()
    kept[back[gain[back] > 0.0]] = True
    return removed(replace(trial, kept=kept), size, units, whole=whole)


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

    Returns
    -------
    Trial

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
    found = dense
    for wanted in shrinking(dense.size, size, max(1, round(DOWN * evaluate.left))):
        # What cannot be evaluated is left out, and more is taken away at once.
        smaller = evaluate(*removed(found, wanted, units))
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
    The way down ends where the misfit alone exceeds the least criterion so far: it only rises, so
    that nothing smaller can win.
    """

    def criterion(trial: Trial) -> float:
        return schwarz(trial, n_residuals)

    best = found = dense
    while evaluate.left and found.size and 2.0 * found.misfit < criterion(best):
        wanted = min(found.size - 1, round((1.0 - STAGE) * found.size))
        found = evaluate(*removed(found, wanted, units))
        best = min(best, found, key=criterion)
    moves = [(fewer, 0, whole) for fewer in (3, 1) for whole in (True, False)]
    moves += [(fewer, back, False) for back in EXCHANGES for fewer in (1, 0)]
    return _improved(evaluate, best, units, criterion, moves)


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
