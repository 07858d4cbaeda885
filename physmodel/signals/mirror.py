"""Stationary wavelets on a signal and its mirror image, for signals that are not periodic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physmodel.models.dictionaries import Dictionary, stationary_wavelet

Array = NDArray[np.float64]


def mirrored_wavelet(shape: tuple[int, ...], name: str) -> Dictionary:
    """Stationary wavelets that see the signal continued by its mirror image.

    With `E` the map from a signal to itself and its image, the atoms are ``E' d_i / sqrt(2)``:
    wavelets folded at both ends. ``E' E = 2``, so a Parseval frame stays one, while a periodic
    one would take the step from the last sample to the first for a part of the signal.

    `name`: an orthogonal wavelet of PyWavelets.
    """
    (n,) = shape
    whole = stationary_wavelet(2 * n, name)
    half = np.sqrt(0.5)

    def synthesis(a: Array) -> Array:
        x = whole.synthesis(a)
        return half * (x[:n] + x[: n - 1 : -1])

    def lengths() -> Array:
        # |E' d|^2 / 2 = (|d|^2 + <d, its image>) / 2; atoms of a band are translates of the first,
        # so that all inner products with images are one circular convolution, read at -1 - 2k.
        place = (-1 - 2 * np.arange(2 * n)) % (2 * n)
        squares = []
        for band in whole.bands:
            first = whole.atom(band.start)
            image = np.fft.irfft(np.fft.rfft(first) ** 2, 2 * n)[place]
            squares.append(0.5 * (first @ first + image))
        return np.asarray(np.sqrt(np.maximum(np.concatenate(squares), 0.0)))

    return Dictionary(
        name=f"mirrored {whole.name}",
        signal_shape=shape,
        bands=whole.bands,
        synthesis=synthesis,
        adjoint=lambda x: half * whole.adjoint(np.concatenate([x, x[::-1]])),
        bounds=whole.bounds,
        lengths=lengths,
        parameters=whole.parameters,
    )
