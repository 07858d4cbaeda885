"""Wide tables: records side by side, as ``x (run 1)``, ``x (run 2)``, or each with its time."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from physmodel.data.assembly.columns import TIME_NAMES
from physmodel.data.assembly.names import split_unit
from physmodel.errors import DataError
from physmodel.findings import Finding

_RUN = (
    r"(?:runs?|trials?|records?|reps?|repeats?|repetitions?|replicates?|experiments?"
    r"|trajector(?:y|ies)|traj|shots?)"
)
#: How headers name the record that a column belongs to.
_MARKS = (
    re.compile(rf"(?P<name>.+?)\s*[(\[]\s*(?P<run>{_RUN}[ _#.-]*\w+)\s*[)\]]", re.IGNORECASE),
    re.compile(rf"(?P<name>.+?)[ _.-]+(?P<run>{_RUN}[ _#.-]*\d+)", re.IGNORECASE),
    re.compile(rf"(?P<run>{_RUN}[ _#.-]*\d+)[ _.:-]+(?P<name>.+)", re.IGNORECASE),
)
#: One quantity, whose name stands nowhere.
_ONLY_RUN = re.compile(rf"{_RUN}[ _#.-]*\d+", re.IGNORECASE)
_NUMBERED = re.compile(r"(?P<name>.*?[^\W\d])(?P<mark>[ _.#-]?)(?P<run>\d+)")


def repeated_header(names: Sequence[str]) -> list[str]:
    """Headers of blocks that repeat, each with a time, told apart by the number of the run."""
    for width in range(2, len(names) // 2 + 1):
        block = list(names[:width])
        times = len(names) // width
        if list(names) == block * times and len(set(block)) == width and any(map(is_time, block)):
            return [f"{name} (run {k + 1})" for k in range(times) for name in block]
    return list(names)


def is_time(header: str) -> bool:
    """Whether a header names the time."""
    return split_unit(header)[0].lower().replace(" ", "_") in TIME_NAMES


def unstacked(
    table: pd.DataFrame, asked: Collection[str], only: bool, source: str, findings: list[Finding]
) -> tuple[pd.DataFrame, str | None]:
    """Records that stand side by side, one below the other.

    Parameters
    ----------
    table : pandas.DataFrame
    asked : collection of str
        Columns that the user names; if one of them belongs to a single record the table is
        taken as it is.
    only : bool
        Whether no other column is wanted.
    source : str
    findings : list of Finding
        Notes are appended.

    Returns
    -------
    table : pandas.DataFrame
        The same table if there are no such records. ``attrs["rows"]`` and ``attrs["lines"]`` say
        where each row comes from.
    trajectory : str or None
        The column that tells the records apart.

    Raises
    ------
    DataError
        If a record lacks a column that others have.
    """
    names = [str(name) for name in table.columns]
    if len(set(names)) < len(names):
        return table, None
    runs, shared = _marked(names)
    if not runs:
        runs, shared = _with_own_time(names), []
    if not runs or set(asked) & {full for columns in runs.values() for full in columns.values()}:
        _hint(names, findings)
        return table, None
    every = list(dict.fromkeys(name for columns in runs.values() for name in columns))
    if only:
        every = [n for n in every if is_time(n) or n in asked or split_unit(n)[0] in asked]
    for run, columns in runs.items():
        lost = [name for name in every if name not in columns]
        if lost:
            raise DataError(
                f"{', '.join(lost)} is not given for {run!r}, as for other records",
                where=source,
                fix="give every record the same columns, or choose columns with states= "
                "(command line: --states)",
            )
    told = f"columns such as {next(iter(next(iter(runs.values())).values()))!r} are"
    listed = ", ".join(name for name in every if not is_time(name))
    findings.append(Finding("I-WIDE", "info", source, f"{told} {len(runs)} records of {listed}"))
    label = "trajectory" if "trajectory" not in every + shared else "record of the table"
    return _stacked(table.set_axis(names, axis=1), runs, every, shared, label), label


def _stacked(
    table: pd.DataFrame,
    runs: Mapping[str, Mapping[str, str]],
    own: Sequence[str],
    shared: Sequence[str],
    label: str,
) -> pd.DataFrame:
    lines = table.attrs.get("lines")
    table.attrs = {}  # pandas compares them when it joins tables
    parts, rows = [], []
    for run, columns in runs.items():
        part = table[[columns[name] for name in own]].set_axis([*own], axis=1)
        alive = np.flatnonzero(part.notna().any(axis=1))
        # Where a record is shorter than others its columns end in empty cells.
        used = np.arange(int(alive[-1]) + 1 if len(alive) else 0)
        common = {name: table[name].iloc[used] for name in shared}
        parts.append(part.iloc[used].assign(**common, **{label: run}))
        rows.append(used)
    long = pd.concat(parts, ignore_index=True)
    where = np.concatenate(rows)
    long.attrs = {"rows": where} | ({} if lines is None else {"lines": np.asarray(lines)[where]})
    return long


def _marked(names: Sequence[str]) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Columns by record and bare name, and those of all records."""
    runs: dict[str, dict[str, str]] = {}
    shared = []
    for full in names:
        bare, unit = split_unit(full)
        if _ONLY_RUN.fullmatch(full):
            runs.setdefault(full, {})["x"] = full
            continue
        match = next((m for form in _MARKS if (m := form.fullmatch(full))), None)
        suffix = ""
        if match is None:
            match = next((m for form in _MARKS if (m := form.fullmatch(bare))), None)
            suffix = f" [{unit}]" if unit else ""
        if match is None:
            shared.append(full)
        else:
            runs.setdefault(match["run"].strip(), {})[match["name"].strip() + suffix] = full
    several = len(runs) > 1
    return (runs, shared) if several else ({}, list(names))


def _with_own_time(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Columns by number and bare name, where every number has a time of its own."""
    runs: dict[str, dict[str, str]] = {}
    copies = any(name.endswith(".1") for name in names)
    for full in names:
        bare, unit = split_unit(full)
        match = _NUMBERED.fullmatch(bare)
        if match is None and not copies:
            return {}
        # Pandas calls the copies of a header x, x.1, x.2.
        name, run = (bare, "0") if match is None else (match["name"], match["run"])
        runs.setdefault(run, {})[name + (f" [{unit}]" if unit else "")] = full
    timed = all(sum(map(is_time, columns)) == 1 for columns in runs.values())
    alike = len({frozenset(columns) for columns in runs.values()}) == 1
    return runs if len(runs) > 1 and timed and alike else {}


def _hint(names: Sequence[str], findings: list[Finding]) -> None:
    """Say what to do if numbered columns are repeats; they may as well be different states."""
    stems: dict[str, list[str]] = {}
    for full in names:
        match = _NUMBERED.fullmatch(split_unit(full)[0])
        if match is not None and match["mark"]:
            stems.setdefault(match["name"], []).append(full)
    several = [columns for columns in stems.values() if len(columns) > 1]
    if several and len({len(columns) for columns in several}) == 1:
        shown = ", ".join(several[0][:3])
        stem = next(name for name, columns in stems.items() if columns == several[0])
        findings.append(
            Finding(
                "I-WIDE",
                "info",
                shown,
                "are taken as different quantities",
                f"if they repeat one, name them {stem} (run 1), {stem} (run 2), ...",
            )
        )
