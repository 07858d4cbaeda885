"""States and slopes of canonical systems, from a dataset or as they are given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.contract import validate, variable_names
from physmodel.data.segments import segments
from physmodel.errors import DataError, ProblemError
from physmodel.losses.shooting import Record
from physmodel.models.sparse_field import velocity_name

Array = NDArray[np.float64]


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
    validate(data)
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
