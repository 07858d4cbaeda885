"""Fast discrete curvelets by wrapping: needles that follow edges."""

from __future__ import annotations

from collections.abc import Sequence

from physmodel.models.dictionaries.dictionary import Dictionary
from physmodel.models.dictionaries.directional import directional_frame

#: Wedges along one axis of a face on the coarsest octave: 12 around the circle, 24 on the sphere.
COARSE = {1: 1, 2: 3, 3: 2}

#: Part of a wedge that it shares with its neighbours: half of it keeps needles short enough.
OVERLAP = 0.5


def curvelet(
    shape: int | Sequence[int], level: int | None = None, directions: int | None = None
) -> Dictionary:
    """Curvelets, exactly Parseval at every size.

    Wedges of the Fourier plane, twice as many at every other octave, so that an atom is about as
    wide as its length squared. Each wedge is wrapped onto a rectangle and its samples are complex;
    real and imaginary part are two real atoms, even and odd across the needle. The windows are
    divided by the root of their total energy. In one dimension these are analytic Meyer wavelets.

    Parameters
    ----------
    shape : int or sequence of int
        Shape of a signal, in one to three dimensions.
    level : int, optional
        Number of octaves; by default down to about eight samples on the longest side.
    directions : int, optional
        Wedges along each axis of a face on the coarsest octave; by default 3 in two dimensions
        (12 around the circle; the paper has 16, which needs more terms for a disc), 2 in three.

    Returns
    -------
    Dictionary
        With bands (2, ...): real parts, then imaginary parts.

    Raises
    ------
    ProblemError
        If shape, level or directions is not valid.

    References
    ----------
    Candes, Demanet, Donoho and Ying, Multiscale Modeling and Simulation 5 (2006) 861; Ying,
    Demanet and Candes, Proc. SPIE 5914 (2005) (three dimensions).
    """
    return directional_frame(
        "curvelet", shape, level, directions, coarse=COARSE, overlap=OVERLAP, kind="analytic"
    )
