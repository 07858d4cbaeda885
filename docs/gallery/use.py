"""What a panel of the gallery shows, the measured data it starts from, and how errors are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pywt
import xarray as xr
from numpy.typing import NDArray

import physmodel as pm

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Panel:
    """A curve or a picture, with what lies behind it and lines on it."""

    title: str
    values: Array
    time: Array | None = None
    behind: Array | None = None
    marks: Sequence[tuple[Sequence[float], Sequence[float]]] = ()
    top: float = 255.0


@dataclass(frozen=True)
class Use:
    """A dictionary, the atoms that are shown, and what it was good for."""

    dictionary: pm.dictionaries.Dictionary
    panels: Sequence[Panel]
    atoms: Sequence[int] = field(default=())


def photograph(name: str = "camera") -> Array:
    """256 x 256, values from 0 to 255."""
    full = np.asarray(getattr(pywt.data, name)(), dtype=float)
    return full.reshape(256, 2, 256, 2).mean(axis=(1, 3))


def heart() -> Array:
    """An electrocardiogram, 1024 samples."""
    return np.asarray(pywt.data.ecg(), dtype=float)


def psnr(found: Array, truth: Array) -> str:
    """Peak signal-to-noise ratio of pictures."""
    return f"{10 * np.log10(255.0**2 / np.mean((found - truth) ** 2)):.1f} dB"


def rms(values: Array) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(values**2)))


def few(dictionary: pm.dictionaries.Dictionary, values: Array, count: int) -> Array:
    """The sum of so many atoms."""
    return pm.signals.few_atoms(xr.DataArray(values), count, dictionary).data.values
