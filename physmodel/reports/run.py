"""Run folders: model, data, report, and a manifest that says what made them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from physmodel.atomic import unwritable, write_atomic
from physmodel.errors import ProblemError
from physmodel.laws.answer import Answer
from physmodel.laws.files.manifest import MANIFEST, digest, run_files
from physmodel.laws.files.storage import DATA
from physmodel.problem.toml import write_problem
from physmodel.reports.html import write_report
from physmodel.reports.provenance import now
from physmodel.version import environment

PACKAGES = ("numpy", "scipy", "xarray", "pandas")


def write_run(result: Answer, folder: str | Path, command: str = "") -> Path:
    """Write everything about a result into a folder.

    Parameters
    ----------
    result : Result, HybridResult or Fit
    folder : path
        Made if missing. An earlier run in it is replaced as a whole, once the new one is complete;
        other files in it stay.
    command : str
        That made the result; the manifest and the report name it.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ProblemError
        If the folder exists and holds something else.
    """
    target = require_free(folder).absolute()
    aside = target.with_name(f".{target.name}.{token_hex(8)}")
    fresh = aside / target.name
    try:
        fresh.mkdir(parents=True)
        result.save(fresh)
        write_problem(result.problem, fresh / "problem.toml")
        facts = {"command": command, "date": now()}
        write_report(result, fresh, {**facts, **_hash_of_data(fresh)})
        manifest = _manifest(result, fresh, facts)
        write_atomic(fresh / MANIFEST, json.dumps(manifest, indent=1) + "\n")
        _put(fresh, target, aside / "before")
    except OSError as error:
        raise unwritable("run", target.name, error) from error
    finally:
        # Not all of `aside`: what was there before goes only once the new run is in its place.
        shutil.rmtree(fresh, ignore_errors=True)
        with suppress(OSError):
            aside.rmdir()
    return Path(folder)


def _put(fresh: Path, target: Path, before: Path) -> None:
    """Put a complete run in place of an earlier one, whose foreign files move into it."""
    if not target.exists():
        fresh.rename(target)
        return
    ours = {MANIFEST, *run_files(target)}
    foreign = [path.name for path in target.iterdir() if path.name not in ours]
    for name in foreign:
        if (fresh / name).exists():
            raise ProblemError(
                "the run would replace a file that no run wrote",
                where=f"{target.name}/{name}",
                fix="move it, or name a new folder",
            )
    target.rename(before)
    try:
        fresh.rename(target)
    except BaseException:
        before.rename(target)
        raise
    for name in foreign:
        (before / name).rename(target / name)
    shutil.rmtree(before, ignore_errors=True)


def require_free(folder: str | Path) -> Path:
    """Refuse a folder that holds something else than a run, before hours of work are spent.

    Raises
    ------
    ProblemError
        If the folder exists and is neither empty nor a run.
    """
    target = Path(folder)
    if (
        target.is_symlink()
        or target.is_file()
        or (target.is_dir() and any(target.iterdir()) and not run_files(target))
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


def _hash_of_data(folder: Path) -> dict[str, str]:
    return {DATA: digest(folder / DATA)} if (folder / DATA).is_file() else {}


def _manifest(result: Answer, folder: Path, facts: Mapping[str, str]) -> dict[str, object]:
    files = sorted(p for p in folder.iterdir() if p.is_file() and p.name != MANIFEST)
    return {
        "schema_version": 1,
        **environment(PACKAGES),
        **facts,
        "source": "" if result.data is None else str(result.data.attrs.get("source", "")),
        "status": result.status,
        "files": {p.name: digest(p) for p in files},
    }
