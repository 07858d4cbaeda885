"""Banded matrices of the weak residual: its covariance, the Cholesky factor, a determinant.

A test function reaches over a few samples only, so the rows of a noise map have their entries near
the diagonal, and the covariance of the rows has a band. Bands are stored as LAPACK wants lower
ones: ``bands[k, j]`` is the entry in row ``j + k`` and column ``j``.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import blas, cholesky_banded, lapack
from scipy.sparse.linalg import splu

from physmodel.constants import ENGINE

Array = NDArray[np.float64]

#: Share of the largest entry of a column from which the one on the diagonal is the pivot.
LEAST_PIVOT = 0.01

#: Bands from which a solve in dense blocks is faster than one by columns.
WIDE = 100

#: Rows of blocks that are dense at a time, so that they stay in the processor's cache; and rows
#: that are multiplied at a time.
CACHED, GROUPED = 64, 48


def gram_of_blocks(matrix: sparse.bsr_array) -> Array:
    """Lower bands of ``A A'`` for a matrix of square blocks near a diagonal.

    Parameters
    ----------
    matrix : bsr_array (r d, n d)
        With an entry in every row of blocks.

    Returns
    -------
    ndarray (bands, r d)
    """
    d, count = matrix.blocksize[0], matrix.shape[0] // matrix.blocksize[0]
    first, last = (f.reduceat(matrix.indices, matrix.indptr[:-1]) for f in (np.minimum, np.maximum))
    later = np.minimum.accumulate(first[::-1])[::-1]  # first column of this row and all others
    beyond = np.searchsorted(later, last, side="right")  # the first row that shares no column
    height, group = int((beyond - np.arange(count)).max()) * d, max(GROUPED // d, 1)
    bands = np.empty((count * d, height))
    for begin in range(0, count, CACHED):
        end = min(begin + CACHED, count)
        low, dense = _dense(matrix, begin, int(beyond[begin:end].max()))
        for a in range(begin, end, group):
            b = min(a + group, end)
            rows, top = (b - a) * d, int(beyond[a:b].max() - a) * d
            columns = slice((first[a:b].min() - low) * d, (last[a:b].max() + 1 - low) * d)
            own = dense[(a - begin) * d :, columns]
            product = np.zeros((rows, rows + height))
            np.matmul(own[:rows], own[:top].T, out=product[:, :top])
            down, along = product.strides
            bands[a * d : b * d] = as_strided(product, (rows, height), (down + along, along))
    return bands.T


def _dense(matrix: sparse.bsr_array, begin: int, end: int) -> tuple[int, Array]:
    """Some rows of blocks as a dense matrix, from their first column on."""
    d, which = matrix.blocksize[0], slice(matrix.indptr[begin], matrix.indptr[end])
    row = np.repeat(np.arange(end - begin), np.diff(matrix.indptr[begin : end + 1]))
    low = int(matrix.indices[which].min())
    column = matrix.indices[which] - low
    dense = np.zeros((end - begin, d, int(column.max()) + 1, d))
    dense[row, :, column] = matrix.data[which]
    return low, dense.reshape((end - begin) * d, -1)


def gram_of_entries(matrix: sparse.csr_array) -> Array:
    """The same for a matrix of which few entries are not zero."""
    gram = (matrix @ matrix.T).tocoo()
    below = gram.row - gram.col
    kept = below >= 0
    bands = np.zeros((int(below.max()) + 1, gram.shape[0]), order="F")
    bands[below[kept], gram.col[kept]] = gram.data[kept]
    return bands


def factorised(bands: Array, extra_diagonal: Array) -> Array:
    """Lower Cholesky factor of a covariance plus a diagonal."""
    bands[0] += extra_diagonal + ENGINE.covariance_rounding * bands[0]
    factor: Array = cholesky_banded(bands, overwrite_ab=True, lower=True, check_finite=False)
    return factor


def triangular_solve(factor: Array, right: Array, *, transposed: bool = False) -> Array:
    """Solve with a banded lower Cholesky factor.

    Parameters
    ----------
    factor : ndarray (bands, n)
        In Fortran order, as `factorised` returns it.
    right : ndarray (n, k)
    transposed : bool

    Returns
    -------
    ndarray (n, k)
    """
    if len(factor) > WIDE and right.shape[1] > 1 and not transposed:
        return _forward(factor, right)
    solution, info = lapack.dtbtrs(factor, right, uplo="L", trans="T" if transposed else "N")
    if info:
        raise np.linalg.LinAlgError("singular covariance of the weak residual")
    result: Array = solution
    return result


def _forward(factor: Array, right: Array) -> Array:
    """Forward substitution in dense blocks, as wide as the band below the diagonal."""
    width, n = len(factor) - 1, factor.shape[1]
    # In memory an entry is as far from the one below it as in a dense matrix of `width` rows.
    flat = factor.ravel(order="K")
    strides = (flat.itemsize, flat.itemsize * width)
    solution = np.empty(right.shape)
    for first in range(0, n, width):
        rows = right[first : first + width]
        shape = (len(rows), width)
        if first:
            beside = as_strided(flat[(first - width) * width + first :], shape, strides)
            rows = rows - np.triu(beside) @ solution[first - width : first]
        own = as_strided(flat[first * width + first :], (len(rows), len(rows)), strides)
        solution[first : first + width] = blas.dtrsm(1.0, own, rows, lower=True)
    return solution


def log_abs_determinant(matrix: sparse.csr_array | sparse.bsr_array) -> float:
    """Logarithm of the absolute determinant of the last columns of a banded matrix.

    Parameters
    ----------
    matrix : csr_array or bsr_array (n, n + m)

    Returns
    -------
    float
        Minus infinity if these columns are singular.
    """
    entries = matrix.tocoo()
    n, column = matrix.shape[0], entries.col - (matrix.shape[1] - matrix.shape[0])
    kept = (column >= 0) & (entries.data != 0.0)
    row, column, data = entries.row[kept], column[kept], entries.data[kept]
    offset = row - column
    lower, upper = int(max(offset.max(), 0)), int(max((-offset).max(), 0))
    bands = np.zeros((2 * lower + upper + 1, n), order="F")
    bands[lower + upper + offset, column] = data
    factor, _, _ = lapack.dgbtrf(bands, lower, upper, overwrite_ab=True)
    with np.errstate(divide="ignore"):
        value = float(np.log(np.abs(factor[lower + upper])).sum())
    if np.isfinite(value):
        return value
    # Of a law that contracts or grows, the largest pivots leave a last one that underflows over a
    # long record; those on the diagonal do not.
    try:
        square = sparse.csc_array((data, (row, column)), shape=(n, n))
        pivots = splu(square, diag_pivot_thresh=LEAST_PIVOT).U.diagonal()
    except RuntimeError:  # exactly singular
        return -np.inf
    return float(np.log(np.abs(pivots)).sum())
