"""Dictionaries that are tried where the user names none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import prod
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.models.dictionaries import (
    Dictionary,
    curvelet,
    dct,
    stationary_wavelet,
    wavelet,
)

Array = NDArray[np.float64]
#: What a user may give: a dictionary, or a function from the shape of a signal to one.
Choice: TypeAlias = Dictionary | Callable[[tuple[int, ...]], Dictionary]
Makers: TypeAlias = Mapping[str, Callable[[tuple[int, ...]], Dictionary]]

#: Levels of a stationary wavelet in two and three dimensions: coarser ones hold little noise.
LEVELS = 4
#: Samples up to which redundant frames are tried (their coefficients then fit into 300 MB).
REDUNDANT = {1: 2_000_000, 2: 2_000_000, 3: 1_000_000}


def redundant(shape: tuple[int, ...]) -> Makers:
    """Tight frames for denoising and for filling gaps.

    `shape`: the largest signal. Returns: from a label to a function of the shape.
    """
    size, dimension = prod(shape), len(shape)
    names = ("haar", "db2", "sym4", "sym8") if dimension == 1 else ("haar", "sym4", "sym8")
    if size > REDUNDANT[dimension]:
        return {"dct": dct} | {f"wavelet {n}": partial(wavelet, name=n) for n in names}
    found: dict[str, Callable[[tuple[int, ...]], Dictionary]] = {"dct": dct}
    for name in names:
        found[f"stationary_wavelet {name}"] = (
            partial(mirrored_wavelet, name=name)
            if dimension == 1
            else partial(stationary_wavelet, name=name, level=LEVELS)
        )
    if dimension == 2 and min(shape) >= 32:
        found["curvelet"] = curvelet
    return found


def bases(shape: tuple[int, ...]) -> Makers:
    """Orthonormal bases (up to the border of odd sides), for descriptions by few atoms."""
    names = ("haar", "db4", "sym8")
    return {"dct": dct} | {f"wavelet {name}": partial(wavelet, name=name) for name in names}


def chosen(choice: Choice | None, default: Makers) -> Makers:
    """The user's choice as a table with one entry, or the default.

    Raises ProblemError if the choice is neither a dictionary nor makes one.
    """
    if choice is None:
        return default
    # An operator can be called too, so the order of these questions matters.
    if isinstance(choice, Dictionary):
        fixed = choice
        return {fixed.name: lambda shape: _of_shape(fixed, shape)}
    if not callable(choice):
        raise ProblemError(
            f"{type(choice).__name__} is no dictionary",
            where="dictionary",
            fix="give one of physmodel.models.dictionaries, or a function from a shape to one",
        )
    return {getattr(choice, "__name__", "given"): choice}


def _of_shape(dictionary: Dictionary, shape: tuple[int, ...]) -> Dictionary:
    if dictionary.signal_shape != shape:
        raise ProblemError(
            f"{dictionary.name} is for signals of shape {dictionary.signal_shape}, not {shape}",
            where="dictionary",
            why="trajectories and fields may differ in length",
            fix="give the function that makes it, such as `lambda shape: wavelet(shape, 'db4')`",
        )
    return dictionary


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
