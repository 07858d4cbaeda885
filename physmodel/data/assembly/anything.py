"""Whatever is in memory to a dataset: which way it goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from physmodel.data.arrays import from_arrays
from physmodel.data.assembly.gridded import from_xarray
from physmodel.data.assembly.named_arrays import table_of_arrays, with_times
from physmodel.data.assembly.several import is_sample
from physmodel.data.assembly.tabular import from_frame
from physmodel.data.readers.json_records import content_of_json
from physmodel.data.values.quantities import magnitude_and_unit
from physmodel.errors import DataError
from physmodel.findings import Finding


def dataset_of(thing: Any, source: str, options: Mapping[str, Any]) -> xr.Dataset:
    """A dataset from what a file holds or the user hands over.

    Parameters
    ----------
    thing : DataFrame, xarray object, mapping of arrays, list of samples by name, or array_like
    source : str
        Name of the file; empty where there is none.
    options : mapping
        Arguments of `physmodel.data.open.open` from `time` to `nan_policy`.

    Raises
    ------
    DataError
    """
    if isinstance(thing, np.ndarray) and thing.dtype.names:
        thing = {name: thing[name] for name in thing.dtype.names}
    if isinstance(thing, list | tuple) and thing and all(map(is_sample, thing)):
        thing = content_of_json([dict(row) for row in thing], source or "records")
    if isinstance(thing, pd.Series):
        thing = thing.to_frame("x" if thing.name is None else thing.name)
    labelled = isinstance(thing, xr.Dataset | xr.DataArray)  # a Dataset is a mapping, too
    if not labelled and not isinstance(thing, pd.DataFrame | Mapping):
        return _from_array(thing, source, options)
    wishes = {key: value for key, value in options.items() if key != "names"}
    time = options["time"]
    outside = time is not None and not isinstance(time, str)
    if options["names"] is not None:
        raise DataError(
            "the columns have names already", where="names", fix="states=[...] chooses some of them"
        )
    if labelled:
        if outside:
            raise DataError(
                "labelled arrays hold their own times",
                where="time",
                fix="data.assign_coords(time=...), or time= with the name of a coordinate",
            )
        return from_xarray(thing, source=source or "xarray", **wishes)
    notes: list[Finding] = []
    source = source or "table"
    if isinstance(thing, Mapping):
        wanted = {*options["inputs"], *(options["states"] or ())}
        thing = table_of_arrays(thing, None if outside else time, wanted, source, notes)
    if outside:
        thing, wishes["time"] = with_times(thing, time, options["trajectory"], source), "time"
    return from_frame(thing, source=source, notes=notes, **wishes)


def restricted(data: xr.Dataset, name: str, options: Mapping[str, Any]) -> xr.Dataset:
    """A dataset with the user's choice of columns, if there is one."""
    wishes = ("states", "inputs", "units", "time_units")
    if not any(options[key] for key in wishes):
        return data
    return from_xarray(data, source=name, **{key: options[key] for key in wishes})


def _from_array(thing: Any, source: str, options: Mapping[str, Any]) -> xr.Dataset:
    """A dataset from bare numbers, which say nothing about their time and names."""
    plain, _ = magnitude_and_unit(thing)
    listed = isinstance(plain, list | tuple) and len(plain) > 0
    if not (listed or (hasattr(plain, "__array__") and np.ndim(plain) > 0)):
        raise DataError(
            f"{type(thing).__name__} is not something to open",
            fix="a path, a DataFrame, an xarray object, an array with time=, arrays by name, a "
            "catalogue name, or a list of these: see physmodel.open",
        )
    time = options["time"]
    if time is None or isinstance(time, str):
        raise DataError(
            "an array of numbers does not say when they were measured",
            where=source,
            fix="physmodel.open(x, time=t) with the times or the step, and names=[...] for the "
            "columns; every verb takes what it returns",
        )
    if options["trajectory"] is not None:
        raise DataError(
            "arrays have no column that tells trajectories apart",
            where="trajectory",
            fix="hand over a list with one array for each",
        )
    made = from_arrays(
        time,
        thing,
        names=options["names"],
        units=options["units"],
        time_units=options["time_units"] or "",
        nan_policy=options["nan_policy"],
    )
    return restricted(made, source or "arrays", {**options, "units": None, "time_units": None})
