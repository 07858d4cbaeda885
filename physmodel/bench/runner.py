"""Run a benchmark unit by unit, keep what is done, go on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from physmodel.atomic import write_atomic
from physmodel.errors import ProblemError
from physmodel.version import environment
from physmodel.workers import Work, worked_off

Record = dict[str, Any]

MANIFEST, RESULTS, UNITS = "manifest.json", "results.json", "units"
PACKAGES = ("numpy", "scipy", "pysindy")


def run_units(
    work: Work,
    units: Sequence[str],
    settings: Mapping[str, Any],
    folder: str | Path,
    *,
    jobs: int = 1,
) -> Iterator[list[Record]]:
    """Do the units that are not done yet.

    `settings`: plain data; a folder belongs to one setting. `jobs`: processes; timings mean most
    with one. Yields: records of each unit, the finished ones of an earlier run first. Raises
    ProblemError if the folder holds something else.
    """
    target = Path(folder)
    _claim(target, settings)
    waiting = []
    for unit in units:
        path = target / UNITS / f"{unit}.json"
        if path.exists():
            yield json.loads(path.read_text(encoding="utf-8"))
        else:
            waiting.append(unit)
    for unit, records in worked_off(work, waiting, settings, jobs):
        write_atomic(target / UNITS / f"{unit}.json", json.dumps(records) + "\n")
        yield records


def write_results(records: Sequence[Record], summary: Any, folder: str | Path) -> Path:
    """Write all records and their summary into one file, atomically."""
    manifest = json.loads((Path(folder) / MANIFEST).read_text(encoding="utf-8"))
    content = {**manifest, "summary": summary, "records": list(records)}
    return write_atomic(Path(folder) / RESULTS, json.dumps(content, indent=1) + "\n")


def _claim(target: Path, settings: Mapping[str, Any]) -> None:
    manifest = target / MANIFEST
    if manifest.exists():
        known = json.loads(manifest.read_text(encoding="utf-8"))
        if known.get("settings") != json.loads(json.dumps(settings)):
            raise ProblemError(
                "the folder holds a run with other settings",
                where=str(target),
                fix="name another folder with -o, or repeat the settings of the first run",
            )
        return
    if target.exists() and (target.is_file() or any(target.iterdir())):
        raise ProblemError(
            "the output folder exists and is no benchmark run",
            where=str(target),
            why="nothing that is already there is overwritten",
            fix="name a new folder with -o",
        )
    content = {
        "schema_version": 1,
        **environment(PACKAGES),
        "settings": settings,
    }
    write_atomic(manifest, json.dumps(content, indent=1) + "\n")
