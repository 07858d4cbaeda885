"""Which reader belongs to which file, and what is no file to read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from physmodel.data.readers.archives import read_matlab, read_npy, read_npz
from physmodel.data.readers.json_records import read_json
from physmodel.data.readers.labelled import read_labelled
from physmodel.data.readers.parquet import read_parquet
from physmodel.data.readers.spreadsheet import read_spreadsheet
from physmodel.data.readers.text import read_csv
from physmodel.errors import DataError

TEXT = (".csv", ".tsv", ".txt", ".dat")
PARQUET = (".parquet", ".pq")
LABELLED = (".nc", ".nc4", ".cdf", ".zarr")
SHEETS = (".xlsx", ".xlsm")

_PLAIN: dict[str, Callable[[Path], Any]] = {
    **dict.fromkeys(TEXT, read_csv),
    **dict.fromkeys(PARQUET, read_parquet),
    ".json": read_json,
    ".mat": read_matlab,
    ".npy": read_npy,
    ".npz": read_npz,
}
FORMATS = (*TEXT, *PARQUET, *LABELLED, *SHEETS, ".json", ".mat", ".npy", ".npz")


def read_file(path: Path, group: str | None = None) -> Any:
    """Content of a file: a table, labelled arrays, named arrays or an array.

    Parameters
    ----------
    path : Path
        It exists.
    group : str, optional
        Group of a netCDF file or Zarr store, sheet of a spreadsheet.

    Raises
    ------
    DataError
        If it is no regular file, of no known format, too large or broken. Sizes are known before
        values are read.
    """
    suffix = path.suffix.lower()
    if not (path.is_file() or path.is_dir()):
        raise DataError(
            "this is no regular file", where=path.name, fix="write its content into a file first"
        )
    if path.is_dir() and suffix != ".zarr":
        raise DataError(
            "this is a folder",
            where=path.name,
            fix="name a file in it, or in Python a list of files: physmodel.open([...])",
        )
    if suffix not in FORMATS:
        raise DataError(
            f"the format {suffix or 'without suffix'} is not known",
            where=path.name,
            fix="one of " + ", ".join(FORMATS),
        )
    if suffix == ".zarr" and not path.is_dir():
        raise DataError("a folder was expected", where=path.name)
    try:
        if suffix in LABELLED:
            return read_labelled(path, group)
        if suffix in SHEETS:
            return read_spreadsheet(path, group)
        if group is not None:
            raise DataError("only netCDF, Zarr and spreadsheets have groups", where=path.name)
        return _PLAIN[suffix](path)
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}", where=path.name) from None
