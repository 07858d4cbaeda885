"""Text tables as people write them: separators, comments, units, decimal commas, dates."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from physmodel.data.assembly.wide import repeated_header
from physmodel.data.values.numerals import MISSING, settle_numerals, unusual
from physmodel.errors import DataError
from physmodel.findings import Finding

SEPARATORS = (",", ";", "\t", "|")

#: Text is read whole; beyond this size a binary format is the right one.
MAX_BYTES = 2 * 2**30

_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?")

#: Read every digit of a number: the default of newer pandas, an option of older ones.
EXACT: dict[str, Any] = (
    {"float_precision": "round_trip"} if int(pd.__version__.split(".")[0]) < 3 else {}
)


def read_csv(path: Path) -> pd.DataFrame:
    """Read a text table: comma, semicolon, tab, bar or blanks; comments with ``#``.

    Returns
    -------
    pandas.DataFrame
        With the line number of each row in ``attrs["lines"]``, and in ``attrs["notes"]`` what was
        noticed.

    Raises
    ------
    DataError
        If the file is empty, too large or not a table.

    Notes
    -----
    A file without header gets the names of a last comment line such as ``# t x y``, as
    `numpy.savetxt` writes it. Decimal commas are read where semicolons or tabs separate.
    """
    if path.stat().st_size > MAX_BYTES:
        raise DataError(
            f"{path.stat().st_size} bytes of text; the limit is {MAX_BYTES}",
            where=path.name,
            fix="convert it to Parquet or netCDF, or thin it",
        )
    lines, numbers, comment = _content(path)
    if not lines:
        raise DataError("the file is empty", where=path.name)
    separator = _separator(lines[0], lines[1] if len(lines) > 1 else "")
    names = _cells(lines[0], separator)
    decimal = "," if _has_decimal_commas(lines[:20], separator) else "."
    if all(_is_number(name, decimal) for name in names):
        noted = _cells(comment, separator) if separator in comment else comment.split()
        if len(noted) != len(names):
            raise DataError(
                "the first line holds numbers, not column names",
                where=f"{path.name}, line {numbers[0]}",
                fix="add a header line such as t,x,y",
            )
        names = noted
    else:
        lines, numbers = lines[1:], numbers[1:]
    if not lines:
        raise DataError("there is a header and no data", where=path.name)
    names = unique_headers(names, path.name)
    _check_width(lines, numbers, separator, len(names), path.name)
    frame = _parsed(lines, separator, names, path.name, decimal=decimal)
    words = [n for n, dtype in zip(names, frame.dtypes, strict=True) if dtype.kind not in "biufcMm"]
    if any(unusual(frame[name]) for name in words):
        # The convention of one column is that of all: what looks like a number in another one may
        # not be that number.
        frame = _parsed(lines, separator, names, path.name, dtype=str)
        notes: list[Finding] = []
        frame = settle_numerals(frame, path.name, notes)
        frame.attrs["notes"] = notes
    if len(frame) == len(numbers):  # not so when a quoted cell holds a line break
        frame.attrs["lines"] = np.array(numbers)
    return frame


def _parsed(
    lines: list[str], separator: str, names: list[str], source: str, **options: Any
) -> pd.DataFrame:
    try:
        return pd.read_csv(
            io.StringIO("\n".join(lines)),
            sep=separator if separator != " " else r"\s+",
            names=names,
            header=None,
            index_col=False,
            skipinitialspace=True,
            skip_blank_lines=False,
            na_values=list(MISSING),
            low_memory=False,
            **EXACT,
            **options,
        )
    except (pd.errors.ParserError, ValueError) as error:
        raise DataError(
            f"this is not a table: {str(error).strip()}",
            where=source,
            fix="every line needs as many cells as the header",
        ) from None


def _content(path: Path) -> tuple[list[str], list[int], str]:
    """Lines that hold data, their numbers from 1, and the last comment before them."""
    raw = path.read_bytes()
    if b"\0" in raw[:4096] and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError("this is not a text file", where=path.name)
    encoding = "utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        # Older spreadsheets; every byte has a meaning here, so degree signs survive.
        text = raw.decode("latin-1")
    lines: list[str] = []
    numbers: list[int] = []
    comment = ""
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        bare = line.strip(" \0")
        if not bare.strip():
            continue
        if bare.startswith("#"):
            comment = comment if lines else bare.lstrip("# ")
            continue
        lines.append(bare)
        numbers.append(number)
    return lines, numbers, comment


def _separator(header: str, first: str) -> str:
    # A decimal comma in the data is no separator, so the header decides.
    for separator in (";", "\t", "|", ","):
        if separator in header:
            return separator
    return " " if len(header.split()) > 1 and len(first.split()) > 1 else ","


def _cells(line: str, separator: str) -> list[str]:
    if separator == " ":
        return [cell.strip("\"'") for cell in line.split()]
    row = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    return [cell.strip() for cell in row]


def _has_decimal_commas(lines: list[str], separator: str) -> bool:
    if separator == ",":
        return False
    cells = [cell for line in lines for cell in _cells(line, separator)]
    return any(_DECIMAL_COMMA.fullmatch(cell) for cell in cells) and not any(
        _is_number(cell, ".") and "." in cell for cell in cells
    )


def _is_number(text: str, decimal: str) -> bool:
    try:
        float(text.replace(decimal, "."))
    except ValueError:
        return False
    return True


def unique_headers(names: list[str], source: str) -> list[str]:
    """Headers, of which none may stand twice unless the whole row of them repeats.

    Raises
    ------
    DataError
    """
    told_apart = repeated_header(names)
    for name, times in Counter(told_apart).items():
        if times > 1:
            what = f"the column {name!r}" if name else "a column without name"
            raise DataError(
                f"{what} occurs {times} times",
                where=source,
                fix="give every column its own name"
                + (
                    f"; repeats of one quantity: {name} (run 1), {name} (run 2), ..."
                    if name
                    else ""
                ),
            )
    return told_apart


def _check_width(
    lines: list[str], numbers: list[int], separator: str, width: int, source: str
) -> None:
    """Pandas would silently shift or drop cells of lines that are too long or too short."""
    for line, number in zip(lines, numbers, strict=True):
        count = len(line.split()) if separator == " " else line.count(separator) + 1
        if count != width and '"' in line:
            count = len(_cells(line, separator))
        if count != width:
            raise DataError(
                f"{count} cells; the header has {width}",
                where=f"{source}, line {number}",
                fix="every line needs as many cells as the header; an empty cell means missing, "
                "and a title above the header starts with #",
            )
