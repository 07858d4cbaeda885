"""The union of dictionaries: each part of a signal in the atoms that suit it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.models.dictionaries.dictionary import Band, Dictionary
from physmodel.models.dictionaries.modes import from_atoms

Array = NDArray[np.float64]


def union(*dictionaries: Dictionary) -> Dictionary:
    """All atoms of several dictionaries, side by side and unscaled.

    Tight if its parts are, with bounds that add up. A pursuit in a union separates a signal into
    what is sparse in each part (morphological component analysis).

    Parameters
    ----------
    *dictionaries : Dictionary
        At least one, for signals of one shape.

    Returns
    -------
    Dictionary
        Labels of its bands are prefixed by the number of the part, from 0.

    Raises
    ------
    ProblemError
        If there is none, or their signals differ in shape.

    References
    ----------
    Donoho and Huo, IEEE Trans. Information Theory 47 (2001) 2845; Starck, Elad and Donoho,
    IEEE Trans. Image Processing 14 (2005) 1570.
    """
    shapes = {part.signal_shape for part in dictionaries}
    if len(shapes) != 1:
        raise ProblemError(
            f"The dictionaries are for signals of the shapes {sorted(shapes)}."
            if shapes
            else "There is no dictionary to unite.",
            where="union",
            why="All atoms of a union describe the same signal.",
            fix="Build every part with the same shape.",
        )
    (shape,) = shapes
    ends = np.cumsum([0, *(part.n_atoms for part in dictionaries)])
    bands = tuple(
        Band(f"{number}:{band.label}", int(start) + band.start, band.shape)
        for number, (part, start) in enumerate(zip(dictionaries, ends[:-1], strict=True))
        for band in part.bands
    )
    name = " + ".join(part.name for part in dictionaries)
    if not any(part.complete for part in dictionaries):
        # Only sets of given atoms, whose joint span is found by linear algebra.
        atoms = np.stack([part.atom(i) for part in dictionaries for i in range(part.n_atoms)])
        return from_atoms(atoms, name=name, bands=bands)

    def synthesis(a: Array) -> Array:
        parts = zip(dictionaries, ends[:-1], ends[1:], strict=True)
        return sum((part.synthesis(a[i:j]) for part, i, j in parts), np.zeros(shape))

    tight = all(part.is_tight for part in dictionaries)
    bound = sum(part.bounds[1] for part in dictionaries if part.bounds is not None)
    return Dictionary(
        name=name,
        signal_shape=shape,
        bands=bands,
        synthesis=synthesis,
        adjoint=lambda x: np.concatenate([part.adjoint(x) for part in dictionaries]),
        bounds=(bound, bound) if tight else None,
        lengths=lambda: np.concatenate([part.norms() for part in dictionaries]),
        parameters={"parts": tuple(part.name for part in dictionaries)},
    )
