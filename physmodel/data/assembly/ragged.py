"""Datasets that have the right shape already: checked again, never trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from physmodel.data.assembly.assemble import assemble
from physmodel.data.assembly.layout import chosen_columns
from physmodel.data.assembly.missing import NanPolicy
from physmodel.data.assembly.names import found_units, identifiers, renamed_units
from physmodel.data.assembly.raw import RawTrajectory
from physmodel.data.contract import validate, variable_names
from physmodel.data.inputs.holds import HOLD, with_holds
from physmodel.data.values.clock import as_floats
from physmodel.errors import DataError
from physmodel.findings import recorded


def from_contract(
    table: xr.Dataset,
    inputs: Sequence[str],
    states: Sequence[str] | None,
    units: Mapping[str, str] | None,
    time_units: str | None,
    nan_policy: NanPolicy,
    source: str,
) -> xr.Dataset:
    """Run a ragged array through the same checks as everything else.

    Parameters
    ----------
    table : xarray.Dataset
        With ``row_size``, ``time`` and ``trajectory``.
    inputs, states, units, time_units, nan_policy, source
        See `physmodel.data.open.open`; what is not given is kept.

    Raises
    ------
    DataError
    """
    findings = recorded(table)
    every = {name: table[name] for name in variable_names(table)}
    marked = [name for name, column in every.items() if column.attrs.get("role") == "input"]
    drives = [name for name in (inputs or marked) if name not in (states or ())]
    columns = chosen_columns(every, drives, states, source)
    for name, column in columns.items():
        if column.dims != ("sample",):
            raise DataError(f"dimensions are {column.dims}", where=f"variable {name!r}, {source}")
    sizes = table["row_size"].values
    if sizes.dtype.kind not in "iuf" or (sizes < 1).any() or sizes.sum() != table.sizes["sample"]:
        raise DataError(
            f"row_size does not add up to the {table.sizes['sample']} samples", where=source
        )
    edges = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    values = np.column_stack([as_floats(c.values, f"variable {n!r}") for n, c in columns.items()])
    times = as_floats(table["time"].values, "time")
    masked = np.zeros(values.shape, dtype=bool)
    raw = [
        RawTrajectory(str(label), times[a:b], values[a:b], masked[a:b], np.arange(a, b))
        for label, a, b in zip(table["trajectory"].values, edges[:-1], edges[1:], strict=True)
    ]
    clean = identifiers(list(columns), findings)
    pairs = list(zip(clean, columns.items(), strict=True))
    stated = {new: str(column.attrs.get("units", "")) for new, (_, column) in pairs}
    known = found_units(stated, findings)
    given = found_units({"time": str(table["time"].attrs.get("units", ""))}, findings)["time"]
    made = assemble(
        raw,
        clean,
        inputs=[new for new, (old, _) in pairs if old in drives],
        units=known | renamed_units(units, list(columns), clean),
        long_names={new: str(c.attrs.get("long_name", "")) for new, (_, c) in pairs},
        time_units=given if time_units is None else time_units,
        nan_policy=nan_policy,
        title=str(table.attrs.get("title", "")),
        source=source,
        findings=findings,
    )
    for new, (_, column) in pairs:
        if new in made and "noise_std" in column.attrs:
            made[new].attrs["noise_std"] = float(column.attrs["noise_std"])
    kept = {k: v for k, v in table.attrs.items() if k not in made.attrs}
    stated = {new: str(c.attrs[HOLD]) for new, (_, c) in pairs if new in made and HOLD in c.attrs}
    return validate(with_holds(made.assign_attrs(kept), stated))
