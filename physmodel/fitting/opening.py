"""First courses and typical sizes of the motion, from what was measured of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from physmodel.losses.shooting import Record

Array = NDArray[np.float64]


def typical_size(table: Array, *, unknown: float = 1.0) -> Array:
    """Spread of each column, or its size where it stays the same.

    Parameters
    ----------
    table : ndarray (n, k)
        NaN where nothing was measured.
    unknown : float
        For columns of which nothing was measured.

    Returns
    -------
    ndarray (k,)
    """
    found = []
    for column in table.T:
        known = column[np.isfinite(column)]
        if not len(known):
            found.append(unknown)
            continue
        size = float(np.std(known)) or float(np.abs(known).max())
        found.append(size or 1.0)
    return np.array(found)


def first_motion(record: Record, n_states: int, unmeasured: float) -> Array:
    """Motion ``(n, D)``: as measured, straight across gaps, velocities from neighbours.

    Parameters
    ----------
    record : Record
    n_states : int
        How many of the columns are states; the others are velocities.
    unmeasured : float
        Value of states that were not measured.
    """
    columns: list[Array] = []
    for k, column in enumerate(record.motion.T):
        known = np.isfinite(column)
        if known.any():
            columns.append(np.interp(record.time, record.time[known], column[known]))
        elif k >= n_states and len(record.time) > 1:
            columns.append(np.gradient(columns[k - n_states], record.time))
        else:
            columns.append(np.full(len(column), unmeasured if k < n_states else 0.0))
    return np.column_stack(columns)


def typical_speed(records: Sequence[Record], states: Sequence[Array], spread: Array) -> Array:
    """Typical speed of each state, ``(d,)``.

    Parameters
    ----------
    records : sequence of Record
    states : sequence of ndarray (n_i, d)
        Their course.
    spread : ndarray (d,)
    """
    long = [(r.time, x) for r, x in zip(records, states, strict=True) if len(r.time) > 1]
    if not long:
        return spread
    speeds = np.vstack([np.gradient(x, time, axis=0) for time, x in long])
    longest = max(time[-1] - time[0] for time, _ in long)
    return np.maximum(np.sqrt(np.mean(speeds**2, axis=0)), spread / longest)
