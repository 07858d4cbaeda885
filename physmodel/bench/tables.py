"""Records by group, and rows as text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

Rows = Sequence[Mapping[str, Any]]


def grouped(records: Rows, *keys: str) -> dict[tuple[Any, ...], list[Mapping[str, Any]]]:
    """Records with the same values of some keys, in the order in which these first come."""
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for record in records:
        groups.setdefault(tuple(record[key] for key in keys), []).append(record)
    return groups


def text_table(rows: Rows, columns: str, absent: str = "") -> str:
    """A line of headings, then one for each row; `absent` stands where there is no value.

    `columns`: such as ``"case:<18|(worst)=worst:>10.1e"``: heading, key in the row where it is
    another, and format.
    """
    parts = [re.fullmatch(r"([^=:]*)=?([^:]*):([<>]\d+)(.*)", one) for one in columns.split("|")]
    found = [(one[1], one[2] or one[1], one[3], one[4]) for one in parts if one]
    lines = ["".join(f"{heading:{width}}" for heading, _, width, _ in found)]
    for row in rows:
        values = [(row.get(key), width, form) for _, key, width, form in found]
        lines.append(
            "".join(
                f"{absent if value is None else format(value, form):{width}}"
                for value, width, form in values
            )
        )
    return "\n".join(line.rstrip() for line in lines)
