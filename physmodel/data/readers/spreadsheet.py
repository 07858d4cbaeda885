"""Spreadsheets (.xlsx), as tables of cells; needs openpyxl."""

from __future__ import annotations

import datetime
import warnings
import zipfile
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from physmodel.data.readers.text import unique_headers
from physmodel.errors import DataError, require

#: Of the uncompressed sheets: their text takes many times the room of its numbers.
MAX_BYTES = 2**29

#: What the format itself allows.
MAX_ROWS, MAX_COLUMNS = 2**20, 2**14

#: Leading rows among which the header is looked for; a title may stand above it.
FIRST_ROWS = 20

Rows = list[tuple[int, list[Any]]]


def read_spreadsheet(
    path: Path, sheet: str | None = None
) -> pd.DataFrame | dict[str, pd.DataFrame]:
    """Read the sheet with the table; sheets with the same header are records of one system.

    Parameters
    ----------
    path : Path
    sheet : str, optional
        Which one to read.

    Returns
    -------
    pandas.DataFrame, or dict of str to DataFrame
        Tables by sheet where several have the same header; with the row of each sample in the
        sheet, counted from one, in ``attrs["lines"]``.

    Raises
    ------
    DataError
        If there is no table, or several that differ, or it is too large.
    MissingDependencyError
        If openpyxl is not installed.
    """
    openpyxl: Any = require("openpyxl", "files")
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(item.file_size for item in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise DataError(f"not a spreadsheet: {error}", where=path.name) from None
    if size > MAX_BYTES:
        raise DataError(
            f"{size} bytes when unpacked; the limit is {MAX_BYTES}",
            where=path.name,
            fix="convert it to Parquet or CSV",
        )
    try:
        with path.open("rb") as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which hold no numbers
            book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
            tables = _tables(book, sheet, path.name)
    except DataError:
        raise
    except Exception as error:  # what a foreign parser throws at a broken file is anyone's guess
        raise DataError(f"not a spreadsheet: {error}", where=path.name) from None
    return _one_table(tables, path.name)


def _tables(book: Any, sheet: str | None, source: str) -> dict[str, pd.DataFrame]:
    names = [sheet] if sheet is not None else [each.title for each in book.worksheets]
    if sheet is not None and sheet not in book.sheetnames:
        raise DataError(
            f"there is no sheet {sheet!r}",
            where=source,
            fix="sheets: " + ", ".join(book.sheetnames),
        )
    tables = {name: _table(book[name], f"sheet {name!r}, {source}") for name in names}
    return {name: table for name, table in tables.items() if table is not None}


def _one_table(
    tables: dict[str, pd.DataFrame], source: str
) -> pd.DataFrame | dict[str, pd.DataFrame]:
    if not tables:
        raise DataError(
            "no sheet holds a table", where=source, fix="a row of headers above rows of numbers"
        )
    headers = {tuple(table.columns) for table in tables.values()}
    if len(headers) > 1:
        raise DataError(
            f"{len(tables)} sheets hold tables with different headers: {', '.join(tables)}",
            where=source,
            fix="name the sheet, physmodel.open(path, group=...), or keep one sheet in the file",
        )
    if len(tables) == 1:
        return next(iter(tables.values()))
    return tables


def _table(sheet: Any, source: str) -> pd.DataFrame | None:
    """Cells below the header; None where there are no two rows or no numbers."""
    sheet.reset_dimensions()  # those that the file states may be anything
    rows = _filled(sheet.iter_rows(values_only=True), source)
    if len(rows) < 2:
        return None
    top = _header_row(rows)
    if top is None:
        if any(map(_is_number, rows[0][1])):
            raise DataError(
                "the first row holds numbers, not column names",
                where=f"{source}, row {rows[0][0]}",
                fix="add a header row such as t, x, y",
            )
        return None
    header, body = rows[top][1], rows[top + 1 :]
    above = rows[top - 1][1] if top else []
    if len(_filled_cells(above)) > 1 and _filled_cells(above) == _filled_cells(header):
        # A row of names, and below it a row of units.
        pairs = zip(above, header, strict=False)
        header = [None if name is None else f"{name} [{unit}]" for name, unit in pairs]
    width = max(len(cells) for _, cells in rows[top:])
    used = [
        k
        for k in range(width)
        if any(k < len(cells) and cells[k] is not None for _, cells in rows[top:])
    ]
    names = ["" if k >= len(header) or header[k] is None else str(header[k]).strip() for k in used]
    columns = [[cells[k] if k < len(cells) else None for _, cells in body] for k in used]
    table = pd.DataFrame(dict(enumerate(columns))).set_axis(unique_headers(names, source), axis=1)
    table.attrs["lines"] = np.array([number for number, _ in body])
    return table


def _header_row(rows: Rows) -> int | None:
    """The last row of nothing but text above the first numbers."""
    for k, (_, cells) in enumerate(islice(rows, FIRST_ROWS)):
        if any(map(_is_number, cells)):
            words = k > 0 and all(isinstance(c, str) for c in rows[k - 1][1] if c is not None)
            return k - 1 if words else None
    return None


def _is_number(cell: Any) -> bool:
    return isinstance(cell, int | float | datetime.date)


def _filled_cells(cells: list[Any]) -> set[int]:
    return {k for k, cell in enumerate(cells) if cell is not None}


def _filled(rows: Iterable[tuple[Any, ...]], source: str) -> Rows:
    """Rows that are not empty, and their numbers from one."""
    kept = []
    for number, cells in enumerate(rows, start=1):
        if number > MAX_ROWS or len(cells) > MAX_COLUMNS:
            raise DataError(
                f"more than {MAX_ROWS} rows or {MAX_COLUMNS} columns, which the format allows",
                where=source,
            )
        values = [_cell(cell) for cell in cells]
        if any(value is not None for value in values):
            kept.append((number, values))
    return kept


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, datetime.time) else value
