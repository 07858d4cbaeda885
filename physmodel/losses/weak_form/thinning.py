"""A part of long data that stands for all of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from physmodel.constants import ENGINE
from physmodel.losses.weak_form.preparation import Prepared

Array = NDArray[np.float64]

#: The golden ratio: multiples of it, modulo one, are spread evenly however many there are.
GOLDEN = 0.6180339887498949


def thinned(prepared: Prepared, limit: int = ENGINE.search_samples) -> Prepared:
    """Stretches of the data, together about so many samples long.

    Pieces are ranked by the size of their motion, and stretches are taken evenly along that rank:
    every part of the state space has its share, and the order of the pieces decides nothing.

    Returns
    -------
    Prepared
        The data themselves if they are no longer than that.
    """
    pieces = prepared.pieces
    total = prepared.n_samples
    if total <= limit:
        return prepared
    centre = np.mean(np.concatenate([states for _, states, _ in pieces]), axis=0)
    sizes = [float(np.sqrt(np.mean((states - centre) ** 2))) for _, states, _ in pieces]
    rank = np.argsort(sizes, kind="stable")
    share = limit / total
    lengths = [
        max(int(share * len(time)), min(len(time), ENGINE.shortest_stretch))
        for time, _, _ in pieces
    ]
    count = min(len(pieces), int(len(pieces) * limit / sum(lengths)) or 1)
    chosen = rank[np.round(np.linspace(0, len(rank) - 1, count)).astype(int)]
    stretches = []
    for number, k in enumerate(chosen):
        time, states, inputs = pieces[k]
        spare = len(time) - lengths[k]
        first = int((number * GOLDEN) % 1.0 * (spare + 1))
        part = slice(first, first + lengths[k])
        stretches.append((time[part], states[part], inputs[part]))
    return replace(prepared, pieces=stretches)
