"""What is drawn into one pair of axes: states over time, misses, portraits, orbits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from physmodel.laws.figures.canvas import (
    DATA,
    FAINT,
    INK,
    MAX_PANELS,
    MODEL,
    bracket,
    colour,
    words,
)
from physmodel.laws.figures.flights import Flight, Flights, Law
from physmodel.models.fields.central_force import CentralForce

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

#: Samples below which points are drawn large.
FEW_POINTS = 100

#: Standard deviations of the noise to either side that hold 95% of the measurements.
BAND = 1.96

#: Orbits beyond so many median sizes get the inner ones a picture of their own.
NESTED = 8.0


def draw_state(axes: Axes, law: Law, flown: Flights, k: int) -> None:
    """Samples of one state, the simulations, and where their noise is to be expected."""
    state, noise, runs = law.model.states[k], flown.noise[k], flown.runs
    for number, one in enumerate(runs):
        ink, dots = (MODEL, DATA) if len(runs) == 1 else (colour(number), colour(number))
        axes.plot(
            one.segment.time,
            one.segment.values[:, k],
            ".",
            ms=_size(one),
            color=dots,
            alpha=1.0 if len(runs) == 1 else 0.4,
            label="data" if number == 0 else None,
        )
        curve = one.fine_run[:, k]
        axes.fill_between(
            one.fine_time,
            curve - BAND * noise,
            curve + BAND * noise,
            color=ink,
            alpha=0.15,
            lw=0,
            label="95% of the measurements" if number == 0 else None,
        )
        axes.plot(
            one.fine_time, curve, color=ink, lw=1.3, label="simulation" if number == 0 else None
        )
        axes.plot(
            one.fine_time[:1],
            curve[:1],
            "o",
            ms=4,
            mfc="white",
            mec=ink,
            label="fitted start" if number == 0 else None,
        )
    axes.set_ylabel(state_label(law, state))


def draw_misses(axes: Axes, law: Law, flown: Flights) -> None:
    """Simulation minus data, in standard deviations of the data; of bodies, their distance."""
    states, runs = law.model.states, flown.runs
    every = np.concatenate([one.segment.values[:, : len(states)] for one in runs])
    spread = np.nanstd(every, axis=0)  # a missing sample says nothing
    spread = np.where(spread > 0.0, spread, 1.0)
    for number, one in enumerate(runs):
        miss = one.run - one.segment.values[:, : len(states)]
        if isinstance(law.model, CentralForce):
            distance = np.linalg.norm(law.model.positions(miss), axis=2)
            for k, body in enumerate(law.model.bodies):
                label = words(body) if number == 0 else None
                axes.semilogy(
                    one.segment.time[1:], distance[1:, k], lw=1, color=colour(k), label=label
                )
            continue
        for k, state in enumerate(states[:MAX_PANELS]):
            axes.plot(
                one.segment.time,
                miss[:, k] / spread[k],
                lw=0.8,
                color=colour(k),
                label=words(state) if number == 0 else None,
            )
    if isinstance(law.model, CentralForce):
        axes.set_ylabel(f"miss{bracket(length_unit(law))}")
    else:
        axes.axhline(0.0, color=FAINT, lw=1, zorder=0)
        axes.set_ylabel("miss / spread")
    axes.set_xlabel(time_label(law))
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8, frameon=False)


def portrait_axes(law: Law) -> int:
    """Dimensions of the space in which a law can be drawn as curves; zero where it is too wide."""
    d = len(law.model.states)
    if isinstance(law.model, CentralForce):
        return 0
    if law.model.order == 2 and d == 1:
        return 2
    return d if d in (2, 3) else 0


def draw_portrait(axes: Any, law: Law, flown: Flights) -> None:
    """The motion through the space of the states, or of one state and its velocity."""
    states, runs = law.model.states, flown.runs
    d = len(states)
    labels = [state_label(law, state) for state in states]
    if d == 1:
        labels.append(f"d{words(states[0])}/dt")
    for number, one in enumerate(runs):
        ink = MODEL if len(runs) == 1 else colour(number)
        place = [one.fine_run[:, k] for k in range(d)]
        if d == 1:  # velocities were not measured: those of the simulation
            place.append(np.gradient(place[0], one.fine_time))
        else:
            seen = [one.segment.values[:, k] for k in range(d)]
            dots = DATA if len(runs) == 1 else ink
            axes.plot(*seen, ".", ms=_size(one), color=dots, alpha=0.6)
        axes.plot(*place, lw=1.0, color=ink)
        axes.plot(*(values[:1] for values in place), "o", ms=4, mfc="white", mec=ink)
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    if len(labels) == 3:
        axes.set_zlabel(labels[2], fontsize=9)
        axes.tick_params(axis="z", labelsize=8, colors=INK)
        axes.set_box_aspect(None, zoom=0.85)


def orbit_limits(model: CentralForce, flown: Flights) -> list[float]:
    """Half widths of the pictures that orbits need: one, or the outer and the inner ones."""
    values = np.concatenate([one.segment.values[:, : len(model.states)] for one in flown.runs])
    extent = np.sort(np.nanmax(np.abs(model.positions(values)), axis=(0, 2)))
    nested = len(extent) > 4 and extent[-1] > NESTED * np.median(extent)
    sizes = [float(extent[-1]), *([float(np.median(extent))] if nested else [])]
    return [1.15 * size for size in sizes]


def draw_orbits(axes: Axes, model: CentralForce, flown: Flights, limit: float) -> None:
    """Bodies in their plane; points are data, lines the simulation."""
    second = 1 if model.n_axes > 1 else 0
    for number, one in enumerate(flown.runs):
        measured = model.positions(one.segment.values[:, : len(model.states)])
        run = model.positions(one.fine_run)
        for k, body in enumerate(model.bodies):
            label = words(body) if number == 0 else None
            axes.plot(
                measured[:, k, 0],
                measured[:, k, second],
                ".",
                ms=1.5,
                color=colour(k),
                alpha=0.5,
                rasterized=True,
            )
            axes.plot(
                run[:, k, 0],
                run[:, k, second],
                lw=0.6,
                color=colour(k),
                label=label,
                rasterized=True,
            )
    axes.set_xlim(-limit, limit)
    axes.set_ylim(-limit, limit)
    axes.set_aspect("equal")


def orbit_legend(axes: Axes) -> None:
    """Names of the bodies; orbits are drawn too thin for their colour to show."""
    legend = axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8, frameon=False)
    for line in legend.get_lines():
        line.set_linewidth(2.0)


def _size(one: Flight) -> int:
    return 3 if len(one.segment.time) > FEW_POINTS else 7


def state_label(law: Law, state: str) -> str:
    """A state with its unit."""
    return words(state) + bracket(dict(law.problem.units).get(state, ""))


def time_label(law: Law) -> str:
    """The time with its unit."""
    return "time" + bracket(law.problem.time_unit)


def length_unit(law: Law) -> str:
    """The unit of all states where it is the same."""
    units = {unit for _, unit in law.problem.units}
    return units.pop() if len(units) == 1 else ""
