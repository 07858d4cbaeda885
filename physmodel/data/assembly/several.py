"""Several sources, each with records of the same quantities, as one dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from physmodel.data.assembly.assemble import MAX_VALUES
from physmodel.data.contract import make_dataset, offsets, validate, variable_names
from physmodel.errors import DataError
from physmodel.findings import bundled, recorded


def records_of(source: Any) -> dict[str, Any] | None:
    """Sources by name where something is a list or a mapping of them; None where it is not."""
    if isinstance(source, Mapping) and not isinstance(source, xr.Dataset):
        tables = bool(source) and all(map(_is_table, source.values()))
        return {str(name): item for name, item in source.items()} if tables else None
    if not isinstance(source, list | tuple) or all(map(is_sample, source)):
        return None
    if not any(_is_table(item) or isinstance(item, pd.Series | xr.DataArray) for item in source):
        return None
    names = [Path(s).stem if isinstance(s, str | Path) else str(k) for k, s in enumerate(source)]
    names = [n if names.count(n) == 1 else f"{n} ({k + 1})" for k, n in enumerate(names)]
    return dict(zip(names, source, strict=True))


def is_sample(item: Any) -> bool:
    """Whether something holds the values of one sample by name, as records in JSON do."""
    if not isinstance(item, Mapping) or isinstance(item, xr.Dataset):
        return False
    return not any(map(np.ndim, item.values()))


def _is_table(item: Any) -> bool:
    return isinstance(item, str | Path | pd.DataFrame | xr.Dataset | Mapping)


def joined(parts: Sequence[xr.Dataset], labels: Sequence[str]) -> xr.Dataset:
    """All trajectories of several datasets, one after the other.

    Raises
    ------
    DataError
        If their columns, roles or units differ; the message names the source.
    """
    first = parts[0]
    names = variable_names(first)
    if sum(part.sizes["sample"] for part in parts) * len(names) > MAX_VALUES:
        raise DataError(f"more than {MAX_VALUES} values in all", fix="hand over fewer records")
    units = _common_units(parts, labels)
    for part, label in zip(parts, labels, strict=True):
        _require_alike(first, part, label, labels[0])
    ids: list[str] = []
    times, values = [], []
    for part, label in zip(parts, labels, strict=True):
        edges = offsets(part)
        table = np.column_stack([part[name].values for name in names])
        times += np.split(part["time"].values, edges[1:-1])
        values += np.split(table, edges[1:-1])
        own = [str(one) for one in part["trajectory"].values]
        ids += [label] if len(own) == 1 else [f"{label}.{one}" for one in own]
    whole = all(one.isdecimal() and str(int(one)) == one for one in ids)
    made = make_dataset(
        times,
        values,
        names,
        inputs=variable_names(first, "input"),
        units=units,
        time_units=units["time"],
        ids=[int(one) for one in ids] if whole else ids,
        source=", ".join(dict.fromkeys(str(part.attrs.get("source", "")) for part in parts)),
        findings=bundled(
            [
                replace(note, where=f"{note.where}, record {label}")
                for part, label in zip(parts, labels, strict=True)
                for note in recorded(part)
            ]
        ),
    )
    for name in names:
        stated = [part[name].attrs for part in parts]
        same = {k: v for k, v in stated[0].items() if all(v == other.get(k) for other in stated)}
        made[name].attrs = same | made[name].attrs
    kept = {k: v for k, v in first.attrs.items() if all(v == p.attrs.get(k) for p in parts)}
    return validate(made.assign_attrs({k: v for k, v in kept.items() if k not in made.attrs}))


def _common_units(parts: Sequence[xr.Dataset], labels: Sequence[str]) -> dict[str, str]:
    """Units that all parts state, or that some state and none contradicts."""
    units: dict[str, str] = {}
    told: dict[str, str] = {}
    for part, label in zip(parts, labels, strict=True):
        for name in ("time", *variable_names(part)):
            unit = str(part[name].attrs.get("units", ""))
            if unit and units.get(name) and unit != units[name]:
                raise DataError(
                    f"{name} is in {unit} in {label}, and in {units[name]} in {told[name]}",
                    why="numbers of different units would stand in one column",
                    fix="convert the columns, or say the unit of all with units=",
                )
            if unit or name not in units:
                units[name], told[name] = unit, label
    return units


def _require_alike(first: xr.Dataset, part: xr.Dataset, label: str, first_label: str) -> None:
    for role in ("state", "input"):
        here, there = variable_names(part, role), variable_names(first, role)
        if set(here) != set(there):
            raise DataError(
                f"the {role}s are {', '.join(here) or 'none'} in {label}, and "
                f"{', '.join(there) or 'none'} in {first_label}",
                why="records of one system have the same columns",
                fix="give the columns the same names, or choose them with states= and inputs=",
            )
