"""Columns of a table: which one is the time, and what numbers the cells hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from physmodel.data.clock import dates_to_floats
from physmodel.data.findings import Finding
from physmodel.data.names import split_unit
from physmodel.errors import DataError
from physmodel.problem.problem import suggestion

Array = NDArray[np.float64]

#: Headers that are taken for the time, in order of preference, with the unit that they imply.
TIME_NAMES = {
    "time": "", "t": "", "times": "", "datetime": "", "timestamp": "", "date": "", "epoch": "s",
    "elapsed": "", "seconds": "s", "second": "s", "sec": "s", "minutes": "min", "hours": "h",
    "hour": "h", "days": "day", "day": "day", "jd": "day", "mjd": "day", "month": "month",
    "months": "month", "years": "year", "year": "year",
}

#: ``time_s`` and the like carry their unit.
_TIME_WITH_UNIT = re.compile(r"(?:t|time)_(s|sec|ms|us|ns|min|h|hours|day|days|year|years)")

#: Date formats beside ISO 8601; day before month and the reverse are told apart by the data.
DATE_FORMATS = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%d/%m/%Y %H:%M:%S",
                "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d/%m/%Y", "%m/%d/%Y",
                "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%d %b %Y", "%b %d, %Y")


@dataclass(frozen=True)
class Headers:
    """Names of the columns of a table.

    Attributes
    ----------
    full : list of str
        As they stand in the table.
    short, unit : dict of str to str
        Without the unit in brackets, and that unit, by full name.
    source : str
    """

    full: list[str]
    short: Mapping[str, str]
    unit: Mapping[str, str]
    source: str

    @classmethod
    def of(cls, table: pd.DataFrame, source: str) -> Headers:
        """Headers of a table whose columns are made text in place of any other label."""
        full = [str(name) for name in table.columns]
        for name in full:
            if full.count(name) > 1:
                raise DataError(
                    f"the column {name!r} occurs {full.count(name)} times", where=source,
                    fix="give every column its own name",
                )
        table.columns = pd.Index(full)
        parts = {name: split_unit(name) for name in full}
        return cls(
            full,
            {name: part[0] for name, part in parts.items()},
            {name: part[1] for name, part in parts.items()},
            source,
        )

    def find(self, name: str) -> str:
        """Full name of a column given by its full or short name."""
        if name in self.full:
            return name
        matches = [full for full in self.full if self.short[full] == name]
        if len(matches) == 1:
            return matches[0]
        raise DataError(
            f"there is no column {name!r}",
            where=self.source,
            fix=suggestion(str(name), self.full) + "columns: " + ", ".join(self.full),
        )


def time_column(
    table: pd.DataFrame,
    headers: Headers,
    label: str | None,
    groups: Mapping[str, NDArray[np.intp]],
    findings: list[Finding],
) -> str:
    """Column that holds the time: by its name, else the only one that always rises.

    Parameters
    ----------
    table : pandas.DataFrame
    headers : Headers
    label : str, optional
        The column that tells trajectories apart.
    groups : mapping
        Rows of each trajectory.
    findings : list of Finding
        A note is appended.

    Returns
    -------
    str

    Raises
    ------
    DataError
        If no column, or more than one, qualifies.
    """
    lower = {
        headers.short[name].lower().replace(" ", "_"): name
        for name in reversed(headers.full)
        if name != label
    }
    found = next((lower[name] for name in TIME_NAMES if name in lower), None)
    if found is None:
        found = next((lower[n] for n in lower if _TIME_WITH_UNIT.fullmatch(n)), None)
    how = "by its name"
    if found is None:
        how = "as the only one that always rises"
        rising = [
            name for name in headers.full if name != label and _rises(table[name], groups)
        ]
        found = rising[0] if len(rising) == 1 else None
    if found is None:
        raise DataError(
            "which column is the time?",
            where=headers.source,
            fix=f"name it with time= (command line: --time); columns: {', '.join(headers.full)}",
        )
    findings.append(Finding("I-TIME", "info", f"column {found!r}", f"is taken as time, {how}"))
    return found


def numbers(column: pd.Series[Any], name: str, source: str, lines: Any) -> Array:
    """Cells as floats, empty ones as NaN.

    Parameters
    ----------
    column : pandas.Series
    name, source : str
        For the message.
    lines : ndarray of int, optional
        Line number of each row.

    Returns
    -------
    ndarray (n,)

    Raises
    ------
    DataError
        Naming column, row and line of the first cell that is no number.
    """
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf":
        with np.errstate(over="ignore"):
            return np.asarray(column.to_numpy(dtype=float))
    if column.dtype.kind not in "biuf" and (
        column.dtype.kind in "cMm" or not _textual(column)
    ):
        raise DataError(
            f"{column.dtype} values are no real numbers",
            where=f"column {name!r}, {source}",
            fix="convert or drop the column; states= chooses columns",
        )
    parsed = pd.to_numeric(column, errors="coerce")
    lost = np.flatnonzero(parsed.isna().to_numpy() & ~column.isna().to_numpy())
    if len(lost):
        row = int(lost[0])
        line = "" if lines is None else f" (line {lines[row]})"
        repeated = column.nunique() <= max(1, len(column) // 4)
        raise DataError(
            f"{str(column.iloc[row])!r} is not a number",
            where=f"column {name!r}, row {row}{line}, {source}",
            fix=f"if it tells trajectories apart: trajectory={name!r}; else choose columns with "
            "states=" if repeated else "mend the cell; leave it empty if the value is missing",
        )
    return np.asarray(parsed.to_numpy(dtype=float, na_value=np.nan))


def clock(
    column: pd.Series[Any], name: str, source: str, lines: Any, findings: list[Finding]
) -> tuple[Array, str]:
    """Times as floats, and their unit if the column implies one.

    Dates become seconds since the first, days when they are a day or more apart.
    """
    if column.dtype.kind == "m":
        return column.to_numpy() / np.timedelta64(1, "s"), "s"
    if column.dtype.kind not in "biuf" and not isinstance(column.dtype, pd.CategoricalDtype):
        dates = column if column.dtype.kind == "M" else _dates(column, name, source)
        if dates is not None:
            plain = dates.dt.tz_convert(None) if getattr(dates.dt, "tz", None) else dates
            return dates_to_floats(plain.to_numpy(), findings, days=True)
    short = split_unit(name)[0].lower().replace(" ", "_")
    suffix = _TIME_WITH_UNIT.fullmatch(short)
    unit = TIME_NAMES.get(short, "") if suffix is None else suffix[1]
    plural = {"sec": "s", "hours": "h", "days": "day", "years": "year"}
    return numbers(column, name, source, lines), plural.get(unit, unit)


def _dates(column: pd.Series[Any], name: str, source: str) -> pd.Series[Any] | None:
    """The column as dates, or None if it holds none."""
    if pd.to_numeric(column, errors="coerce").notna().any():
        return None
    read = []
    for form in ("ISO8601", *DATE_FORMATS):
        try:
            read.append(pd.to_datetime(column, utc=True, format=form))
        except (ValueError, TypeError, OverflowError):
            continue
    rising = [dates for dates in read if dates.is_monotonic_increasing] or read
    if len(rising) > 1 and not all(rising[0].equals(other) for other in rising[1:]):
        raise DataError(
            f"day and month cannot be told apart in {str(column.iloc[0])!r}",
            where=f"column {name!r}, {source}",
            fix="write dates as 2024-03-31",
        )
    return rising[0] if rising else None


def _rises(column: pd.Series[Any], groups: Mapping[str, NDArray[np.intp]]) -> bool:
    if column.dtype.kind not in "iufM":
        return False
    return all(
        column.iloc[rows].is_monotonic_increasing and column.iloc[rows].is_unique
        for rows in groups.values()
    )


def _textual(column: pd.Series[Any]) -> bool:
    return pd.api.types.infer_dtype(column, skipna=True) in (
        "string", "mixed", "mixed-integer", "floating", "integer", "decimal", "empty", "boolean",
        "mixed-integer-float", "categorical",
    )
