"""Labelled arrays: xarray objects, and through them netCDF files and Zarr stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.assembly.assemble import MAX_VALUES, assemble
from physmodel.data.assembly.layout import (
    cf_time,
    chosen_columns,
    components,
    find_time,
    find_trajectory,
)
from physmodel.data.assembly.missing import NanPolicy
from physmodel.data.assembly.names import found_units, identifiers, renamed_units
from physmodel.data.assembly.ragged import from_contract
from physmodel.data.assembly.raw import RawTrajectory
from physmodel.data.values.clock import as_floats, time_axis
from physmodel.data.values.quantities import plain_labelled
from physmodel.errors import DataError
from physmodel.findings import Finding

Array = NDArray[np.float64]


def from_xarray(
    data: xr.Dataset | xr.DataArray,
    *,
    time: str | None = None,
    trajectory: str | None = None,
    inputs: Sequence[str] = (),
    states: Sequence[str] | None = None,
    units: Mapping[str, str] | None = None,
    time_units: str | None = None,
    nan_policy: NanPolicy = "estimate",
    source: str = "xarray",
) -> xr.Dataset:
    """Make a dataset from labelled arrays; see `physmodel.data.open.open`.

    Parameters
    ----------
    data : xarray.Dataset or xarray.DataArray
        Over time, and over trajectories if there are several. A small dimension with text labels
        becomes one variable per label. A dataset in the shape of `physmodel.data.contract` is
        checked and copied.
    time, trajectory : str, optional
        Coordinate or dimension.
    inputs, states : sequence of str
        Variables; every other numeric variable is a state by default.
    units : mapping of str to str, optional
    time_units : str, optional
    nan_policy : {"estimate", "segment", "raise"}
    source : str

    Raises
    ------
    DataError
        Naming the variable.
    """
    table = data.to_dataset(name=data.name or "x") if isinstance(data, xr.DataArray) else data
    table = plain_labelled(table)
    if sum(variable.size for variable in table.variables.values()) > MAX_VALUES:
        raise DataError(f"more than {MAX_VALUES} values", where=source, fix="select a part first")
    if {"row_size", "time", "trajectory"} <= set(table.variables) and "sample" in table.dims:
        return from_contract(table, inputs, states, units, time_units, nan_policy, source)
    findings: list[Finding] = []
    clock_name, axis = find_time(table, time, source, findings)
    label = find_trajectory(table, trajectory, axis, source)
    every = _columns(table, clock_name, axis, label, {*inputs, *(states or ())}, source)
    columns = chosen_columns(every, inputs, states, source)
    clean = identifiers(list(columns), findings)
    raw, unit = _trajectories(table, columns, clock_name, axis, label, source, findings)
    pairs = list(zip(clean, columns.items(), strict=True))
    stated = {new: str(part.attrs.get("units", "")) for new, (_, part) in pairs}
    known = found_units(stated, findings)
    unit = found_units({"time": unit}, findings)["time"]
    return assemble(
        raw,
        clean,
        inputs=[new for new, (old, _) in pairs if old in inputs],
        units=known | renamed_units(units, list(columns), clean),
        long_names={new: str(part.attrs.get("long_name", "")) for new, (_, part) in pairs},
        time_units=unit if time_units is None else time_units,
        nan_policy=nan_policy,
        title=str(table.attrs.get("title", "")),
        source=source,
        findings=findings,
    )


def _columns(
    table: xr.Dataset,
    clock_name: str,
    axis: str,
    label: str | None,
    wanted: set[str],
    source: str,
) -> dict[str, xr.DataArray]:
    """What was measured along the time, one column each."""
    columns: dict[str, xr.DataArray] = {}
    edges = {variable.attrs.get("bounds") for variable in table.variables.values()}
    for name, variable in table.data_vars.items():
        # What CF calls bounds are edges of cells and no quantity of their own.
        if axis not in variable.dims or name == clock_name or name in edges:
            continue
        columns |= components(str(name), variable, axis, label, wanted)
    if not columns:
        raise DataError(
            f"no variable has the dimension {axis!r}",
            where=source,
            fix="name the time with time=; dimensions: " + ", ".join(map(str, table.dims)),
        )
    return columns


def _trajectories(
    table: xr.Dataset,
    columns: Mapping[str, xr.DataArray],
    clock_name: str,
    axis: str,
    label: str | None,
    source: str,
    findings: list[Finding],
) -> tuple[list[RawTrajectory], str]:
    """Cut the block ``(trajectory, time, variable)`` into trajectories without padding."""
    order = (label, axis) if label else (axis,)
    parts = []
    for name, part in columns.items():
        values = as_floats(part.values, f"variable {name!r}")
        full = xr.DataArray(values, dims=part.dims).broadcast_like(
            xr.Dataset({d: (d, np.arange(table.sizes[d])) for d in order})
        )
        parts.append(full.transpose(*order).values)
    block = np.stack(parts, axis=-1)
    blocks = block if label else block[None]
    names = (
        [str(v) for v in table[label].values]
        if label and label in table.coords
        else [str(k) for k in range(len(blocks))]
    )
    raw, unit = [], ""
    for number, (name, values) in enumerate(zip(names, blocks, strict=True)):
        if clock_name in table.variables:
            stamps = table[clock_name]
            stamps = stamps.isel({label: number}) if label in stamps.dims else stamps
        else:
            stamps = xr.DataArray(np.arange(len(values), dtype=float), dims=axis)
        notes: list[Finding] = []
        decoded, unit = cf_time(stamps, notes)
        times, found = time_axis(decoded, len(values), values.shape, unit, source, notes)
        unit = unit or found
        findings += [note for note in notes if note not in findings]
        used = len(values)
        if label:
            # Rectangular files pad short trajectories at the end; that is no missing value.
            alive = np.flatnonzero(~np.isnan(values).all(axis=1))
            used = int(alive[-1]) + 1 if len(alive) else 0
        if used < len(values):
            findings.append(
                Finding(
                    "I-PADDING",
                    "info",
                    f"trajectory {name}",
                    f"{len(values) - used} samples of padding at the end are left out",
                )
            )
        kept = values[:used]
        raw.append(RawTrajectory(name, times[:used], kept, np.zeros(kept.shape, dtype=bool)))
    return raw, unit
