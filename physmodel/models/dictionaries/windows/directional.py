"""Curvelets and contourlets: octaves of the Fourier plane, split into directions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from physmodel.errors import ProblemError
from physmodel.models.dictionaries.dictionary import Dictionary
from physmodel.models.dictionaries.frame import signal_shape
from physmodel.models.dictionaries.windows.cones import coarsest, default_levels, ring, wedges
from physmodel.models.dictionaries.windows.fourier import Kind, Window, fourier_frame

#: Wedges along one axis of a face on the coarsest octave: 4 directions in the plane, 3 in space.
CONTOURLETS = {1: 1, 2: 2, 3: 1}

#: Part of a wedge that it shares with its neighbours: sharp filters need few samples.
SHARP = 0.25
#: Wedges along one axis of a face on the coarsest octave: 12 around the circle, 24 on the sphere.
CURVELETS = {1: 1, 2: 3, 3: 2}

#: Part of a wedge that it shares with its neighbours: half of it keeps needles short enough.
SHORT = 0.5


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
    return _directional_frame(
        "contourlet", shape, level, directions, coarse=CONTOURLETS, overlap=SHARP, kind="even"
    )


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
    return _directional_frame(
        "curvelet", shape, level, directions, coarse=CURVELETS, overlap=SHORT, kind="analytic"
    )


def _directional_frame(
    name: str,
    shape: int | Sequence[int],
    level: int | None,
    directions: int | None,
    *,
    coarse: Mapping[int, int],
    overlap: float,
    kind: Kind,
) -> Dictionary:
    """Octaves, each split into directions, twice as many at every other octave.

    `level`, `directions`: octaves, and wedges along each axis of a face on the coarsest one.
    `coarse`: default of `directions` by the number of dimensions. `overlap`: part of a wedge that
    it shares with its neighbours. `kind` ``{"analytic", "even"}``: coefficients of a wedge, see
    `Window`. Returns: exactly Parseval at every size. Raises ProblemError if shape, level or
    directions is not valid.
    """
    sides = signal_shape(shape)
    if (level is not None and level < 0) or (directions is not None and directions < 1):
        raise ProblemError(
            f"There are no {name}s with {level} levels and {directions} directions.",
            where="level" if level is not None and level < 0 else "directions",
            why="A level is an octave, and every octave has at least one direction on a face.",
            fix="Leave them out, or give whole numbers from 0 and from 1.",
        )
    levels = default_levels(sides) if level is None else level
    first = coarse[len(sides)] if directions is None else directions

    def windows() -> Iterator[Window]:
        yield Window("low", coarsest(sides, levels))
        for scale in reversed(range(levels)):
            band = ring(sides, scale)
            per_face = first * 2 ** ((levels - scale) // 2)
            for label, wedge in wedges(sides, scale, per_face, overlap):
                yield Window(f"scale {scale + 1}, {label}", band * wedge, kind)

    return fourier_frame(
        name, windows(), normalise=True, parameters={"levels": levels, "directions": first}
    )
