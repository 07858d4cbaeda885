"""What every law that a task returns says of itself, for what prints, saves and reports it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from physmodel.findings import Finding
from physmodel.laws.figures.flights import Law


class Recorded(Law, Protocol):
    """A law as a record."""

    @property
    def remedy(self) -> str:
        """What to do about the status."""

    @property
    def solver_code(self) -> str:
        """How the search ended."""

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What was noticed."""


class Answer(Recorded, Protocol):
    """A law as users have it: `Result`, `HybridResult` or `Fit`."""

    @property
    def scores(self) -> Mapping[str, float]:
        """Free runs against the data of the fit."""

    def save(self, folder: str | Path) -> Path:
        """Write it into a folder."""

    def to_dict(self, run: str | None = None) -> dict[str, Any]:
        """Plain data for JSON."""
