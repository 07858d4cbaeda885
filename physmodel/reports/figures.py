"""Figures of a result as SVG text, ready to stand inside an HTML page."""

from __future__ import annotations

import io
import re
import warnings
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.segments import Segment, segments
from physmodel.errors import PhysmodelError
from physmodel.hybrids.results.result import HybridResult
from physmodel.laws.result import Result
from physmodel.laws.scores import input_signal
from physmodel.models.central_force import CentralForce
from physmodel.models.vector_field import simulate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

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

#: Points of a simulated curve at least, and samples below which points are drawn large.
MIN_CURVE, FEW_POINTS = 400, 100


def equation_svg(latex: str) -> str | None:
    """Typeset one line of mathematics.

    Parameters
    ----------
    latex : str
        Without dollar signs.

    Returns
    -------
    str or None
        None where the typesetter does not know a symbol, or its font has no such letter.
    """
    if not latex.isascii():
        return None
    figure = new_figure(0.1, 0.1)
    try:
        figure.text(0.0, 0.0, f"${latex}$", fontsize=15, color=INK)
        return svg_of(figure)
    except ValueError:
        return None


def coefficients_figure(result: Result) -> str:
    """Coefficients with 95% intervals, one panel for each equation (or all strengths)."""
    if isinstance(result.model, CentralForce):
        return _strengths_figure(result)
    shown = [s for s in result.problem.states if result.terms(s)][:MAX_PANELS]
    rows = [len(result.terms(state)[:20]) for state in shown]
    figure = new_figure(WIDTH, 0.32 * sum(rows) + 0.75 * len(shown) + 0.2)
    panels = figure.subplots(
        len(shown), 1, squeeze=False, gridspec_kw={"height_ratios": [r + 0.6 for r in rows]}
    )[:, 0]
    for axes, state in zip(panels, shown, strict=True):
        items = result.terms(state)[:20]
        values = np.array([item["coefficient"] for item in items])
        spread = 1.96 * np.array([item["std"] for item in items])
        place = np.arange(len(items))[::-1]
        axes.axvline(0.0, color=FAINT, lw=1)
        axes.errorbar(values, place, xerr=spread, fmt="o", ms=5, color=MODEL, capsize=3, lw=1.5)
        size = np.abs(values)
        if size.max() > 100.0 * size.min():
            axes.set_xscale("symlog", linthresh=float(size.min()))
        axes.set_yticks(place, [_label(item) for item in items])
        axes.set_ylim(-0.6, len(items) - 0.4)
        axes.set_title(f"equation of {state}", loc="left", fontsize=10, color=INK)
    return svg_of(figure)


@dataclass(frozen=True)
class Flight:
    """A trajectory of the data and the simulation from its start.

    Attributes
    ----------
    segment : Segment
        States first, then inputs.
    run : ndarray (n, d)
        The simulation at the sample times; NaN after a blow-up.
    fine_time : ndarray (m,)
    fine_run : ndarray (m, d)
        The simulation at more times, for drawing.
    """

    segment: Segment
    run: Array
    fine_time: Array
    fine_run: Array


def fly(result: Result | HybridResult, data: xr.Dataset) -> Flight:
    """Simulate from the start that the fit estimated, along the first trajectory."""
    names = (*result.model.states, *result.model.inputs)
    segment = segments(data, names)[0]
    count = len(segment.time)
    times = max(1, -(-MIN_CURVE // (count - 1)))
    fine = np.interp(np.arange((count - 1) * times + 1) / times, np.arange(count), segment.time)
    try:
        run = simulate(
            result.model,
            fine,
            result.start["states"],
            start_velocity=result.start.get("velocities"),
            inputs=input_signal(segment, len(result.model.states)),
        )
    except PhysmodelError:
        run = np.full((len(fine), len(result.model.states)), np.nan)
    return Flight(segment, run[::times], fine, run)


def trajectories_figure(result: Result | HybridResult, flight: Flight) -> str:
    """Data against one free-running simulation."""
    segment = flight.segment
    if isinstance(result.model, CentralForce):
        return _orbits_figure(result.model, segment, flight.run)
    unit = _time_label(result)
    shown = result.problem.states[:MAX_PANELS]
    figure = new_figure(WIDTH, 1.5 * len(shown) + 0.5)
    panels = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
    thin, dense = thinned(len(segment.time)), thinned(len(flight.fine_time))
    for k, (axes, state) in enumerate(zip(panels, shown, strict=True)):
        size = 3 if len(segment.time) > FEW_POINTS else 7
        axes.plot(
            segment.time[thin], segment.values[thin, k], ".", ms=size, color=DATA, label="data"
        )
        axes.plot(
            flight.fine_time[dense],
            flight.fine_run[dense, k],
            color=MODEL,
            lw=1.3,
            label="simulation",
        )
        axes.set_ylabel(_with_unit(result, state))
    panels[0].legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, fontsize=8, frameon=False
    )
    panels[-1].set_xlabel(unit)
    return svg_of(figure)


def residuals_figure(result: Result | HybridResult, flight: Flight) -> str:
    """Simulation minus data, in standard deviations of the data."""
    segment, run = flight.segment, flight.run
    states = result.model.states
    spread = segment.values[:, : len(states)].std(axis=0)
    miss = (run - segment.values[:, : len(states)]) / np.where(spread > 0.0, spread, 1.0)
    figure = new_figure(WIDTH, 2.6)
    axes = figure.subplots()
    thin = thinned(len(segment.time))
    if isinstance(result.model, CentralForce):
        place = result.model.positions(run - segment.values[:, : len(states)])
        distance = np.linalg.norm(place, axis=2)
        for k, body in enumerate(result.model.bodies):
            axes.semilogy(
                segment.time[1:][thin[1:] - 1],
                distance[1:, k][thin[1:] - 1],
                lw=1,
                color=CYCLE[k % len(CYCLE)],
                label=words(body),
            )
        axes.set_ylabel(f"miss{_bracket(_length_unit(result))}")
    else:
        for k, state in enumerate(states[:MAX_PANELS]):
            axes.plot(
                segment.time[thin],
                miss[thin, k],
                lw=1,
                color=CYCLE[k % len(CYCLE)],
                label=words(state),
            )
        axes.axhline(0.0, color=FAINT, lw=1, zorder=0)
        axes.set_ylabel("miss / spread")
    axes.set_xlabel(_time_label(result))
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8, frameon=False)
    return svg_of(figure)


