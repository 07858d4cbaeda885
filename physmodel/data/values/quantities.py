"""Numbers that carry their unit, as pint and its extensions make them, to numbers and text.

Nothing is imported: whatever has a magnitude and units is such a quantity.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from physmodel.data.assembly.names import split_unit
from physmodel.errors import DataError


def is_quantity(thing: Any) -> bool:
    """Whether something has a magnitude and units of its own."""
    # Labelled arrays and tables offer their attributes and columns as attributes.
    labelled = isinstance(thing, xr.DataArray | xr.Dataset | pd.Series | pd.DataFrame)
    return not labelled and hasattr(thing, "magnitude") and hasattr(thing, "units")


def magnitude_and_unit(thing: Any, unit: str = "") -> tuple[Any, str]:
    """Plain numbers and the text of their unit, which is empty where there is none.

    Parameters
    ----------
    thing : Any
        A quantity, or anything else, which is returned as it is.
    unit : str
        Unit to convert to; that of the quantity by default.

    Raises
    ------
    DataError
        If it cannot be converted.
    """
    if not is_quantity(thing):
        return thing, ""
    own = unit_text(thing.units)
    if unit in ("", own):
        return thing.magnitude, own
    try:
        return thing.to(unit).magnitude, unit
    except Exception as error:  # every library of units has errors of its own
        raise DataError(
            f"values in {own} beside values in {unit}",
            why=f"{error}",
            fix="give all values of a column in one unit",
        ) from None


def unit_text(units: Any) -> str:
    """A unit in the way it is written here, such as ``m/s**2``."""
    try:
        text = format(units, "~C")
    except (TypeError, ValueError):
        text = str(units)
    return "1" if text in ("", "dimensionless") else text


def plain_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """A table without quantities, with their units in the headers: ``x [m]``.

    Raises
    ------
    DataError
        If the cells of a column have units that cannot be converted.
    """
    names = []
    columns: dict[int, Any] = {}
    kind: Any
    for k, (name, kind) in enumerate(zip(frame.columns, frame.dtypes, strict=True)):
        unit = ""
        if hasattr(kind, "units"):
            cells: Any = frame.iloc[:, k].array
            columns[k] = np.asarray(cells.quantity.magnitude)
            unit = unit_text(kind.units)
        elif kind.kind == "O" and any(map(is_quantity, frame.iloc[:, k])):
            columns[k], unit = _cells(frame.iloc[:, k], str(name))
        names.append(f"{split_unit(str(name))[0]} [{unit}]" if unit else name)
    if not columns:
        return frame
    parts = [pd.Series(columns.get(k, frame.iloc[:, k])) for k in range(len(names))]
    plain = pd.concat([part.reset_index(drop=True) for part in parts], axis=1)
    plain.columns = pd.Index(names)
    plain.attrs = frame.attrs
    return plain


def plain_labelled(table: xr.Dataset) -> xr.Dataset:
    """Labelled arrays without quantities; the units are attributes."""
    changed = {}
    for name, variable in table.variables.items():
        data: Any = variable.data
        if is_quantity(data):
            values, unit = magnitude_and_unit(data)
            changed[name] = (variable.dims, np.asarray(values), {**variable.attrs, "units": unit})
    return table.assign(changed) if changed else table


def _cells(cells: Iterable[Any], name: str) -> tuple[list[Any], str]:
    unit = ""
    values = []
    for cell in cells:
        try:
            value, own = magnitude_and_unit(cell, unit)
        except DataError as error:
            error.where = f"column {name!r}"
            raise
        values.append(value)
        unit = unit or own
    return values, unit
