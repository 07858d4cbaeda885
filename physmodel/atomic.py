"""Write files so that a crash leaves either the old file or the new one, never half of one."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from physmodel.errors import ProblemError


def write_atomic(path: str | Path, content: str | bytes) -> Path:
    """Write a file through a temporary sibling and a rename.

    Parameters
    ----------
    path : path
        Parent folders are made. A file that is there keeps its permissions; a new one gets the
        usual ones.
    content : str or bytes
        Text is written as UTF-8.

    Raises
    ------
    ProblemError
        If the file cannot be written, or is no regular one; what was there is still there.
    """
    target = require_regular(path)
    raw = content.encode("utf-8") if isinstance(content, str) else content
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(target, raw)
    except OSError as error:
        raise unwritable("file", str(target), error) from error
    return target


def require_regular(path: str | Path) -> Path:
    """Refuse what is there and no regular file: a rename would replace it, whatever it is.

    Raises
    ------
    ProblemError
    """
    target = Path(path)
    try:
        odd = target.is_symlink() or (target.exists() and not target.is_file())
    except OSError as error:
        raise unwritable("file", str(target), error) from error
    if odd:
        kind = "a link" if target.is_symlink() else "a folder" if target.is_dir() else "a device"
        raise ProblemError(
            f"cannot write the file: {kind} is there", where=str(target), fix="name another file"
        )
    return target


def unwritable(what: str, where: str, error: OSError) -> ProblemError:
    """What to raise where the system refuses to write a file or a folder."""
    return ProblemError(
        f"cannot write the {what}: {error.strerror}",
        where=where,
        fix="name a folder that can be written to and has room",
    )


def _replace(target: Path, raw: bytes) -> None:
    temporary = target.with_name(f".{target.name}.{token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as stream:
            stream.write(raw)
            stream.flush()
            os.fsync(stream.fileno())
        with suppress(FileNotFoundError):
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
