"""Contourlets: a pyramid whose octaves are split by a bank of directional filters."""

from __future__ import annotations

from collections.abc import Sequence

from physmodel.models.dictionaries.dictionary import Dictionary
from physmodel.models.dictionaries.directional import directional_frame

#: Wedges along one axis of a face on the coarsest octave: 4 directions in the plane, 3 in space.
COARSE = {1: 1, 2: 2, 3: 1}

#: Part of a wedge that it shares with its neighbours: sharp filters need few samples.
OVERLAP = 0.25


def contourlet(
    shape: int | Sequence[int], level: int | None = None, directions: int | None = None
) -> Dictionary:
    """Contourlets with sharp frequency localisation, exactly Parseval at every size.

    Octaves of a pyramid, each split into directions, twice as many at every other octave. The
    filters of Do and Vetterli need sides divisible by powers of two and leak across the plane;
    here both stages are windows on the Fourier transform (Lu and Do 2006), divided by the root of
    their total energy. An atom is real and even, its two opposite wedges share one small grid:
    some five coefficients per sample at the default (the decimated filters of the paper have 4/3,
    and the price of exactness at every size is the rest). In three dimensions
    these are surfacelets, in one they are Meyer wavelets.

    Parameters
    ----------
    shape : int or sequence of int
        Shape of a signal, in one to three dimensions.
    level : int, optional
        Number of octaves; by default down to about eight samples on the longest side.
    directions : int, optional
        Wedges along each axis of a face on the coarsest octave; by default 2 in two dimensions
        (4 directions), 1 in three.

    Raises
    ------
    ProblemError
        If shape, level or directions is not valid.

    References
    ----------
    Do and Vetterli, IEEE Trans. Image Processing 14 (2005) 2091; Lu and Do, Proc. SPIE 6383
    (2006); Lu and Do, IEEE Trans. Image Processing 16 (2007) 918 (surfacelets).
    """
    return directional_frame(
        "contourlet", shape, level, directions, coarse=COARSE, overlap=OVERLAP, kind="even"
    )
