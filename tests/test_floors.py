"""Imports go one way, floor by floor; derived from the source, not from a list of imports."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

#: Folders of the checkout and the packages they are. The links physmodel/cli and
#: physmodel/datasets lead to the last two; a recursive walk does not enter links.
FOLDERS = {"physmodel": "physmodel", "cli": "physmodel.cli", "datasets": "physmodel.datasets"}

GROUND = -1
FLOORS = {
    "errors": GROUND,
    "atomic": GROUND,
    "version": GROUND,
    "progress": GROUND,
    "findings": GROUND,
    "constants": GROUND,
    "workers": GROUND,
    "lazy": GROUND,
    "problem": 0,
    "optimizers": 0,
    "datasets": 0,
    "data": 1,
    "models": 1,
    "losses": 2,
    "laws": 3,  # the records that tasks return
    # Tasks, from those that ask a law to those that ask for one.
    "conserved": 4,
    "bodies": 5,
    "systems": 5,  # whose laws are known: for tests and the benchmark
    "discovery": 6,
    "fitting": 6,
    "networks": 6,
    "fields": 6,
    "signals": 6,
    "hybrids": 7,
    "experiments": 7,
    "invariance": 7,
    "interpret": 7,
    "loading": 8,  # reads what any task wrote
    "reports": 8,
    "testing": 8,
    "interop": 8,
    "bench": 9,
    "cli": 10,
    "": 11,  # physmodel/__init__.py, the face: it may name everything
}
#: The only imports between different rooms of one floor.
SIDEWAYS = {("data", "models"), ("atomic", "errors")}

#: Modules that only functions may import: they are slow to load, or optional.
INSIDE_FUNCTIONS = {
    "matplotlib",
    "netCDF4",
    "openpyxl",
    "pint",
    "pyarrow",
    "pysindy",
    "sympy",
    "torch",
    "zarr",
}
#: Networks are a room that is itself imported late: every module of it may import torch. In the
#: other places that DESIGN names for torch and PySINDy, the modules say so in their names.
NETS = "physmodel.models.nets."
TORCH = ("physmodel.losses", "physmodel.optimizers", "physmodel.networks", "physmodel.bench")
PYSINDY = ("physmodel.interop",)


def sources(root: Path) -> dict[str, Path]:
    """Every module of the package and its file."""
    found = {}
    for folder, package in FOLDERS.items():
        for path in sorted((root / folder).rglob("*.py")):
            parts = path.relative_to(root / folder).with_suffix("").parts
            if package == "physmodel.datasets" and parts[0] == "build":
                continue  # scripts that are run by hand and not installed
            if package == "physmodel" and parts[0] in {"cli", "datasets"}:
                continue  # a walk that does enter links finds these twice
            name = ".".join((package, *parts))
            found[name.removesuffix(".__init__")] = path
    return found


def imports(name: str, path: Path, known: Iterable[str]) -> dict[str, int]:
    """Modules of the package that a module names, wherever in the file, types counted too."""
    known = set(known)
    found: dict[str, int] = {}
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join((*above, *([base] if base else [])))
            members = [f"{base}.{alias.name}" for alias in node.names]
            targets = [member if member in known else base for member in members]
        else:
            continue
        for target in targets:
            if target == "physmodel" or target.startswith("physmodel."):
                found.setdefault(target, node.lineno)
    found.pop(name, None)
    return found


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def graph(root: Path) -> dict[str, dict[str, int]]:
    files = sources(root)
    return {name: imports(name, path, files) for name, path in files.items()}


def wrong_way(edges: dict[str, dict[str, int]]) -> list[str]:
    """Imports that go up, or sideways where that is not allowed."""
    faults = []
    for module, targets in edges.items():
        for target, line in targets.items():
            here, there = room(module), room(target)
            if here == there or (here, there) in SIDEWAYS:
                continue
            if FLOORS[here] <= FLOORS[there]:
                faults.append(f"{module}, line {line}: {here or 'face'} imports {there or 'face'}")
    return faults


def cycles(edges: dict[str, dict[str, int]]) -> list[list[str]]:
    """Circles among modules: what is left when modules that import none of the rest go."""
    rest = {module: set(targets) & set(edges) for module, targets in edges.items()}
    while free := [module for module, targets in rest.items() if not targets & set(rest)]:
        for module in free:
            del rest[module]
    # Modules that only lead to a circle go too.
    while free := [m for m in rest if not any(m in targets for targets in rest.values())]:
        for module in free:
            del rest[module]
    return [sorted(rest)] if rest else []


def test_no_test_imports_the_benchmark() -> None:
    """Systems with known laws are in `physmodel.systems`; suites are run by their commands."""
    files = {path.stem: path for path in (ROOT / "tests").glob("**/*.py")}
    known = sources(ROOT)
    assert {"test_bench", "test_floors"} <= set(files)
    faults = [
        f"{path.name}, line {line}: {module}"
        for name, path in files.items()
        for module, line in imports(name, path, known).items()
        if room(module) == "bench"
    ]
    assert faults == []


def test_every_room_has_a_floor() -> None:
    assert {room(module) for module in sources(ROOT)} <= set(FLOORS)


def test_no_import_goes_up_or_sideways() -> None:
    assert wrong_way(graph(ROOT)) == []


def test_no_circles_between_modules() -> None:
    assert cycles(graph(ROOT)) == []


def test_the_walk_reaches_the_roof_and_the_cellar() -> None:
    found = sources(ROOT)
    assert {"physmodel.cli", "physmodel.datasets", "physmodel", "physmodel.errors"} <= set(found)
    edges = graph(ROOT)
    assert "physmodel.models.simulated.systems" in edges["physmodel.data.catalogue"]
    assert "physmodel.datasets" in edges["physmodel.data.catalogue"]


def test_slow_and_optional_modules_are_imported_inside_functions() -> None:
    faults = []
    for name, path in sources(ROOT).items():
        if name.startswith(NETS) or (name.startswith(TORCH) and name.endswith("_torch")):
            continue
        if name.startswith(PYSINDY) and name.endswith("_pysindy"):
            continue
        for node in _outside_functions(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                modules = [node.module or ""]
            else:
                continue
            faults += [
                f"{name}, line {node.lineno}: {module}"
                for module in modules
                if module.split(".")[0] in INSIDE_FUNCTIONS
            ]
    assert faults == []


#: Lines of a function, docstring included, and of a file, at most.
LONGEST_FUNCTION, LONGEST_FILE = 70, 300


def too_long(name: str, text: str) -> list[str]:
    """The file, and its functions, that do not fit on a screen or two."""
    found = [
        f"{name}.{node.name}: {length} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    ]
    lines = len(text.splitlines())
    return [*found, *([f"{name}: {lines} lines"] if lines > LONGEST_FILE else [])]


def test_functions_and_files_are_short() -> None:
    texts = {name: path.read_text(encoding="utf-8") for name, path in sources(ROOT).items()}
    assert [fault for name, text in texts.items() for fault in too_long(name, text)] == []


def test_a_planted_long_function_and_file_are_caught() -> None:
    body = "    x = 1\n" * (LONGEST_FUNCTION - 1)
    assert too_long("m", f"def f():\n{body}") == []
    assert too_long("m", f"def f():\n{body}    x = 2\n") == ["m.f: 71 lines"]
    assert too_long("m", "x = 1\n" * LONGEST_FILE) == []
    assert too_long("m", "x = 1\n" * (LONGEST_FILE + 1)) == ["m: 301 lines"]


def _outside_functions(tree: ast.AST) -> Iterable[ast.AST]:
    """Nodes that run on import, without ``if TYPE_CHECKING:`` blocks."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        yield from _outside_functions(node)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small package with one module on each of four floors, all imports right."""
    modules = {
        "physmodel/__init__.py": "",
        "physmodel/errors.py": "",
        "physmodel/models/__init__.py": "",
        "physmodel/models/field.py": "from physmodel.errors import PhysmodelError\n",
        "physmodel/losses/__init__.py": "",
        "physmodel/losses/weak_form/weak.py": "from ..models import field\n",
        "cli/__init__.py": "def main():\n    from physmodel.losses import weak\n",
        "datasets/__init__.py": "",
    }
    for name, text in modules.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_a_sound_tree_passes(tree: Path) -> None:
    assert wrong_way(graph(tree)) == []
    assert cycles(graph(tree)) == []


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("physmodel/models/field.py", "from physmodel.losses import weak\n"),
        ("physmodel/models/field.py", "from physmodel import losses\n"),
        ("physmodel/models/field.py", "from ..losses.weak import form\n"),
        ("physmodel/models/field.py", "import physmodel.losses.weak_form.weak\n"),
        ("physmodel/models/field.py", "def f():\n    import physmodel.cli\n"),
        ("physmodel/models/field.py", "import physmodel as pm\n"),
        ("physmodel/models/field.py", "from physmodel.data import contract\n"),
        ("physmodel/errors.py", "import physmodel.models\n"),
        ("datasets/__init__.py", "from physmodel.models import field\n"),
    ],
)
def test_a_planted_wrong_import_is_caught(tree: Path, module: str, text: str) -> None:
    (tree / module).write_text(text)
    assert len(wrong_way(graph(tree))) == 1


def test_a_planted_circle_is_caught(tree: Path) -> None:
    (tree / "physmodel/models/other.py").write_text("from physmodel.models import field\n")
    (tree / "physmodel/models/field.py").write_text("from physmodel.models.other import f\n")
    assert cycles(graph(tree)) == [["physmodel.models.field", "physmodel.models.other"]]
