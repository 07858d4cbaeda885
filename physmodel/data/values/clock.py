"""Time axes of every kind to floats: intervals, numbers, calendar dates."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.data.values.zones import check_zones
from physmodel.errors import DataError
from physmodel.findings import Finding

Array = NDArray[np.float64]

DAY = 86_400.0


def time_axis(
    time: Any,
    n: int,
    shape: tuple[int, ...],
    unit: str,
    where: str,
    findings: list[Finding],
) -> tuple[Array, str]:
    """Times as floats.

    Parameters
    ----------
    time : float or array_like (n,)
        A positive sampling interval, times, or ``datetime64``, which becomes seconds since the
        first sample.
    n : int
        Number of samples expected.
    shape : tuple of int
        Shape of the states, for the message.
    unit : str
    where : str
    findings : list of Finding
        Notes are appended.

    Returns
    -------
    time : ndarray (n,)
        NaN where the time is missing.
    unit : str

    Raises
    ------
    DataError
        If these are no times, or not `n` of them.
    """
    given = time if isinstance(time, np.ma.MaskedArray) else _array(time, where, findings)
    raw = np.asarray(np.ma.getdata(given))
    if raw.ndim == 0:
        step = float(as_floats(raw, "t"))
        if not np.isfinite(step) or step <= 0.0:
            raise DataError(
                f"the sampling interval is {step:g}", where="t", fix="give a positive number"
            )
        return np.asarray(step * np.arange(n), dtype=np.float64), unit
    if raw.ndim != 1 or len(raw) != n:
        transposed = len(shape) == 2 and raw.ndim == 1 and shape[1] == len(raw)
        raise DataError(
            f"time has shape {raw.shape} and the states have shape {shape}",
            where=where,
            fix="x looks transposed: pass x.T, with samples in rows"
            if transposed
            else "give one time per row of x",
        )
    missing = np.ma.getmaskarray(given)
    if raw.dtype.kind == "M":
        return dates_to_floats(np.where(missing, np.datetime64("NaT"), raw), findings)
    if raw.dtype.kind == "m":
        seconds = raw / np.timedelta64(1, "s")
        return np.asarray(np.where(missing, np.nan, seconds), dtype=np.float64), "s"
    axis = as_floats(raw, "time").copy()
    axis[missing] = np.nan
    return axis, unit


def dates_to_floats(
    dates: NDArray[Any], findings: list[Finding], *, days: bool = False
) -> tuple[Array, str]:
    """Calendar times as seconds since the first.

    Parameters
    ----------
    dates : ndarray of datetime64 (n,)
    findings : list of Finding
        A note with the first date is appended.
    days : bool
        Count in days when the samples are a day or more apart.

    Returns
    -------
    time : ndarray (n,)
        NaN where a date is missing.
    unit : str
        ``"s"`` or ``"day"``.
    """
    # Nanoseconds would overflow before 1678 and after 2262, as microseconds do not.
    stamps = dates.astype("datetime64[us]" if dates.dtype.name[11:13] != "ns" else "datetime64[ns]")
    known = stamps[~np.isnat(stamps)]
    if not len(known):
        raise DataError("every date is missing", where="time")
    seconds = (stamps - known[0]) / np.timedelta64(1, "s")
    typical = float(np.nanmedian(np.abs(np.diff(seconds)))) if len(known) == len(stamps) > 1 else 0
    by_day = days and typical >= DAY
    unit = "day" if by_day else "s"
    findings.append(
        Finding("I-DATES", "info", "time", f"dates became {unit} since {str(known[0])[:19]}")
    )
    return np.asarray(seconds / DAY if by_day else seconds, dtype=float), unit


def as_floats(values: NDArray[Any], where: str) -> Array:
    """Real numbers of any type as float64.

    Parameters
    ----------
    values : ndarray
    where : str
        For the message.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    DataError
        For complex numbers, text, objects and dates.
    """
    if values.dtype.kind in "biuf":
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(values, dtype=float)
    kinds = {
        "c": ("complex numbers", "pass the real and the imaginary part as two columns"),
        "O": ("Python objects", "convert to numbers first, x.astype(float)"),
        "U": ("text", "convert to numbers first, x.astype(float)"),
        "S": ("text", "convert to numbers first, x.astype(float)"),
        "M": ("dates", "dates can only be the time"),
        "m": ("durations", "divide by a unit, x / np.timedelta64(1, 's')"),
    }
    kind, fix = kinds.get(values.dtype.kind, ("not numbers", "pass real numbers"))
    raise DataError(
        f"dtype {values.dtype} ({kind}) cannot be modelled; real numbers can", where=where, fix=fix
    )


def _array(time: Any, where: str, findings: list[Finding]) -> NDArray[Any]:
    try:
        with warnings.catch_warnings():
            # A list may hold masked numbers, which numpy turns into NaN, as is right.
            warnings.simplefilter("ignore", UserWarning)
            array = np.asarray(time)
        if array.dtype.kind == "O" and array.size and hasattr(array.flat[0], "isoformat"):
            check_zones(array.flat, where, findings)
            return np.array(
                [
                    np.datetime64(stamp.replace(tzinfo=None) - (stamp.utcoffset() or _ZERO), "us")
                    if hasattr(stamp, "utcoffset")
                    else np.datetime64(stamp, "us")
                    for stamp in array.flat
                ]
            ).reshape(array.shape)
        if array.dtype.kind == "O" and array.size and hasattr(array.flat[0], "total_seconds"):
            return array.astype("timedelta64[us]")
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(f"these are no times: {error}", where="time") from None
    return array


_ZERO = np.timedelta64(0, "s").astype(object)
