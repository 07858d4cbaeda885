"""Labelled arrays in files: netCDF and Zarr."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import xarray as xr

from physmodel.data.assembly.assemble import MAX_VALUES
from physmodel.errors import DataError, require


def read_labelled(path: Path, group: str | None) -> xr.Dataset:
    """Open a netCDF file or a Zarr store and read it into memory.

    Returns
    -------
    xarray.Dataset
        Times as the numbers that stand in the file.

    Raises
    ------
    DataError
        If it cannot be read, or is too large; the size is known before the values are read.
    MissingDependencyError
        If the reader for this format is not installed.
    """
    options: dict[str, Any] = {"group": group} if group else {}
    classic = False
    if path.suffix.lower() == ".zarr":
        require("zarr", "files")
        options |= {"engine": "zarr", "consolidated": False, "chunks": None}
    else:
        with path.open("rb") as stream:
            classic = stream.read(3) == b"CDF" and group is None
        if classic:
            options["engine"] = "scipy"
        else:
            require("netCDF4", "files")
            options["engine"] = "netcdf4"
    try:
        with xr.open_dataset(path, decode_times=False, **options) as opened:
            size = sum(variable.size for variable in opened.variables.values())
            if size <= MAX_VALUES:
                return _utf8_names(opened.load()) if classic else opened.load()
    except Exception as error:  # what a foreign parser throws at a broken file is anyone's guess
        raise DataError(
            f"cannot be read: {error}",
            where=path.name,
            fix="check the file, and the name of the group if it has groups",
        ) from None
    raise DataError(
        f"{size} values; the limit is {MAX_VALUES}",
        where=path.name,
        fix="select points or variables first, for example with xarray",
    )


def _utf8_names(table: xr.Dataset) -> xr.Dataset:
    """Names as the format has them, in UTF-8: SciPy reads them as latin-1."""
    names: dict[Any, str] = {}
    for name in {*map(str, table.variables), *map(str, table.dims)}:
        with suppress(UnicodeError):  # not UTF-8, so it was latin-1
            names[name] = name.encode("latin-1").decode("utf-8")
    return table.rename({old: new for old, new in names.items() if new != old})
