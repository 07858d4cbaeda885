"""Numbers that carry their unit, as pint and its extensions make them, to numbers and text.

Nothing is imported: whatever has a magnitude and units is such a quantity.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

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


def plain_frame(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """A table without quantities, and the units of its columns by name.

    Raises
    ------
    DataError
        If the cells of a column have units that cannot be converted.
    """
    units: dict[str, str] = {}
    plain: dict[Any, Any] = {}
    for name in dict.fromkeys(frame.columns):
        column: Any = frame[name]
        if not isinstance(column, pd.Series):
            continue  # the name occurs twice, which is refused later
        if hasattr(column.dtype, "units"):
            units[str(name)] = unit_text(column.dtype.units)
            cells: Any = column.array
            plain[name] = np.asarray(cells.quantity.magnitude)
        elif column.dtype == object and any(map(is_quantity, column)):
            plain[name], units[str(name)] = _cells(column, str(name))
    return _replaced(frame, plain) if plain else frame, units


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


def _replaced(frame: pd.DataFrame, columns: dict[Any, Any]) -> pd.DataFrame:
    changed = frame.copy()
    for name, values in columns.items():
        changed[name] = values
    return changed
