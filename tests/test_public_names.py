"""The face: what ``pm.<tab>`` shows exists, and no page of the docs needs anything deeper."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import physmodel as pm

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted((ROOT / "docs").rglob("*.py"))
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
NAMESPACES = sorted(name for name in dir(pm) if isinstance(getattr(pm, name), ModuleType))
#: Packages that import their public names when these are used.
LAZY = ["physmodel"] + [
    f"physmodel.{room}"
    for room in ("interop", "losses", "models", "networks", "optimizers", "problem", "reports")
]


def names_bound(package: str, *, for_types: bool) -> set[str]:
    """Names that a package imports for type checkers only, or at once."""
    file = import_module(package).__file__
    assert file is not None
    body = ast.parse(Path(file).read_text(encoding="utf-8")).body
    if for_types:
        (body,) = (node.body for node in body if isinstance(node, ast.If))
    lines = [node for node in body if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name for line in lines for alias in line.names}


def submodules(package: str) -> set[str]:
    file = import_module(package).__file__
    assert file is not None
    folder = Path(file).parent
    return {path.stem for path in folder.glob("*.py")} | {
        path.parent.name for path in folder.glob("*/__init__.py")
    }


def deep_imports(code: str) -> list[str]:
    """Imports of the package below its namespaces."""
    # Of a namespace that is a module elsewhere, such as `pm.nets`, nothing can be imported.
    named = {f"physmodel.{name}" for name in NAMESPACES}
    known = {"physmodel"} | {getattr(pm, name).__name__ for name in NAMESPACES} & named
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        else:
            continue
        ours = [module for module in modules if module.split(".")[0] == "physmodel"]
        found += [module for module in ours if module not in known]
    return found


def test_namespaces_and_verbs_of_the_design() -> None:
    assert {"nets", "sparse", "dictionaries", "units", "testing", "errors"} <= set(NAMESPACES)
    verbs = "open check discover fit fit_regimes fit_network hybrid invariants symmetries"
    more = "next_experiment report load solve_pde denoise"
    assert all(callable(getattr(pm, name)) for name in (verbs + " " + more).split())


def test_what_the_face_lists_is_what_it_has() -> None:
    assert dir(pm) == sorted(pm.__all__)
    with pytest.raises(AttributeError, match="module 'physmodel' has no attribute 'discovr'"):
        _ = pm.discovr  # type: ignore[attr-defined]


@pytest.mark.parametrize("package", LAZY)
def test_lazy_names_exist_and_type_checkers_see_the_same(package: str) -> None:
    module = import_module(package)
    at_once = names_bound(package, for_types=False)
    assert names_bound(package, for_types=True) == set(dir(module)) - at_once
    for name in dir(module):
        value = getattr(module, name)
        assert value is not None
        # A module of that name would take the attribute once it is imported.
        assert name not in submodules(package) or isinstance(value, ModuleType), name


def test_the_reference_lists_every_public_name() -> None:
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\.\. auto\w+:: physmodel\.(\S+)$", page, re.MULTILINE))
    # The errors are listed by their module.
    verbs = {name for name in dir(pm) if name not in NAMESPACES} - set(dir(pm.errors))
    assert verbs - listed == {"__version__"}
    for namespace in NAMESPACES:
        assert f"`pm.{namespace}`" in page
        if namespace not in {"catalogue", "errors"}:
            space = getattr(pm, namespace)
            names = vars(space).get("__all__") or dir(space)
            short = {name for name in names if name not in verbs}
            assert {f"{namespace}.{name}" for name in short} <= listed


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_no_page_imports_deeper_than_a_namespace(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        assert deep_imports(block) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_of_the_docs_imports_deeper_than_a_namespace(script: Path) -> None:
    assert deep_imports(script.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("code", "deep"),
    [
        ("import physmodel as pm", False),
        ("from physmodel import nets", False),
        ("from physmodel.signals import denoise", False),
        ("from physmodel.nets import prune", True),
        ("from physmodel.signals.denoising import denoise", True),
        ("import physmodel.models.nets.mlp", True),
        ("def f():\n    from physmodel.discovery import discover", True),
    ],
)
def test_a_deep_import_is_seen(code: str, deep: bool) -> None:
    assert bool(deep_imports(code)) is deep
