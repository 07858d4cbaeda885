"""Figures of a result as SVG text, ready to stand inside an HTML page."""

from __future__ import annotations

import numpy as np

from physmodel.laws.figures.canvas import (
    FAINT,
    INK,
    MAX_PANELS,
    MODEL,
    WIDTH,
    bracket,
    new_figure,
    svg_of,
    thinned,
    words,
)
from physmodel.laws.figures.flights import Flights, Law
from physmodel.laws.figures.panels import (
    draw_misses,
    draw_orbits,
    draw_portrait,
    draw_state,
    orbit_legend,
    orbit_limits,
    portrait_axes,
    time_label,
)
from physmodel.laws.result import Result
from physmodel.models.fields.central_force import CentralForce


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


def trajectories_figure(law: Law, flown: Flights) -> str:
    """Data against free-running simulations."""
    if isinstance(law.model, CentralForce):
        return _orbits_figure(law.model, flown)
    count = min(len(law.model.states), MAX_PANELS)
    figure = new_figure(WIDTH, 1.5 * count + 0.5)
    panels = figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
    for k, axes in enumerate(panels):
        draw_state(axes, law, flown, k)
    panels[0].legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=4, fontsize=8, frameon=False
    )
    panels[-1].set_xlabel(time_label(law))
    return svg_of(figure)


def portrait_figure(law: Law, flown: Flights) -> str | None:
    """The motion through the space of its two or three states; None where there are others."""
    dimensions = portrait_axes(law)
    if not dimensions:
        return None
    figure = new_figure(0.6 * WIDTH, 4.2)
    axes = figure.add_subplot(projection="3d" if dimensions == 3 else None)
    draw_portrait(axes, law, flown)
    return svg_of(figure)


def residuals_figure(law: Law, flown: Flights) -> str:
    """Simulation minus data, in standard deviations of the data."""
    figure = new_figure(WIDTH, 2.6)
    draw_misses(figure.subplots(), law, flown)
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
    panels[-1].set_xlabel(time_label(result))
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
    axes.set_xlabel("strength" + bracket(law["strengths"][bodies[0]]["unit"]))
    return svg_of(figure)


def _orbits_figure(model: CentralForce, flown: Flights) -> str:
    limits = orbit_limits(model, flown)
    figure = new_figure(WIDTH, 4.6)
    panels = figure.subplots(1, len(limits), squeeze=False)[0]
    for k, (axes, limit) in enumerate(zip(panels, limits, strict=True)):
        draw_orbits(axes, model, flown, limit)
        title = "inner part" if k else "points: data, lines: simulation"
        axes.set_title(title, loc="left", fontsize=9, color=INK)
    orbit_legend(panels[-1])
    return svg_of(figure)


def _label(item: dict[str, object]) -> str:
    return f"{item['term']}{bracket(str(item['unit']))}"
