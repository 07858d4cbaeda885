"""What was noticed about the data, carried along with them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import xarray as xr

Severity = Literal["info", "warning", "error"]

#: Findings of one kind that are listed one by one.
MAX_LISTED = 5


@dataclass(frozen=True)
class Finding:
    """One observation about a dataset.

    Attributes
    ----------
    code : str
        Stable identifier such as ``W-GAP``.
    severity : {"info", "warning", "error"}
    where : str
        Variable, rows, file.
    message : str
    fix : str
        What to do about it; may be empty.
    """

    code: str
    severity: Severity
    where: str
    message: str
    fix: str = ""

    def __str__(self) -> str:
        place = f" {self.where}:" if self.where else ""
        advice = f" ({self.fix})" if self.fix else ""
        return f"{self.code}{place} {self.message}{advice}"


def recorded(data: xr.Dataset) -> list[Finding]:
    """Findings recorded while a dataset was made."""
    try:
        return [Finding(**item) for item in json.loads(data.attrs.get("findings", "[]"))]
    except (TypeError, ValueError):  # an attribute of that name that is not ours
        return []


def with_findings(data: xr.Dataset, findings: Iterable[Finding]) -> xr.Dataset:
    """A copy of a dataset that carries more findings.

    Parameters
    ----------
    data : xarray.Dataset
    findings : iterable of Finding
        Appended to those already recorded.
    """
    return data.assign_attrs(findings=as_attribute([*recorded(data), *findings]))


def converted(findings: Iterable[Finding]) -> list[str]:
    """What was converted to other units before the fit, for the text of an answer."""
    return [f"{item.where} {item.message}" for item in findings if item.code == "I-DEGREES"]


def as_attribute(findings: Iterable[Finding]) -> str:
    """Findings as the text of a dataset attribute."""
    return json.dumps([asdict(finding) for finding in findings])


def bundled(findings: Sequence[Finding]) -> list[Finding]:
    """Findings without repetition, long lists of one kind cut short with a count."""
    shown: list[Finding] = []
    hidden: dict[str, list[Finding]] = {}
    for finding in dict.fromkeys(findings):
        if sum(other.code == finding.code for other in shown) < MAX_LISTED:
            shown.append(finding)
        else:
            hidden.setdefault(finding.code, []).append(finding)
    for code, rest in hidden.items():
        more = f"{len(rest)} more of the same kind"
        shown.append(Finding(code, rest[0].severity, "", more))
    return shown
