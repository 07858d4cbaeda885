"""One door for every kind of data."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from physmodel.data.assembly.gridded import from_xarray, read_gridded
from physmodel.data.assembly.missing import NanPolicy
from physmodel.data.assembly.tabular import from_frame, read_parquet
from physmodel.data.contract import validate
from physmodel.data.readers.text import read_csv
from physmodel.errors import DataError
from physmodel.problem.parser import suggestion

TEXT = (".csv", ".tsv", ".txt", ".dat")
PARQUET = (".parquet", ".pq")
GRIDDED = (".nc", ".nc4", ".cdf", ".zarr")


def open(
    source: str | Path | pd.DataFrame | xr.Dataset | xr.DataArray,
    *,
    time: str | None = None,
    trajectory: str | None = None,
    inputs: Sequence[str] = (),
    states: Sequence[str] | None = None,
    units: Mapping[str, str] | None = None,
    time_units: str | None = None,
    nan_policy: NanPolicy = "estimate",
    group: str | None = None,
) -> xr.Dataset:
    """Open measured trajectories from wherever they are.

    Parameters
    ----------
    source : path, DataFrame, Dataset or str
        A CSV, Parquet, netCDF or Zarr file, a pandas table, an xarray object, or the name of a
        catalogue dataset such as ``"solar-system"``.
    time, trajectory : str, optional
        Column (or dimension) with the time, and the one that tells trajectories apart. The time
        is guessed from its name when it is not given, and a finding says so.
    inputs : sequence of str
        Columns that act on the system and need no equation.
    states : sequence of str, optional
        Columns to model; all others by default.
    units : mapping of str to str, optional
        Units by column; headers such as ``x [m]`` and ``units`` attributes are read.
    time_units : str, optional
    nan_policy : {"estimate", "segment", "raise"}
        A sample with a missing value counts as not observed, between samples that were; or cuts
        the trajectory; or is refused. A long run of them cuts in any case.
    group : str, optional
        Group inside a netCDF or Zarr file.

    Returns
    -------
    xarray.Dataset
        In the shape of `physmodel.data.contract`.

    Raises
    ------
    DataError
        If the source cannot be found, read or used; the message names the place.
    """
    options: dict[str, Any] = {
        "time": time,
        "trajectory": trajectory,
        "inputs": tuple(inputs),
        "states": states,
        "units": units,
        "time_units": time_units,
        "nan_policy": nan_policy,
    }
    if isinstance(source, pd.DataFrame):
        return from_frame(source, **options)
    if isinstance(source, xr.Dataset | xr.DataArray):
        return from_xarray(source, **options)
    if not isinstance(source, str | Path):
        raise DataError(
            f"{type(source).__name__} is not something to open",
            fix="a path, a DataFrame, an xarray object or a catalogue name; "
            "for arrays use physmodel.from_arrays(t, x)",
        )
    path = Path(source)
    suffix = path.suffix.lower()
    if not suffix or not path.exists():
        from physmodel.data import catalogue  # it simulates, which opening a file never needs

        known = catalogue.names()
        if str(source) in known:
            return _restricted(catalogue.load(str(source)), str(source), options)
        if not path.exists():
            raise _not_found(path, str(source), known)
    if not (path.is_file() or path.is_dir()):
        raise DataError(
            "this is no regular file", where=path.name, fix="write its content into a file first"
        )
    if path.is_dir() and suffix != ".zarr":
        raise DataError("this is a folder", where=path.name, fix="name a file in it")
    if suffix not in (*TEXT, *PARQUET, *GRIDDED):
        raise DataError(
            f"the format {suffix or 'without suffix'} is not known",
            where=path.name,
            fix="one of " + ", ".join((*TEXT, *PARQUET, *GRIDDED)),
        )
    if suffix == ".zarr" and not path.is_dir():
        raise DataError("a folder was expected", where=path.name)
    if suffix in GRIDDED:
        return from_xarray(read_gridded(path, group), source=path.name, **options)
    if group is not None:
        raise DataError("only netCDF and Zarr files have groups", where=path.name)
    try:
        frame = read_csv(path) if suffix in TEXT else read_parquet(path)
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=path.name) from None
    return from_frame(frame, source=path.name, **options)


def opened(data: Any) -> xr.Dataset:
    """A dataset as it is, anything else through `open`: what every verb does with its data.

    Parameters
    ----------
    data : xarray.Dataset, or anything that `open` takes

    Raises
    ------
    DataError
    """
    ready = isinstance(data, xr.Dataset) and "row_size" in data.variables
    return validate(data if ready else open(data))


def _restricted(data: xr.Dataset, name: str, options: Mapping[str, Any]) -> xr.Dataset:
    """A catalogue dataset, with the user's choice of columns if there is one."""
    wishes = ("states", "inputs", "units", "time_units")
    if not any(options[key] for key in wishes):
        return data
    return from_xarray(data, source=name, **{key: options[key] for key in wishes})


def _not_found(path: Path, source: str, known: Sequence[str]) -> DataError:
    if path.suffix or path.parent != Path():
        folder = path.parent
        names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
        near = difflib.get_close_matches(path.name, names, n=1)
        where = "" if folder.is_dir() else f"there is no folder {folder.name!r}; "
        hint = f"did you mean {near[0]!r}? " if near else ""
        return DataError(
            f"there is no file {path.name!r}",
            fix=where + hint + "check the path; the catalogue is: physmodel datasets list",
        )
    return DataError(
        f"there is no file and no catalogue dataset {source!r}",
        fix=suggestion(source, known) + "catalogue: " + ", ".join(known),
    )
