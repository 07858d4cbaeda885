"""Help comes at once: what the command line imports before it has work to do is counted."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"matplotlib", "numpy", "pandas", "pysindy", "pywt", "rich", "scipy", "sympy", "torch"} | {
    "hypothesis",
    "netCDF4",
    "pyarrow",
    "sklearn",
    "xarray",
    "zarr",
}
REPORT = "import json, sys; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"


def loaded(code: str) -> set[str]:
    """Top-level modules in a fresh interpreter after running code; the last line is the list."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{REPORT}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def command(*arguments: str) -> str:
    return f"""
import sys
sys.argv = ["physmodel", *{arguments!r}]
from physmodel.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""


def test_the_package_itself() -> None:
    assert not loaded("import physmodel") & HEAVY


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("--version",), ("discover", "--help"), ("check", "--help")],
    ids=" ".join,
)
def test_help_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert not loaded(command(*arguments)) & HEAVY


def test_a_heavy_import_would_be_seen() -> None:
    assert "numpy" in loaded("import numpy")
