"""Duality of penalised least squares, in unit columns.

References
----------
Fercoq, Gramfort, Salmon (2015), ICML 37, 333 (the residual-scaled dual point);
Ndiaye, Fercoq, Gramfort, Salmon (2017), J. Mach. Learn. Res. 18, 128 (groups).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.errors import ProblemError
from physmodel.optimizers.sparse.design import Design
from physmodel.optimizers.sparse.record import Certificate

Array = NDArray[np.float64]

#: Correlation with a column that has no penalty, relative to the largest one, that is rounding.
UNPENALISED = 1e-12


def penalised_certificate(
    design: Design,
    x: Array,
    penalty: Array,
    ridge: Array,
    groups: NDArray[np.intp] | None = None,
) -> Certificate:
    """Certificate of ``|y - A x|^2 / 2 + ridge x^2 / 2 + penalty |x|`` in unit columns.

    `x` ``(p, k)``: coefficients of the unit columns. `penalty` ``(p, k)``: with groups, the penalty
    of a group stands at each of its columns. `ridge` ``(p,)``. `groups` ``(p,)``: label of the
    group of each column; the penalty is then on the norm of a group. Returns: with primal, dual,
    gap and KKT residual.
    """
    left, rss = design.gradient(x, quick=True)
    return certify(design, x, left, rss, penalty, ridge, groups)


def certify(
    design: Design,
    x: Array,
    left: Array,
    rss: Array,
    penalty: Array,
    ridge: Array,
    groups: NDArray[np.intp] | None = None,
) -> Certificate:
    """The same where the gradient of the squares is at hand.

    `design`, `penalty`, `ridge`, `groups`: as for `penalised_certificate`; the design may have one
    signal for many answers. `x`, `left` ``(p, k)``: coefficients, and inner products of unit
    columns with what they leave of the signals. `rss` ``(k,)``: its squared norm.
    """
    slope = left - ridge[:, None] * x
    bend = ridge @ x**2
    sizes, slopes = np.abs(x), np.abs(slope)
    if groups is None:
        size_sum, lam = (penalty * sizes).sum(axis=0), penalty
        target = np.where(x == 0.0, 0.0, slope - penalty * np.sign(x))
    else:
        first = np.unique(groups, return_index=True)[1]
        inverse = np.unique(groups, return_inverse=True)[1]
        sizes, slopes = group_norms(x, inverse), group_norms(slope, inverse)
        lam = penalty[first]
        size_sum = (lam * sizes).sum(axis=0)
        spread = sizes[inverse]
        unit = np.divide(x, spread, out=np.zeros_like(x), where=spread > 0.0)
        target = group_norms(np.where(spread == 0.0, 0.0, slope - penalty * unit), inverse)
    primal = 0.5 * rss + 0.5 * bend + size_sum
    reference = np.abs(design.correlation).max(axis=0)
    # Columns without a penalty leave the dual point no room but for rounding.
    slopes = np.where((lam == 0.0) & (slopes <= UNPENALISED * reference), 0.0, slopes)
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(slopes > 0.0, lam / slopes, np.inf).min(axis=0)
    # |y|^2 - c x = y r, and the dual is a parabola in the scaling of the residual.
    along = design.energy - (design.correlation * x).sum(axis=0)
    length = rss + bend
    best = np.divide(along, length, out=np.zeros_like(along), where=length > 0.0)
    scaling = np.clip(best, -room, room)
    dual = scaling * along - 0.5 * scaling**2 * length
    excess = np.where(sizes == 0.0, np.maximum(slopes - lam, 0.0), np.abs(target))
    kkt = excess.max(axis=0) / np.where(reference > 0.0, reference, 1.0)

    def shape(values: Array) -> float | Array:
        return values if len(values) != design.n_signals else design.per_signal(values)

    return Certificate(shape(primal), shape(dual), shape(primal - dual), shape(kkt))


@dataclass(frozen=True)
class Gap:
    """Duality gap of one signal at many points, for solvers that look at it on the way.

    `correlation`, `penalty` ``(p,)``. `inverse` ``(p,)``: of the penalties; zero where there is
    none. `free`: columns without a penalty.
    """

    energy: float
    correlation: Array
    penalty: Array
    inverse: Array
    free: NDArray[np.intp]

    def at(self, inside: NDArray[np.intp], value: Array, slope: Array) -> float:
        """Gap at coefficients `value` of the columns `inside`.

        `slope` (p,) holds the inner products with the residual, less ridge times coefficient.
        """
        along = self.energy - float(self.correlation[inside] @ value)
        length = max(along - float(slope[inside] @ value), 0.0)
        primal = 0.5 * length + float(self.penalty[inside] @ np.abs(value))
        worst = float((np.abs(slope) * self.inverse).max(initial=0.0))
        room = 1.0 / worst if worst > 0.0 else np.inf
        if len(self.free):
            reference = np.abs(self.correlation).max()
            room = room if np.abs(slope[self.free]).max() <= UNPENALISED * reference else 0.0
        scaling = min(max(along / length, -room), room) if length > 0.0 else 0.0
        return primal - scaling * along + 0.5 * scaling**2 * length


def gap_meter(energy: float, correlation: Array, penalty: Array) -> Gap:
    """Prepare the gap of one signal."""
    free = np.flatnonzero(penalty == 0.0)
    inverse = np.zeros_like(penalty)
    np.divide(1.0, penalty, out=inverse, where=penalty > 0.0)
    return Gap(energy, correlation, penalty, inverse, free)


def group_norms(x: Array, inverse: NDArray[np.intp]) -> Array:
    """Norms (g, k) over the groups 0 ... g - 1 that `inverse` (p,) names."""
    sums = np.zeros((int(inverse.max()) + 1, x.shape[1]))
    np.add.at(sums, inverse, x**2)
    return np.sqrt(sums)


def penalties(
    design: Design,
    penalty: float | Array,
    ridge: float,
    weights: ArrayLike | None,
    scaled: bool,
) -> tuple[Array, Array]:
    """Penalties (p, k) and ridges (p,) of coefficients of unit columns."""
    level = np.broadcast_to(np.asarray(penalty, dtype=float), (design.n_signals,))
    if not (np.isfinite(level).all() and (level >= 0.0).all() and np.isfinite(ridge)):
        raise ProblemError("a penalty is negative or not finite", fix="pass numbers of 0 or more")
    if ridge < 0.0:
        raise ProblemError("the ridge is negative", fix="pass a number of 0 or more")
    relative = np.ones(design.n_atoms) if weights is None else np.asarray(weights, dtype=float)
    if relative.shape != (design.n_atoms,) or not np.isfinite(relative).all():
        raise ProblemError(
            f"weights of shape {relative.shape} for {design.n_atoms} columns",
            fix="pass one finite weight per column",
        )
    if (relative < 0.0).any():
        raise ProblemError("a weight is negative", fix="pass weights of 0 or more")
    bend = np.full(design.n_atoms, float(ridge))
    if not scaled:
        relative, bend = relative / design.scale, bend / design.scale**2
    return relative[:, None] * level, bend
