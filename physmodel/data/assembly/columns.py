"""Columns of a table: their names, and which one is the time."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from physmodel.data.assembly.names import split_unit
from physmodel.errors import DataError
from physmodel.findings import Finding
from physmodel.problem.algebra.parser import suggestion

Array = NDArray[np.float64]

#: Headers that are taken for the time, in order of preference, with the unit that they imply.
TIME_NAMES = {
    "time": "",
    "t": "",
    "times": "",
    "datetime": "",
    "timestamp": "",
    "date": "",
    "epoch": "s",
    "elapsed": "",
    "seconds": "s",
    "second": "s",
    "sec": "s",
    "minutes": "min",
    "hours": "h",
    "hour": "h",
    "days": "day",
    "day": "day",
    "jd": "day",
    "mjd": "day",
    "month": "month",
    "months": "month",
    "years": "year",
    "year": "year",
}

#: ``time_s`` and the like carry their unit.
_DATE = re.compile(r"\d{1,4}([-./])\d{1,2}\1\d{1,4}(?!\d)")

TIME_WITH_UNIT = re.compile(r"(?:t|time)_(s|sec|ms|us|ns|min|h|hours|day|days|year|years)")


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
        for name, times in Counter(full).items():
            if times > 1:
                raise DataError(
                    f"the column {name!r} occurs {times} times",
                    where=source,
                    fix="give every column its own name",
                )
        table.columns = pd.Index(full)
        parts = {name: split_unit(name) for name in full}
        bare = Counter(name for name, _ in parts.values())
        # ``x (raw)`` and ``x (smooth)`` differ in what stands in brackets only.
        parts |= {n: (n, unit) for n, (name, unit) in parts.items() if bare[name] > 1}
        return cls(
            full,
            {name: part[0] for name, part in parts.items()},
            {name: part[1] for name, part in parts.items()},
            source,
        )

    def find(self, name: str) -> str:
        """Full name of a column given by its full or short name."""
        name = str(name)  # pandas labels columns with numbers, too
        if name in self.full:
            return name
        same = unicodedata.normalize("NFKC", name)  # accents are written in two ways
        matches = [
            full
            for full in self.full
            if same in (unicodedata.normalize("NFKC", each) for each in (full, self.short[full]))
        ]
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
    """Column that holds the time: by its name, else the only dates, else the only one that rises.

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
        found = next((lower[n] for n in lower if TIME_WITH_UNIT.fullmatch(n)), None)
    how = "by its name"
    if found is None:
        how = "as the only one with dates or durations"
        dated = [name for name in headers.full if name != label and _dated(table[name])]
        found = dated[0] if len(dated) == 1 else None
    if found is None:
        how = "as the only one that always rises"
        rising = [name for name in headers.full if name != label and _rises(table[name], groups)]
        found = rising[0] if len(rising) == 1 else None
    if found is None:
        raise DataError(
            "which column is the time?",
            where=headers.source,
            fix=f"name it with time= (command line: --time); columns: {', '.join(headers.full)}",
        )
    findings.append(Finding("I-TIME", "info", f"column {found!r}", f"is taken as time, {how}"))
    return found


def _dated(column: pd.Series[Any]) -> bool:
    if column.dtype.kind in "biufc" or isinstance(column.dtype, pd.CategoricalDtype):
        return False
    return column.dtype.kind in "Mm" or bool(len(column) and _DATE.match(str(column.iloc[0])))


def _rises(column: pd.Series[Any], groups: Mapping[str, NDArray[np.intp]]) -> bool:
    if column.dtype.kind not in "iuf":
        return False
    return all(
        column.iloc[rows].is_monotonic_increasing and column.iloc[rows].is_unique
        for rows in groups.values()
    )
