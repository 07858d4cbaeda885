"""Which filter a record went through, seen in the fast part of its spectrum.

A filter leaves its mark on the noise: fast frequencies, at which a well sampled motion has nothing,
are as strong as its response lets them be, with zeros at places of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.signal import savgol_coeffs, savgol_filter, windows
from scipy.stats import kstest

from physmodel.constants import ENGINE
from physmodel.data.noise import alike, finest_contrasts

Array = NDArray[np.float64]

#: Windows of the filters, in samples; a longer one leaves nothing that can be told from motion.
SHORTEST, LONGEST = 3, 31
#: Degree of the polynomials of Savitzky and Golay; 0 is a moving average, and an even degree
#: filters like the odd one above it.
DEGREES = (0, 3, 5)
#: Frequencies, in cycles per sample, at which only noise is looked for.
FAST = 0.2
#: Order of the differences that keep slow motion out of fast frequencies.
ORDER = 8
#: Share of the largest power below which a zero of the response is not resolved.
RESOLVED = 1e-4


@dataclass(frozen=True)
class NoiseFilter:
    """A filter of Savitzky and Golay, or a moving average.

    Attributes
    ----------
    window : int
        Samples; a single one filters nothing.
    degree : int
        Of the polynomials; 0 for a moving average.

    References
    ----------
    Savitzky, Golay (1964), Anal. Chem. 36, 1627; Schafer (2011), IEEE Signal Process. Mag. 28, 111
    (what it does to frequencies).
    """

    window: int = 1
    degree: int = 0

    def __str__(self) -> str:
        if self.degree:
            degrees = f"degree {self.degree - 1} or {self.degree}"  # which filter alike
            return f"Savitzky-Golay filter of {self.window} samples, {degrees}"
        return f"moving average of {self.window} samples"

    @cached_property
    def gain(self) -> float:
        """Standard deviation of white noise after the filter over that before."""
        return float(np.linalg.norm(savgol_coeffs(self.window, self.degree)))

    @cached_property
    def weights(self) -> Array:
        """Weights ``(window,)`` of the samples, of unit length: those of the filter over `gain`."""
        return np.asarray(savgol_coeffs(self.window, self.degree) / self.gain)

    @property
    def share_seen(self) -> float:
        """Share of the standard deviation of such noise that divided differences show.

        They see its fast part only; one for noise that was not filtered.
        """
        signs = _difference(6)
        return float(np.linalg.norm(np.convolve(self.weights, signs)) / np.linalg.norm(signs))

    def power(self, frequencies: Array) -> Array:
        """Power of filtered white noise at some frequencies, in cycles per sample."""
        return _power(self.weights, frequencies)

    def matrix(self, count: int) -> sparse.csr_array:
        """Map ``(n, n)`` from independent errors to filtered ones of unit variance.

        The first and the last samples are those of polynomials through the window at each end, as
        SciPy's ``savgol_filter`` has them; a moving average takes the samples that there are.
        """
        half = self.window // 2
        ends = min(count, 3 * self.window)
        if self.degree and count >= self.window:
            edge = savgol_filter(np.eye(ends), self.window, self.degree, axis=0) / self.gain
        else:
            edge = self._inside(ends).toarray()
            edge *= self.weights.sum() / edge.sum(axis=1, keepdims=True)
        if ends == count:
            return sparse.csr_array(edge)
        whole = self._inside(count).tolil()
        whole[:half, : self.window] = edge[:half, : self.window]
        whole[-half:, -self.window :] = edge[-half:, -self.window :]
        return sparse.csr_array(whole)

    def _inside(self, count: int) -> sparse.dia_array:
        """The filter with nothing beyond the ends."""
        offsets = range(-(self.window // 2), self.window // 2 + 1)
        shape = (count, count)
        return sparse.diags_array(list(self.weights), offsets=offsets, shape=shape)


#: No filter.
UNFILTERED = NoiseFilter()


@cache
def filters() -> tuple[NoiseFilter, ...]:
    """All that are looked for."""
    odd = range(SHORTEST, LONGEST + 1, 2)
    return tuple(NoiseFilter(n, degree) for degree in DEGREES for n in odd if n > degree + 1)


def seen_filter(pieces: Sequence[tuple[Array, Array]]) -> NoiseFilter:
    """The filter that the fast part of some records shows.

    Parameters
    ----------
    pieces : sequence of (time, values)
        Arrays ``(n,)`` and ``(n, d)``.

    Returns
    -------
    NoiseFilter
        The likeliest by Whittle's approximation, if it is much likelier than none, and what the
        records have of each frequency scatters about it as noise does (by Kolmogorov and Smirnov's
        test), and differences of several orders have the size of noise; else `UNFILTERED`, as where
        samples are unevenly spaced or few.

    References
    ----------
    Whittle (1953), Ark. Mat. 2, 423.
    """
    columns = range(pieces[0][1].shape[1])
    each = [[(time, values[:, j]) for time, values in pieces] for j in columns]
    spectra = [pair for time, values in pieces for pair in _spectra(time, values)]
    if not spectra or not all(alike(finest_contrasts(one)) for one in each):
        return UNFILTERED
    costs = {option: _cost(option, spectra) for option in (UNFILTERED, *filters())}
    best = min(costs, key=lambda option: costs[option])
    ratios = np.concatenate([_ratios(best, *spectrum)[0] for spectrum in spectra])
    noise = kstest(ratios, "expon").pvalue > ENGINE.filter_doubt
    sure = costs[best] < costs[UNFILTERED] - ENGINE.margin
    return best if sure and noise else UNFILTERED


def _spectra(time: Array, values: Array) -> list[tuple[Array, Array]]:
    """Fast frequencies and the power of each column of a record at them."""
    steps = np.diff(time)
    n = len(time) - ORDER
    if n < 4 * SHORTEST or steps.max() > 1.01 * steps.min():
        return []
    taper = windows.hann(n)[:, None]
    power = np.abs(np.fft.rfft(taper * np.diff(values, ORDER, axis=0), axis=0)) ** 2
    frequencies = np.asarray(np.fft.rfftfreq(n), dtype=float)
    # A taper joins neighbouring frequencies: every second one is independent.
    fast = np.flatnonzero(frequencies >= FAST)[::2]
    columns = [np.asarray(column[fast], dtype=float) for column in power.T]
    return [(frequencies[fast], column) for column in columns if np.all(column > 0.0)]


def _ratios(option: NoiseFilter, frequencies: Array, power: Array) -> tuple[Array, Array]:
    """Power over what a filter lets through, of mean one, and that expected power."""
    expected = option.power(frequencies) * _power(_difference(ORDER), frequencies)
    expected = np.maximum(expected, RESOLVED * expected.max())
    level = float(np.mean(power / expected))
    return power / (expected * level), expected * level


def _cost(option: NoiseFilter, spectra: Sequence[tuple[Array, Array]]) -> float:
    """Minus twice Whittle's log likelihood, the size of the noise of each column at its best."""
    expected = [_ratios(option, *spectrum)[1] for spectrum in spectra]
    return 2.0 * float(sum(np.sum(np.log(power)) for power in expected))


def _power(weights: Array, frequencies: Array) -> Array:
    angles = 2.0 * np.pi * np.outer(frequencies, np.arange(len(weights)))
    return np.abs(np.exp(-1j * angles) @ weights) ** 2


def _difference(order: int) -> Array:
    return np.array([(-1.0) ** k * comb(order, k) for k in range(order + 1)])
