"""Run a benchmark unit by unit, keep what is done, go on where it stopped."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from physmodel.atomic import write_atomic
from physmodel.errors import ProblemError
from physmodel.version import environment

Record = dict[str, Any]
#: Work of one unit: name and settings in, records out. A module-level function.
Work = Callable[[str, Mapping[str, Any]], list[Record]]

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
    for unit, records in _work_off(work, waiting, settings, jobs):
        write_atomic(target / UNITS / f"{unit}.json", json.dumps(records) + "\n")
        yield records


def _work_off(
    work: Work, units: Sequence[str], settings: Mapping[str, Any], jobs: int
) -> Iterator[tuple[str, list[Record]]]:
    if jobs == 1:
        for unit in units:
            yield unit, work(unit, settings)
        return
    with ProcessPoolExecutor(jobs, initializer=_one_thread_for_later_libraries) as pool:
        futures = {pool.submit(_on_one_thread, work, unit, settings): unit for unit in units}
        for future in as_completed(futures):
            yield futures[future], future.result()


def _on_one_thread(work: Work, unit: str, settings: Mapping[str, Any]) -> list[Record]:
    """Work of one unit; the matrices are small, and threads would fight over the cores."""
    with threadpool_limits(1):
        return work(unit, settings)


def _one_thread_for_later_libraries() -> None:
    """Limit what a worker loads later, which reads its environment then."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"


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
