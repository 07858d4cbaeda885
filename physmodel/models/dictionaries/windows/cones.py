"""Windows on the Fourier plane: scales an octave apart, cut into wedges by direction.

The plane is cut by squares (cubes) about zero and, on each face of these, by slopes: directions
that shear well on a Cartesian grid, with no polar resampling.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import log2

import numpy as np
from numpy.typing import NDArray

from physmodel.models.dictionaries.windows.fourier import frequencies

Array = NDArray[np.float64]

#: The coarsest part keeps at least about so many samples on the longest side.
COARSEST = 8


def default_levels(shape: tuple[int, ...]) -> int:
    """Octaves between the finest and a coarsest part of about eight samples, at least one."""
    return max(round(log2(max(shape) / COARSEST)), 1)


def step(t: Array) -> Array:
    """From 0 to 1 on [0, 1], three times differentiable, with step(t) + step(1-t) = 1 (Meyer)."""
    t = np.clip(t, 0.0, 1.0)
    return t**4 * (35 - 84 * t + 70 * t**2 - 20 * t**3)


def lowpass(shape: tuple[int, ...], edge: float) -> Array:
    """Square window: one up to 2/3 of the edge on each axis, zero from 4/3 on."""
    window = np.ones(shape)
    for w in frequencies(shape):
        window = window * np.cos(np.pi / 2 * step(1.5 * np.abs(w) / edge - 1))
    return window


def coarsest(shape: tuple[int, ...], levels: int) -> Array:
    """What is below all octaves; without octaves, everything."""
    return lowpass(shape, np.pi / 2**levels) if levels else np.ones(shape)


def ring(shape: tuple[int, ...], scale: int) -> Array:
    """Band of one octave; scale 0 is the finest and reaches to the end of the sampled range."""
    outer = 1.0 if scale == 0 else lowpass(shape, np.pi / 2**scale) ** 2
    return np.sqrt(np.maximum(outer - lowpass(shape, np.pi / 2 ** (scale + 1)) ** 2, 0.0))


def wedges(
    shape: tuple[int, ...], scale: int, per_face: int, overlap: float
) -> Iterator[tuple[str, Array]]:
    """One-sided wedges through all directions, one of each opposite pair.

    Their squares add up to something positive everywhere but at zero, and not yet to one: near
    the edges of a face windows of both faces overlap.

    `scale`: sets how many wedges the grid can tell apart: no more than frequencies across a face.
    `per_face`: wedges on a face along each axis. `overlap`: part of the width over which neighbours
    share, up to one. Yields: axis and slopes, and the window.
    """
    waves = frequencies(shape)
    for axis, n in enumerate(shape):
        if n == 1:
            continue
        # The end of an even range, stored as negative, is its own opposite: it counts as positive.
        along = np.where(np.isclose(waves[axis], -np.pi), np.pi, waves[axis])
        safe = np.where(along > 0, along, np.inf)
        across = [b for b, m in enumerate(shape) if b != axis and m > 1]
        counts = [min(per_face, max(shape[b] // 2 ** (scale + 1), 1)) for b in across]
        for places in product(*(range(count) for count in counts)):
            window = np.where(along > 0, 1.0, 0.0) * np.ones(shape)
            slopes = []
            for b, count, place in zip(across, counts, places, strict=True):
                slope = (2 * place + 1) / count - 1
                distance = np.abs(waves[b] / safe - slope) * count / 2
                window = window * np.cos(np.pi / 2 * step((distance - 0.5) / overlap + 0.5))
                slopes.append(f"{slope:+.3g}")
            yield f"axis {axis} {' '.join(slopes)}".rstrip(), window
