"""The one shape of data: a contiguous ragged array in an `xarray.Dataset`.

One dimension ``sample`` holds all trajectories one after the other, ``row_size(trajectory)`` says
how many samples each has (CF conventions, section 9.3.3).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from physmodel.data.limits import check_column, require_few
from physmodel.errors import DataError
from physmodel.findings import Finding, as_attribute

Array = NDArray[np.float64]


def make_dataset(
    times: Sequence[ArrayLike],
    values: Sequence[ArrayLike],
    names: Sequence[str],
    *,
    inputs: Sequence[str] = (),
    units: Mapping[str, str] | None = None,
    long_names: Mapping[str, str] | None = None,
    time_units: str = "",
    ids: Sequence[str | int] | None = None,
    title: str = "",
    source: str = "",
    findings: Sequence[Finding] = (),
) -> xr.Dataset:
    """Put trajectories into the shape that every function expects.

    Parameters
    ----------
    times : sequence of array_like (n_i,)
    values : sequence of array_like (n_i, v)
        Columns in the order of `names`.
    names : sequence of str
        States and inputs.
    inputs : sequence of str
        Which of the names are inputs.
    units, long_names : mapping of str to str, optional
    time_units : str
    ids : sequence, optional
        Names of the trajectories; 0, 1, ... by default.
    title, source : str
    findings : sequence of Finding

    Raises
    ------
    DataError
        If the result does not pass `validate`.
    """
    units, long_names = units or {}, long_names or {}
    stacked = np.concatenate([np.asarray(block, dtype=float) for block in values])
    variables: dict[str, tuple[str, NDArray[np.generic], dict[str, object]]] = {}
    for column, name in enumerate(names):
        attributes: dict[str, object] = {
            "units": units.get(name, ""),
            "role": "input" if name in inputs else "state",
        }
        if long_names.get(name):
            attributes["long_name"] = long_names[name]
        variables[name] = ("sample", np.ascontiguousarray(stacked[:, column]), attributes)
    sizes = np.array([len(np.asarray(time)) for time in times], dtype=np.int64)
    variables["row_size"] = ("trajectory", sizes, {"sample_dimension": "sample"})
    time = np.concatenate([np.asarray(piece, dtype=float) for piece in times])
    data = xr.Dataset(
        variables,
        coords={
            "time": ("sample", time, {"units": time_units}),
            "trajectory": ("trajectory", np.asarray(range(len(sizes)) if ids is None else ids)),
        },
        attrs={"title": title, "source": source, "findings": as_attribute(findings)},
    )
    return validate(data)


def variable_names(data: xr.Dataset, role: str | None = None) -> tuple[str, ...]:
    """Names of the measured variables.

    Parameters
    ----------
    data : xarray.Dataset
    role : {"state", "input"}, optional
    """
    names = [name for name in data.data_vars if name != "row_size"]
    # Not `data[name]`: to build each array with its coordinates takes long for many columns.
    roles = (data.variables[name].attrs.get("role", "state") for name in names)
    pairs = zip(names, roles, strict=True)
    return tuple(str(name) for name, own in pairs if role is None or own == role)


def offsets(data: xr.Dataset) -> NDArray[np.int64]:
    """First sample of each trajectory, and the end: ``(trajectories + 1,)``."""
    return np.concatenate([[0], np.cumsum(data["row_size"].values)]).astype(np.int64)


def described_problem(data: xr.Dataset) -> dict[str, Any]:
    """The problem that a dataset states, see `physmodel.Problem`; empty where it states none.

    Parameters
    ----------
    data : xarray.Dataset
        Others use the attribute ``problem`` for words of their own: these state none.
    """
    try:
        described = json.loads(data.attrs.get("problem", "{}"))
    except (TypeError, ValueError):
        return {}
    return described if isinstance(described, dict) else {}


def validate(data: xr.Dataset) -> xr.Dataset:
    """Check that a dataset has the shape of this module.

    Returns
    -------
    xarray.Dataset
        The same object.

    Raises
    ------
    DataError
        Naming the variable and the row.
    """
    if not isinstance(data, xr.Dataset):
        raise DataError(
            f"the data are a {type(data).__name__}, not a dataset",
            fix="make datasets with physmodel.open or physmodel.from_arrays",
        )
    for needed in ("time", "trajectory", "row_size"):
        if needed not in data.variables:
            raise DataError(
                f"the dataset has no {needed!r}",
                fix="make datasets with physmodel.open or physmodel.from_arrays",
            )
    names = variable_names(data)
    if not names:
        raise DataError("the dataset has no measured variables")
    require_few(len(names))
    if data["row_size"].dims != ("trajectory",) or data["row_size"].dtype.kind not in "iu":
        raise DataError("row_size is not one whole number per trajectory", where="row_size")
    if int(data["row_size"].sum()) != data.sizes.get("sample", -1):
        raise DataError(
            f"row_size adds up to {int(data['row_size'].sum())}; there are "
            f"{data.sizes.get('sample', 0)} samples",
            where="row_size",
        )
    for name in (*names, "time"):
        check_column(name, data[name])
    edges = offsets(data)
    if np.any(np.diff(edges) < 1):
        raise DataError("a trajectory is empty", where="row_size")
    several = data.sizes["trajectory"] > 1
    for first, last, label in zip(edges[:-1], edges[1:], data["trajectory"].values, strict=True):
        fault = time_fault(data["time"].values[first:last])
        if fault is not None:
            rows = np.array([first + fault[0], first + fault[0] + 1])
            raise DataError(
                fault[1],
                where=f"time, {rows_text(rows)}" + (f", trajectory {label}" if several else ""),
                why="the order of samples carries the physics, so rows are never sorted silently",
                fix="sort the rows or drop repeated ones",
            )
    return data


def time_fault(time: Array) -> tuple[int, str] | None:
    """First place where time does not increase.

    Parameters
    ----------
    time : ndarray (n,)
        Finite.

    Returns
    -------
    (int, str) or None
        The sample before the fault, and what is wrong.
    """
    step = np.diff(time)
    bad = np.flatnonzero(step <= 0.0)
    if not len(bad):
        return None
    k = int(bad[0])
    if np.all(step < 0.0):
        return k, f"time runs backwards, from {time[0]:.6g} to {time[-1]:.6g}"
    more = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
    if step[k] == 0.0:
        return k, f"time {time[k]:.6g} is repeated{more}"
    return k, f"time falls from {time[k]:.6g} to {time[k + 1]:.6g}{more}"


def rows_text(rows: NDArray[np.integer]) -> str:
    """Row numbers for a message: a single one, a range, or the first few."""
    if len(rows) == 1:
        return f"row {rows[0]}"
    if rows[-1] - rows[0] == len(rows) - 1:
        return f"rows {rows[0]}-{rows[-1]}"
    shown = ", ".join(str(row) for row in rows[:5])
    return f"rows {shown}{', ...' if len(rows) > 5 else ''}"
