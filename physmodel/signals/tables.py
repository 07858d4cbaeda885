"""Fill the gaps of a table: cells of trajectories that nobody measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.assembly.columns import Headers, time_column
from physmodel.data.readers.files import PARQUET, TEXT
from physmodel.data.readers.parquet import read_parquet
from physmodel.data.readers.text import read_csv
from physmodel.data.segments import cut, time_gaps
from physmodel.errors import DataError
from physmodel.signals.candidates import Choice
from physmodel.signals.filling import Filled, inpaint

Array = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class FilledTable:
    """A table without empty cells, ready for `physmodel.open`.

    Attributes
    ----------
    data : pandas.DataFrame
        Measured cells as they were.
    missing : mapping of str to ndarray of bool (n,)
        By column: which cells were filled.
    errors : mapping of str to float
        By column: root mean square error to expect there, see `Filled`.
    pieces : mapping of str to tuple of Filled
        By column: every uninterrupted piece in which something was missing.
    """

    data: pd.DataFrame
    missing: Mapping[str, NDArray[np.bool_]]
    errors: Mapping[str, float]
    pieces: Mapping[str, tuple[Filled, ...]]

    def __str__(self) -> str:
        """One line per column that had gaps."""
        return "\n".join(
            f"{name}: {int(self.missing[name].sum())} of {len(self.data)} values filled, "
            f"{', '.join(dict.fromkeys(piece.dictionary for piece in self.pieces[name]))}, "
            f"expected error {self.errors[name]:.3g}"
            for name in self.missing
        )


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a text table or a Parquet file as it stands, empty cells included.

    Raises DataError if it is none, or cannot be read.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (*TEXT, *PARQUET):
        raise DataError(
            "only tables have empty cells to fill",
            where=path.name,
            fix="one of " + ", ".join((*TEXT, *PARQUET)) + "; fields go through inpaint",
        )
    if not path.exists():
        raise DataError(f"there is no file {path.name!r}", fix="check the path")
    try:
        return read_csv(path) if suffix in TEXT else read_parquet(path)
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=path.name) from None


def fill_table(
    frame: pd.DataFrame,
    dictionary: Choice | None = None,
    *,
    time: str | None = None,
    trajectory: str | None = None,
    seed: int = 0,
) -> FilledTable:
    """Fill empty cells, column by column and trajectory by trajectory.

    Only cells are filled, never rows: where the clock skips, a trajectory ends, as it does in
    `physmodel.open`. Rows are taken for evenly sampled.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per sample.
    dictionary : Dictionary or callable, optional
        As for `inpaint`.
    time, trajectory : str, optional
        Columns, as for `physmodel.open`; neither is filled.
    seed : int
        Of the values that are hidden to estimate the error.

    Raises
    ------
    DataError
        If no column can be the time, or a piece has no value to go by.
    ProblemError
        If the dictionary is not tight.
    """
    data = frame.reset_index(drop=True)
    headers = Headers.of(data, "the table")
    label = None if trajectory is None else headers.find(trajectory)
    rows = data.groupby(label, sort=False).indices if label else {"0": np.arange(len(data))}
    groups = {str(key): np.asarray(part, dtype=np.intp) for key, part in rows.items()}
    clock = time_column(data, headers, label, groups, []) if time is None else headers.find(time)
    parts = list(_pieces(data[clock], groups))
    missing: dict[str, NDArray[np.bool_]] = {}
    pieces: dict[str, tuple[Filled, ...]] = {}
    for name in data.columns:
        values = None if name in (clock, label) else _numbers(data[name])
        if values is None or not np.isnan(values).any():
            continue
        missing[name] = np.isnan(values)
        found = []
        for key, part in parts:
            if not missing[name][part].any():
                continue
            if missing[name][part].all():
                raise DataError(
                    f"none of {len(part)} values is there",
                    where=f"column {name!r}, rows {part[0]}-{part[-1]}, trajectory {key}",
                    why="there is nothing to go by",
                    fix="leave the column or these rows out",
                )
            filled = inpaint(xr.DataArray(values[part], dims="sample"), dictionary, seed=seed)
            values[part] = filled.data.values
            found.append(filled)
        data[name] = values
        pieces[name] = tuple(found)
    return FilledTable(data, missing, {name: _error(p) for name, p in pieces.items()}, pieces)


def _numbers(column: pd.Series[Any]) -> Array | None:
    """Cells as floats, empty ones NaN; None for a column of dates or text."""
    if column.dtype.kind in "mM":
        return None
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    same = np.count_nonzero(np.isnan(values)) == column.isna().sum()
    return np.array(values) if same else None


def _pieces(clock: pd.Series[Any], groups: Mapping[str, Index]) -> Iterator[tuple[str, Index]]:
    """Rows of each trajectory, cut where the clock skips."""
    for key, rows in groups.items():
        time = clock.to_numpy()[rows]
        measured = time.dtype.kind in "iuf" and bool(np.isfinite(time).all())
        gaps = time_gaps(time.astype(float)).tolist() if measured else []
        for first, last in cut(len(rows), gaps):
            yield key, rows[first:last]


def _error(pieces: tuple[Filled, ...]) -> float:
    """Root mean square over all values that were filled."""
    counts = np.array([int(piece.missing.sum()) for piece in pieces])
    squares = np.array([piece.error for piece in pieces]) ** 2
    return float(np.sqrt(counts @ squares / counts.sum()))
