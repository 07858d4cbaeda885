"""The manifest of a run folder: which files it holds, and their hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from physmodel.atomic import write_atomic
from physmodel.errors import IntegrityError

MANIFEST = "manifest.json"


def digest(path: Path) -> str:
    """The sha256 of a file, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check(path: Path) -> None:
    """Compare a file with the hash that the manifest beside it promises, if there is one.

    Raises
    ------
    IntegrityError
        If the hash differs, or the manifest cannot be read.
    """
    promised = _files(path.parent).get(path.name)
    if promised is None:
        return
    found = digest(path)
    if found != promised:
        raise IntegrityError(
            f"the file has the hash {found}; {MANIFEST} promises {promised}",
            where=path.name,
            why="it is not the file that the run wrote",
            fix="run the command that wrote the folder again; to use the changed file as it is, "
            "copy it out of the run folder",
        )


def verify(folder: str | Path) -> list[str]:
    """Compare every file that a manifest names with its hash.

    Parameters
    ----------
    folder : path
        Of a run.

    Returns
    -------
    list of str
        Names of the files.

    Raises
    ------
    IntegrityError
        If there is no manifest, it names no file, or a file is missing or another one.
    """
    place = Path(folder)
    names = sorted(_files(place))
    if not names:
        raise IntegrityError(
            f"there is no {MANIFEST} that names files",
            where=place.name,
            why="without hashes nothing can be compared",
            fix="give a folder that `-o` wrote, to the end",
        )
    for name in names:
        path = place / name
        if Path(name).name != name or not path.is_file():
            raise IntegrityError(
                f"the file is missing, and {MANIFEST} names it",
                where=name,
                fix="run the command that wrote the folder again",
            )
        check(path)
    return names


def record(folder: Path, names: Iterable[str], *, known: bool) -> None:
    """Bring a manifest that exists up to date with files that were written again.

    Parameters
    ----------
    folder : Path
    names : iterable of str
    known : bool
        False before the files are written: no hash is promised for what a crash may leave.
    """
    files = _files(folder)
    if not files:
        return
    table = manifest_of(folder)
    fresh = {name: digest(folder / name) for name in names if (folder / name).is_file()}
    kept = {name: value for name, value in files.items() if name not in names}
    table["files"] = {**kept, **(fresh if known else {})}
    write_atomic(folder / MANIFEST, json.dumps(table, indent=1) + "\n")


def run_files(folder: Path) -> set[str]:
    """Names of the files that a run wrote into a folder; none if it holds no run."""
    try:
        return set(_files(folder)) if "schema_version" in manifest_of(folder) else set()
    except IntegrityError:
        return set()


def manifest_of(folder: Path) -> dict[str, Any]:
    """What the manifest of a folder says; nothing where there is none."""
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    try:
        table = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"not JSON: {error}", where=MANIFEST) from None
    return table if isinstance(table, dict) else {}


def _files(folder: Path) -> dict[str, Any]:
    files = manifest_of(folder).get("files", {})
    return files if isinstance(files, dict) else {}
