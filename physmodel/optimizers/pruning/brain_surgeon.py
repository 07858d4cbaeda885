"""What it costs a least-squares model to set parameters to zero, to second order.

The Jacobian of the residuals gives the Gauss-Newton matrix ``H``, and with it in closed form the
rise of the cost when a parameter goes while all others make up for it.

References
----------
Hassibi, Stork, Wolff (1993), Optimal brain surgeon and general network pruning, IEEE ICNN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from physmodel.optimizers.pruning.trial import Mask, Trial, Unit

Array = NDArray[np.float64]

#: Twice the cost that a parameter saves on average by following noise; what costs less is as good
#: as free. A unit that is free goes before any parameter that is: the model is linear in what leads
#: out of its last units, so that more of the estimate comes true.
NOISE = 1.0


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

    `size`: number of parameters to keep; fewer are kept where the last step takes a whole unit.
    `whole`: whether to take units as a whole; those that lost all that leads out of them go anyway.
    Returns `kept` ``(p,)``; `start` ``(p,)``: minimum of the quadratic model under these
    constraints.
    """
    kept, w = trial.kept.copy(), trial.parameters.copy()
    inverse = np.zeros_like(trial.curvature)
    inverse[np.ix_(kept, kept)] = saliencies(trial)[1]

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

    `many`: parameters to put back; those of units that are gone cannot be. `units`, `whole`: see
    `removed`. Returns `kept` ``(p,)``; `start` ``(p,)``: see `removed`.
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
    larger = replace(trial, kept=kept)
    w = trial.parameters.copy()
    w[kept] -= saliencies(larger)[1] @ trial.slope[kept]
    return removed(replace(larger, parameters=w), size, units, whole=whole)
