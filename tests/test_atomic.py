"""Atomic writing: whatever fails, and whenever, the old file or the new one is there in full."""

from __future__ import annotations

import errno
import io
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from physmodel.atomic import write_atomic
from physmodel.errors import PhysmodelError

#: Every call into the system that a write makes in a folder that is there.
CALLS = [(io, "open"), (os, "fsync"), (os, "chmod"), (os, "replace")]


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, at: int, fault: BaseException) -> Iterator[list[str]]:
    """Let the call number `at` fail; yields the names of the calls made."""
    made: list[str] = []

    def spoiled(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            made.append(name)
            if len(made) == at:
                raise fault
            return real(*args, **options)

        return call

    with monkeypatch.context() as patch:
        for module, name in CALLS:
            patch.setattr(module, name, spoiled(name, getattr(module, name)))
        yield made


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    "content", ["", "text\n", "Größe 😀\r\n", b"\x00\xff\r\n", b"x" * 3_000_000]
)
def test_content_is_written_as_it_is(content: str | bytes, tmp_path: Path) -> None:
    path = write_atomic(tmp_path / "deep" / "er" / "a.txt", content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    write_atomic(str(path), b"new")
    assert files(tmp_path) == {str(Path("deep/er/a.txt")): b"new"}


@pytest.mark.parametrize("old", [None, b"old"])
@pytest.mark.parametrize(
    "fault", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()]
)
def test_a_fault_at_any_call_leaves_the_old_file(
    old: bytes | None, fault: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    if old is not None:
        path.write_bytes(old)
    before = files(tmp_path)
    for at in range(1, 20):
        with failing(monkeypatch, at, fault) as made:
            try:
                write_atomic(path, b"new")
            except (PhysmodelError, KeyboardInterrupt):
                failed = True
            else:
                failed = False
        if not failed:
            break
        assert files(tmp_path) == before, made
    # Opening, flushing to disk and renaming; the permissions too where there are old ones.
    assert at == 1 + 3 + (old is not None)
    assert made[-1] == "replace"
    assert files(tmp_path) == {"a.txt": b"new"}


def test_it_reaches_the_disk_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with failing(monkeypatch, 0, OSError()) as made:
        write_atomic(tmp_path / "a.txt", b"new")
    assert made.index("open") < made.index("fsync") < made.index("replace")


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX")
def test_a_full_disk_in_the_middle_of_a_write_leaves_the_old_file(tmp_path: Path) -> None:
    """A real short write: the system allows no file above 1000 bytes."""
    import resource

    path = write_atomic(tmp_path / "a.txt", b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(PhysmodelError) as caught:
            write_atomic(path, b"n" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert os.strerror(errno.EFBIG) in str(caught.value)
    assert files(tmp_path) == {"a.txt": b"old"}


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_killed_process_leaves_the_old_file(moment: str, tmp_path: Path) -> None:
    path = write_atomic(tmp_path / "a.txt", b"old")
    code = (
        "import os, signal, sys\n"
        "from physmodel.atomic import write_atomic\n"
        f"os.{moment} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_atomic(sys.argv[1], b'n' * 100_000)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"


def test_readers_see_one_version_or_the_other(tmp_path: Path) -> None:
    versions = {bytes([letter]) * 200_000 for letter in b"ab"}
    path = write_atomic(tmp_path / "a.txt", min(versions))
    done = threading.Event()
    seen: set[bytes] = set()

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_bytes())

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for _ in range(50):
        for version in versions:
            write_atomic(path, version)
    done.set()
    for reader in readers:
        reader.join()
    assert seen
    assert seen <= versions


def test_writers_at_the_same_time_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    versions = {bytes([letter]) * 200_000 for letter in b"abcd"}
    faults: list[BaseException] = []

    def write(version: bytes) -> None:
        try:
            for _ in range(10):
                write_atomic(path, version)
        except BaseException as error:
            faults.append(error)

    writers = [threading.Thread(target=write, args=(version,)) for version in versions]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert not faults
    assert [*files(tmp_path)] == ["a.txt"]
    assert path.read_bytes() in versions


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_permissions_are_those_of_the_old_file_or_the_usual_ones(tmp_path: Path) -> None:
    def mode(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    usual = tmp_path / "usual.txt"
    usual.touch()
    assert mode(write_atomic(tmp_path / "new.txt", "x")) == mode(usual)
    usual.chmod(0o600)
    assert mode(write_atomic(usual, "secret")) == 0o600
    mask = os.umask(0o077)
    try:
        assert mode(write_atomic(tmp_path / "private.txt", "x")) == 0o600
    finally:
        os.umask(mask)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    in_the_way = write_atomic(tmp_path / "file", b"old")
    (tmp_path / "folder").mkdir()
    for path in (in_the_way / "a.txt", tmp_path / "folder", tmp_path / ("n" * 300)):
        with pytest.raises(PhysmodelError, match="cannot write the file") as caught:
            write_atomic(path, b"new")
        assert str(path) in str(caught.value)
        if path.name != "folder":
            assert isinstance(caught.value.__cause__, OSError)
    assert files(tmp_path) == {"file": b"old"}


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    path = write_atomic(tmp_path / "a.txt", b"old")
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PhysmodelError, match="Permission denied"):
            write_atomic(path, b"new")
    finally:
        tmp_path.chmod(0o700)
    assert files(tmp_path) == {"a.txt": b"old"}
