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
from physmodel.data.measurement.noise import alike, finest_contrasts

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
    spectra = [found for time, values in pieces for found in _spectra(time, values)]
    if not spectra or not all(alike(finest_contrasts(one)) for one in each):
        return UNFILTERED
    costs = {option: _cost(option, spectra) for option in (UNFILTERED, *filters())}
    best = min(costs, key=lambda option: costs[option])
    ratios = np.concatenate(
        [(power / expected).ravel() for power, expected in _expected(best, spectra)]
    )
    noise = kstest(ratios, "expon").pvalue > ENGINE.filter_doubt
    sure = costs[best] < costs[UNFILTERED] - ENGINE.margin
    return best if sure and noise else UNFILTERED


def _spectra(time: Array, values: Array) -> list[tuple[int, Array]]:
    """Length of the differences of a record, and the power ``(k, f)`` of each column at `_fast`."""
    steps = np.diff(time)
    n = len(time) - ORDER
    if n < 4 * SHORTEST or steps.max() > 1.01 * steps.min():
        return []
    columns = windows.hann(n) * np.diff(values, ORDER, axis=0).T
    power = np.asarray(np.abs(np.fft.rfft(columns, axis=1)) ** 2, dtype=float)[:, _fast(n)]
    seen = power[np.all(power > 0.0, axis=1)]
    return [(n, seen)] if len(seen) else []


def _fast(count: int) -> slice:
    """Fast frequencies of a record; a taper joins neighbours, every second is independent."""
    return slice(int(np.ceil(FAST * count)), None, 2)


def _expected(
    option: NoiseFilter, spectra: Sequence[tuple[int, Array]]
) -> list[tuple[Array, Array]]:
    """Power of each record, and what a filter lets through, its size at its best, ``(k, f)``."""
    both = []
    for n, power in spectra:
        taps = np.convolve(option.weights, _difference(ORDER))
        # Frequencies of a record are those of a circle of its length, short as it may be.
        circle = np.bincount(np.arange(len(taps)) % n, taps, n)
        response = np.abs(np.fft.rfft(circle)) ** 2
        shape = response[_fast(n)]
        shape = np.maximum(shape, RESOLVED * shape.max())
        both.append((power, shape * np.mean(power / shape, axis=1, keepdims=True)))
    return both


def _cost(option: NoiseFilter, spectra: Sequence[tuple[int, Array]]) -> float:
    """Minus twice Whittle's log likelihood, the size of the noise of each column at its best."""
    return 2.0 * float(sum(np.sum(np.log(level)) for _, level in _expected(option, spectra)))


def _difference(order: int) -> Array:
    return np.array([(-1.0) ** k * comb(order, k) for k in range(order + 1)])
