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
        At least 2, at most ``n - 1``; for a sine it is close to one period. States that never
        change do not count; where none changes nothing is forgotten and it is ``n - 1``.
    """
    n = len(states)
    spread = np.ptp(states, axis=0)
    moving = spread > 0.0
    if not moving.any():
        return max(n - 1, 2)
    centred = (states - states.mean(axis=0))[:, moving] / spread[moving]
    spectrum = np.abs(np.fft.rfft(centred, 2 * n, axis=0)) ** 2
    correlation = np.fft.irfft(spectrum, axis=0)[:n]
    mean = np.sum(correlation / correlation[0], axis=1)
    # What is centred correlates negatively with itself at some lag.
    quarter = int(np.argmax(mean <= 0.0))
    return int(np.clip(4 * quarter, 2, max(n - 1, 2)))
