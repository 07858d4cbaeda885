"""What is installed is what is in the tree, and nothing in it runs code from data."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import physmodel

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg")
FOLDERS = {
    package: folder
    for package, folder in (
        line.split(" = ") for line in SETUP["options"]["package_dir"].strip().splitlines()
    )
}
#: The links to the folders of the other two packages.
LINKS = ("cli", "datasets")

#: Calls that execute code from data or files.
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "sympify", "parse_expr", "lambdify"}
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}


def packages_in_tree() -> set[str]:
    found = set()
    for package, folder in FOLDERS.items():
        for init in (ROOT / folder).rglob("__init__.py"):
            parts = init.parent.relative_to(ROOT / folder).parts
            if package == "physmodel" and parts and parts[0] in LINKS:
                continue
            found.add(".".join((package, *parts)))
    return found


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def requirement_name(line: str) -> str:
    return re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0].lower().replace("_", "-")


def test_package_list_is_the_tree() -> None:
    assert set(SETUP["options"]["packages"].split()) == packages_in_tree()


def test_no_room_hides_a_public_name() -> None:
    # A package that is imported becomes an attribute of the one around it.
    rooms = {name.split(".")[1] for name in packages_in_tree() if "." in name}
    assert {"hybrids", "conserved"} <= rooms
    for name in rooms & set(physmodel.__all__):
        assert getattr(physmodel, name) is import_module(f"physmodel.{name}"), name


def test_links_are_relative() -> None:
    for name in LINKS:
        link = ROOT / "physmodel" / name
        # A tree unpacked from an sdist has no links and needs none.
        if link.is_symlink():
            assert link.readlink() == Path("..") / name


def test_data_files_are_covered_by_the_patterns() -> None:
    patterns = SETUP["options.package_data"]["physmodel.datasets"].split(", ")
    for path in (ROOT / "datasets").iterdir():
        if path.is_file() and path.suffix != ".py":
            assert f"**/*{path.suffix}" in patterns, path.name
    assert (ROOT / "physmodel" / "py.typed").exists()


@pytest.mark.parametrize(
    "path", python_files("physmodel", "cli", "datasets", "tests"), ids=relative
)
def test_no_bare_import_of_our_top_level_folders(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        else:
            continue
        assert not {name.split(".")[0] for name in names} & set(LINKS), f"line {node.lineno}"


@pytest.mark.parametrize("path", python_files("physmodel", "cli", "datasets"), ids=relative)
def test_nothing_runs_code_from_data(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from pickle import load",
        "x = eval(text)",
        "x = sympy.sympify(text)",
        "from sympy.parsing.sympy_parser import parse_expr",
        "x = torch.load(path)",
        "x = np.load(path, allow_pickle=True)",
        "x = pd.read_pickle(path)",
        "x = yaml.load(text)",
    ],
)
def test_planted_code_execution_is_caught(text: str) -> None:
    assert faults(text)


def faults(text: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom):
                modules = [node.module or "", *modules]
            bad = {m.split(".")[0] for m in modules} & (FORBIDDEN_MODULES | FORBIDDEN_CALLS)
            found += [f"line {node.lineno}: import {name}" for name in sorted(bad)]
        if isinstance(node, ast.Call):
            call = ast.unparse(node.func)
            last = call.rpartition(".")[2]
            forbidden = (
                # re.compile is harmless, and so are methods of our own by these names.
                call in FORBIDDEN_CALLS
                or last in {"sympify", "parse_expr", "read_pickle"}
                or call in {"torch.load", "yaml.load"}
            )
            keywords = {k.arg for k in node.keywords if ast.unparse(k.value) == "True"}
            if forbidden or "allow_pickle" in keywords:
                found.append(f"line {node.lineno}: {call}")
    return found


def test_versions_agree() -> None:
    version = physmodel.__version__
    assert f"version: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_extra_all_holds_every_extra_of_users() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    (everything,) = extras["all"]
    developers = {"bench", "build-datasets", "docs", "lint", "test"}
    held = set(everything.partition("[")[2].strip("]").split(","))
    assert held == set(extras) - {"all"} - developers


def test_constraints_pin_what_the_project_asks_for() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    asked = {
        requirement_name(line)
        for group in (PROJECT["project"]["dependencies"], *extras.values())
        for line in group
    } - {"physmodel"}
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in pinned)
    assert {requirement_name(line) for line in pinned} == asked


def test_no_index_is_named() -> None:
    for name in ("pyproject.toml", "setup.cfg", "constraints.txt", "Makefile", ".ci/run"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text, name
        assert "index-url" not in text, name


def test_ci_script_is_sound_shell() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert "set -euo pipefail" in script.read_text(encoding="utf-8")
    subprocess.run(["bash", "-n", str(script)], check=True)  # noqa: S607
