"""Checks that the fields of a problem share."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from physmodel.errors import ProblemError
from physmodel.problem.algebra.parser import suggestion


def names_list(field: str, value: Any) -> tuple[str, ...]:
    """Names in a definite order, as a tuple; anything else is refused by the name of the field."""
    # A set has no order that would be the same tomorrow.
    if isinstance(value, str | set | frozenset | Mapping) or not isinstance(value, Collection):
        raise ProblemError(f"{field} must be a list of names, not {value!r}")
    if not all(isinstance(item, str) for item in value):
        raise ProblemError(f"{field} must hold text only, not {list(value)!r}")
    return tuple(value)


def table_of(field: str, value: Any) -> dict[str, Any]:
    """A table with text keys, as a dict; anything else is refused by the name of the field."""
    try:
        table = dict(value)
    except (TypeError, ValueError):
        raise ProblemError(f"{field} must be a table, not {value!r}") from None
    names_list(field, list(table))
    return table


def require_text(name: str, unit: Any) -> None:
    """Refuse a unit that is no text."""
    if not isinstance(unit, str):
        raise ProblemError(f"the unit of {name!r} must be text", where="units")


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number (and no truth value)."""
    return isinstance(value, int) and not isinstance(value, bool)


def require_known(field: str, names: Collection[str], known: Collection[str]) -> None:
    """Refuse names that are not among the known ones, with the nearest of those."""
    for name in names:
        if name not in known:
            raise ProblemError(
                f"{name!r} in `{field}` is not known",
                fix=suggestion(name, known) + "known: " + ", ".join(known),
            )
