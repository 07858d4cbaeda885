"""What all pictures share: colours, sizes, labels, and SVG text for pages."""

from __future__ import annotations

import io
import re
import warnings
import zlib
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, FAINT, DATA, MODEL = "#1d2b3a", "#d9dee4", "#9aa7b4", "#0b6e99"
#: More than the solar system has bodies; any two are 25 or more apart in CIE L*a*b*.
CYCLE = (
    "#0b6e99",
    "#d1495b",
    "#588b41",
    "#8e5ea2",
    "#c79100",
    "#1d2b3a",
    "#4fb8d8",
    "#7a4b3a",
    "#e58fb8",
    "#8fae2f",
    "#e07b39",
    "#8a8f98",
)
WIDTH = 9.0

#: States shown one by one, and points drawn per curve: more is not legible.
MAX_PANELS, MAX_POINTS = 8, 2000


def colour(k: int) -> str:
    """The colour of the curve with this number."""
    return CYCLE[k % len(CYCLE)]


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches, that no window and no global state knows of.

    Notebooks draw what pyplot made, so this one says by itself how it is shown.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    figure.__dict__["_repr_png_"] = partial(_png, figure)
    return figure


def _png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110)
    return stream.getvalue()


def plain(axes: Axes) -> None:
    """Take away what says nothing: two of the four spines, and large letters."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(DATA)
    axes.tick_params(colors=INK, labelsize=8)
    axes.xaxis.label.set_fontsize(9)
    axes.yaxis.label.set_fontsize(9)


def svg_of(figure: Figure) -> str:
    """A figure as SVG text that can stand beside others in one page, the same bytes each time."""
    import matplotlib

    for axes in figure.axes:
        plain(axes)
    stream = io.StringIO()
    with warnings.catch_warnings(), matplotlib.rc_context({"svg.hashsalt": "physmodel"}):
        # A script that the font lacks is drawn as boxes; the tables of the page spell it out.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(
            stream,
            format="svg",
            bbox_inches="tight",
            transparent=True,
            dpi=150,
            metadata={"Date": None, "Creator": None},
        )
    text = stream.getvalue()
    # Identifiers must not clash between the figures of one page.
    salt = f"f{zlib.crc32(text.encode()):08x}-"
    text = text[text.index("<svg") :]
    text = re.sub(r'\bid="', f'id="{salt}', text)
    text = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{salt}", text)
    return re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)


def thinned(n: int) -> NDArray[np.intp]:
    """Which of many points are drawn."""
    return np.unique(np.linspace(0, n - 1, min(n, MAX_POINTS)).astype(np.intp))


def words(text: str) -> str:
    """Text as it is, which Matplotlib would read as formulas or, after ``_``, leave out."""
    plain_text = text.replace("$", "")
    return f" {plain_text}" if plain_text.startswith("_") else plain_text


def bracket(unit: str) -> str:
    """A unit behind a label, empty where there is none."""
    return words(f" [{unit}]") if unit not in {"", "1"} else ""
