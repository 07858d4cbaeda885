"""States and slopes of canonical systems, and the shape of trajectories that slopes give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from physmodel.data.contract import variable_names
from physmodel.data.segments import segments
from physmodel.errors import DataError, ProblemError
from physmodel.losses.shooting import Record
from physmodel.models.fields.sparse_field import velocity_name

Array = NDArray[np.float64]

#: Degree of the splines through slopes, where there are rows enough.
DEGREE = 5


def canonical_records(
    data: xr.Dataset | Sequence[Record], names: Sequence[str] = ()
) -> tuple[tuple[str, ...], list[Record]]:
    """Names of the states, and trajectories with their slopes.

    `names`: coordinates first, then their momenta; of a dataset by default all columns with a
    slope. Raises DataError if the data lack a state or its slope. Raises ProblemError if the names
    are not coordinates and as many momenta.

    Returns
    -------
    tuple of str
    list of Record
        With ``motion`` and ``rates`` ``(n_j, d)``.
    """
    if not isinstance(data, xr.Dataset):
        return _even(names), list(data)
    present = variable_names(data)
    states = _even(names or [name for name in present if velocity_name(name) in present], present)
    columns = [*states, *map(velocity_name, states)]
    for name in columns:
        if name not in present:
            raise DataError(
                f"the data have no column {name!r}",
                why="a network of a canonical system is fitted to states and to their slopes",
                fix="measure it; a field whose slopes are not measured is for physmodel.fit. "
                "Columns: " + ", ".join(present),
            )
    d, found = len(states), []
    for one in segments(data, columns):
        inputs = np.empty((len(one.time), 0))
        found.append(Record(one.time, one.values[:, :d], inputs, one.values[:, d:]))
    return states, found


def slopes_of(record: Record) -> Array:
    """Measured slopes ``(n, d)``."""
    if record.rates is None or record.rates.shape != record.motion.shape:
        raise DataError(
            "a trajectory has states without slopes",
            why="a network of a canonical system is fitted to both",
            fix="give the rates of all states, as many rows and columns",
        )
    return record.rates


def _even(names: Sequence[str], present: Sequence[str] = ()) -> tuple[str, ...]:
    if not names or len(names) % 2:
        raise ProblemError(
            f"{len(names)} states are no canonical system: " + (", ".join(names) or "none"),
            why="every coordinate has a momentum, and of both the slope is measured (q_t, p_t)",
            fix="name the coordinates, then their momenta (names=[...])"
            + (f"; columns: {', '.join(present)}" if present else ""),
        )
    return tuple(names)


@dataclass(frozen=True, eq=False)
class Paths:
    """Trajectories below each other, in the shape that their slopes give them.

    `states` ``(n, d)``: integrals of the slopes whose means are those of the measured states.
    `path` ``(n,)``: trajectory of each row. `rows` ``(k,)``: rows of each trajectory. `noise`
    ``(d,)``: standard deviation of the measured states from these paths, of a trajectory like most:
    noise is alike in all, and a few that turn too sharply for their samples do not count. `error`
    ``(d,)``: what the noise would come to without noise: the error of the integrals.
    """

    states: Array
    path: NDArray[np.intp]
    rows: NDArray[np.intp]
    noise: Array
    error: Array


def paths_of(time: Sequence[Array], states: Sequence[Array], slopes: Sequence[Array]) -> Paths:
    """Integrate slopes along each trajectory.

    `time` ``(n_j,)``, `states`, `slopes` ``(n_j, d)``.
    """
    found, off, error = [], [], []
    for t, x, v in zip(time, states, slopes, strict=True):
        fine, coarse = (_integral(t, v, degree) for degree in (DEGREE, DEGREE - 2))
        placed = fine + (x - fine).mean(axis=0)
        found.append(placed)
        freedom = max(len(t) - 1, 1)
        off.append(_typical(((x - placed) ** 2).sum(axis=0), freedom))
        error.append(_typical(((fine - coarse) ** 2).sum(axis=0), freedom))
    rows = np.array([len(t) for t in time], dtype=np.intp)
    root = [np.sqrt(np.median(squares, axis=0)) for squares in (off, error)]
    return Paths(np.vstack(found), np.repeat(np.arange(len(rows)), rows), rows, *root)


def _typical(total: Array, freedom: int) -> Array:
    """Variance whose median a sum of squares would be (Wilson and Hilferty 1931)."""
    return np.asarray(total / (freedom * (1.0 - 2.0 / (9.0 * freedom)) ** 3))


def _integral(time: Array, slopes: Array, degree: int) -> Array:
    """Integral ``(n, d)`` of a spline through the slopes, with mean zero."""
    k = min(degree, len(time) - 1)
    if k < 1:
        return np.zeros_like(slopes)
    values = np.asarray(make_interp_spline(time, slopes, k=k).antiderivative()(time))
    return values - values.mean(axis=0)
