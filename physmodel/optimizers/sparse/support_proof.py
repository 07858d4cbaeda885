"""What can be proven about the support of an answer, whichever method found it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from physmodel.optimizers.sparse.certificates import (
    coherence_of,
    exact_recovery_coefficient,
    sparsest_bound,
)
from physmodel.optimizers.sparse.design import Design, Gram
from physmodel.optimizers.sparse.record import Certificate, Status

Array = NDArray[np.float64]

#: Residual norm relative to the signal's at which a representation is exact.
EXACT = 1e-7
#: Columns up to which a Gram is formed for nothing but the coherence.
SMALL = 512
#: Numbers of the residuals that are looked at together: they stay in the cache.
TILE = 1 << 16


def support_certificate(design: Design, x: Array | csc_array) -> Certificate:
    """What can be proven about given supports: exact recovery and being the sparsest.

    `x` ``(p, k)``: coefficients of unit columns. Returns: `primal` is half the residual sum of
    squares and `kkt` the largest inner product of a column of the support with the residual,
    relative to the largest with the signal. Recovery is given for a single signal on a dictionary
    that is written out, `coherence` where a Gram is at hand or the matrix small.
    """
    if design.matrix is not None and design.n_signals > 1:
        rss, slope, sizes = _fit_in_columns(design, csc_array(x))
    else:
        x = x if isinstance(x, np.ndarray) else x.toarray()
        rss, slope, sizes = _fit(design, x)
    reference = np.maximum(design.correlation.max(axis=0), -design.correlation.min(axis=0))
    kkt = slope / np.where(reference > 0.0, reference, 1.0)
    if design.matrix is not None and design.n_atoms <= SMALL:
        _ = design.unit_gram  # small enough to look at whole
    coherence = coherence_of(design)
    sparsest: bool | NDArray[np.bool_] | None = None
    if coherence is not None:
        exact = rss <= EXACT**2 * design.energy
        proven = exact & (sizes < sparsest_bound(coherence))
        sparsest = bool(proven[0]) if design.single else proven
    shape = design.per_signal
    return Certificate(
        shape(0.5 * rss),
        kkt=shape(kkt),
        coherence=coherence,
        recovery=_recovery(design, x) if isinstance(x, np.ndarray) and design.single else None,
        sparsest=sparsest,
    )


def support_statuses(certificate: Certificate) -> tuple[Status, ...]:
    """Optimal where the answer is proven to be the sparsest, converged elsewhere."""
    count = np.size(certificate.primal)
    if certificate.sparsest is None:
        return (Status.CONVERGED,) * count
    proven = np.atleast_1d(np.asarray(certificate.sparsest)).tolist()
    return tuple(Status.OPTIMAL if good else Status.CONVERGED for good in proven)


def _fit(design: Design, x: Array) -> tuple[Array, Array, NDArray[np.intp]]:
    """Residual sum of squares, largest inner product on the support, and size, of each signal."""
    slope, rss = design.gradient(x)
    inside = x != 0.0
    return rss, np.abs(np.where(inside, slope, 0.0)).max(axis=0), inside.sum(axis=0)


def _fit_in_columns(design: Design, x: csc_array) -> tuple[Array, Array, NDArray[np.intp]]:
    """The same from the columns in use alone: of many signals each takes few."""
    assert design.matrix is not None  # noqa: S101
    assert design.signals is not None  # noqa: S101
    columns = np.ascontiguousarray((design.matrix / design.scale).T)
    sizes = np.diff(x.indptr)
    rss, worst = np.empty(len(sizes)), np.zeros(len(sizes))
    for first in range(0, len(sizes), max(TILE // design.n_rows, 1)):
        tile = slice(first, first + max(TILE // design.n_rows, 1))
        residual = design.signals[:, tile].T - x[:, tile].T @ columns
        rss[tile] = np.einsum("ij,ij->i", residual, residual)
        for place in range(sizes[tile].max()):
            # The columns that stand at this place in the support of each signal.
            on = np.flatnonzero(sizes[tile] > place)
            atoms = x.indices[x.indptr[first + on] + place]
            left = residual if len(on) == len(residual) else residual[on]
            inner = np.abs(np.einsum("ij,ij->i", columns[atoms], left))
            worst[first + on] = np.maximum(worst[first + on], inner)
    return rss, worst, sizes


def _recovery(design: Design, x: Array) -> float | None:
    support = np.flatnonzero(x[:, 0])
    if design.operator is not None or not len(support):
        return None
    if design.matrix is not None:
        return exact_recovery_coefficient(design.matrix, support)
    record = Gram(design.unit_gram, design.correlation, design.energy, design.n_rows)
    return exact_recovery_coefficient(record, support)
