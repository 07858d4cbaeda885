"""The quick start runs, block by block, as it is printed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from physmodel.cli.root import root

DOCS = Path(__file__).resolve().parents[1] / "docs"


def blocks(page: str) -> list[tuple[str, str]]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def as_printed(text: str) -> str:
    """Text without what may differ from machine to machine: digits beyond the eighth."""
    short = re.sub(r"\d\.\d{9,}", lambda found: f"{float(found[0]):.6f}", text)
    return "\n".join(line.rstrip() for line in short.strip().splitlines())


def test_quick_start_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    kinds = set()
    for kind, body in blocks("quickstart.md"):
        kinds.add(kind)
        if kind == "python":
            capsys.readouterr()
            exec(compile(body, "quickstart.md", "exec"), names)  # noqa: S102 - our own page
        elif kind == "text":
            assert as_printed(body) == as_printed(capsys.readouterr().out)
        elif kind == "toml":
            Path("study.toml").write_text(body, encoding="utf-8")
            done = CliRunner().invoke(root, ["discover", "study.toml", "-q"])
            assert done.exit_code == 0, done.output
        else:
            for line in body.strip().splitlines():
                words = shlex.split(line.removeprefix("$ "))
                assert words.pop(0) == "physmodel"
                done = CliRunner().invoke(root, words)
                assert done.exit_code == 0, (line, done.output)
    assert kinds == {"console", "python", "text", "toml"}


def test_the_page_on_pysindy_runs(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    for kind, body in blocks("pysindy.md"):
        assert kind == "python"
        exec(compile(body, "pysindy.md", "exec"), names)  # noqa: S102 - our own page
    shown = capsys.readouterr().out
    assert "(x)' = " in shown
    assert "function_names" in shown


@pytest.mark.parametrize(
    "page", ["index.md", "hybrid.md", "networks.md", "pde.md", "regimes.md", "low-rank-updates.md"]
)
def test_other_pages_run(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for kind, body in blocks(page):
        if kind == "python":
            exec(compile(body, page, "exec"), names)  # noqa: S102 - our own page
    assert capsys.readouterr().out


def test_readme_names_the_two_commands() -> None:
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    assert "make demo" in readme
    assert "make test" in readme


def test_files_named_in_the_architecture_exist() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:\w+/)+\w+\.py)`", text)
    assert len(named) > 10
    for name in named:
        parts = [DOCS.parent / name, DOCS.parent / "physmodel" / name]
        assert any(path.is_file() for path in parts), name
