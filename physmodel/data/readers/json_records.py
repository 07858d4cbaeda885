"""JSON: a list of records, one for each sample, or an object of arrays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from physmodel.errors import DataError

#: A number of eight characters takes about sixty bytes while it is read.
MAX_BYTES = 2**28


def read_json(path: Path) -> pd.DataFrame | dict[str, NDArray[Any]]:
    """Read ``[{"t": 0, "x": 1}, ...]`` or ``{"t": [0, ...], "x": [1, ...]}``.

    Raises
    ------
    DataError
        If it is neither, or too large.
    """
    if path.stat().st_size > MAX_BYTES:
        raise DataError(
            f"{path.stat().st_size} bytes of JSON; the limit is {MAX_BYTES}",
            where=path.name,
            fix="convert it to Parquet or netCDF",
        )
    try:
        content = json.loads(path.read_bytes(), object_pairs_hook=_without_repeats)
    except RecursionError:
        raise DataError("arrays are nested too deeply", where=path.name) from None
    except ValueError as error:  # no JSON, or no text
        raise DataError(
            f"this is no JSON: {error}", where=path.name, fix='a list such as [{"t": 0, "x": 1}]'
        ) from None
    return content_of_json(content, path.name)


def content_of_json(content: Any, source: str) -> pd.DataFrame | dict[str, NDArray[Any]]:
    """The table or the named arrays that plain lists and mappings state.

    Raises
    ------
    DataError
        If they state neither.
    """
    if isinstance(content, list) and content and all(isinstance(row, dict) for row in content):
        nested = [
            name for row in content for name, cell in row.items() if isinstance(cell, dict | list)
        ]
        if nested:
            raise DataError(
                "a list or an object stands where a number is expected",
                where=f"key {nested[0]!r}, {source}",
                fix="one record for each sample, with plain numbers",
            )
        return pd.DataFrame(content)
    if isinstance(content, dict) and content:
        nested = [name for name, cells in content.items() if isinstance(cells, dict)]
        if not nested:
            return {str(name): _array(cells, str(name), source) for name, cells in content.items()}
        raise DataError(
            "there is an object in an object",
            where=f"key {nested[0]!r}, {source}",
            fix='write a list of records; in pandas frame.to_json(orient="records")',
        )
    raise DataError(
        "there is neither a list of records nor an object of arrays",
        where=source,
        fix='[{"t": 0, "x": 1}, ...] or {"t": [0, ...], "x": [1, ...]}',
    )


def _array(cells: Any, name: str, source: str) -> NDArray[Any]:
    try:
        array = np.asarray(cells)
    except ValueError:
        raise DataError("rows differ in length", where=f"key {name!r}, {source}") from None
    # A null among numbers makes objects of them.
    return array


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(n for n in names if names.count(n) > 1)!r} stands twice")
    return content
