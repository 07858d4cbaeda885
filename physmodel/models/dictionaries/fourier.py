"""Frames made of windows on the Fourier transform, each band sampled on a grid of its own.

One band multiplies the transform of the signal by a window, wraps the support of the window onto a
rectangle that is just large enough, and transforms back. Wrapping moves every frequency to a place
of its own, so it keeps energies, and the frame operator is the sum of the squared windows, whatever
the sizes: no power of two, no even number, is asked for. Divided by the root of that sum, any set
of windows that covers the plane is a Parseval frame (Candes, Demanet, Donoho and Ying 2006).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.fft import fftn, ifftn

from physmodel.models.dictionaries.dictionary import Band, Dictionary
from physmodel.models.dictionaries.wrapping import box_grid, sheared_grid, symmetric_grid

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
Index = NDArray[np.intp]

#: Windows below this are zero up to rounding, and would only enlarge a grid.
NEGLIGIBLE = 1e-9


@dataclass(frozen=True)
class Window:
    """A band as its transfer function.

    Attributes
    ----------
    label : str
    values : ndarray of shape of the signal
        In the order of the discrete Fourier transform. If `two_sided`, the value at the opposite
        frequency is the conjugate, and the coefficients are real. If not, the band sees one of
        two opposite frequencies, and real and imaginary part of its coefficients both count.
    two_sided : bool
    sampling : {"signal", "box", "wrapped"}
        Grid of the coefficients: that of the signal, that of a box about frequency zero, or the
        smallest found on which the support, wrapped, does not meet itself.
    """

    label: str
    values: NDArray[Any]
    two_sided: bool
    sampling: Literal["signal", "box", "wrapped"] = "wrapped"


@dataclass(frozen=True)
class _Channel:
    """A window with its support, the places where that is wrapped to, and the grid of these."""

    label: str
    two_sided: bool
    support: Index
    values: NDArray[Any]
    places: Index
    grid: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.grid if self.two_sided else (2, *self.grid)


def frequencies(shape: tuple[int, ...]) -> list[Array]:
    """Angular frequency per sample along each axis, from -pi to pi, ready to broadcast."""
    return list(
        np.meshgrid(*(2 * np.pi * np.fft.fftfreq(n) for n in shape), indexing="ij", sparse=True)
    )


def opposite(values: NDArray[Any]) -> NDArray[Any]:
    """The same function at the opposite frequencies, modulo the sampling."""
    axes = tuple(range(values.ndim))
    return np.roll(np.flip(values, axes), 1, axes)


def energy(windows: Sequence[Window]) -> Array:
    """Eigenvalues of the frame operator: one for each frequency."""
    total = np.zeros(windows[0].values.shape)
    for window in windows:
        square = np.abs(window.values) ** 2
        total += square if window.two_sided else square + opposite(square)
    return total


def fourier_frame(
    name: str,
    windows: Sequence[Window],
    *,
    normalise: bool = False,
    parameters: Mapping[str, Any] | None = None,
) -> Dictionary:
    """Make a dictionary from windows.

    Parameters
    ----------
    name : str
    windows : sequence of Window
        Coarse first; together they must see every frequency.
    normalise : bool
        Divide by the root of the total energy, which makes the frame exactly Parseval.
    parameters : mapping, optional

    Returns
    -------
    Dictionary
    """
    shape = windows[0].values.shape
    windows = [
        replace(w, values=np.where(np.abs(w.values) > NEGLIGIBLE, w.values, 0)) for w in windows
    ]
    total = energy(windows)
    if normalise:
        root = np.sqrt(total)
        windows = [replace(w, values=w.values / root) for w in windows]
        total = np.ones(shape)
    channels = [channel for window in windows if (channel := _channel(window)) is not None]
    bands, start = [], 0
    for channel in channels:
        bands.append(Band(channel.label, start, channel.shape))
        start = bands[-1].slice.stop

    def synthesis(a: Array) -> Array:
        spectrum = np.zeros(int(np.prod(shape)), dtype=complex)
        for channel, band in zip(channels, bands, strict=True):
            part = a[band.slice].reshape(channel.shape)
            field = part if channel.two_sided else (part[0] + 1j * part[1]) * np.sqrt(2)
            wrapped = fftn(field, norm="ortho").ravel()
            spectrum[channel.support] += np.conj(channel.values) * wrapped[channel.places]
        return np.ascontiguousarray(ifftn(spectrum.reshape(shape), norm="ortho").real)

    def adjoint(x: Array) -> Array:
        spectrum = fftn(x, norm="ortho").ravel()
        out = np.empty(start)
        for channel, band in zip(channels, bands, strict=True):
            wrapped = np.zeros(int(np.prod(channel.grid)), dtype=complex)
            wrapped[channel.places] = channel.values * spectrum[channel.support]
            field = ifftn(wrapped.reshape(channel.grid), norm="ortho")
            both = (
                field.real if channel.two_sided else np.sqrt(2) * np.array([field.real, field.imag])
            )
            out[band.slice] = both.ravel()
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


def _channel(window: Window) -> _Channel | None:
    """Find the support of a window and a grid for it; None where the window is zero."""
    shape = window.values.shape
    size = np.abs(window.values)
    if not size.any():
        return None
    if window.sampling == "signal":
        everything = np.arange(size.size)
        return _Channel(
            window.label, window.two_sided, everything, window.values.ravel(), everything, shape
        )
    support = np.flatnonzero(size)
    waves = np.array(
        [
            np.rint(n * np.fft.fftfreq(n)).astype(np.intp)[k]
            for n, k in zip(shape, np.unravel_index(support, shape), strict=True)
        ]
    )
    if window.sampling == "box":
        grid = box_grid(waves, shape)
    elif window.two_sided:
        grid = symmetric_grid(waves, shape)
    else:
        grid = sheared_grid(waves, shape)
    places = np.ravel_multi_index(tuple(k % n for k, n in zip(waves, grid, strict=True)), grid)
    return _Channel(
        window.label, window.two_sided, support, window.values.ravel()[support], places, grid
    )


def _lengths(channel: _Channel, shape: tuple[int, ...]) -> Array:
    """Norms of the atoms of one band.

    The transform of a two-sided atom is the window times a phase. A one-sided atom is the real
    part of such a function `s`, so that its energy is that of ``(s(k) + conj s(-k)) / 2``. The
    mixed term ``s(k) s(-k)`` is zero but at the ends of the sampled range, where both are seen.
    """
    size = int(np.prod(channel.grid))
    energy = float(np.sum(np.abs(channel.values) ** 2))
    if channel.two_sided:
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
    return np.sqrt(np.maximum(np.array([energy + mixed, energy - mixed]), 0.0) / size).ravel()
