"""Dimensionless coordinates: what they are divided by, what they hold, and the commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import physmodel as pm
from physmodel.cli.root import root
from physmodel.problem.toml import dumps, read_problem

T = np.linspace(0.0, 2.0, 50)
MOTION = np.column_stack([3.0 + np.sin(T), np.cos(T)])


def moving(x: str = "m", v: str = "m/s", time: str = "s", sizes: Any = (1.0, 1.0, 1.0)) -> Any:
    columns = MOTION / np.array(sizes[:2])
    units = {"x": x, "v": v}
    return pm.from_arrays(T / sizes[2], columns, names=["x", "v"], units=units, time_units=time)


def test_the_pendulum_in_units_of_itself() -> None:
    """``theta'' = -sin(theta)`` in the time of ``sqrt(L/g)``."""
    swings = pm.catalogue.load("pendulum", periods=4)
    made = pm.nondimensionalise(swings, {"g": "9.81 m/s^2", "L": "100 cm"})
    assert made["omega"].attrs["long_name"] == "omega*g^-0.5*sqrt(L)"
    assert {made[name].attrs["units"] for name in ("theta", "omega", "time")} == {"1"}
    law = pm.discover(made)
    assert law.status == "identified"
    assert [row["term"] for row in law.terms("omega")] == ["sin(theta)"]
    # The catalogue simulates without noise; its samples are good to 1e-9.
    assert law.terms("omega")[0]["coefficient"] == pytest.approx(-1.0, abs=1e-8)


@given(
    st.sampled_from((("m", 1.0), ("mm", 1e-3), ("km", 1e3))),
    st.sampled_from((("m/s", 1.0), ("km/h", 1.0 / 3.6))),
    st.sampled_from((("s", 1.0), ("min", 60.0))),
)
def test_the_numbers_do_not_depend_on_units(
    x: tuple[str, float], v: tuple[str, float], time: tuple[str, float]
) -> None:
    known = {"g": "9.81 m/s^2", "L": "0.5 m"}
    base = pm.nondimensionalise(moving(), known)
    sizes = (x[1], v[1], time[1])
    made = pm.nondimensionalise(moving(x[0], v[0], time[0], sizes), known)
    for name in ("x", "v", "time"):
        # A few products, each rounded once.
        np.testing.assert_allclose(made[name].values, base[name].values, rtol=1e-14)
    np.testing.assert_allclose(base["x"].values, MOTION[:, 0] / 0.5, rtol=1e-14)
    np.testing.assert_allclose(base["time"].values, T * np.sqrt(9.81 / 0.5), rtol=1e-14)


def test_what_constants_do_not_measure_becomes_groups() -> None:
    made = pm.nondimensionalise("lynx-hare")
    data = pm.open("lynx-hare")
    assert made["pi1"].attrs["long_name"] == "hare*lynx^-1"
    np.testing.assert_allclose(made["pi1"], data["hare"] / data["lynx"], rtol=1e-15)
    assert "hare" not in made
    assert made["time"].attrs["units"] == "year"
    assert any(finding.code == "I-GROUPS" for finding in pm.check(made))
    assert pm.discover(made).status in {"identified", "ambiguous", "not-identifiable", "no-law"}
    # A constant of another dimension takes part: m * v^2 / E.
    steady = pm.from_arrays(T, 2.0 + np.sin(T), names=["v"], units={"v": "m/s"}, time_units="s")
    energy = pm.nondimensionalise(steady, {"c": "5 m/s"})
    np.testing.assert_allclose(energy["v"], (2.0 + np.sin(T)) / 5.0, rtol=1e-15)
    assert energy["time"].attrs["units"] == "s"


def test_known_noise_and_inputs_go_along() -> None:
    data = pm.from_arrays(
        T, MOTION[:, :1], names=["x"], inputs=MOTION[:, 1:], input_names=["u"],
        units={"x": "m", "u": "m"}, time_units="s",
    )  # fmt: skip
    data["x"].attrs["noise_std"] = 0.1
    made = pm.nondimensionalise(data, {"L": "-2 m"})
    assert made["x"].attrs["noise_std"] == 0.05  # scales are positive
    assert made["u"].attrs["role"] == "input"
    assert data["x"].attrs["units"] == "m"  # the data stay as they are
    np.testing.assert_allclose(made["u"], MOTION[:, 1] / 2.0, rtol=1e-15)


@pytest.mark.parametrize(
    ("data", "constants", "error", "words"),
    [
        (lambda: moving(), {}, pm.ProblemError, ["no dimensionless group"]),
        (lambda: moving(), {"g": "m/s^2"}, pm.ProblemError, ["constants with values"]),
        (lambda: moving(), {"x": "2 m"}, pm.ProblemError, ["a variable and a constant"]),
        (lambda: moving(v="m"), {}, pm.DataError, ["divides by v", "passes through zero"]),
        (lambda: 5, {}, pm.PhysmodelError, []),
    ],
)
def test_what_cannot_be_done_is_said(
    data: Any, constants: dict[str, str], error: type[Exception], words: list[str]
) -> None:
    with pytest.raises(error) as caught:
        pm.nondimensionalise(data(), constants)
    for word in words:
        assert word in str(caught.value)


def test_groups_of_anything_that_has_units() -> None:
    problem = pm.Problem(("x",), units={"x": "m"}, time_unit="s", constants={"g": "m/s^2"})
    assert [str(group) for group in pm.pi_groups(problem)] == ["x*t^-2*g^-1"]
    assert [str(group) for group in pm.pi_groups(moving())] == ["x*v^-1*t^-1"]
    groups = pm.pi_groups(moving(), {"L": "0.5 m"})
    assert {str(group) for group in groups} == {"x*L^-1", "x*v^-1*t^-1"}


def test_the_commands(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    drop = 3.0 + 2.0 * T - 4.905 * T**2 + 0.001 * rng.normal(size=len(T))
    file = tmp_path / "drop.csv"
    rows = [f"{t:.6f},{x:.9f}" for t, x in zip(T, drop, strict=True)]
    file.write_text("\n".join(["t [s],x [m]", *rows]), encoding="utf-8")

    def run(*words: str) -> Any:
        return CliRunner().invoke(root, [*words])

    done = run("discover", str(file), "--constant", "g=m/s^2", "--json")
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    (row,) = printed["equations"]["x"]
    assert (row["term"], row["unit"], printed["order"]) == ("1", "m/s^2", 2)
    assert row["coefficient"] == pytest.approx(-9.81, abs=4 * row["std"])
    assert printed["problem"]["constants"] == {"g": "m/s^2"}
    assert run("discover", str(file), "--constant", "k=kg").exit_code == 2
    assert "dimensionless groups" not in run("check", str(file)).stdout
    assert "dimensionless groups: hare*lynx^-1" in run("check", "lynx-hare").stdout
    (group,) = json.loads(run("check", "lynx-hare", "--json").stdout)["pi_groups"]
    assert group == {"expression": "hare*lynx^-1", "terms": {"hare": 1, "lynx": -1}, "factor": 1.0}
    study = '[data]\nsource = "drop.csv"\n[problem.constants]\ng = "m/s^2"\n'
    (tmp_path / "study.toml").write_text(study, encoding="utf-8")
    assert "x*t^-2*g^-1" in run("check", str(tmp_path / "study.toml")).stdout
    assert run("discover", str(tmp_path / "study.toml"), "-q").exit_code == 0
    (tmp_path / "problem.toml").write_text(
        dumps(pm.Problem(("x",), constants={"g": "9.81 m/s^2"})), encoding="utf-8"
    )
    assert read_problem(tmp_path / "problem.toml").constants == (("g", "9.81 m/s^2"),)
