"""Group Lasso: whole groups of columns come and go together.

References
----------
Yuan and Lin (2006), J. R. Stat. Soc. B 68, 49;
O'Donoghue and Candes (2015), Found. Comput. Math. 15, 715 (restarted acceleration).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.errors import ProblemError
from physmodel.optimizers.sparse.design import Design, DictionaryLike
from physmodel.optimizers.sparse.l1.duality import group_norms, penalised_certificate, penalties
from physmodel.optimizers.sparse.l1.working_set import squared_norm
from physmodel.optimizers.sparse.opening import open_design
from physmodel.optimizers.sparse.record import SparseResult, Status

Array = NDArray[np.float64]

#: Duality gap relative to the energy of the signal below which an answer counts as optimal.
OPTIMAL = 1e-9
#: Iterations between two looks at the gap.
LOOK = 20
#: Columns up to which a Gram is formed.
GRAM_COLUMNS = 2048


def group_lasso(
    dictionary: DictionaryLike,
    signals: ArrayLike | None = None,
    *,
    groups: ArrayLike,
    penalty: float | None = None,
    ridge: float = 0.0,
    weights: ArrayLike | None = None,
    scaled: bool = True,
    iterations: int = 20_000,
) -> SparseResult:
    """Minimise ``|y - A x|^2 / 2 + penalty sum_g weight_g |x_g|_2 + ridge |x|^2 / 2``.

    Parameters
    ----------
    dictionary : array_like (m, p), LinearOperator (m, p) or Gram
    signals : array_like (m,) or (m, k)
        None with a Gram.
    groups : array_like of int (p,)
        Label of the group of each column.
    penalty : float, optional
        By default a tenth of the largest at which any group is used.
    ridge : float
    weights : array_like, one per group in the order of sorted labels, optional
        By default the square root of the number of columns.
    scaled : bool
        The penalty acts on coefficients of unit columns.
    iterations : int
        Budget.

    Returns
    -------
    SparseResult
        Certified by the duality gap.

    Raises
    ------
    ProblemError
    """
    design = open_design(dictionary, signals)
    labels = np.asarray(groups)
    if labels.shape != (design.n_atoms,):
        raise ProblemError(
            f"{labels.shape} labels for {design.n_atoms} columns", fix="pass one label per column"
        )
    inverse = np.unique(labels, return_inverse=True)[1]
    relative = _weights(weights, np.bincount(inverse))
    if not scaled and not np.allclose(design.scale, design.scale[0]):
        # Inside a group, columns of different norms would turn the penalty into an ellipsoid.
        raise ProblemError(
            "an unscaled group penalty needs columns of one norm",
            fix="leave scaled at True, or scale the columns",
        )
    if penalty is None:
        norms = group_norms(design.correlation, inverse)
        used = relative > 0.0
        penalty = 0.1 * float((norms[used] / relative[used, None]).max(initial=0.0))
        penalty *= 1.0 if scaled else float(design.scale[0])
    lam, bend = penalties(design, penalty, ridge, relative[inverse], scaled)
    x, count = _accelerated(design, lam, bend, inverse, iterations)
    certificate = penalised_certificate(design, x, lam, bend, inverse)
    gap = np.atleast_1d(np.asarray(certificate.gap))
    statuses = tuple(
        Status.OPTIMAL if good else Status.LIMIT
        for good in gap <= OPTIMAL * np.where(design.energy > 0.0, design.energy, 1.0)
    )
    shown = np.full(design.n_signals, penalty)
    return SparseResult(design.restore(x), statuses, certificate, count, design.per_signal(shown))


def _weights(weights: ArrayLike | None, sizes: NDArray[np.intp]) -> Array:
    """Weight of each group; by default the square root of its size."""
    relative = np.sqrt(sizes) if weights is None else np.asarray(weights, dtype=float)
    if relative.shape != sizes.shape or not (relative >= 0.0).all():
        raise ProblemError(
            f"weights of shape {relative.shape} for {len(sizes)} groups",
            fix="pass one weight of 0 or more per group",
        )
    return relative


def group_soft_threshold(x: Array, threshold: Array, inverse: NDArray[np.intp]) -> Array:
    """Proximal map of a weighted sum of group norms, columns of `x` (p, k) at a time.

    `x`, `threshold` ``(p, k)``: the threshold of a group stands at each of its columns. `inverse`
    ``(p,)``: number of the group of each column.
    """
    norms = group_norms(x, inverse)[inverse]
    with np.errstate(divide="ignore", invalid="ignore"):
        keep = np.where(norms > threshold, 1.0 - threshold / norms, 0.0)
    return keep * x


def _accelerated(
    design: Design, penalty: Array, ridge: Array, inverse: NDArray[np.intp], iterations: int
) -> tuple[Array, int]:
    """Accelerated proximal gradient; each signal restarts by itself and stops at its gap."""
    if design.operator is None and design.n_atoms <= GRAM_COLUMNS:
        _ = design.unit_gram  # one product with the Gram replaces two with the matrix
    bound = squared_norm(design) + float(ridge.max(initial=0.0))
    x = np.zeros_like(design.correlation)
    ahead, momentum = x, np.ones(design.n_signals)
    goal = 0.1 * OPTIMAL * design.energy
    for count in range(1, iterations + 1):
        slope = _slope(design, ahead) - ridge[:, None] * ahead
        moved = group_soft_threshold(ahead + slope / bound, penalty / bound, inverse)
        change = moved - x
        restart = np.einsum("ij,ij->j", ahead - moved, change) > 0.0
        following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
        factor = np.where(restart, 0.0, (momentum - 1.0) / following)
        momentum = np.where(restart, 1.0, following)
        ahead = moved + factor * change
        x = moved
        if count % LOOK == 0:
            certificate = penalised_certificate(design, x, penalty, ridge, inverse)
            if (np.atleast_1d(np.asarray(certificate.gap)) <= goal).all():
                return x, count
    return x, iterations


def _slope(design: Design, x: Array) -> Array:
    if "unit_gram" in design.__dict__:
        return design.correlation - design.unit_gram @ x
    return design.gradient(x)[0]
