"""K-SVD: each atom in turn becomes the best direction for its signals. MOD: all by least squares.

References
----------
Engan, Aase, Husoy (1999), Proc. IEEE ICASSP 5, 2443 (MOD);
Aharon, Elad, Bruckstein (2006), IEEE Trans. Signal Process. 54, 4311;
Rubinstein, Zibulevsky, Elad (2008), Technion CS-2008-08 (one power step in place of the SVD).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from physmodel.optimizers.dictionary_learning.batch import learn
from physmodel.optimizers.dictionary_learning.record import LearnedDictionary

Array = NDArray[np.float64]


def k_svd(
    signals: ArrayLike,
    n_atoms: int | None = None,
    *,
    sparsity: int | None = None,
    tolerance: float | None = None,
    start: ArrayLike | None = None,
    iterations: int = 60,
    seed: int = 0,
) -> LearnedDictionary:
    """Learn a dictionary by approximate K-SVD with batch orthogonal matching pursuit.

    Parameters
    ----------
    signals : array_like (m, k)
        One per column; subtract means first where they carry nothing.
    n_atoms : int, optional
        By default twice the length of a signal, at most the number of signals.
    sparsity : int, optional
        Atoms per signal. By default it grows from one while the atoms form, up to what the
        extended Bayesian information criterion pays for in the median signal; the codes that are
        returned have for each signal what the criterion pays for.
    tolerance : float, optional
        Code each signal to this norm of the residual, as for denoising.
    start : array_like (m, p), optional
        Warm start, for instance the decoder of a sparse autoencoder. Its columns keep their
        places.
    iterations : int
        At most. Without a start, 20 or more leave time to begin with a surplus of atoms.
    seed : int
        Of the signals that become the first atoms: the same seed gives the same bits.

    Returns
    -------
    LearnedDictionary
        The history is the residual sum of squares. An update of the atoms never raises it; the
        pursuit that follows may, since it is greedy.

    Raises
    ------
    ProblemError
        If the input is no matrix of finite numbers, all is zero, or a number is impossible.

    Notes
    -----
    Apart from rounding the atoms do not depend on the order of the signals.
    """
    return learn(signals, n_atoms, sparsity, tolerance, start, iterations, seed, rank_one_updates)


def rank_one_updates(
    atoms: Array, codes: csr_array, residual: Array
) -> tuple[Array, csr_array, Array]:
    """Update every atom and its coefficients, one after the other.

    `atoms` ``(m, p)``, `residual` ``(k, m)``. Returns: new ones; the support of the codes and
    unused atoms stay, the residual never grows.
    """
    atoms, residual = atoms.copy(), residual.copy()
    values = codes.data.copy()
    for j in range(atoms.shape[1]):
        part = slice(codes.indptr[j], codes.indptr[j + 1])
        users = codes.indices[part]
        amounts = values[part]
        if not amounts.any():
            continue
        alone = residual[users] + amounts[:, None] * atoms[:, j]
        direction = amounts @ alone
        length = float(np.linalg.norm(direction))
        if length == 0.0:
            continue
        atoms[:, j] = direction / length
        values[part] = alone @ atoms[:, j]
        residual[users] = alone - values[part][:, None] * atoms[:, j]
    return atoms, csr_array((values, codes.indices, codes.indptr), shape=codes.shape), residual


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
