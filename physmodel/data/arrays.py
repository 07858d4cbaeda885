"""Datasets from arrays, with every trap of bare arrays turned into a clear message."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.assembly.assemble import MAX_VALUES, SHORTEST, assemble
from physmodel.data.assembly.missing import NanPolicy
from physmodel.data.assembly.names import found_units, identifiers, renamed_units, split_unit
from physmodel.data.assembly.raw import RawTrajectory
from physmodel.data.values.clock import as_floats, time_axis
from physmodel.data.values.quantities import is_quantity, magnitude_and_unit
from physmodel.errors import DataError
from physmodel.findings import Finding

Array = NDArray[np.float64]
Matrix = tuple[Array, NDArray[np.bool_]]


def from_arrays(
    t: Any,
    x: Any,
    *,
    names: Sequence[str] | None = None,
    inputs: Any = None,
    input_names: Sequence[str] | None = None,
    units: Mapping[str, str] | None = None,
    time_units: str = "",
    nan_policy: NanPolicy = "estimate",
) -> xr.Dataset:
    """Make a dataset from arrays.

    Parameters
    ----------
    t : float, array_like (n,), or list of them
        Times, or a single positive sampling interval. ``datetime64`` becomes seconds since the
        first sample.
    x : array_like (n, d) or (n,), or list of them
        States; a list holds one array per trajectory, of any lengths. Masked values are missing.
    names : sequence of str, optional
        Names of the states, with units in brackets if you like (``"x [m]"``); ``x0, x1, ...``
        by default.
    inputs : array_like (n, m) or (n,), or list of them, optional
        Measured inputs at the same times.
    input_names : sequence of str, optional
        ``u0, u1, ...`` by default.
    units : mapping of str to str, optional
        By name of state or input.
    time_units : str
    nan_policy : {"estimate", "segment", "raise"}
        A sample with a missing value counts as not observed, between samples that were; or cuts
        the trajectory; or is refused. A long run of them cuts in any case.

    Returns
    -------
    xarray.Dataset
        In the shape of `physmodel.data.contract`; nothing given is changed.

    Raises
    ------
    DataError
        If the arrays do not fit together or hold values that cannot be used.
    """
    findings: list[Finding] = []
    if names is None and hasattr(x, "columns"):
        names = [str(column) for column in x.columns]
    (t, clock_unit), (x, x_unit), (inputs, input_unit) = map(_plain, (t, x, inputs))
    each = _per_trajectory(t, x, inputs)
    raw, (n_states, n_inputs), unit = _raw(*each, time_units, clock_unit, findings)
    columns = [
        *_labels(names, "x", n_states, "names"),
        *_labels(input_names, "u", n_inputs, "input_names"),
    ]
    parts = [split_unit(column) for column in columns]
    clean = identifiers([name for name, _ in parts], findings)
    carried = zip([x_unit] * n_states + [input_unit] * n_inputs, parts, strict=True)
    written = [own or in_header for own, (_, in_header) in carried]
    stated = dict(zip(clean, written, strict=True))
    in_headers = found_units(stated, findings)
    return assemble(
        raw,
        clean,
        inputs=clean[n_states:],
        units=in_headers | renamed_units(units, columns, clean),
        time_units=unit,
        nan_policy=nan_policy,
        source="arrays",
        findings=findings,
    )


def _raw(
    times: list[Any],
    blocks: list[Any],
    drives: list[Any],
    time_units: str,
    clock_unit: str,
    findings: list[Finding],
) -> tuple[list[RawTrajectory], tuple[int, int], str]:
    """Trajectories, how many states and inputs they have, and the unit of time."""
    raw: list[RawTrajectory] = []
    n_states, n_inputs, unit = 0, 0, time_units
    for number, (time, block, drive) in enumerate(zip(times, blocks, drives, strict=True)):
        place = f", trajectory {number}" if len(blocks) > 1 else ""
        notes: list[Finding] = []
        values, mask = _matrix(block, f"x{place}", notes)
        axis, found_unit = time_axis(
            time, len(values), values.shape, time_units, f"t{place}", notes
        )
        _check_orientation(values, place)
        unit = time_units or clock_unit or found_unit
        widths = [values.shape[1], 0]
        if drive is not None:
            signals, signal_mask = _matrix(drive, f"inputs{place}", notes)
            if len(signals) != len(values):
                raise DataError(
                    f"{len(signals)} samples of inputs for {len(values)} of states",
                    where=f"inputs{place}",
                    fix="inputs are measured at the times of the states",
                )
            widths[1] = signals.shape[1]
            values, mask = np.hstack([values, signals]), np.hstack([mask, signal_mask])
        if number and widths != [n_states, n_inputs]:
            raise DataError(
                f"{widths[0]} states and {widths[1]} inputs; the first trajectory has {n_states} "
                f"and {n_inputs}",
                where=f"x{place}",
            )
        n_states, n_inputs = widths
        findings += [note for note in notes if note not in findings]
        raw.append(RawTrajectory(str(number), axis, values, mask))
    return raw, (n_states, n_inputs), unit


def _plain(thing: Any) -> tuple[Any, str]:
    """Numbers without the unit that they carry, and that unit."""
    if not isinstance(thing, list | tuple) or not any(map(is_quantity, thing)):
        return magnitude_and_unit(thing)
    unit = next(magnitude_and_unit(item)[1] for item in thing if is_quantity(item))
    return [magnitude_and_unit(item, unit)[0] for item in thing], unit


def _per_trajectory(t: Any, x: Any, inputs: Any) -> tuple[list[Any], list[Any], list[Any]]:
    """One time axis, one array of states, one of inputs for each trajectory."""
    if not _is_list_of_arrays(t, x):
        return [t], [x], [inputs]
    blocks = list(x)
    if not isinstance(t, list | tuple):
        times = [t] * len(blocks)
    elif len(t) == len(blocks) or (t and np.ndim(t[0])):
        times = list(t)
    else:
        times = [t] * len(blocks)
    if inputs is None:
        drives = [None] * len(blocks)
    else:
        drives = list(inputs) if isinstance(inputs, list | tuple) else [inputs] * len(blocks)
    if not len(blocks) == len(times) == len(drives):
        raise DataError(
            f"{len(times)} time axes, {len(blocks)} arrays of states, {len(drives)} of inputs",
            where="t, x, inputs",
            fix="give one of each per trajectory",
        )
    return times, blocks, drives


def _is_list_of_arrays(t: Any, x: Any) -> bool:
    if not isinstance(x, list | tuple) or not len(x):
        return False
    if not isinstance(x[0], np.ndarray):
        return _depth(x[0]) >= 2
    # A list of n rows with n times is one trajectory.
    is_rows = x[0].ndim == 1 and _depth(t) == 1 and len(t) == len(x) and len(x[0]) != len(x)
    return not is_rows


def _depth(nested: Any) -> int:
    if isinstance(nested, list | tuple):
        return 1 + (_depth(nested[0]) if len(nested) else 0)
    return int(getattr(nested, "ndim", 0))


def _matrix(block: Any, where: str, findings: list[Finding]) -> Matrix:
    """Samples in rows, and what is masked; always a copy."""
    try:
        with warnings.catch_warnings():
            # A list may hold masked numbers, which numpy turns into NaN, as is right.
            warnings.simplefilter("ignore", UserWarning)
            array = block if isinstance(block, np.ma.MaskedArray) else np.asarray(block)
    except (ValueError, TypeError) as error:
        raise DataError(
            f"this is no rectangular array: {error}",
            where=where,
            fix="trajectories of unequal length come as a list of arrays",
        ) from None
    if array.ndim not in (1, 2) or not array.size:
        raise DataError(
            f"the shape is {array.shape}",
            where=where,
            fix="one array (samples, states) per trajectory: list(x)"
            if array.ndim == 3
            else "samples in rows, states in columns",
        )
    if array.size > MAX_VALUES:
        raise DataError(
            f"{array.size} values; the limit is {MAX_VALUES}",
            where=where,
            fix="thin the samples, or analyse a part",
        )
    mask = np.array(np.ma.getmaskarray(array))
    values = as_floats(np.asarray(np.ma.getdata(array)), where).copy()
    if array.dtype.kind in "iu":
        findings.append(Finding("I-CAST", "info", where, f"{array.dtype} values became float64"))
    if values.ndim == 1:
        findings.append(Finding("I-ONE-STATE", "info", where, "one-dimensional: one column"))
        values, mask = values[:, None], mask[:, None]
    values[mask] = np.nan
    return values, mask


def _check_orientation(values: Array, place: str) -> None:
    rows, columns = values.shape
    if (columns > rows and rows >= SHORTEST) or columns >= SHORTEST > rows:
        raise DataError(
            f"{columns} states and only {rows} samples",
            where=f"x{place}",
            fix="if x is transposed pass x.T: samples in rows, states in columns",
        )


def _labels(names: Sequence[str] | None, letter: str, n: int, field: str) -> list[str]:
    if names is None:
        return [f"{letter}{k}" for k in range(n)]
    if isinstance(names, str) or len(names) != n:
        count = 1 if isinstance(names, str) else len(names)
        raise DataError(
            f"{count} names for {n} columns", where=field, fix=f"{field}=[...] with {n} names"
        )
    return [str(name) for name in names]
