"""Octaves split into directions: what curvelets and contourlets have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from physmodel.errors import ProblemError
from physmodel.models.dictionaries.cones import coarsest, default_levels, ring, wedges
from physmodel.models.dictionaries.dictionary import Dictionary
from physmodel.models.dictionaries.fourier import Kind, Window, fourier_frame
from physmodel.models.dictionaries.frame import signal_shape


def directional_frame(
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
