"""From what a caller hands over to an array of real numbers, or a refusal in words."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.errors import ProblemError

Array = NDArray[np.float64]


def real_numbers(values: ArrayLike, what: str) -> Array:
    """Read an array of any shape; what is masked is missing and becomes NaN.

    `what`: its name in the plural, as messages begin with it. Returns: not a copy where the values
    are floats already. Raises ProblemError if they are complex, or text, dates, records, ragged
    lists or nothing at all.
    """
    try:
        with warnings.catch_warnings(), np.errstate(over="ignore"):
            # Of single masked numbers numpy makes NaN, as is right, and warns.
            warnings.simplefilter("ignore", UserWarning)
            nested = isinstance(values, list | tuple)
            given = np.ma.array(values) if nested else np.asanyarray(values)
            if given.dtype.kind == "c":
                raise ProblemError(
                    f"{what} hold complex numbers",
                    fix="stack real and imaginary parts: rows for signals, columns for atoms",
                )
            if given.dtype.kind not in "biufO":
                raise TypeError(f"{given.dtype} is no real number")
            array = np.asarray(np.ma.getdata(given), dtype=np.float64)
            if np.ma.is_masked(given):
                array = np.where(np.ma.getmaskarray(given), np.nan, array)
    except (TypeError, ValueError, OverflowError) as error:
        raise ProblemError(
            f"{what} cannot be read as an array of numbers",
            why=str(error),
            fix="pass a numeric array",
        ) from error
    return array


def finite_numbers(values: ArrayLike, what: str) -> Array:
    """As `real_numbers`, without gaps.

    Raises ProblemError also if a number is missing, masked or infinite; the message says where.
    """
    array = real_numbers(values, what)
    if not np.isfinite(array).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ProblemError(
            f"{what} have a number that is missing or infinite",
            where=f"entry {place}",
            why="a masked number is a missing one" if np.ma.is_masked(values) else "",
            fix="fill or leave out such rows",
        )
    return array
