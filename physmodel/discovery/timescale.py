"""How long the data remember: the time scale that windows and tolerances refer to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def characteristic_samples(states: Array) -> int:
    """Samples in one characteristic time: four times the first fall of the autocorrelation.

    Parameters
    ----------
    states : ndarray (n, d)

    Returns
    -------
    int
        At least 2, at most ``n - 1``; for a sine it is close to one period.
    """
    n = len(states)
    centred = states - states.mean(axis=0)
    spectrum = np.abs(np.fft.rfft(centred, 2 * n, axis=0)) ** 2
    correlation = np.fft.irfft(spectrum, axis=0)[:n]
    mean = np.mean(correlation / np.maximum(correlation[0], np.finfo(float).tiny), axis=1)
    below = np.flatnonzero(mean <= 0.0)
    quarter = int(below[0]) if len(below) else n // 4
    return int(np.clip(4 * quarter, 2, max(n - 1, 2)))
