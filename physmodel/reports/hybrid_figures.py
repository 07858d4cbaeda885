"""Figures of a hybrid: network against hidden terms, and the descent of the last fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from physmodel.fitting.stage import Stage
from physmodel.hybrids.results.result import HybridResult
from physmodel.laws.figures.canvas import (
    CYCLE,
    DATA,
    FAINT,
    MAX_PANELS,
    MODEL,
    WIDTH,
    new_figure,
    svg_of,
    thinned,
    words,
)
from physmodel.models.fields.sparse_field import term_variables

Array = NDArray[np.float64]

#: Bins in which the spread of values over a variable is looked at.
BINS = 40


def network_figure(result: HybridResult) -> str | None:
    """What network and hidden terms add to the known part at the visited states.

    On the left over one variable, on the right one against the other: on the diagonal they agree.
    Beside the network the known part has other numbers; what these change counts as the network's.

    Returns
    -------
    str or None
        SVG; None where the network is zero.
    """
    seen, states = result.network, result.problem.states
    shown = [state for state in states if np.any(seen[f"hidden_{state}"])][:MAX_PANELS]
    if not shown:
        return None
    where = _visited(result)
    found = result.hidden_rate(*where)
    said = result.with_network.rate(*where) - result.known_part.rate(*where)
    names = [
        name
        for name in term_variables(result.model.states, result.model.inputs, result.model.order)
        if name in seen
    ]
    figure = new_figure(WIDTH, 2.6 * len(shown) + 0.3)
    panels = figure.subplots(len(shown), 2, squeeze=False, gridspec_kw={"width_ratios": [2.0, 1.0]})
    thin = thinned(seen.sizes["sample"])
    for (wide, square), state in zip(panels, shown, strict=True):
        terms, net = found[:, states.index(state)], said[:, states.index(state)]
        over = _best_variable({name: seen[name].values for name in names}, terms, net)
        place = seen[over].values
        wide.axhline(0.0, color=FAINT, lw=1, zorder=0)
        wide.plot(place[thin], net[thin], ".", ms=3, color=DATA, label="network")
        wide.plot(place[thin], terms[thin], ".", ms=2, color=MODEL, label="hidden terms")
        wide.set_xlabel(words(over))
        wide.set_ylabel(f"added to the rate of {words(state)}")
        both = np.concatenate([terms, net])
        reach = [float(both.min()), float(both.max())]
        square.plot(reach, reach, color=FAINT, lw=1, zorder=0)
        square.plot(terms[thin], net[thin], ".", ms=3, color=CYCLE[1])
        square.set_xlabel("hidden terms")
        square.locator_params(axis="x", nbins=4)
        square.set_ylabel("network")
    panels[0, 0].legend(loc="best", fontsize=8, frameon=False, markerscale=2)
    return svg_of(figure)


def descent_figure(stages: Sequence[Stage]) -> str:
    """Cost after each iteration, above the least of its stage.

    Returns
    -------
    str
        SVG.
    """
    figure = new_figure(WIDTH, 2.2)
    axes = figure.subplots()
    for k, stage in enumerate(stages):
        color = CYCLE[k % len(CYCLE)]
        axes.plot(
            np.arange(len(stage.cost)), stage.cost, "o-", ms=3, lw=1, color=color, label=str(k + 1)
        )
    if all(np.all(stage.cost > 0.0) for stage in stages):
        axes.set_yscale("log")
    axes.set_xlabel("iteration")
    axes.set_ylabel("cost")
    axes.legend(title="stage", title_fontsize=8, fontsize=8, frameon=False)
    return svg_of(figure)


def _visited(result: HybridResult) -> tuple[Array, Array, Array | None, Array]:
    """Time, states, velocities and inputs as fields take them."""
    seen, model = result.network, result.model
    variables = term_variables(model.states, model.inputs, model.order)[:-1]
    values = np.column_stack([seen[name].values for name in variables])
    d = len(model.states)
    states, velocities, inputs = np.split(values, [d, model.order * d], axis=1)
    return seen["time"].values, states, velocities if model.order == 2 else None, inputs


def _best_variable(columns: dict[str, Array], terms: Array, net: Array) -> str:
    """The variable that the hidden terms, or where there are none the network, depend on most."""
    values = terms if np.any(terms) else net
    left = {name: _scatter(column, values) for name, column in columns.items()}
    return min(left, key=lambda name: left[name])


def _scatter(column: Array, values: Array) -> float:
    """Variance of values within bins of equal counts of a column."""
    order = np.argsort(column, kind="stable")
    pieces = np.array_split(values[order], min(BINS, max(len(values) // 4, 1)))
    return float(sum(len(piece) * piece.var() for piece in pieces))
