"""What the dimensions of labelled arrays mean: time, trajectory, components, space."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import xarray as xr

from physmodel.data.assembly.columns import TIME_NAMES
from physmodel.errors import DataError
from physmodel.findings import Finding
from physmodel.problem.algebra.parser import suggestion

#: Names of dimensions that tell trajectories apart.
TRAJECTORY_NAMES = ("trajectory", "trial", "run", "realization", "ensemble", "member")

#: A dimension with more text labels than this is no list of components.
MAX_COMPONENTS = 64

#: Units in ``<unit> since <date>`` and how they are written here.
CF_UNITS = {
    "day": "day",
    "d": "day",
    "hour": "h",
    "hr": "h",
    "h": "h",
    "minute": "min",
    "min": "min",
    "second": "s",
    "sec": "s",
    "s": "s",
    "millisecond": "ms",
    "microsecond": "us",
    "nanosecond": "ns",
    "year": "year",
    "month": "month",
}


def find_time(
    table: xr.Dataset, name: str | None, source: str, findings: list[Finding]
) -> tuple[str, str]:
    """Variable that holds the time, and the dimension along which it runs.

    Parameters
    ----------
    table : xarray.Dataset
    name : str, optional
        As the user gave it.
    source : str
    findings : list of Finding
        A note is appended when the time is guessed or counted.

    Returns
    -------
    variable, dimension : str
        The variable does not exist when a dimension has no coordinate.

    Raises
    ------
    DataError
        If there is no such name, or none can be guessed.
    """
    known = [*map(str, table.variables), *(str(d) for d in table.dims if d not in table.variables)]
    if name is None:
        found = _guess(table, known)
        if found is None:
            raise DataError(
                "which dimension is the time?",
                where=source,
                fix=f"name it with time=; there are: {', '.join(known)}",
            )
        findings.append(Finding("I-TIME", "info", f"variable {found!r}", "is taken as time"))
    elif name not in known:
        raise DataError(
            f"there is no variable or dimension {name!r}",
            where=source,
            fix=suggestion(name, known) + "there are: " + ", ".join(known),
        )
    else:
        found = name
    if found not in table.variables:
        findings.append(
            Finding(
                "W-COUNTED",
                "warning",
                "time",
                f"dimension {found!r} has no coordinate: samples are counted 0, 1, 2, ...",
                "assign the true times",
            )
        )
        return found, found
    dims = [str(dim) for dim in table[found].dims]
    if found in dims:
        return found, found
    rest = [dim for dim in dims if dim.lower() not in TRAJECTORY_NAMES]
    if len(rest) != 1:
        raise DataError(
            f"has dimensions {tuple(dims)}",
            where=f"time variable {found!r}, {source}",
            fix="the time runs along one dimension, or one for each trajectory",
        )
    return found, rest[0]


def find_trajectory(table: xr.Dataset, name: str | None, axis: str, source: str) -> str | None:
    """Dimension that tells trajectories apart, if there is one."""
    dims = [str(dim) for dim in table.dims if dim != axis]
    if name is not None:
        if name in dims:
            return name
        raise DataError(
            f"there is no dimension {name!r}",
            where=source,
            fix=suggestion(name, dims) + "dimensions: " + ", ".join(dims),
        )
    lower = {dim.lower(): dim for dim in dims}
    return next((lower[guess] for guess in TRAJECTORY_NAMES if guess in lower), None)


def cf_time(stamps: xr.DataArray, findings: list[Finding]) -> tuple[Any, str]:
    """Values of a time coordinate, and their unit.

    ``days since 1850-01-01`` keeps its numbers and becomes ``day``; the date goes into a finding.
    Calendar objects of cftime become days since the first.
    """
    values = stamps.values
    units = str(stamps.attrs.get("units", ""))
    if values.dtype.kind == "O" and values.size and hasattr(values.flat[0], "calendar"):
        first = values.flat[0]
        days = [(v - first).total_seconds() / 86_400.0 for v in values]
        text = f"{first.calendar} dates became days since {first}"
        findings.append(Finding("I-DATES", "info", "time", text))
        return np.array(days), "day"
    if " since " not in units:
        return values, units
    unit, _, origin = units.partition(" since ")
    findings.append(Finding("I-DATES", "info", "time", f"counted in {unit} since {origin}"))
    key = unit.strip().lower()
    return values, CF_UNITS.get(key) or CF_UNITS.get(key.removesuffix("s")) or unit.strip()


def components(
    name: str, variable: xr.DataArray, axis: str, label: str | None, wanted: Iterable[str]
) -> dict[str, xr.DataArray]:
    """Split dimensions with text labels into one column per label; refuse space.

    Returns
    -------
    dict of str to DataArray
        Empty for text that nobody asked for.

    Raises
    ------
    DataError
        For a dimension with numbers, and for text that was asked for.
    """
    if variable.dtype.kind not in "biuf":
        if variable.dtype.kind in "US" and name not in wanted:
            return {}
        raise DataError(
            f"dtype {variable.dtype} is no real number",
            where=f"variable {name!r}",
            fix="choose variables with states=, or drop it",
        )
    extra = [str(dim) for dim in variable.dims if dim not in (axis, label)]
    if not extra:
        return {name: variable}
    dim = extra[0]
    size = variable.sizes[dim]
    if size == 1:
        return components(name, variable.isel({dim: 0}, drop=True), axis, label, wanted)
    if (
        dim not in variable.coords
        or variable[dim].dtype.kind not in "UOST"
        or (size > MAX_COMPONENTS)
    ):
        raise DataError(
            f"the dimension {dim!r} ({size} points) is taken for space",
            where=f"variable {name!r}",
            why="equations for fields over space are not supported yet",
            fix=f"select points, data.isel({dim}=0), or give components text labels, "
            f"data.assign_coords({dim}=[...]); pm.fit_pde fits coefficients of a known equation "
            "over space",
        )
    parts: dict[str, xr.DataArray] = {}
    for number, tag in enumerate(variable[dim].values):
        part = variable.isel({dim: number}, drop=True)
        parts |= components(f"{name}_{tag}", part, axis, label, wanted)
    return parts


def chosen_columns(
    columns: dict[str, xr.DataArray],
    inputs: Sequence[str],
    states: Sequence[str] | None,
    source: str,
) -> dict[str, xr.DataArray]:
    """States, then inputs, as the user wants them."""
    for field, names in (("inputs", inputs), ("states", states or ())):
        if isinstance(names, str):
            raise DataError(f"{field} is {names!r}", fix=f"a list: {field}=[{names!r}]")
        for name in names:
            if name not in columns:
                raise DataError(
                    f"there is no variable {name!r}",
                    where=source,
                    fix=suggestion(name, columns) + "variables: " + ", ".join(columns),
                )
    kept = states if states else [name for name in columns if name not in inputs]
    if not kept or set(kept) & set(inputs):
        raise DataError(
            "no states are left" if not kept else "a variable is both state and input",
            where=source,
            fix="name them with states= and inputs=",
        )
    return {name: columns[name] for name in (*kept, *inputs)}


def _guess(table: xr.Dataset, known: list[str]) -> str | None:
    for name, variable in table.variables.items():
        attributes = variable.attrs
        if variable.ndim and (
            attributes.get("axis") == "T" or attributes.get("standard_name") == "time"
        ):
            return str(name)
    lower = {name.lower(): name for name in reversed(known)}
    found = next((lower[guess] for guess in TIME_NAMES if guess in lower), None)
    if found is not None and (found not in table.variables or table[found].ndim):
        return found
    dated = [
        str(name)
        for name, variable in table.variables.items()
        if variable.ndim == 1
        and (variable.dtype.kind == "M" or " since " in str(variable.attrs.get("units", "")))
    ]
    if len(dated) == 1:
        return dated[0]
    return str(next(iter(table.dims))) if len(table.dims) == 1 else None
