"""Where more elements or higher degrees are needed: the last coefficients of a solution tell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physmodel.fields.elements.field import ElementField

Array = NDArray[np.float64]

#: Share of the tolerance below which two elements can be one.
SPARE = 0.1


def tails(field: ElementField) -> tuple[Array, float]:
    """Last coefficients relative to the size of the field.

    The larger of the last two in each direction: one of them is zero in an even or odd function.

    Returns `by_element` ``(E,)``: along the first coordinate; `along`: along the second coordinate.
    """
    size = field.size() or 1.0
    by_element = np.abs(field.table[:, :, -2:]).sum(axis=1).max(axis=1) / size
    last = np.abs(field.table[:, -2:]).max() if field.table.shape[1] > 2 else 0.0
    return by_element, float(last) / size


def split(breaks: Array, which: NDArray[np.bool_]) -> Array:
    """Breaks with the elements in question halved."""
    middle = (breaks[:-1] + breaks[1:]) / 2.0
    return np.sort(np.concatenate([breaks, middle[which]]))


def joined(field: ElementField, breaks: Array, domain: Array, tolerance: float) -> Array:
    """Breaks without those that the end state of a field does not need.

    `breaks` ``(E + 1,)``. `domain` ``(2,)``: halves of the same whole are joined: a break is known
    by its place in the domain. `tolerance`: largest last coefficient relative to the size of the
    field.
    """
    width = np.diff(breaks)
    number = np.rint((breaks[:-1] - domain[0]) / width).astype(int)
    siblings = np.isclose(width[:-1], width[1:], rtol=1e-6) & (number[:-1] % 2 == 0)
    siblings = np.flatnonzero(siblings)
    if not len(siblings):
        return breaks
    kept = np.setdiff1d(np.arange(len(breaks)), siblings + 1)
    coarse = field.moved(breaks[kept])
    size = field.size() or 1.0
    # Position of the joined element of each pair among the coarse ones.
    place = np.searchsorted(kept, siblings)
    needed = np.abs(coarse[place, -2:]).max(axis=1) > SPARE * tolerance * size
    return np.delete(breaks, siblings[~needed] + 1)
