"""Stationary wavelets: every shift of every wavelet, on signals of any size."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pywt
from numpy.typing import NDArray

from physmodel.models.dictionaries.dictionary import Dictionary
from physmodel.models.dictionaries.filters.bank import filters
from physmodel.models.dictionaries.frame import check_level, signal_shape
from physmodel.models.dictionaries.windows.fourier import Window, fourier_frame


def stationary_wavelet(
    shape: int | Sequence[int], name: str = "db4", level: int | None = None
) -> Dictionary:
    """The undecimated (stationary, shift-invariant) wavelet transform on a periodic signal.

    Filters of level `j` are spread by ``2^j``; done on the Fourier transform, this needs no size
    divisible by a power of two. Scaled by ``2^(-1/2)`` per axis and level, an orthogonal wavelet
    gives a Parseval frame, since its filters are power complementary at every frequency; for a
    biorthogonal one the exact frame bounds and the canonical dual are read from the same sum.

    Parameters
    ----------
    shape : int or sequence of int
        Shape of a signal, in one to three dimensions.
    name : str
        A discrete wavelet of PyWavelets.
    level : int, optional
        By default as many as the filter fits into the longest side, at least one.

    Raises
    ------
    ProblemError
        If shape, name or level is not valid.

    References
    ----------
    Nason and Silverman, Lecture Notes in Statistics 103 (1995) 281; Mallat, A Wavelet Tour of
    Signal Processing, 3rd ed., section 5.2.
    """
    sides = signal_shape(shape)
    bank = filters(name)
    check_level(level)
    fitting = max(pywt.dwt_max_level(max(sides), bank.wavelet.dec_len), 1)
    levels = fitting if level is None else level
    active = [axis for axis, n in enumerate(sides) if n > 1]
    levels = levels if active else 0
    taps = {"a": np.array(bank.wavelet.rec_lo), "d": np.array(bank.wavelet.rec_hi)}
    low = np.ones(sides, dtype=complex)
    windows: list[Window] = []
    for depth in range(levels):
        fine = []
        for letters in product("ad", repeat=len(active)):
            values = low
            for axis, letter in zip(active, letters, strict=True):
                along = [1] * len(sides)
                along[axis] = sides[axis]
                values = values * _response(taps[letter], sides[axis], 2**depth).reshape(along)
            fine.append(Window(f"{''.join(letters)}{depth + 1}", values, whole=True))
        low = fine[0].values
        windows = [*fine[1:], *windows]
    coarse = Window(f"{'a' * len(active)}{levels}", low, whole=True)
    return fourier_frame(
        f"stationary_wavelet {name}",
        [coarse, *windows],
        normalise=False,
        parameters={"wavelet": name, "levels": levels},
    )


def _response(taps: NDArray[np.float64], n: int, spread: int) -> NDArray[np.complex128]:
    """Conjugate frequency response of a filter about its centre, its taps `spread` apart."""
    turns = np.outer(np.fft.fftfreq(n), spread * (np.arange(taps.size) - taps.size // 2 + 1))
    return np.exp(2j * np.pi * turns) @ taps / np.sqrt(2)
