"""One picture of a law: data and free flown, what they miss, and the portrait of the motion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xarray as xr

from physmodel.data.open import opened
from physmodel.errors import ProblemError
from physmodel.laws.figures.canvas import INK, MAX_PANELS, WIDTH, new_figure, plain, words
from physmodel.laws.figures.flights import Flights, Law, flights
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
from physmodel.laws.runs.simulation import require_variables
from physmodel.laws.texts.naming import title_of
from physmodel.models.fields.central_force import CentralForce

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Height of a panel over time, of the panel of misses, and of orbits, in inches.
STATE, MISSES, ORBITS = 1.45, 1.5, 4.2


def overview(law: Law, data: xr.Dataset | None = None) -> Figure:
    """Draw a law against data.

    Parameters
    ----------
    law : Law
    data : xarray.Dataset, optional
        Those of the fit by default.

    Returns
    -------
    matplotlib.figure.Figure
        Known to no window; global settings of Matplotlib are not changed.

    Raises
    ------
    ProblemError
        If there are no data.
    """
    shown = law.data if data is None else opened(data)
    if shown is None:
        raise ProblemError(
            "a picture needs the data that the law was found in",
            fix="load the result from a folder that holds data.nc, or pass data to plot()",
        )
    require_variables(law.model, shown)
    flown = flights(law, shown)
    title = f"{words(title_of(law.problem, shown, 'Law'))}: {law.status}"
    if flown.total > len(flown.runs):
        title += f"; {len(flown.runs)} of {flown.total} trajectories"
    if isinstance(law.model, CentralForce):
        figure = _bodies(law, law.model, flown)
    else:
        figure = _states(law, flown)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, color=INK)
    return figure


def _states(law: Law, flown: Flights) -> Figure:
    shown, portrait = min(len(law.model.states), MAX_PANELS), portrait_axes(law)
    heights = [*[STATE] * shown, MISSES]
    width = WIDTH + (4.0 if portrait else 0.0)
    figure = new_figure(width, max(sum(heights), 4.0 if portrait else 0.0) + 0.7)
    columns = [WIDTH - 1.0, 4.5] if portrait else [1.0]
    grid = figure.add_gridspec(
        len(heights), len(columns), height_ratios=heights, width_ratios=columns
    )
    first = None
    for k in range(shown):
        axes = figure.add_subplot(grid[k, 0], sharex=first)
        first = first or axes
        draw_state(axes, law, flown, k)
        axes.tick_params(labelbottom=False)
        plain(axes)
    below = figure.add_subplot(grid[-1, 0], sharex=first)
    draw_misses(below, law, flown)
    plain(below)
    if first is not None:
        first.legend(
            loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=4, fontsize=8, frameon=False
        )
    if portrait:
        projection = "3d" if portrait == 3 else None
        beside = figure.add_subplot(grid[:, 1], projection=projection)
        draw_portrait(beside, law, flown)
        plain(beside)
    return figure


def _bodies(law: Law, model: CentralForce, flown: Flights) -> Figure:
    limits = orbit_limits(model, flown)
    figure = new_figure(WIDTH, ORBITS + MISSES + 0.7)
    grid = figure.add_gridspec(2, len(limits), height_ratios=[ORBITS, MISSES])
    for k, limit in enumerate(limits):
        axes = figure.add_subplot(grid[0, k])
        draw_orbits(axes, model, flown, limit)
        axes.set_title(
            "inner part" if k else "points: data, lines: simulation", loc="left", fontsize=9
        )
        plain(axes)
    orbit_legend(axes)
    below = figure.add_subplot(grid[1, :])
    draw_misses(below, law, flown)
    below.set_xlabel(time_label(law))
    plain(below)
    return figure