def invariants_figure(result: Result) -> str | None:
    """Conserved quantities along the data, relative to their size."""
    shown = [item for item in result.conserved if len(item.time)][:MAX_PANELS]
    if not shown:
        return None
    figure = new_figure(WIDTH, 1.5 * len(shown) + 0.5)
    panels = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
    for axes, item in zip(panels, shown, strict=True):
        thin = thinned(len(item.time))
        axes.plot(item.time[thin], item.values[thin] / item.size, color=MODEL, lw=1)
        axes.axhline(0.0, color=FAINT, lw=1, zorder=0)
        title = item.name if len(item.name) <= 90 else item.name[:87] + "..."
        axes.set_title(words(title), loc="left", fontsize=9, color=INK)
        axes.set_ylabel("change / size")
    panels[-1].set_xlabel(_time_label(result))
    return svg_of(figure)


def _strengths_figure(result: Result) -> str:
    law = result.laws[0]
    bodies = list(law["strengths"])
    values = np.array([law["strengths"][body]["value"] for body in bodies])
    spread = 1.96 * np.array([law["strengths"][body]["std"] for body in bodies])
    place = np.arange(len(bodies))[::-1]
    figure = new_figure(WIDTH, 0.34 * len(bodies) + 0.9)
    axes = figure.subplots()
    axes.errorbar(values, place, xerr=spread, fmt="o", ms=5, color=MODEL, capsize=3, lw=1.5)
    if (values > 0.0).all():
        axes.set_xscale("log")
    axes.set_yticks(place, [words(body) for body in bodies])
    axes.set_xlabel("strength" + _bracket(law["strengths"][bodies[0]]["unit"]))
    return svg_of(figure)


def _orbits_figure(model: CentralForce, segment: Segment, run: Array) -> str:
    d = len(model.states)
    measured, flown = model.positions(segment.values[:, :d]), model.positions(run)
    figure = new_figure(WIDTH, 4.6)
    extent = np.sort(np.abs(measured).max(axis=(0, 2)))
    nested = len(extent) > 4 and extent[-1] > 8.0 * np.median(extent)
    panels = figure.subplots(1, 2 if nested else 1, squeeze=False)[0]
    for panel, axes in enumerate(panels):
        limit = 1.15 * (float(np.median(extent)) if nested and panel == 1 else float(extent[-1]))
        for k, body in enumerate(model.bodies):
            second = 1 if model.n_axes > 1 else 0
            thin = thinned(len(segment.time))
            color = CYCLE[k % len(CYCLE)]
            axes.plot(
                measured[thin, k, 0],
                measured[thin, k, second],
                ".",
                ms=1.5,
                color=color,
                alpha=0.5,
                rasterized=True,
            )
            axes.plot(
                flown[thin, k, 0],
                flown[thin, k, second],
                lw=0.6,
                color=color,
                label=words(body),
                rasterized=True,
            )
        axes.set_xlim(-limit, limit)
        axes.set_ylim(-limit, limit)
        axes.set_aspect("equal")
        axes.set_title(
            "inner part" if panel else "points: data, lines: simulation",
            loc="left",
            fontsize=9,
            color=INK,
        )
    legend = panels[-1].legend(
        loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8, frameon=False
    )
    for line in legend.get_lines():
        line.set_linewidth(2.0)  # orbits are drawn too thin for their colour to show
    return svg_of(figure)


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches, that is the same bytes each time."""
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams["svg.hashsalt"] = "physmodel"  # the same figure gives the same bytes
    return Figure(figsize=(width, height), layout="constrained")


def svg_of(figure: Figure) -> str:
    """A figure as SVG text that can stand beside others in one page."""
    for axes in figure.axes:
        _plain(axes)
    stream = io.StringIO()
    with warnings.catch_warnings():
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


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(DATA)
    axes.tick_params(colors=INK, labelsize=8)
    axes.xaxis.label.set_fontsize(9)
    axes.yaxis.label.set_fontsize(9)


def thinned(n: int) -> NDArray[np.intp]:
    """Which of many points are drawn."""
    return np.unique(np.linspace(0, n - 1, min(n, MAX_POINTS)).astype(np.intp))


def _label(item: dict[str, object]) -> str:
    return f"{item['term']}{_bracket(str(item['unit']))}"


def words(text: str) -> str:
    """Text as it is, which Matplotlib would read as formulas or, after ``_``, leave out."""
    plain = text.replace("$", "")
    return f" {plain}" if plain.startswith("_") else plain


def _bracket(unit: str) -> str:
    return words(f" [{unit}]") if unit not in {"", "1"} else ""


def _with_unit(result: Result | HybridResult, state: str) -> str:
    return state + _bracket(dict(result.problem.units).get(state, ""))


def _time_label(result: Result | HybridResult) -> str:
    return "time" + _bracket(result.problem.time_unit)


def _length_unit(result: Result | HybridResult) -> str:
    units = {unit for _, unit in result.problem.units}
    return units.pop() if len(units) == 1 else ""
