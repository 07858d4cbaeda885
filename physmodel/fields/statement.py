"""What a caller states about an equation, held against its kind before anything is read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.problem.checks import names_list, table_of

Array = NDArray[np.float64]


def require_statement(
    equation: Any, domain: Any, conditions: Any, known: Any, unknown: Any, field: Any
) -> None:
    """Refuse what is no text, no table or no list where one should stand."""
    for what, text in (("the equation", equation), ("the name of the field", field)):
        if not isinstance(text, str):
            raise ProblemError(f"{what} is {text!r}", fix="write it as text, such as 'u_t = u_xx'")
    names_list("unknown", unknown)
    for what, table in (("the domain", domain), ("the conditions", conditions)):
        if not isinstance(table, Mapping):
            raise ProblemError(f"{what} must be a table, such as {{'x': (0, 1)}}, not {table!r}")
        table_of(what, table)
    for place, texts in conditions.items():
        several = isinstance(texts, Sequence) and not isinstance(texts, bytes)
        if not several or not all(isinstance(text, str) for text in texts):
            raise ProblemError(
                f"the condition at {place!r} is {texts!r}",
                fix="write it as text, such as 'u = 0', or several as a list",
            )
    for name, meaning in table_of("known", known).items():
        if not callable(meaning):
            real_number(meaning, f"the constant {name!r}")


def interval(name: str, pair: Any) -> tuple[float, float]:
    """The ends of a coordinate."""
    if isinstance(pair, str) or not hasattr(pair, "__len__") or len(pair) != 2:
        raise ProblemError(
            f"{pair!r} is no interval", where=f"coordinate {name}", fix="give two numbers: (0, 1)"
        )
    low, high = (real_number(end, f"an end of the coordinate {name}") for end in pair)
    # Within rounding of each other there is no room for elements between the ends.
    if not high - low > 1e3 * np.spacing(max(abs(low), abs(high))):
        raise ProblemError(f"the interval [{low:g}, {high:g}] is empty", where=f"coordinate {name}")
    if not math.isfinite(high - low):
        raise ProblemError(
            f"the interval [{low:g}, {high:g}] is too long for floating-point numbers",
            where=f"coordinate {name}",
            fix="choose a larger unit",
        )
    return low, high


def real_number(value: Any, what: str) -> float:
    """One finite real number."""
    found = np.asarray(value)
    if found.ndim or found.dtype.kind not in "biuf" or not np.isfinite(found):
        raise ProblemError(f"{what} is {value!r}, which is no finite real number")
    return float(found)


def values_of(name: str, function: Any, columns: Sequence[Array]) -> Array:
    """Values ``(n,)`` of a known function of the coordinates.

    Raises ProblemError if the function fails, or gives no real number for each point. Infinite ones
    are left to the solver, which may not need them.
    """
    n = len(columns[0])
    try:
        with np.errstate(all="ignore"):
            found = np.asarray(function(*columns))
        if found.dtype.kind not in "biuf":
            raise TypeError(f"it returned values of the type {found.dtype}")
        return np.broadcast_to(found, n).astype(float)
    except Exception as error:  # whatever a function of the caller's raises
        raise ProblemError(
            f"the known function {name!r} has no values at {n} points: {error}",
            where=f"known[{name!r}]",
            fix=f"it must take {len(columns)} array(s) of one shape, the coordinates in the order "
            "of the domain, and return an array of that shape, or a number",
        ) from error
