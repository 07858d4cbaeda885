"""One door for every kind of data."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from physmodel.data.angles import in_radians
from physmodel.data.assembly.anything import dataset_of, restricted
from physmodel.data.assembly.missing import NanPolicy
from physmodel.data.assembly.several import joined, records_of
from physmodel.data.contract import validate
from physmodel.data.readers.files import read_file
from physmodel.errors import DataError, PhysmodelError
from physmodel.problem.algebra.parser import suggestion
from physmodel.problem.checks import require_text, table_of


def open(
    source: Any,
    *,
    time: Any = None,
    names: Sequence[str] | None = None,
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
    source : path, DataFrame, Dataset, array_like (n,) or (n, d), mapping, str, or list of them
        A file (text, Parquet, ``.xlsx``, JSON, ``.mat``, ``.npz``, netCDF, Zarr), a pandas table,
        an xarray object, an array with its times, arrays by name, or the name of a catalogue
        dataset such as ``"solar-system"``. Every item of a list, or of a mapping of tables or
        files, is a record of the same system.
    time : str, float or array_like (n,), optional
        Column (or dimension) with the time, guessed from its name when it is not given, and a
        finding says so; of arrays the times themselves, or the step from one to the next.
    names : sequence of str, optional
        Names of the columns of an array, ``x0, x1, ...`` by default.
    trajectory : str, optional
        Column (or dimension) that tells trajectories apart.
    inputs : sequence of str
        Columns that act on the system and need no equation.
    states : sequence of str, optional
        Columns to model; all others by default.
    units : mapping of str to str, optional
        Units by column; headers such as ``x [m]``, ``units`` attributes and the units of pint
        quantities are read.
    time_units : str, optional
    nan_policy : {"estimate", "segment", "raise"}
        A sample with a missing value counts as not observed, between samples that were; or cuts
        the trajectory; or is refused. A long run of them cuts in any case.
    group : str, optional
        Group inside a netCDF or Zarr file, sheet of a spreadsheet.

    Returns
    -------
    xarray.Dataset
        In the shape of `physmodel.data.contract`.

    Raises
    ------
    DataError
        If the source cannot be found, read or used; the message names the place.

    Examples
    --------
    >>> import numpy as np
    >>> import physmodel as pm
    >>> t = np.linspace(0.0, 10.0, 100)
    >>> data = pm.open(np.sin(t), time=t, names=["x"])
    """
    driven = tuple(inputs) if not isinstance(inputs, str) else inputs
    columns = {"time": time, "names": names, "trajectory": trajectory, "inputs": driven}
    rest = {"states": states, "units": units, "time_units": time_units, "nan_policy": nan_policy}
    options: dict[str, Any] = {**columns, **rest}
    return _from_source(source, group, options)


def _from_source(source: Any, group: str | None, options: dict[str, Any]) -> xr.Dataset:
    """What `open` does with the options that all kinds of sources share."""
    label = ""
    if isinstance(source, str | Path):
        path = Path(source)
        if not path.suffix or not path.exists():
            from physmodel.data import catalogue  # it simulates, which opening a file never needs

            known = catalogue.names()
            if str(source) in known:
                return restricted(catalogue.load(str(source)), str(source), options)
            if not path.exists():
                raise _not_found(path, str(source), known)
        source, label, group = read_file(path, group), path.name, None
    records = records_of(source)
    if records is None:
        return dataset_of(source, label, options)
    parts = []
    for name, item in records.items():
        try:
            parts.append(open(item, **options, group=group))
        except PhysmodelError as error:
            if not isinstance(item, str | Path):  # files are named already
                error.where = ", ".join(filter(None, (error.where, f"record {name}", label)))
            raise
    return joined(parts, [*records])


def as_measured(data: Any) -> xr.Dataset:
    """A dataset as it is, anything else through `open`, which raises DataError."""
    ready = isinstance(data, xr.Dataset) and "row_size" in data.variables
    whole = ready and not any(_has_gaps(variable) for variable in data.variables.values())
    return validate(data if whole else open(data))


def opened(data: Any, units: Any = None) -> xr.Dataset:
    """What every verb that fits or compares a model does with its data first.

    `units`: by column, where the caller states them; they come before those that the data name.
    Angles in degrees become radians, here and nowhere else, so that the models that come out, and
    all data that they meet later, are in the same units. Raises DataError; ProblemError if the
    units are no table of text.
    """
    stated = table_of("units", units or {})
    for name, unit in stated.items():
        require_text(name, unit)
    return in_radians(as_measured(data), stated)


def _has_gaps(variable: xr.Variable) -> bool:
    return variable.dtype.kind == "f" and bool(np.isnan(variable.values).any())


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
