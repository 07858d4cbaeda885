"""Filters that people put a record through: what each does to independent errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.signal import butter, savgol_coeffs, sosfilt

Array = NDArray[np.float64]

#: [samples] Longest impulse response on each side.
LONGEST = 30
#: Share of the sum of absolute weights that an impulse response is cut off at.
CUT = 1e-3


@dataclass(frozen=True)
class NoiseFilter:
    """A linear filter of evenly spaced samples that keeps constants.

    Attributes
    ----------
    name : str
        As the output tells it; empty for no filter.
    impulse : tuple of float
        Weights of the samples, in the order of time, of sum 1.
    before : int
        How many of them belong to samples before the present one.
    """

    name: str = ""
    impulse: tuple[float, ...] = (1.0,)
    before: int = 0

    def __str__(self) -> str:
        return self.name

    @property
    def after(self) -> int:
        """How many weights belong to samples after the present one."""
        return len(self.impulse) - 1 - self.before

    @cached_property
    def gain(self) -> float:
        """Standard deviation of white noise after the filter over that before."""
        return float(np.linalg.norm(self.impulse))

    @property
    def weights(self) -> Array:
        """The impulse response, of unit length: over `gain`."""
        return np.array(self.impulse) / self.gain

    def share_of(self, order: int) -> float:
        """Size of divided differences of such noise over that of white noise of its variance."""
        signs = difference(order)
        return float(np.linalg.norm(np.convolve(self.weights, signs)) / np.linalg.norm(signs))

    def matrix(self, count: int) -> sparse.csr_array:
        """Map ``(n, n)`` from independent errors to filtered ones of unit variance.

        Rows of samples whose window reaches beyond the ends are zero.
        """
        inside = np.arange(self.before, max(count - self.after, self.before))
        columns = inside[:, None] + np.arange(-self.before, self.after + 1)
        rows = np.repeat(inside, len(self.impulse))
        values = np.tile(self.weights, len(inside))
        return sparse.csr_array((values, (rows, columns.ravel())), shape=(count, count))


#: No filter.
UNFILTERED = NoiseFilter()


def difference(order: int) -> Array:
    """Weights of a difference of neighbouring samples."""
    return np.array([(-1.0) ** k * comb(order, k) for k in range(order + 1)])


@dataclass(frozen=True)
class Family:
    """Filters that differ in a number.

    Attributes
    ----------
    of : callable
        Filter of a number, or None where its impulse response is longer than `LONGEST`.
    numbers : tuple of float
        Ascending; filters of all of them are looked at.
    continuous : bool
        Whether the number may lie between two of them.
    """

    of: Callable[[float], NoiseFilter | None]
    numbers: tuple[float, ...]
    continuous: bool = False


def savitzky_golay(window: int, degree: int) -> NoiseFilter:
    """Least-squares polynomials in a window, an even degree like the odd one above it.

    References
    ----------
    Savitzky, Golay (1964), Anal. Chem. 36, 1627; Schafer (2011), IEEE Signal Process. Mag. 28, 111
    (what it does to frequencies).
    """
    name = f"Savitzky-Golay filter of {window} samples, degree {degree - 1} or {degree}"
    return NoiseFilter(name, tuple(savgol_coeffs(window, degree)), window // 2)


def moving_average(window: int) -> NoiseFilter:
    """Mean of an odd number of samples."""
    return NoiseFilter(f"moving average of {window} samples", (1.0 / window,) * window, window // 2)


def gaussian(deviation: float) -> NoiseFilter | None:
    """Weights of a normal density, of a standard deviation in samples."""
    offsets = np.arange(-LONGEST, LONGEST + 1)
    name = f"Gaussian filter of standard deviation {deviation:.3g} samples"
    return _shortened(name, np.exp(-0.5 * (offsets / deviation) ** 2), LONGEST)


def butterworth(order: int, cutoff: float) -> NoiseFilter | None:
    """Forward and backward through a low-pass filter, whose cutoff is over half the sampling rate.

    References
    ----------
    Butterworth (1930), Experimental Wireless 7, 536; Gustafsson (1996), IEEE Trans. Signal
    Process. 44, 988 (forward and backward).
    """
    name = f"Butterworth filter of order {order}, forward and backward, cutoff {cutoff:.3g}"
    impulse = np.zeros(8 * LONGEST)
    impulse[0] = 1.0
    response = sosfilt(butter(order, cutoff, output="sos"), impulse)
    return _shortened(name, np.correlate(response, response, "full"), len(response) - 1)


def _shortened(name: str, weights: NDArray[np.floating], before: int) -> NoiseFilter | None:
    """The filter without the ends of its impulse response, if the rest is not too long."""
    weights = weights / weights.sum()
    size = np.abs(weights)
    tail, head = size.cumsum(), size[::-1].cumsum()[::-1]
    kept = np.flatnonzero((tail > CUT * size.sum()) & (head > CUT * size.sum()))
    first, last = min(kept[0], before), max(kept[-1], before)
    if before - first > LONGEST or last - before > LONGEST:
        return None
    impulse = weights[first : last + 1] / weights[first : last + 1].sum()
    return NoiseFilter(name, tuple(impulse), int(before - first))


def _windows(degree: int) -> tuple[float, ...]:
    return tuple(float(n) for n in range(max(3, degree + 2), LONGEST + 2, 2))


#: All filters that are looked for.
FAMILIES = (
    Family(lambda n: moving_average(int(n)), _windows(0)),
    Family(lambda n: savitzky_golay(int(n), 3), _windows(3)),
    Family(lambda n: savitzky_golay(int(n), 5), _windows(5)),
    Family(gaussian, tuple(np.geomspace(0.7, 4.0, 10)), continuous=True),
    Family(lambda w: butterworth(1, w), tuple(np.geomspace(0.05, 0.9, 12)), continuous=True),
    Family(lambda w: butterworth(2, w), tuple(np.geomspace(0.05, 0.9, 12)), continuous=True),
    Family(lambda w: butterworth(3, w), tuple(np.geomspace(0.05, 0.9, 12)), continuous=True),
    Family(lambda w: butterworth(4, w), tuple(np.geomspace(0.05, 0.9, 12)), continuous=True),
)
