"""What the samples of an input say of how it runs between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.inputs.holds import holds_of
from physmodel.data.segments import segments
from physmodel.problem.holds import BAND_LIMITED, LINEAR, ZERO

Array = NDArray[np.float64]
#: Times and samples of an input, ``(n,)`` each, piece by piece.
Pieces = Sequence[tuple[Array, Array]]

#: What a cubic through the four neighbours of a sample misses of it, over the spread, below which
#: an input looks smooth.
SMOOTH, NEIGHBOURS = 0.01, 4

#: Largest step from sample to sample, over the spread, up to which all holds are the same.
FINE = 0.01


def forms(
    data: xr.Dataset, names: Sequence[str], *, straight: bool = False
) -> list[dict[str, str]]:
    """How inputs may run between their samples.

    Parameters
    ----------
    data : xarray.Dataset
    names : sequence of str
        Inputs.
    straight : bool
        Whether inputs that look smooth may be straight between their samples after all.

    Returns
    -------
    list of dict of str to str
        One form where all is stated, or makes no difference; else inputs of which nothing is known
        as they look, or all held, or only those held that do not look smooth.
    """
    stated = holds_of(data, names)
    records = segments(data, names) if names else []
    looks = {}
    for k, name in enumerate(names):
        pieces = [(one.time, one.values[:, k]) for one in records]
        if name not in stated and not is_indifferent(pieces):
            looks[name] = look(pieces)
    rough = [name for name, kind in looks.items() if kind == LINEAR]
    some = [looks, looks | dict.fromkeys(rough, ZERO), dict.fromkeys(looks, ZERO)]
    if straight:
        some.append(dict.fromkeys(looks, LINEAR))
    return [stated | form for k, form in enumerate(some) if form not in some[:k]]


def is_indifferent(pieces: Pieces) -> bool:
    """Whether an input moves so little from sample to sample that all holds are the same."""
    step = max(np.abs(np.diff(signal)).max(initial=0.0) for _, signal in pieces)
    return bool(step <= FINE * np.concatenate([signal for _, signal in pieces]).std())


def look(pieces: Pieces) -> str:
    """Smooth or straight, as an input looks if it is not held."""
    spread = np.concatenate([signal for _, signal in pieces]).std()
    missed = [_missed(time, signal) for time, signal in pieces if len(time) > NEIGHBOURS]
    if missed and np.sqrt(np.mean(np.concatenate(missed) ** 2)) <= SMOOTH * spread:
        return BAND_LIMITED
    return LINEAR


def _missed(time: Array, signal: Array) -> Array:
    """Samples less the cubic through the two before and the two after, ``(n - 4,)``."""
    windows = np.lib.stride_tricks.sliding_window_view(np.stack([time, signal]), 5, axis=1)
    around, values = np.delete(windows, 2, axis=2)
    middle, weights = time[2:-2], np.ones(around.shape)
    for k in range(NEIGHBOURS):
        for j in set(range(NEIGHBOURS)) - {k}:
            weights[:, k] *= (middle - around[:, j]) / (around[:, k] - around[:, j])
    return np.asarray(signal[2:-2] - (weights * values).sum(axis=1))
