"""MOD: all atoms at once by least squares.

References
----------
Engan, Aase, Husoy (1999), Proc. IEEE ICASSP 5, 2443.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from physmodel.optimizers.dictionary_learning.batch import learn
from physmodel.optimizers.dictionary_learning.record import LearnedDictionary

Array = NDArray[np.float64]


def method_of_optimal_directions(
    signals: ArrayLike,
    n_atoms: int | None = None,
    *,
    sparsity: int | None = None,
    tolerance: float | None = None,
    start: ArrayLike | None = None,
    iterations: int = 60,
    seed: int = 0,
) -> LearnedDictionary:
    """Learn a dictionary by the method of optimal directions.

    Parameters
    ----------
    signals, n_atoms, sparsity, tolerance, start, iterations, seed
        As for `k_svd`.

    Returns
    -------
    LearnedDictionary
        The history is the residual sum of squares, which no update of the atoms raises.

    Raises
    ------
    ProblemError
    """
    return learn(signals, n_atoms, sparsity, tolerance, start, iterations, seed, least_squares)


def least_squares(
    atoms: Array, codes: csr_array, residual: Array
) -> tuple[Array, csr_array, Array]:
    """The best atoms for given codes, brought to unit norm.

    `atoms` ``(m, p)``, `residual` ``(k, m)``. Returns: new ones; codes only change their scale,
    unused atoms stay.
    """
    gram = np.asarray((codes @ codes.T).todense())
    scale = np.sqrt(np.diag(gram))
    used = scale > 0.0
    # A correction of the present atoms: what the data do not determine stays as it is.
    unit = gram[np.ix_(used, used)] / scale[used] / scale[used][:, None]
    right = (codes @ residual)[used] / scale[used][:, None]
    change = np.linalg.lstsq(unit, right, rcond=None)[0] / scale[used][:, None]
    moved = atoms.copy()
    moved[:, used] += change.T
    residual = residual - codes.T @ (moved - atoms).T
    lengths = np.linalg.norm(moved, axis=0)
    found = used & (lengths > 0.0)
    moved = np.where(found, moved / np.where(found, lengths, 1.0), atoms)
    rows = np.diff(codes.indptr)
    values = codes.data * np.repeat(lengths, rows)
    return moved, csr_array((values, codes.indices, codes.indptr), shape=codes.shape), residual
