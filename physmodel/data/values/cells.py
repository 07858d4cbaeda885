"""Cells of a table: numbers, missing values, dates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from physmodel.data.assembly.columns import TIME_NAMES, TIME_WITH_UNIT
from physmodel.data.assembly.names import split_unit
from physmodel.data.values.clock import dates_to_floats
from physmodel.data.values.numerals import without_missing
from physmodel.data.values.zones import check_zones
from physmodel.errors import DataError
from physmodel.findings import Finding

Array = NDArray[np.float64]

#: Date formats beside ISO 8601; day before month and the reverse are told apart by the data.
DATE_FORMATS = (
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%d.%m.%y %H:%M",
    "%d.%m.%y",
    "%d/%m/%y %H:%M",
    "%m/%d/%y %H:%M",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d %b %Y",
    "%b %d, %Y",
)


_CLOCK = r"\d{1,2}:\d{2}:\d{2}(\.\d+)?"


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
    if column.dtype.kind not in "biuf" and (column.dtype.kind in "cMm" or not _textual(column)):
        raise DataError(
            f"{column.dtype} values are no real numbers",
            where=f"column {name!r}, {source}",
            fix="convert or drop the column; states= (command line: --states) chooses columns",
        )
    column = without_missing(column)
    parsed = pd.to_numeric(column, errors="coerce")
    lost = np.flatnonzero(parsed.isna().to_numpy() & ~column.isna().to_numpy())
    if len(lost):
        row = int(lost[0])
        line = "" if lines is None else f" (line {lines[row]})"
        repeated = column.astype(str).nunique() <= max(1, len(column) // 4)
        raise DataError(
            f"{str(column.iloc[row])!r} is not a number",
            where=f"column {name!r}, row {row}{line}, {source}",
            fix=f"if it tells trajectories apart: trajectory={name!r} (command line: "
            f"--trajectory {name}); else choose columns with states= (--states)"
            if repeated
            else "mend the cell; leave it empty if the value is missing",
        )
    return np.asarray(parsed.to_numpy(dtype=float, na_value=np.nan))


def clock(
    column: pd.Series[Any], name: str, source: str, lines: Any, findings: list[Finding]
) -> tuple[Array, str]:
    """Times as floats, and their unit if the column implies one.

    Dates become seconds since the first, days when they are a day or more apart; times of day
    become seconds since midnight.
    """
    if column.dtype.kind not in "biufcMm" and column.astype(str).str.fullmatch(_CLOCK).all():
        column = pd.to_timedelta(column)
    if column.dtype.kind == "m":
        return column.to_numpy() / np.timedelta64(1, "s"), "s"
    if column.dtype.kind in "iu" and split_unit(name)[0].lower().startswith("date"):
        # Compact ISO 8601, 20240331; anything else under that name is a plain number.
        days = pd.to_datetime(column.astype(str), format="%Y%m%d", errors="coerce")
        column = days if days.notna().all() else column
    if column.dtype.kind not in "biuf" and not isinstance(column.dtype, pd.CategoricalDtype):
        if column.dtype.kind == "M":
            dates: pd.Series[Any] | None = column
        else:
            dates = _dates(column, name, source, lines, findings)
        if dates is not None:
            plain = dates.dt.tz_convert(None) if getattr(dates.dt, "tz", None) else dates
            return dates_to_floats(plain.to_numpy(), findings, days=True)
    short = split_unit(name)[0].lower().replace(" ", "_")
    suffix = TIME_WITH_UNIT.fullmatch(short)
    unit = TIME_NAMES.get(short, "") if suffix is None else suffix[1]
    plural = {"sec": "s", "hours": "h", "days": "day", "years": "year"}
    return numbers(column, name, source, lines), plural.get(unit, unit)


def _dates(
    column: pd.Series[Any], name: str, source: str, lines: Any, findings: list[Finding]
) -> pd.Series[Any] | None:
    """The column as dates, or None if it holds none."""
    if pd.to_numeric(column, errors="coerce").notna().any():
        return None
    check_zones(column, f"column {name!r}, {source}", findings)
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
    if not rising:
        _check_mostly_dates(column, name, source, lines)
        return None
    return rising[0]


def _check_mostly_dates(column: pd.Series[Any], name: str, source: str, lines: Any) -> None:
    """Name the cell that is no date where most cells are."""
    for form in ("ISO8601", *DATE_FORMATS):
        read = pd.to_datetime(column, utc=True, format=form, errors="coerce")
        if read.notna().sum() > len(column) // 2:
            row = int(np.flatnonzero((read.isna() & column.notna()).to_numpy())[0])
            line = "" if lines is None else f" (line {lines[row]})"
            raise DataError(
                f"{str(column.iloc[row])!r} is not a date",
                where=f"column {name!r}, row {row}{line}, {source}",
                fix=f"write it like {str(column[read.notna()].iloc[0])!r}",
            )


def _textual(column: pd.Series[Any]) -> bool:
    return pd.api.types.infer_dtype(column, skipna=True) in (
        "string",
        "mixed",
        "mixed-integer",
        "floating",
        "integer",
        "decimal",
        "empty",
        "boolean",
        "mixed-integer-float",
        "categorical",
    )
