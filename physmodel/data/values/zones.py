"""Time zones of time stamps: all have one, or none has."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from physmodel.errors import DataError
from physmodel.findings import Finding

_OFFSET = re.compile(r".*\d:\d{2}(?:[.,]\d+)?\s*(?P<zone>Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)")
_NAMED = re.compile(r".*\d:\d{2}(?:[.,]\d+)?\s+(?P<zone>[A-Za-z][A-Za-z/_]*)")


def check_zones(stamps: Iterable[Any], where: str, findings: list[Finding]) -> None:
    """Refuse time stamps of which some have a time zone and others none; tell different ones.

    Parameters
    ----------
    stamps : iterable
        Text, or dates of any library; others are passed over.
    where : str
    findings : list of Finding
        A note is appended where there are several offsets.

    Raises
    ------
    DataError
        Naming the row, from zero; also for zones by name, whose offset is not known.
    """
    first: dict[str, int] = {}
    for row, stamp in enumerate(stamps):
        zone = _zone(stamp)
        if zone is not None:
            first.setdefault(zone, row)
    if "" in first and len(first) > 1:
        other = next(zone for zone in first if zone)
        raise DataError(
            f"row {first['']} has no time zone, and row {first[other]} has {other}",
            where=where,
            why="how much time lies between them is not known",
            fix="write all with their offset, 2024-03-31T12:00+01:00, or all without",
        )
    for zone, row in first.items():
        if zone[:1].isalpha() and zone.upper() not in ("Z", "UTC", "GMT"):
            raise DataError(
                f"row {row} is in the time zone {zone!r}",
                where=where,
                why="the offset of a zone by name depends on the place and the year",
                fix="write the offset, 2024-03-31T12:00+01:00",
            )
    if len(first) > 1:
        told = f"offsets {', '.join(first)} are taken into account: times are in UTC"
        findings.append(Finding("I-ZONES", "info", where, told))


def _zone(stamp: Any) -> str | None:
    """Offset of a time stamp, empty where it has none; None for what is no time stamp."""
    if isinstance(stamp, str):
        text = stamp.strip()
        match = _OFFSET.fullmatch(text) or _NAMED.fullmatch(text)
        if match is not None and match["zone"].upper() not in ("AM", "PM"):
            return match["zone"]
        return "" if text[:1].isdigit() else None
    if not hasattr(stamp, "isoformat") or stamp != stamp:  # NaT differs from itself
        return None
    offset = getattr(stamp, "utcoffset", lambda: None)()
    if offset is None:
        return ""
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
