"""A picture of the atoms of a dictionary: one from the middle of each band."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physmodel.models.dictionaries.dictionary import Dictionary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

#: Side of one panel in inches, panels in a row, and atoms shown where nothing is said.
PANEL, ROW, COUNT = 1.3, 6, 18
INK = "#0b6e99"


def atoms_figure(dictionary: Dictionary, count: int = COUNT) -> Figure:
    """Draw some atoms, coarse ones first.

    Parameters
    ----------
    dictionary : Dictionary
        Of signals in one, two or three dimensions; of three, the slice through the largest value
        is shown.
    count : int
        At most as many atoms.

    Returns
    -------
    matplotlib.figure.Figure
        Ready for ``savefig``.
    """
    from matplotlib.figure import Figure

    chosen = chosen_atoms(dictionary, count)
    rows = -(-len(chosen) // ROW)
    columns = min(len(chosen), ROW)
    figure = Figure(figsize=(PANEL * columns, (PANEL + 0.2) * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel in panels:
        panel.set_axis_off()
    for panel, (label, index) in zip(panels, chosen, strict=False):
        _draw(panel, dictionary.atom(index))
        panel.set_title(label, fontsize=7)
    return figure


def chosen_atoms(dictionary: Dictionary, count: int = COUNT) -> list[tuple[str, int]]:
    """Label of the band and index of the atoms that a picture shows.

    Bands are taken evenly from coarse to fine; where there are fewer bands than atoms to show,
    several atoms come from each, the middle one first.
    """
    bands = dictionary.bands
    taken = [bands[i] for i in np.unique(np.linspace(0, len(bands) - 1, count).astype(int))]
    chosen = []
    for number, band in enumerate(taken):
        share = (count + len(taken) - 1 - number) // len(taken)
        places = {_place(band.shape, i): None for i in range(share)}
        chosen += [(band.label, band.start + place) for place in places]
    return chosen


def _place(shape: tuple[int, ...], number: int) -> int:
    """Places that spread over a grid: the middle first, then by irrational steps."""
    steps = np.array([0.7549, 0.5698, 0.3819, 0.2361])[: len(shape)]
    where = ((0.499 + number * steps) % 1 * shape).astype(int)
    return int(np.ravel_multi_index(tuple(where), shape))


def _draw(axes: Axes, atom: Array) -> None:
    top = float(np.abs(atom).max()) or 1.0
    if atom.ndim == 1:
        axes.plot(atom, color=INK, linewidth=1.0)
        axes.set_ylim(-1.1 * top, 1.1 * top)
        return
    if atom.ndim == 3:
        atom = atom[np.unravel_index(np.argmax(np.abs(atom)), atom.shape)[0]]
    axes.imshow(atom, cmap="RdBu_r", vmin=-top, vmax=top, interpolation="nearest")
