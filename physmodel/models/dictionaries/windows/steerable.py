"""The steerable pyramid: directional derivatives on every scale, turned by recombination."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement
from math import factorial, prod

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.models.dictionaries.dictionary import Dictionary
from physmodel.models.dictionaries.frame import signal_shape
from physmodel.models.dictionaries.windows.cones import default_levels
from physmodel.models.dictionaries.windows.fourier import Window, fourier_frame, frequencies

Array = NDArray[np.float64]


def steerable_pyramid(
    shape: int | Sequence[int], order: int = 1, level: int | None = None
) -> Dictionary:
    """Steerable pyramid on Fourier masks, exactly Parseval at every size.

    A high-pass residue, `level` scales an octave apart, and a low-pass residue. Each scale is
    split by direction: in two dimensions by ``order + 1`` turned copies of ``cos(angle)^order``,
    in others by the components of the Riesz transform of that order. The squares of either add to
    one at every frequency, so the frame is tight by construction.

    Parameters
    ----------
    shape : int or sequence of int
        Shape of a signal, in one to three dimensions.
    order : int
        Order of the directional derivative; 0 does not tell directions apart.
    level : int, optional
        Number of scales; by default down to about eight samples on the longest side.

    Returns
    -------
    Dictionary
        Of real atoms. Bands below the finest are sampled on grids that just hold them.

    Raises
    ------
    ProblemError
        If shape, order or level is not valid.

    References
    ----------
    Simoncelli and Freeman, Proc. IEEE ICIP (1995) 444; Unser and Van De Ville, IEEE Trans. Image
    Processing 19 (2010) 636 (Riesz transforms, any dimension).
    """
    sides = signal_shape(shape)
    if order < 0 or (level is not None and level < 0):
        raise ProblemError(
            f"There is no pyramid of order {order} with {level} levels.",
            where="order" if order < 0 else "level",
            why="The order counts derivatives, the level counts octaves.",
            fix="Give whole numbers from 0.",
        )
    levels = default_levels(sides) if level is None else level
    waves = frequencies(sides)
    radius = np.sqrt(sum(w**2 for w in waves))
    windows = [Window("high", np.sqrt(1 - _lowpass(radius, np.pi) ** 2), whole=True)]
    for scale in range(levels):
        edge = np.pi / 2**scale
        ring = _lowpass(radius, edge) * np.sqrt(1 - _lowpass(radius, edge / 2) ** 2)
        turned = [
            Window(f"scale {scale + 1}, {label}", 1j**order * ring * part)
            for label, part in _directions(waves, radius, order)
        ]
        windows = [*turned, *windows]
    low = Window("low", _lowpass(radius, np.pi / 2**levels))
    return fourier_frame(
        "steerable_pyramid", [low, *windows], parameters={"order": order, "levels": levels}
    )


def _lowpass(radius: Array, edge: float) -> Array:
    """One below half the edge, zero above it; a cosine of the logarithm between.

    Zero at the edge itself: frequencies at the end of the sampled range, which have no opposite,
    stay with the high-pass residue.
    """
    octave = np.log2(np.maximum(radius, 1e-300) / edge)
    return np.where(radius >= edge, 0.0, np.cos(np.pi / 2 * np.clip(octave + 1, 0, 1)))


def _directions(waves: list[Array], radius: Array, order: int) -> Iterator[tuple[str, Array]]:
    """Homogeneous angular functions whose squares add to one."""
    safe = np.where(radius > 0, radius, 1.0)
    unit = [w / safe for w in waves]
    if len(waves) == 2:
        # sum_k cos^(2n)(t - pi k/(n+1)) = (n+1) (2n)! / (4^n n!^2): the mean of the power.
        mean = factorial(2 * order) / (4**order * factorial(order) ** 2)
        for k in range(order + 1):
            angle = np.pi * k / (order + 1)
            along = np.cos(angle) * unit[1] + np.sin(angle) * unit[0]
            name = f"{180 * k / (order + 1):.0f} degrees"
            yield name, along**order / np.sqrt((order + 1) * mean)
        return
    for axes in combinations_with_replacement(range(len(waves)), order):
        # The multinomial theorem for (sum of squares of the unit vector)^order.
        weight = factorial(order) / prod(factorial(axes.count(a)) for a in range(len(waves)))
        name = "along " + "".join(map(str, axes)) if axes else "all"
        yield name, np.sqrt(weight) * np.asarray(prod((unit[a] for a in axes), start=1.0))
