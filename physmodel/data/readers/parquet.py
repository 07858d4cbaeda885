"""Parquet files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from physmodel.data.assembly.assemble import MAX_VALUES
from physmodel.errors import DataError, require


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet file; needs pyarrow.

    Raises
    ------
    DataError
        If it is none, or too large; the size is known before anything is read.
    """
    parquet: Any = require("pyarrow.parquet", "files")
    try:
        facts = parquet.read_metadata(path)
        if facts.num_rows * facts.num_columns <= MAX_VALUES:
            return pd.read_parquet(path, engine="pyarrow")
    except Exception as error:  # what a foreign parser throws at a broken file is anyone's guess
        raise DataError(f"not a Parquet file: {error}", where=path.name) from None
    raise DataError(
        f"{facts.num_rows} rows of {facts.num_columns} columns; the limit is {MAX_VALUES} values",
        where=path.name,
    )
