"""Nothing that is on a user's disk is lost, whatever a command is told to write where."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import physmodel as pm
from physmodel.atomic import write_atomic
from physmodel.cli.root import root
from physmodel.reports.run import write_run


def physmodel(*arguments: object) -> Result:
    return CliRunner().invoke(root, [str(argument) for argument in arguments])


@pytest.fixture
def table(tmp_path: Path) -> Path:
    t = np.linspace(0.0, 10.0, 100)
    path = tmp_path / "a.csv"
    np.savetxt(path, np.column_stack([t, np.exp(-t)]), delimiter=",", header="t,x", comments="")
    return path


@pytest.fixture(scope="module")
def decay() -> pm.Result:
    t = np.linspace(0.0, 5.0, 60)
    return pm.discover(pm.from_arrays(t, np.exp(-t)[:, None], names=["x"]))


@pytest.mark.parametrize("options", [[], ["--force"]])
def test_an_input_is_never_replaced(table: Path, options: list[str]) -> None:
    before = table.read_bytes()
    done = physmodel("denoise", table, "-o", table, *options)
    assert done.exit_code == 2
    assert "the output file is the input" in done.output
    assert table.read_bytes() == before


def test_a_file_that_is_there_is_replaced_only_when_asked(table: Path, tmp_path: Path) -> None:
    precious = tmp_path / "out.csv"
    precious.write_text("precious", encoding="utf-8")
    for command in (["denoise", table], ["datasets", "export", "lorenz"]):
        assert physmodel(*command, "-o", precious).exit_code == 2
        assert precious.read_text(encoding="utf-8") == "precious"
    assert physmodel("datasets", "export", "lorenz", "-o", precious, "--force").exit_code == 0
    assert precious.read_text(encoding="utf-8").startswith("time,")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes of this kind")
def test_pipes_links_and_folders_stay_what_they_are(tmp_path: Path) -> None:
    pipe, link, folder = (tmp_path / name for name in ("pipe", "link", "folder"))
    os.mkfifo(pipe)
    (tmp_path / "aim").write_text("precious", encoding="utf-8")
    link.symlink_to(tmp_path / "aim")
    folder.mkdir()
    for target in (pipe, link, folder, Path("")):
        with pytest.raises(pm.ProblemError, match="cannot write the file"):
            write_atomic(target, "other")
    assert pipe.is_fifo()
    assert link.read_text(encoding="utf-8") == "precious"


def test_a_folder_with_a_manifest_of_another_program_is_foreign(
    table: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "manifest.json").write_text('{"name": "web app"}', encoding="utf-8")
    assert physmodel("discover", table, "-o", site).exit_code == 2
    assert [path.name for path in site.iterdir()] == ["manifest.json"]


def test_a_run_is_replaced_as_a_whole_or_not_at_all(
    decay: pm.Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_run(decay, tmp_path / "run")
    (run / "notes.txt").write_text("mine", encoding="utf-8")
    before = {path.name: path.read_bytes() for path in run.iterdir()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("physmodel.reports.run.write_report", full)
        with pytest.raises(pm.ProblemError, match="No space left"):
            write_run(decay, run)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before
    write_run(decay, run)  # over the earlier run; the notes are not part of it
    assert (run / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert json.loads((run / "model.json").read_text(encoding="utf-8"))["run"] == "run"
    assert physmodel("verify", run).exit_code == 0
    shutil.rmtree(run)


def test_the_law_is_printed_although_it_cannot_be_saved(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise pm.ProblemError("the run cannot be written")

    monkeypatch.setattr("physmodel.reports.run.write_run", full)
    done = physmodel("discover", table, "-o", tmp_path / "run")
    assert done.exit_code == 2
    assert "dx/dt = " in done.stdout


def test_an_interrupted_swap_leaves_the_earlier_run_and_the_notes_in_it(
    decay: pm.Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_run(decay, tmp_path / "run")
    (run / "notes.txt").write_text("mine", encoding="utf-8")
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    rename = Path.rename

    def interrupted(path: Path, target: Path) -> Path:
        if path.parent.name.startswith(".") and path.name == "run":
            raise KeyboardInterrupt
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_run(decay, run)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
