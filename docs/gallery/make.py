"""Draw the pictures of the gallery: six atoms of each dictionary, and one use on measured data.

Run ``python docs/gallery/make.py [NAME ...]`` after a change of a dictionary; every figure of the
page stands in a title that this script writes, so page and code cannot disagree.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import curves
import numpy as np
import photographs
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from use import Panel, Use

from physmodel import reports

FOLDER = Path(__file__).parent
INK, SECOND = "#0b6e99", "#c2410c"
ATOMS, COLORS, DPI = 6, 64, 80

USES: dict[str, Callable[[], Use]] = {
    "dct": curves.cosines,
    "wavelet": curves.wavelets,
    "stationary_wavelet": curves.stationary_wavelets,
    "wavelet_packet": curves.wavelet_packets,
    "steerable_pyramid": photographs.steerable,
    "curvelet": photographs.curvelets,
    "contourlet": photographs.contourlets,
    "bandlet": photographs.bandlets,
    "union": curves.two_parts,
    "pod": photographs.orthogonal_modes,
    "dmd": curves.dynamic_modes,
    "learned": photographs.learned_atoms,
    "convolutional": curves.shifted_atoms,
}


def figure(use: Use) -> Figure:
    """Atoms on the left, the use on the right."""
    made = Figure(figsize=(10.5, 3.3), layout="constrained")
    left, right = made.subfigures(1, 2, width_ratios=(1.0, 1.5), wspace=0.04)
    left.suptitle(f"atoms of {use.dictionary.name}", fontsize=9)
    axes = left.subplots(2, 3).ravel()
    for panel in axes:
        panel.set_axis_off()
    chosen = use.atoms or [index for _, index in reports.chosen_atoms(use.dictionary, ATOMS)]
    for panel, index in zip(axes, chosen[:ATOMS], strict=False):
        atom = use.dictionary.atom(index)
        if atom.ndim == 1:
            panel.plot(atom, color=INK, linewidth=1.0)
        else:
            top = float(np.abs(atom).max())
            panel.imshow(atom, cmap="RdBu_r", vmin=-top, vmax=top, interpolation="nearest")
    across = use.panels[0].values.ndim == 2
    grid = (1, len(use.panels)) if across else (len(use.panels), 1)
    for panel, what in zip(right.subplots(*grid, squeeze=False).ravel(), use.panels, strict=True):
        draw(panel, what)
    return made


def draw(axes: Axes, panel: Panel) -> None:
    """One panel of a use."""
    axes.set_title(panel.title, fontsize=8)
    axes.tick_params(labelsize=7)
    values = panel.values
    if values.ndim == 1:
        time = np.arange(len(values)) if panel.time is None else panel.time
        if panel.behind is not None:
            axes.plot(time, panel.behind, color="0.75", linewidth=0.9)
        axes.plot(time, values, color=INK, linewidth=0.9)
        axes.margins(x=0)
    else:
        axes.imshow(values, cmap="gray", vmin=0, vmax=panel.top, interpolation="nearest")
        axes.set_axis_off()
    for x, y in panel.marks:
        axes.plot(x, y, color=SECOND, linewidth=0.9, marker="." if len(x) == 1 else None)


def write(name: str) -> Path:
    """Draw one dictionary; few colours keep the file small."""
    buffer = io.BytesIO()
    figure(USES[name]()).savefig(buffer, format="png", dpi=DPI)
    picture = Image.open(buffer).convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
    path = FOLDER / f"{name}.png"
    picture.save(path, optimize=True)
    return path


if __name__ == "__main__":
    for chosen_name in sys.argv[1:] or USES:
        print(write(chosen_name))
