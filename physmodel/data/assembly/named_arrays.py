"""Named arrays, as MATLAB and NumPy save them, to a table with one row per sample."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from physmodel.data.assembly.columns import TIME_NAMES, TIME_WITH_UNIT
from physmodel.data.values.clock import time_axis
from physmodel.data.values.quantities import magnitude_and_unit
from physmodel.errors import DataError
from physmodel.findings import Finding


def table_of_arrays(
    arrays: Mapping[Any, Any],
    time: str | None,
    wanted: Collection[str],
    source: str,
    findings: list[Finding],
) -> pd.DataFrame:
    """Arrays of equal length as columns; of two dimensions ``x`` becomes ``x1``, ``x2``, ...

    Parameters
    ----------
    arrays : mapping
        Single numbers are left out.
    time : str, optional
        Which array holds the times; guessed from its name when it is not given.
    wanted : collection of str
        Arrays, or columns of them, that the user names; all by default.
    source : str
    findings : list of Finding
        A note is appended for an array with samples in columns.

    Raises
    ------
    DataError
        If the shapes do not fit together; the message lists them.
    """
    plain: dict[str, NDArray[Any]] = {}
    units: dict[str, str] = {}
    for key, value in arrays.items():
        name = str(key)
        magnitude, units[name] = magnitude_and_unit(value)
        array = _array(magnitude, name, source)
        if array.size > 1:
            plain[name] = array
    clock = time if time in plain else _clock(plain)
    if wanted:
        plain = {n: a for n, a in plain.items() if n == clock or _asked(n, a, wanted)}
    lengths = {len(array) for array in plain.values()}
    n = len(plain[clock]) if clock else lengths.pop() if len(lengths) == 1 else 0
    columns: dict[str, NDArray[Any]] = {}
    for name, array in plain.items():
        if array.ndim == 2 and array.shape[1] == n != array.shape[0]:
            text = f"shape {array.shape}: samples are taken from its columns"
            findings.append(Finding("I-TRANSPOSED", "info", name, text))
            array = array.T
        if array.ndim > 2 or len(array) != n or array.shape == (n, n):
            _refuse(plain, source)
        unit = f" [{units[name]}]" if units[name] else ""
        pieces = {f"{name}{k + 1}": part for k, part in enumerate(array.T)}
        for column, part in (pieces if array.ndim == 2 else {name: array}).items():
            columns[column + unit] = part
    if not columns:
        _refuse({str(name): np.asarray(value) for name, value in arrays.items()}, source)
    return pd.DataFrame(columns)


def with_times(frame: pd.DataFrame, time: Any, trajectory: str | None, source: str) -> pd.DataFrame:
    """A table with times that stand outside it: an array, or the step from row to row.

    Raises
    ------
    DataError
        If the times do not fit, or the table has a column for them.
    """
    taken = [str(name) for name in frame.columns if str(name).lower() in ("t", "time")]
    if taken:
        raise DataError(
            f"times are given, and the table has a column {taken[0]!r}",
            where=source,
            fix=f"time={taken[0]!r}, or drop that column",
        )
    given, unit = magnitude_and_unit(time)
    axis: Any
    axis, own = time_axis(given, len(frame), frame.shape, unit, "time", [])
    if np.ndim(given) == 0 and trajectory is not None:
        axis = float(given) * frame.groupby(trajectory).cumcount().to_numpy()
    label = f"time [{unit or own}]" if unit or own else "time"
    timed = frame.reset_index(drop=True).assign(**{label: axis})
    timed.attrs = frame.attrs
    return timed


def _array(value: Any, name: str, source: str) -> NDArray[Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a list may hold masked numbers
            masked = np.ma.getmaskarray(value) if isinstance(value, np.ma.MaskedArray) else None
            array = np.asarray(np.ma.getdata(value) if masked is not None else value)
    except ValueError as error:
        raise DataError(
            f"this is no rectangular array: {error}", where=f"{name!r}, {source}"
        ) from None
    if masked is not None and masked.any():
        array = np.where(masked, np.nan, array)
    if array.dtype.byteorder not in "=|":
        array = array.astype(array.dtype.newbyteorder("="))
    # MATLAB has no arrays of one dimension.
    return array.ravel() if array.ndim == 2 and 1 in array.shape else array


def _clock(arrays: Mapping[str, NDArray[Any]]) -> str | None:
    lower = {name.lower(): name for name, array in [*arrays.items()][::-1] if array.ndim == 1}
    timed = [name for name in lower if TIME_WITH_UNIT.fullmatch(name)]
    return next((lower[name] for name in (*TIME_NAMES, *timed) if name in lower), None)


def _asked(name: str, array: NDArray[Any], wanted: Collection[str]) -> bool:
    columns = {f"{name}{k + 1}" for k in range(array.shape[1])} if array.ndim == 2 else set()
    return name in wanted or not columns.isdisjoint(wanted)


def _refuse(arrays: Mapping[str, NDArray[Any]], source: str) -> None:
    shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
    raise DataError(
        f"these arrays do not make a table: {shapes}",
        where=source,
        why="every array needs one value, or one row of values, per sample",
        fix="choose those that belong together with states= (command line: --states), and name "
        "the time with time= (--time)",
    )
