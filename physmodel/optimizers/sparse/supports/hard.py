"""Iterative hard thresholding and hard thresholding pursuit.

References
----------
Blumensath and Davies (2010), IEEE J. Sel. Top. Signal Process. 4, 298 (normalised step);
Foucart (2011), SIAM J. Numer. Anal. 49, 2543 (hard thresholding pursuit).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.optimizers.sparse.design import Design, DictionaryLike
from physmodel.optimizers.sparse.record import SparseResult
from physmodel.optimizers.sparse.supports.fixed_size import (
    hard_threshold,
    largest,
    least_squares,
    run_signals,
)

Array = NDArray[np.float64]

#: Relative change at which the iteration has arrived.
SETTLED = 1e-10
#: Margin of the step below the largest one that is sure to descend.
MARGIN = 0.01
MAX_HALVINGS = 60


def iterative_hard_thresholding(
    dictionary: DictionaryLike,
    signals: ArrayLike | None = None,
    *,
    sparsity: int | None = None,
    iterations: int = 1000,
) -> SparseResult:
    """Step along the gradient, keep the largest coefficients, repeat (normalised IHT).

    Parameters
    ----------
    dictionary : array_like (m, p), LinearOperator (m, p) or Gram
        Operators are only applied, never written out beyond a few million entries.
    signals : array_like (m,) or (m, k)
        None with a Gram.
    sparsity : int, optional
        Number of columns; by default, for each signal, what orthogonal matching pursuit takes.
    iterations : int
        Budget.

    Returns
    -------
    SparseResult
        The residual never grows from one iteration to the next. Answers do not depend on the scale
        and sign of a column.
    """
    return run_signals(_thresholding, dictionary, signals, sparsity, iterations)


def hard_thresholding_pursuit(
    dictionary: DictionaryLike,
    signals: ArrayLike | None = None,
    *,
    sparsity: int | None = None,
    iterations: int = 200,
) -> SparseResult:
    """Take the support of a hard thresholding step, fit it by least squares, repeat.

    Parameters
    ----------
    dictionary, signals, sparsity, iterations
        As for `iterative_hard_thresholding`.

    Returns
    -------
    SparseResult
        The best support that was met.
    """
    return run_signals(_pursuit, dictionary, signals, sparsity, iterations)


def _energy(design: Design, x: Array) -> float:
    """``|A x|^2`` of one vector of unit-column coefficients."""
    if design.gram is not None:
        used = np.flatnonzero(x)
        return float(x[used] @ design.unit_gram[np.ix_(used, used)] @ x[used])
    image = design.apply(x[:, None])
    return float(np.sum(image**2))


def _proposal(
    design: Design, x: Array, slope: Array, sparsity: int, inside: NDArray[np.intp]
) -> Array:
    """One step, exact along the gradient of some columns, that cannot raise the residual."""
    along = np.zeros_like(slope)
    along[inside] = slope[inside]
    bottom = _energy(design, along)
    step = float(along @ along) / bottom if bottom > 0.0 else 1.0
    moved = hard_threshold(x + step * slope, sparsity)
    for _ in range(MAX_HALVINGS):
        change = moved - x
        if np.array_equal(moved != 0.0, x != 0.0):
            break
        bottom = _energy(design, change)
        if bottom == 0.0 or step <= (1.0 - MARGIN) * float(change @ change) / bottom:
            break
        step *= 0.5
        moved = hard_threshold(x + step * slope, sparsity)
    return moved


def _thresholding(design: Design, sparsity: int, iterations: int) -> tuple[Array, int, bool]:
    x = np.zeros(design.n_atoms)
    slope = design.correlation[:, 0]
    for count in range(1, iterations + 1):
        inside = np.flatnonzero(x) if x.any() else largest(slope, sparsity)
        moved = _proposal(design, x, slope, sparsity, inside)
        change = float(np.abs(moved - x).max(initial=0.0))
        x = moved
        if change <= SETTLED * float(np.abs(x).max(initial=0.0)):
            return x, count, True
        slope = design.gradient(x[:, None])[0][:, 0]
    return x, iterations, False


def _pursuit(design: Design, sparsity: int, iterations: int) -> tuple[Array, int, bool]:
    x = np.zeros(design.n_atoms)
    slope = design.correlation[:, 0]
    best, value = x, float(design.energy[0])
    seen: set[bytes] = set()
    for count in range(1, iterations + 1):
        # After a fit the gradient on the support is rounding: columns that want in set the step.
        wanted = largest(slope, sparsity)
        support = np.flatnonzero(_proposal(design, x, slope, sparsity, wanted))
        if support.tobytes() in seen:
            return best, count, True
        seen.add(support.tobytes())
        x = least_squares(design, support)
        slopes, rss = design.gradient(x[:, None])
        slope = slopes[:, 0]
        if rss[0] < value:
            best, value = x, float(rss[0])
    return best, iterations, False
