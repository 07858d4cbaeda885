"""Tables with one row per sample: DataFrames, and through them files of many formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.assembly.assemble import MAX_VALUES, assemble
from physmodel.data.assembly.columns import Headers, time_column
from physmodel.data.assembly.missing import NanPolicy
from physmodel.data.assembly.names import found_units, identifiers, renamed_units
from physmodel.data.assembly.raw import RawTrajectory
from physmodel.data.assembly.wide import unstacked
from physmodel.data.limits import require_few
from physmodel.data.values.cells import clock, numbers
from physmodel.data.values.numerals import settle_numerals
from physmodel.data.values.quantities import plain_frame
from physmodel.errors import DataError
from physmodel.findings import Finding

Array = NDArray[np.float64]


def from_frame(
    frame: pd.DataFrame,
    *,
    time: str | None = None,
    trajectory: str | None = None,
    inputs: Sequence[str] = (),
    states: Sequence[str] | None = None,
    units: Mapping[str, str] | None = None,
    time_units: str | None = None,
    nan_policy: NanPolicy = "estimate",
    source: str = "table",
    notes: Sequence[Finding] = (),
) -> xr.Dataset:
    """Make a dataset from a table; see `physmodel.data.open.open`.

    Parameters
    ----------
    frame : pandas.DataFrame
    time, trajectory : str, optional
        Columns; the time is guessed when it is not named.
    inputs, states : sequence of str
        Columns; every other column is a state by default.
    units : mapping of str to str, optional
    time_units : str, optional
    nan_policy : {"estimate", "segment", "raise"}
    source : str
    notes : sequence of Finding
        What was noticed before the table was made.

    Raises
    ------
    DataError
        Naming column, row and, for text files, line.
    """
    if frame.size > MAX_VALUES:
        raise DataError(f"{frame.size} cells; the limit is {MAX_VALUES}", where=source)
    findings = [*notes, *(n for n in frame.attrs.get("notes", ()) if isinstance(n, Finding))]
    table = plain_frame(_flat(frame, findings))
    if not len(table):
        raise DataError("the table has no rows", where=source)
    if trajectory is None:
        asked = [*_listed(inputs, "inputs"), *_listed(states, "states"), *([time] if time else [])]
        table, trajectory = unstacked(table, asked, bool(states), source, findings)
    table = settle_numerals(table, source, findings)
    headers = Headers.of(table, source)
    label = None if trajectory is None else headers.find(trajectory)
    groups = _groups(table[label], source) if label else {"0": np.arange(len(table))}
    axis = (
        time_column(table, headers, label, groups, findings) if time is None else headers.find(time)
    )
    chosen, drives = _chosen(headers, (axis, label), inputs, states)
    wanted = [*chosen, *drives]
    raw, unit = _trajectories(table, groups, axis, wanted, source, findings)
    short = identifiers([headers.short[name] for name in wanted], findings)
    stated = {new: headers.unit[name] for name, new in zip(wanted, short, strict=True)}
    given = found_units(stated, findings)
    given |= renamed_units(units, [headers.short[name] for name in wanted], short)
    if time_units is None:
        time_units = found_units({"time": headers.unit[axis]}, findings)["time"] or unit
    return assemble(
        raw,
        short,
        inputs=short[len(chosen) :],
        units=given,
        time_units=time_units,
        nan_policy=nan_policy,
        source=source,
        findings=findings,
    )


def _chosen(
    headers: Headers,
    taken: Sequence[str | None],
    inputs: Sequence[str],
    states: Sequence[str] | None,
) -> tuple[list[str], list[str]]:
    """Columns of states and of inputs; time and trajectory are taken."""
    drives = [headers.find(name) for name in _listed(inputs, "inputs")]
    chosen = (
        [headers.find(name) for name in _listed(states, "states")]
        if states
        else [name for name in headers.full if name not in {*taken, *drives}]
    )
    if not chosen:
        raise DataError("no columns are left to model", where=headers.source)
    wanted = [*chosen, *drives]
    require_few(len(wanted), headers.source)
    for name in wanted:
        if wanted.count(name) > 1 or name in taken:
            raise DataError(
                f"the column {name!r} is asked for twice",
                where=headers.source,
                fix="a column is the time, the trajectory, a state or an input",
            )
    return chosen, drives


def _trajectories(
    table: pd.DataFrame,
    groups: Mapping[str, NDArray[np.intp]],
    axis: str,
    wanted: Sequence[str],
    source: str,
    findings: list[Finding],
) -> tuple[list[RawTrajectory], str]:
    """Numbers of each trajectory, and the unit of time that the cells imply."""
    lines, origin = table.attrs.get("lines"), table.attrs.get("rows")
    values = np.column_stack([numbers(table[name], name, source, lines) for name in wanted])
    times, unit = clock(table[axis], axis, source, lines, findings)
    masked = np.zeros(values.shape, dtype=bool)
    raw = [
        RawTrajectory(
            key,
            times[rows],
            values[rows],
            masked[rows],
            rows if origin is None else np.asarray(origin)[rows],
            None if lines is None else np.asarray(lines)[rows],
        )
        for key, rows in groups.items()
    ]
    return raw, unit


def _listed(names: Sequence[str] | None, field: str) -> Sequence[str]:
    if isinstance(names, str):
        raise DataError(f"{field} is {names!r}", fix=f"a list: {field}=[{names!r}]")
    return names or ()


def _flat(frame: pd.DataFrame, findings: list[Finding]) -> pd.DataFrame:
    """A plain table: an index that carries something becomes a column, a counter is dropped."""
    table = frame
    if isinstance(table.columns, pd.MultiIndex):
        flat = ["_".join(str(part) for part in key if str(part)) for key in table.columns]
        table = table.set_axis(flat, axis=1)
    if isinstance(table.index, pd.PeriodIndex):
        table = table.set_axis(table.index.to_timestamp())
    if isinstance(table.index, pd.MultiIndex):
        levels = enumerate(table.index.names)
        table = table.rename_axis([f"level_{k}" if name is None else name for k, name in levels])
    elif table.index.name is None:
        dated = isinstance(table.index, pd.DatetimeIndex | pd.TimedeltaIndex)
        if dated or table.index.dtype.kind == "f":
            table = table.rename_axis("time" if dated else "index")
    named = [name for name in table.index.names if name is not None]
    if named and not {*map(str, named)} & {*map(str, table.columns)}:
        table = table.reset_index()
    table = _without_empty_rows(table.reset_index(drop=True), frame.attrs.get("lines"))
    for name in table.columns:
        if str(name) != "" and not str(name).startswith("Unnamed:"):
            continue
        column = table[name]
        counter = column.dtype.kind in "iu" and bool((np.diff(column.to_numpy()) == 1).all())
        if counter or bool(column.isna().all()):
            table = table.drop(columns=[name])
            text = ("a row counter" if counter else "an empty column") + ", left out"
            findings.append(Finding("I-DROPPED", "info", "column without name", text))
    return table


def _without_empty_rows(table: pd.DataFrame, lines: Any) -> pd.DataFrame:
    """Rows in which something stands; spreadsheets end in rows of nothing."""
    empty = table.isna().all(axis=1).to_numpy()
    table.attrs = {} if lines is None else {"lines": np.asarray(lines)}
    if empty.any():
        rows = np.flatnonzero(~empty)
        table = table.iloc[rows].reset_index(drop=True)
        table.attrs = {"rows": rows} | ({} if lines is None else {"lines": np.asarray(lines)[rows]})
    return table


def _groups(column: pd.Series[Any], source: str) -> dict[str, NDArray[np.intp]]:
    try:
        codes, labels = pd.factorize(column)
    except TypeError:
        raise DataError(
            "these are no labels of trajectories", where=f"column {column.name!r}, {source}"
        ) from None
    missing = np.flatnonzero(codes < 0)
    if len(missing):
        raise DataError(
            "the trajectory is missing", where=f"column {column.name!r}, row {missing[0]}, {source}"
        )
    order = np.argsort(codes, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    return {_text(label): part for label, part in zip(labels, parts, strict=True)}


def _text(label: Any) -> str:
    whole = isinstance(label, float) and label.is_integer()
    return str(int(label)) if whole else str(label)
