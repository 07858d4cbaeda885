"""One combination of terms, weighted at each point by what noise does to it there.

Noise in nonlinear terms is much larger at some points than at others. A plain sum of squares hears
only the loudest: of 272 independent numbers of a short record of Lorenz's equations, 20 were left,
and sums of terms that noise at the other points clearly contradicts went through.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from physmodel.conserved.search.phase import means
from physmodel.conserved.search.spectrum import RIDGE

Array = NDArray[np.float64]

#: Share of the mean variance of noise below which no point counts as quieter: there noise acts by
#: its square, which the weights do not know.
LEAST = 0.05
#: Rounds of weighting points and finding coefficients, which depend on each other.
ROUNDS = 2


def centred(values: Array, share: Array, trajectory: NDArray[np.intp]) -> Array:
    """Weighted deviations from the weighted means along trajectories.

    Parameters
    ----------
    values : ndarray (m, ...)
    share : ndarray (m,)
        Square roots of the weights of the points.
    trajectory : ndarray of int (m,)

    Returns
    -------
    ndarray (m, ...)
    """
    shape = (-1, *[1] * (values.ndim - 1))
    square = (share**2).reshape(shape)
    mean = means(values * square, trajectory) / means(square, trajectory)
    return np.asarray(share.reshape(shape) * (values - mean))


def precise(
    values: Array, differences: Sequence[Array], weights: Array, trajectory: NDArray[np.intp]
) -> tuple[Array, Array]:
    """Coefficients whose combination changes least, compared with noise, where it is quiet.

    Parameters
    ----------
    values : ndarray (m, s)
        Terms that are used.
    differences : sequence of ndarray (m, s)
        Draws of what noise changes in them.
    weights : ndarray (s,)
        Rough coefficients.
    trajectory : ndarray of int (m,)

    Returns
    -------
    weights : ndarray (s,)
    share : ndarray (m,)
        Square roots of the weights of the points, one in the mean square.
    """
    share = np.ones(len(values))
    # Squares of powers of values in user units may leave the range of floats.
    unit = np.abs(values).max(axis=0, initial=0.0)
    unit = np.where(unit > 0.0, unit, 1.0)
    values, weights = values / unit, weights * unit
    differences = [drawn / unit for drawn in differences]
    for _ in range(ROUNDS):
        local = np.mean([(drawn @ weights) ** 2 for drawn in differences], axis=0)
        if not local.any():
            break
        share = 1.0 / np.sqrt(local + LEAST * local.mean())
        share /= np.sqrt(np.mean(share**2))
        changes = centred(values, share, trajectory)
        drawn = np.stack([centred(d, share, trajectory) for d in differences])
        noise = np.einsum("dmi,dmj->ij", drawn, drawn, optimize=True) / len(drawn)
        weights = _least(changes.T @ changes, noise, weights)
    return weights / unit, share


def _least(within: Array, noise: Array, weights: Array) -> Array:
    """Coefficients of the least ratio of two second moments, the largest term as it was."""
    size = np.sqrt(np.diag(within) + np.diag(noise))
    size = np.where(size > 0.0, size, 1.0)
    outer = np.outer(size, size)
    _, vectors = eigh(within / outer, noise / outer + RIDGE * np.eye(len(size)))
    largest = int(np.argmax(np.abs(weights * size)))
    found = vectors[:, 0] / size
    return found * (weights[largest] / found[largest]) if found[largest] != 0.0 else weights
