"""Every verb that needs no extra works without any; the others say which line installs theirs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

#: Modules that only extras bring, by extra.
EXTRAS = {
    "nets": ("torch", "safetensors"),
    "wavelets": ("pywt",),
    "pysindy": ("pysindy", "sklearn"),
    "files": ("netCDF4", "pyarrow", "zarr", "openpyxl"),
    "testing": ("hypothesis",),
    "search": ("optuna",),
}
BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocked())
import physmodel as pm
"""


def run(code: str, *extras: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Code in a fresh interpreter without the modules of some extras."""
    blocked = {module for extra in extras for module in EXTRAS[extra]}
    text = BLOCKED.format(blocked=blocked) + code
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", text],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )


#: What a user of the light set does, from data to report, in one process: imports are slow.
LIGHT = """
import numpy as np
t = np.linspace(0.0, 10.0, 200)
x = np.column_stack([np.cos(t), -np.sin(t)]) + 1e-3 * np.random.default_rng(0).normal(size=(200, 2))
data = pm.from_arrays(t, x, names=["x", "v"])
pm.check(data)
law = pm.discover(data)
assert law.status == "identified", law
law.save("run")
pm.report(law, "run")
again = pm.load("run")
again.simulate(t=t)
again.score(data)
assert again.to_latex() and again.to_sympy() and str(again)
assert pm.invariants(law) and pm.symmetries(law)
pm.next_experiment(law)
pm.fit(data, {"x": "v", "v": "-k*x"})
known = pm.hybrid(data, "x' = v, v' = -k*x")
assert known.status == "known-suffices", known
known.save("known")
pm.load("known")
assert pm.catalogue.list_datasets()
pm.open("solar-system")
from physmodel.cli import main
sys.argv = ["physmodel", "check", "lynx-hare"]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""


def test_the_light_set_does_the_main_job(tmp_path: Path) -> None:
    done = run(LIGHT, *EXTRAS, folder=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        ("nets", "import physmodel.models.nets.mlp"),
        ("nets", "import physmodel.networks.fit_network"),
        ("nets", "pm.tune"),
        ("nets", "pm.nets"),
        ("wavelets", "import physmodel.models.dictionaries"),
        ("wavelets", "pm.denoise"),
        ("pysindy", "from physmodel.interop import selector"),
        ("pysindy", "pm.optimizers.SparseRegressor"),
        ("testing", "import physmodel.testing"),
        ("files", "pm.open('table.parquet')"),
    ],
)
def test_what_needs_an_extra_says_which(extra: str, code: str, tmp_path: Path) -> None:
    (tmp_path / "table.parquet").write_bytes(b"PAR1")
    caught = f"\ntry:\n    {code}\nexcept pm.MissingDependencyError as error:\n    print(error)\n"
    done = run(caught, extra, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"pip install 'physmodel[{extra}]'" in done.stdout
