"""Run folders: model, data, report, and a manifest that says what made them."""

from __future__ import annotations

import json
import os
from pathlib import Path

from physmodel.atomic import write_atomic
from physmodel.errors import ProblemError
from physmodel.hybrids.results.record import HybridResult
from physmodel.laws.manifest import MANIFEST, digest
from physmodel.laws.result import Result
from physmodel.problem.toml import write_problem
from physmodel.report.html import write_report
from physmodel.version import environment

PACKAGES = ("numpy", "scipy", "xarray", "pandas")


def write_run(result: Result | HybridResult, folder: str | Path) -> Path:
    """Write everything about a result into a folder.

    Parameters
    ----------
    result : Result or HybridResult
    folder : path
        Made if missing; an existing run in it is replaced file by file.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ProblemError
        If the folder exists and holds something else.
    """
    target = require_free(folder)
    target.mkdir(parents=True, exist_ok=True)
    # The manifest goes first in case of a crash: it marks the folder as ours.
    write_atomic(target / MANIFEST, "{}\n")
    result.save(target)
    write_problem(result.problem, target / "problem.toml")
    write_report(result, target)
    write_atomic(target / MANIFEST, json.dumps(_manifest(result, target), indent=1) + "\n")
    return target


def require_free(folder: str | Path) -> Path:
    """Refuse a folder that holds something else than a run, before hours of work are spent.

    Parameters
    ----------
    folder : path

    Returns
    -------
    Path

    Raises
    ------
    ProblemError
        If the folder exists and is neither empty nor a run.
    """
    target = Path(folder)
    if target.is_file() or (
        target.is_dir() and any(target.iterdir()) and not (target / MANIFEST).exists()
    ):
        raise ProblemError(
            "the output folder exists and is no earlier run",
            where=target.name,
            why="nothing that is already there is overwritten",
            fix="name a new folder",
        )
    there = next(place for place in (target, *target.absolute().parents) if place.exists())
    if not (there.is_dir() and os.access(there, os.W_OK)):
        raise ProblemError(
            "the output folder cannot be made", where=target.name, fix=f"{there} is in the way"
        )
    return target


def _manifest(result: Result | HybridResult, folder: Path) -> dict[str, object]:
    files = sorted(p for p in folder.iterdir() if p.is_file() and p.name != MANIFEST)
    return {
        "schema_version": 1,
        **environment(PACKAGES),
        "source": "" if result.data is None else str(result.data.attrs.get("source", "")),
        "status": result.status,
        "files": {p.name: digest(p) for p in files},
    }
