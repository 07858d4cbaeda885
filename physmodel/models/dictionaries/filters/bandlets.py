"""Orthogonal bandlets: wavelets whose coefficients are followed along the edges of a picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.errors import ProblemError
from physmodel.models.dictionaries.dictionary import Dictionary
from physmodel.models.dictionaries.filters.bandlet_geometry import (
    Square,
    choose_geometry,
    haar,
    inverse_haar,
    places,
)
from physmodel.models.dictionaries.filters.wavelets import wavelet
from physmodel.models.dictionaries.frame import signal_shape

Array = NDArray[np.float64]
Index = NDArray[np.intp]

#: Part of the numbers of a picture that its geometry is chosen to keep, where nothing is said.
KEPT = 0.02


def bandlet(
    shape: int | Sequence[int],
    guide: ArrayLike | None = None,
    name: str = "db4",
    threshold: float | None = None,
    level: int | None = None,
) -> Dictionary:
    """Bandlets for the geometry of a guide: orthonormal wavelets, made to follow its edges.

    Where a band of wavelet coefficients is elongated along a direction, a square of it is read
    line by line in that direction and goes through a Haar transform. Squares and directions are
    chosen for the guide, once; what is returned is linear, with the exact frame of its wavelets
    (orthonormal on even sides). Two pictures have two dictionaries.

    Parameters
    ----------
    shape : (int, int)
        Shape of a picture.
    guide : array_like of that shape, optional
        The picture, or an estimate of it, whose edges are followed. Without it there is no
        geometry, and the atoms are the wavelets themselves.
    name : str
        A wavelet of PyWavelets.
    threshold : float, optional
        Coefficients of the guide below it count as nothing; by default as high as 2% of them.
    level : int, optional
        Levels of the wavelets.

    Returns
    -------
    Dictionary
        `parameters` holds `geometry`, a tuple of `Square`. Who counts numbers has to add one
        for each of these; the splits of the quadtree are a few bits more.

    Raises
    ------
    ProblemError
        If the shape is not that of a picture or of the guide, or the threshold is not positive.

    References
    ----------
    Le Pennec and Mallat, IEEE Trans. Image Processing 14 (2005) 423; Peyre and Mallat, ACM Trans.
    Graphics 24 (2005) 601; Mallat and Peyre, Comm. Pure Appl. Math. 61 (2008) 1173.
    """
    sides = signal_shape(shape, dimensions=(2,))
    base = wavelet(sides, name, level)
    _require_positive(threshold)
    squares = () if guide is None else _geometry(base, guide, threshold)
    groups = _groups(squares, base)

    def along(a: Array, transform: Callable[[Array], Array]) -> Array:
        out = a.copy()
        for index in groups:
            out[index] = transform(a[index])
        return out

    return Dictionary(
        name=f"bandlet {name}",
        signal_shape=sides,
        bands=base.bands,
        synthesis=lambda a: base.synthesis(along(a, inverse_haar)),
        adjoint=lambda x: along(base.adjoint(x), haar),
        bounds=base.bounds,
        # An orthogonal map of the coefficients keeps their norm, so the least stays the least.
        canonical=lambda x: along(base.analyse(x), haar),
        parameters={**base.parameters, "geometry": squares},
    )


def _require_positive(threshold: float | None) -> None:
    if threshold is not None and not threshold > 0:
        raise ProblemError(
            f"{threshold} is no threshold.",
            where="threshold",
            why="The geometry is worth what it saves among coefficients above the threshold.",
            fix="Give a positive number, about three times the noise, or leave it out.",
        )


def _geometry(base: Dictionary, guide: ArrayLike, threshold: float | None) -> tuple[Square, ...]:
    """Squares and directions that are worth what they save among the wavelets of a guide."""
    coefficients = base.analyse(guide)
    if not np.isfinite(coefficients).all():
        raise ProblemError(
            "Some numbers of the guide are not finite.",
            where="guide",
            why="Edges next to a gap cannot be told from the gap.",
            fix="Fill the gaps first.",
        )
    rank = int(KEPT * coefficients.size)
    limit = np.sort(np.abs(coefficients))[-1 - rank] if threshold is None else threshold
    details = [band for band in base.bands if "d" in band.label]
    return choose_geometry(coefficients, details, float(limit)) if limit > 0 else ()


def _groups(squares: tuple[Square, ...], base: Dictionary) -> list[Index]:
    """Coefficients of all squares of one size, one square in a row, in the order of its lines."""
    bands = {band.label: band for band in base.bands}
    rows: dict[int, list[Index]] = defaultdict(list)
    for square in squares:
        index = places(square, bands[square.band])
        rows[index.size].append(index)
    return [np.array(group) for group in rows.values()]
