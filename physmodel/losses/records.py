"""From a dataset to the records that a field is fitted to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.contract import variable_names
from physmodel.data.measurement.noise import estimate_noise
from physmodel.data.segments import segments
from physmodel.errors import DataError, ProblemError
from physmodel.losses.shooting import Record
from physmodel.models.fields.parametric_field import ParametricField
from physmodel.models.fields.sparse_field import velocity_name

Array = NDArray[np.float64]


def records_of(
    data: xr.Dataset, field: ParametricField, unmeasured: Sequence[str] = ()
) -> list[Record]:
    """Columns that a field needs, and measured velocities and rates where there are some.

    Parameters
    ----------
    data : xarray.Dataset
    field : ParametricField
    unmeasured : sequence of str
        States that have no column.

    Returns
    -------
    list of Record
        Of the trajectories with two samples or more.

    Raises
    ------
    DataError
        If the data lack a state or an input, or are too few.
    ProblemError
        If what is not measured is no state, or the only one.
    """
    columns = _columns(data, field, unmeasured)
    inputs = [*field.inputs]
    width, d = field.order * len(field.states), len(field.states)
    known = [name for name in dict.fromkeys((*columns, *inputs)) if name in data.data_vars]
    place = {name: k for k, name in enumerate(known)}
    has_rates = any(name in place for name in columns[width:])
    found = []
    for one in segments(data, known):
        if len(one.time) < 2:
            continue
        table = np.full((len(one.time), width + d), np.nan)
        for column, name in enumerate(columns):
            if name in place:
                table[:, column] = one.values[:, place[name]]
        signals = one.values[:, [place[name] for name in inputs]]
        rates = table[:, width:] if has_rates else None
        hold = tuple(one.hold[place[name]] for name in inputs) if one.hold else ()
        found.append(Record(one.time, table[:, :width], signals, rates, hold))
    n_unknown = len(field.parameters) + width * len(found)
    n_values = sum(
        int(np.isfinite(r.motion).sum() + (0 if r.rates is None else np.isfinite(r.rates).sum()))
        for r in found
    )
    if n_values <= n_unknown:
        raise DataError(
            f"{n_values} measured values for {n_unknown} unknowns",
            why=f"{len(field.parameters)} parameters and the start of each trajectory are fitted",
            fix="give more samples, or fix some parameters",
        )
    return found


def noise_alone(records: Sequence[Record]) -> Array:
    """Noise that each column shows by itself, ``(D,)``; infinite where samples are too few."""
    found = []
    for column in range(records[0].motion.shape[1]):
        kept = [np.isfinite(record.motion[:, column]) for record in records]
        pieces = [(r.time[k], r.motion[k, column]) for r, k in zip(records, kept, strict=True)]
        pieces = [piece for piece in pieces if len(piece[0]) > 8]
        times, values = [p[0] for p in pieces], [p[1] for p in pieces]
        found.append(estimate_noise(times, values) if pieces else np.inf)
    return np.array(found)


def _columns(data: xr.Dataset, field: ParametricField, unmeasured: Sequence[str]) -> list[str]:
    """Names of states, velocities (second order) and rates; an empty one where not measured."""
    for name in unmeasured:
        if name not in field.states:
            raise ProblemError(
                f"{name!r} cannot be unmeasured", why="it is no state", fix=", ".join(field.states)
            )
    measured = [name for name in field.states if name not in unmeasured]
    if not measured:
        raise ProblemError("no state is measured", fix="leave one out of `unmeasured`")
    for name in (*measured, *field.inputs):
        if name not in data.data_vars:
            raise DataError(
                f"the data have no column {name!r}",
                why="the field names it",
                fix="columns: "
                + ", ".join(variable_names(data))
                + "; a state without a column is named in `unmeasured`",
            )
    taken = (*field.states, *field.inputs)
    found = [name if name in measured else "" for name in field.states]
    for mark in ("", "t")[: field.order]:  # the rate of x_t is x_tt
        names = [velocity_name(state) + mark for state in field.states]
        found += ["" if name in taken else name for name in names]
    return found
