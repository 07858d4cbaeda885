"""Nodes of a tile: the samples, and unknown points between them where rules need more of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from physmodel.constants import ENGINE
from physmodel.losses.weak_form.tile import Tile
from physmodel.losses.weak_form.weak import WeakForm, weak_form
from physmodel.models.signals import Signal

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]


def tile_of(
    time: Array,
    states: Array,
    signal: Signal,
    order: int,
    refinement: int,
    known: WeakForm | None,
) -> Tile:
    """Lay out one piece of a record.

    Parameters
    ----------
    time : ndarray (n,)
        In units of the typical sampling interval.
    states : ndarray (n, d)
    signal : Signal
        The inputs; rules end at its kinks.
    order : {1, 2}
    refinement : int
        Nodes per typical sampling interval: longer intervals get nodes in between.
    known : WeakForm or None
        Of another piece with the same times and kinks.
    """
    cuts = signal.kinks
    edges = np.concatenate([[0], cuts, [len(time) - 1]])
    steps = np.clip(np.round(np.diff(time) * refinement), 1, ENGINE.most_nodes).astype(int)
    if len(cuts):
        count = np.diff(edges)
        steps = np.maximum(steps, -(-ENGINE.least_intervals // np.repeat(count, count)))
    place = np.concatenate([[0], np.cumsum(steps)])
    observed = np.zeros(place[-1] + 1, dtype=bool)
    observed[place] = True
    nodes = np.interp(np.arange(len(observed)), place, time)
    if known is None:
        known = weak_form(nodes, order, place[cuts] if len(cuts) else None)
    # Positions of a second-order equation go on smoothly where their acceleration jumps.
    kinks = edges if order == 1 else edges[[0, -1]]
    between = states if observed.all() else _between(time, states, nodes, place, kinks)
    signals = signal.values
    if len(known.nodes) > len(time):
        signals = _signals(signal, nodes[known.nodes], known.nodes)
    return Tile(nodes, between, observed, signals, known)


def _between(time: Array, states: Array, nodes: Array, place: Numbers, kinks: Numbers) -> Array:
    """States at nodes: cubic between samples, none of the pieces across a kink."""
    found = np.empty((len(nodes), states.shape[1]))
    for first, last in pairwise(kinks):
        here = slice(first, last + 1)
        course = make_interp_spline(time[here], states[here], k=min(3, last - first))
        there = slice(place[first], place[last] + 1)
        found[there] = course(nodes[there])
    found[place] = states
    return found


def _signals(signal: Signal, when: Array, nodes: Numbers) -> Array:
    """Inputs at points: where a stretch ends those before the jump."""
    ends = np.append(np.diff(nodes) == 0, True)[:, None]
    return np.where(ends, signal.at(when, before=True), signal.at(when))
