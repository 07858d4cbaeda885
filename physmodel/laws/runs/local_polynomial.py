"""The start of a trajectory from a polynomial through the samples next to it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Degree of the polynomials, where there are samples enough.
DEGREE = 3


def polynomial_start(time: Array, states: Array, order: int) -> Array:
    """States, and for second order velocities, at the first sample.

    Parameters
    ----------
    time : ndarray (n,)
    states : ndarray (n, d)
    order : {1, 2}

    Returns
    -------
    ndarray (order d,)

    Notes
    -----
    Weighted least squares; the weights fall with the distance from the first sample (Cleveland
    1979, Robust locally weighted regression and smoothing scatterplots).
    """
    n = len(time)
    if n == 1:
        return np.concatenate([states[0], np.zeros((order - 1) * states.shape[1])])
    length = time[-1] - time[0]
    place = (time - time[0]) / length
    root = np.sqrt((1.0 - (place * (1.0 - 1.0 / n)) ** 3) ** 3)
    powers = np.vander(place, min(DEGREE, n - 1) + 1, increasing=True)
    found = np.linalg.lstsq(root[:, None] * powers, root[:, None] * states, rcond=None)[0]
    return np.concatenate([found[0], found[1] / length][:order])
