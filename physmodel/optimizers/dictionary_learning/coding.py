"""Sparse codes of many signals, in tiles."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, hstack

from physmodel.optimizers.dictionary_learning.opening import open_signals
from physmodel.optimizers.sparse.l1.lasso import lasso
from physmodel.optimizers.sparse.supports.matching import orthogonal_matching_pursuit

Array = NDArray[np.float64]

#: Numbers in the dense coefficients of a tile of signals (16 MB).
TILE = 1 << 21


def encode(
    atoms: ArrayLike,
    signals: ArrayLike,
    *,
    sparsity: int | None = None,
    tolerance: float | None = None,
    penalty: float | None = None,
) -> csr_array:
    """Coefficients of signals in few atoms each.

    Parameters
    ----------
    atoms : array_like (m, p)
    signals : array_like (m, k)
    sparsity, tolerance
        As for `orthogonal_matching_pursuit`, which does the work.
    penalty : float, optional
        If given, `lasso` does.

    Returns
    -------
    csr_array (p, k)

    Raises
    ------
    ProblemError
    """
    matrix = np.asarray(atoms, dtype=float)
    array = open_signals(signals)
    # A single last signal would take another route than its neighbours: tiles are balanced.
    count = array.shape[1]
    tiles = -(-count * matrix.shape[-1] // TILE)
    edges = np.linspace(0, count, min(tiles, count) + 1).astype(int)
    parts = []
    for first, stop in pairwise(edges):
        tile = array[:, first:stop]
        if penalty is not None:
            result = lasso(matrix, tile, penalty=penalty)
        else:
            result = orthogonal_matching_pursuit(
                matrix, tile, sparsity=sparsity, tolerance=tolerance
            )
        parts.append(csr_array(result.coefficients))
    return csr_array(hstack(parts, format="csr"))
