"""Frames made of windows on the Fourier transform, each band sampled on a grid of its own.

One band multiplies the transform of the signal by a window, wraps the support of the window onto a
rectangle that is just large enough, and transforms back. Wrapping moves every frequency to a place
of its own, so it keeps energies, and the frame operator is the sum of the squared windows, whatever
the sizes: no power of two, no even number, is asked for. Divided by the root of that sum, any set
of windows that covers the plane is a Parseval frame (Candes, Demanet, Donoho and Ying 2006).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.fft import fftn, ifftn

from physmodel.models.dictionaries.dictionary import Band, Dictionary
from physmodel.models.dictionaries.windows.wrapping import (
    box_grid,
    mirrored_grid,
    one_ended,
    sheared_grid,
)

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
Index = NDArray[np.intp]

#: Windows below this are zero up to rounding, and would only enlarge a grid.
NEGLIGIBLE = 1e-9


Kind = Literal["symmetric", "analytic", "even"]

#: What the coefficients of each kind are times, so that energies add up to the squared windows.
SCALE = {"symmetric": 1.0, "analytic": np.sqrt(2), "even": 2.0}


@dataclass(frozen=True)
class Window:
    """A band as its transfer function.

    `values`: in the order of the discrete Fourier transform. `kind` ``{"symmetric", "analytic",
    "even"}``: `symmetric`: the value at the opposite frequency is the conjugate. The other two see
    one of two opposite frequencies. Of `analytic` coefficients real and imaginary part both count;
    `even` ones are real parts only, on a grid fine enough for that to say everything. `whole`: for
    `symmetric`: keep the grid of the signal instead of a box about frequency zero.
    """

    label: str
    values: NDArray[Any]
    kind: Kind = "symmetric"
    whole: bool = False


@dataclass(frozen=True)
class _Channel:
    """A window with its support, the places where that is wrapped to, and the grid of these."""

    label: str
    kind: Kind
    support: Index
    values: NDArray[Any]
    places: Index
    grid: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return (2, *self.grid) if self.kind == "analytic" else self.grid


def frequencies(shape: tuple[int, ...]) -> list[Array]:
    """Angular frequency per sample along each axis, from -pi to pi, ready to broadcast."""
    return list(
        np.meshgrid(*(2 * np.pi * np.fft.fftfreq(n) for n in shape), indexing="ij", sparse=True)
    )


def opposite(values: NDArray[Any]) -> NDArray[Any]:
    """The same function at the opposite frequencies, modulo the sampling."""
    axes = tuple(range(values.ndim))
    return np.roll(np.flip(values, axes), 1, axes)


def fourier_frame(
    name: str,
    windows: Iterable[Window],
    *,
    normalise: bool = False,
    parameters: Mapping[str, Any] | None = None,
) -> Dictionary:
    """Make a dictionary from windows.

    `windows`: coarse first; together they must see every frequency. They are taken one at a time,
    and only what is inside their support is kept. `normalise`: divide by the root of the total
    energy, which makes the frame exactly Parseval.
    """
    channels, squares = _channels(windows)
    shape = squares.shape
    # Eigenvalues of the frame operator, one for each frequency.
    total = np.ones(shape) if normalise else squares
    if normalise:
        root = np.sqrt(squares).ravel()
        channels = [replace(c, values=c.values / root[c.support]) for c in channels]
    bands, start = [], 0
    for channel in channels:
        bands.append(Band(channel.label, start, channel.shape))
        start = bands[-1].slice.stop

    def synthesis(a: Array) -> Array:
        spectrum = np.zeros(int(np.prod(shape)), dtype=complex)
        for channel, band in zip(channels, bands, strict=True):
            part = a[band.slice].reshape(channel.shape)
            field = part[0] + 1j * part[1] if channel.kind == "analytic" else part
            wrapped = fftn(field, norm="ortho").ravel()
            spectrum[channel.support] += (
                SCALE[channel.kind] * np.conj(channel.values) * wrapped[channel.places]
            )
        return np.ascontiguousarray(ifftn(spectrum.reshape(shape), norm="ortho").real)

    def adjoint(x: Array) -> Array:
        spectrum = fftn(x, norm="ortho").ravel()
        out = np.empty(start)
        for channel, band in zip(channels, bands, strict=True):
            wrapped = np.zeros(int(np.prod(channel.grid)), dtype=complex)
            wrapped[channel.places] = channel.values * spectrum[channel.support]
            field = ifftn(wrapped.reshape(channel.grid), norm="ortho")
            both = [field.real, field.imag] if channel.kind == "analytic" else [field.real]
            out[band.slice] = SCALE[channel.kind] * np.ravel(both)
        return out

    def canonical(x: Array) -> Array:
        return adjoint(ifftn(fftn(x) / total).real)

    def lengths() -> Array:
        return np.concatenate([_lengths(channel, shape) for channel in channels])

    low, high = float(total.min()), float(total.max())
    return Dictionary(
        name=name,
        signal_shape=shape,
        bands=tuple(bands),
        synthesis=synthesis,
        adjoint=adjoint,
        bounds=(low, high),
        canonical=None if normalise else canonical,
        lengths=lengths,
        parameters=parameters or {},
    )


def _channels(windows: Iterable[Window]) -> tuple[list[_Channel], Array]:
    """Windows that are not zero, and the sum of the squares of all, in the shape of the signal."""
    squares: Array | None = None
    channels = []
    for window in windows:
        squares = np.zeros(window.values.shape) if squares is None else squares
        if (channel := _channel(window)) is not None:
            channels.append(channel)
            flat = np.zeros(squares.size)
            flat[channel.support] = np.abs(channel.values) ** 2
            square = flat.reshape(squares.shape)
            squares += square if channel.kind == "symmetric" else square + opposite(square)
    return channels, np.zeros(()) if squares is None else squares


def _channel(window: Window) -> _Channel | None:
    """Find the support of a window and a grid for it; None where the window is zero."""
    shape = window.values.shape
    support = np.flatnonzero(np.abs(window.values) > NEGLIGIBLE)
    if support.size == 0:
        return None
    waves = np.array(
        [
            np.rint(n * np.fft.fftfreq(n)).astype(np.intp)[k]
            for n, k in zip(shape, np.unravel_index(support, shape), strict=True)
        ]
    )
    if window.kind == "symmetric":
        grid = shape if window.whole else box_grid(waves, shape)
    else:
        waves = one_ended(waves, shape)
        grid = (sheared_grid if window.kind == "analytic" else mirrored_grid)(waves, shape)
    places = np.ravel_multi_index(tuple(k % n for k, n in zip(waves, grid, strict=True)), grid)
    return _Channel(
        window.label, window.kind, support, window.values.ravel()[support], places, grid
    )


def _lengths(channel: _Channel, shape: tuple[int, ...]) -> Array:
    """Norms of the atoms of one band.

    The transform of a symmetric atom is the window times a phase. Another one is the real part of
    such a function `s`, so that its energy is that of ``(s(k) + conj s(-k)) / 2``. The mixed term
    ``s(k) s(-k)`` is zero but at the ends of the sampled range, where both are seen.
    """
    size = int(np.prod(channel.grid))
    energy = float(np.sum(np.abs(channel.values) ** 2))
    if channel.kind == "symmetric":
        return np.full(size, np.sqrt(energy / size))
    dense = np.zeros(int(np.prod(shape)), dtype=complex)
    dense[channel.support] = np.conj(channel.values)
    mirror = opposite(np.arange(dense.size).reshape(shape)).ravel()[channel.support]
    position = np.zeros(dense.size, dtype=np.intp)
    position[channel.support] = channel.places
    here = np.unravel_index(channel.places, channel.grid)
    there = np.unravel_index(position[mirror], channel.grid)
    meeting = tuple((a + b) % n for a, b, n in zip(here, there, channel.grid, strict=True))
    mixed = np.zeros(channel.grid, dtype=complex)
    np.add.at(mixed, meeting, np.conj(channel.values) * dense[mirror])
    mixed = fftn(mixed).real
    both = [energy + mixed, energy - mixed] if channel.kind == "analytic" else [energy + mixed]
    squares = SCALE[channel.kind] ** 2 / 2 * np.ravel(both) / size
    return np.sqrt(np.maximum(squares, 0.0))
