"""A picture of a field, of its description by few atoms, and of what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physmodel.signals import FewAtoms

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

#: Side of one panel in inches, and atoms shown below.
PANEL, SHOWN = 2.6, 3
INK = "#0b6e99"


def few_atoms_figure(description: FewAtoms) -> Figure:
    """Draw the field, the sum of the atoms, the rest, and the most important atoms.

    Parameters
    ----------
    description : FewAtoms
        Of a field in one to three dimensions; of three, the middle slice of the first is shown.

    Returns
    -------
    matplotlib.figure.Figure
        Ready for ``savefig``.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3 * PANEL, 2 * PANEL), layout="constrained")
    panels = figure.subplots(2, 3)
    field, sums = description.field.values.astype(float), description.data.values
    low, high = float(field.min()), float(field.max())
    _draw(panels[0, 0], field, "field", low, high)
    _draw(panels[0, 1], sums, f"{description.numbers} numbers", low, high)
    rest = field - sums
    _draw(panels[0, 2], rest, f"rest ({description.error:.1%})", *_even(rest))
    for rank, panel in enumerate(panels[1]):
        panel.set_axis_off()
        if rank < len(description.atoms):
            index = int(description.atoms[rank])
            part = description.dictionary.atom(index) * description.coefficients[index]
            _draw(panel, part, f"atom {index}", *_even(part))
    figure.suptitle(description.dictionary.name, fontsize=9)
    return figure


def _even(values: Array) -> tuple[float, float]:
    top = float(np.abs(values).max()) or 1.0
    return -top, top


def _draw(axes: Axes, values: Array, title: str, low: float, high: float) -> None:
    axes.set_title(title, fontsize=8)
    axes.set_axis_off()
    if values.ndim == 1:
        axes.plot(values, color=INK, linewidth=1.0)
        axes.set_ylim(low - 0.05 * (high - low or 1.0), high + 0.05 * (high - low or 1.0))
        return
    if values.ndim == 3:
        values = values[values.shape[0] // 2]
    axes.imshow(values, cmap="viridis", vmin=low, vmax=high, interpolation="nearest", aspect="auto")
