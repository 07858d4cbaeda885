"""Symmetries of discovered laws: those of the system, none where there is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import physmodel as pm
from physmodel.cli.root import root
from physmodel.conserved import finite
from physmodel.conserved.generators import Condition
from physmodel.conserved.of_field import UncertainField
from physmodel.conserved.symmetries import LawSymmetry
from physmodel.models.fields.sparse_field import SparseField
from physmodel.models.integration.integrate import integrate
from physmodel.problem.algebra.parser import parse
from physmodel.problem.known.symmetry_text import read_symmetry
from physmodel.systems.laws import CASES

Array = NDArray[np.float64]
PLANE = ("x", "y")
#: A rotation of the plane.
TURN = {("L", 0, 1): -1.0, ("L", 1, 0): 1.0}


def record(rhs: Callable[[float, Array], Array], starts: Array, noise: float) -> xr.Dataset:
    time = np.linspace(0.0, 6.0, 150)
    rng = np.random.default_rng(0)
    table = [integrate(rhs, time, start, rtol=1e-9) for start in starts]
    table = [x + noise * x.std(axis=0) * rng.standard_normal(x.shape) for x in table]
    return pm.from_arrays([time] * len(table), table, names=list(PLANE))


def names_of(data: xr.Dataset) -> set[str]:
    return {item.name for item in pm.symmetries(data)}


def field(states: tuple[str, ...], *equations: dict[str, float]) -> SparseField:
    terms = sorted({term for equation in equations for term in equation})
    table = [[equation.get(term, 0.0) for term in terms] for equation in equations]
    return SparseField(states, (), 1, tuple(parse(t, states) for t in terms), np.array(table))


def exact(model: SparseField) -> UncertainField:
    return UncertainField(model, np.zeros_like(model.coefficients))


def test_kepler_turns_and_scales_as_keplers_third_law_says() -> None:
    data = CASES["kepler"].record(0, trajectories=2)
    names = names_of(data)
    assert "rotation:x,y;vx,vy" in names
    assert "scaling:x=2,y=2,vx=-1,vy=-1,t=3" in names  # T^2 ~ a^3
    assert "time-reversal:vx,vy" in names


def test_one_orbit_has_the_same_symmetries_whoever_asks() -> None:
    """One ellipse without noise: the law that prints is one of many, and shifts are none of it."""

    def kepler(_: float, s: Array) -> Array:
        return np.array([s[2], s[3], *(-s[:2] / np.hypot(s[0], s[1]) ** 3)])

    time = np.linspace(0.0, 12.0, 200)
    orbit = integrate(kepler, time, [1.0, 0.0, 0.0, 1.2], rtol=1e-12)
    data = pm.from_arrays(time, orbit, names=["x", "y", "vx", "vy"])
    law = pm.discover(data)
    names = {item.name for item in pm.symmetries(law)}
    assert names == names_of(data)
    assert {"rotation:x,y;vx,vy", "scaling:x=2,y=2,vx=-1,vy=-1,t=3"} <= names
    assert not any(name.startswith("translation") for name in names)


def test_terms_that_cannot_be_told_apart_share_their_symmetries() -> None:
    """A rival that explains the data as well may have other symmetries."""
    time = np.linspace(0.0, 20.0, 300)
    circle = np.column_stack([np.cos(time), np.sin(time)])
    law = pm.discover(pm.from_arrays(time, circle, names=["x", "y"]), degree=1)
    model = field(PLANE, {"y": -1.0}, {"x": 1.0, "x*y": 0.1})
    errors = xr.DataArray(np.zeros_like(model.coefficients))
    rival = replace(law, delta=0.0, model=model, std_errors=errors)
    alone = {item.name for item in pm.symmetries(replace(law, rivals=()))}
    unsure = replace(law, status="not-identifiable", rivals=(rival,))
    assert "rotation:x,y" in alone
    assert "rotation:x,y" not in {item.name for item in pm.symmetries(unsure)}


def test_plane_oscillator_turns() -> None:
    assert "rotation:x,y;vx,vy" in names_of(CASES["plane-oscillator"].record(0, trajectories=4))


def test_lorenz_has_its_reflection_and_no_other_symmetry() -> None:
    assert names_of(pm.catalogue.load("lorenz")) == {"reflection:x,y"}


def test_pendulum_runs_backwards() -> None:
    found = pm.symmetries(CASES["pendulum"].record(0, trajectories=4))
    assert found[0].name == "time-reversal:omega"
    assert dict(found[0].generator) == {"omega": "-omega", "t": "-t"}


@pytest.mark.parametrize("seed", [0, 1])
def test_a_random_quadratic_system_has_none(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = 0.3 * rng.normal(size=(2, 6))

    def rhs(t: float, s: Array) -> Array:
        x, y = s
        return np.array([y, -x]) + table @ np.array([0.3, x, y, x**2, x * y, y**2])

    data = record(rhs, rng.uniform(-0.3, 0.3, size=(2, 2)), 0.01)
    assert pm.symmetries(data) == ()


def test_a_broken_rotation_is_noticed() -> None:
    """Hopf's normal form turns; with one coefficient off by a tenth it does not."""

    def hopf(squeeze: float) -> Callable[[float, Array], Array]:
        def rhs(t: float, s: Array) -> Array:
            x, y = s
            r = x**2 + y**2
            return np.array([x - y - x * r, x + squeeze * y - y * r])

        return rhs

    starts = np.array([[0.1, 0.0], [0.0, -1.2]])
    assert "rotation:x,y" in names_of(record(hopf(1.0), starts, 0.01))
    assert "rotation:x,y" not in names_of(record(hopf(1.3), starts, 0.01))


@settings(max_examples=20, deadline=None)
@given(st.floats(0.2, 5.0), st.floats(-3.0, 3.0), st.floats(-2.0, 2.0))
def test_rotations_of_equivariant_fields_have_no_defect(a: float, b: float, c: float) -> None:
    """f = (a + c r^2) x + b J x commutes with every rotation."""
    model = field(
        PLANE,
        {"x": a, "y": -b, "x^3": c, "x*y^2": c},
        {"x": b, "y": a, "x^2*y": c, "y^3": c},
    )
    points = np.random.default_rng(0).normal(size=(50, 2))
    said = Condition(exact(model), points).judge(TURN)
    assert said.defect < 1e-12  # rounding of cubic terms
    assert said.p_value == pytest.approx(1.0)


def test_errors_of_coefficients_decide() -> None:
    """A defect of ten per cent is one standard error in one law and a hundred in another."""
    model = field(PLANE, {"y": -1.0}, {"x": 1.1})
    points = np.random.default_rng(0).normal(size=(50, 2))
    for error, holds in ((0.1, True), (0.001, False)):
        unsure = UncertainField(model, np.where(model.coefficients != 0.0, error, 0.0))
        assert (Condition(unsure, points).judge(TURN).p_value > 0.01) is holds


def test_second_order_laws_carry_velocities_along() -> None:
    model = SparseField(
        PLANE, (), 2, (parse("x", PLANE), parse("y", PLANE)), np.array([[-1.0, 0], [0, -1.0]])
    )
    points = np.random.default_rng(0).normal(size=(50, 4))
    assert Condition(exact(model), points).judge(TURN).defect < 1e-12
    backwards = finite.Element("time-reversal", np.eye(2), -1.0)
    assert finite.judge(exact(model), exact(model).at(points), backwards).defect == 0.0


def test_products_are_not_listed() -> None:
    x, y, both = (finite.Element("", np.diag(d), 1.0) for d in ([-1.0, 1], [1.0, -1], [-1.0, -1]))
    assert finite.independent_of([x], y)
    assert not finite.independent_of([x, y], both)


def test_names_read_back() -> None:
    data = CASES["plane-oscillator"].record(0, trajectories=4)
    for item in pm.symmetries(data):
        assert read_symmetry(item.name, ("x", "y", "vx", "vy")).name == item.name
    law = pm.discover(pm.catalogue.load("three-body"))
    for item in pm.symmetries(law):
        assert read_symmetry(item.name, law.model.states).name == item.name
    assert {item.name for item in pm.invariants(law)} == {"energy", "momentum", "angular momentum"}
    assert max(item.drift for item in pm.invariants(law)) < 1e-6


def test_no_law_no_symmetry() -> None:
    walk = np.cumsum(np.random.default_rng(0).normal(size=(100, 2)), axis=0)
    law = pm.discover(pm.from_arrays(np.arange(100.0), walk), degree=2)
    assert law.status == "no-law"
    assert pm.symmetries(law) == pm.invariants(law) == ()


def test_a_law_without_data_asks_for_them() -> None:
    law = replace(pm.discover(CASES["pendulum"].record(0, trajectories=2)), data=None)
    for ask in (pm.symmetries, pm.invariants):
        with pytest.raises(pm.ProblemError, match="does not hold the data"):
            ask(law)


def test_command_line() -> None:
    result = CliRunner().invoke(root, ["symmetries", "lorenz", "--json"])
    assert result.exit_code == 0
    (found,) = json.loads(result.stdout)["symmetries"]
    assert found["name"] == "reflection:x,y"
    assert found["generator"] == {"x": "-x", "y": "-y"}
    assert found["defect"] == 0.0
    assert found["p_value"] == pytest.approx(1.0)


def test_lines_say_what_happens() -> None:
    generator = {"x": "-y", "y": "x", "z": "1", "w": "2*x + w", "t": "-2*t"}
    text = str(LawSymmetry("generator:...", generator, 0.0, 1.0, continuous=True))
    assert "x -> x - e*y, y -> y + e*x, z -> z + e, w -> w + e*(2*x + w), t -> t - e*2*t" in text
    assert "x -> -x" in str(LawSymmetry("reflection:x", {"x": "-x"}, 0.0, 1.0))


def test_positions_of_different_units_have_no_distance() -> None:
    """Polar coordinates: a pull along r (cos phi, sin phi) cannot be written with r^2 + phi^2."""
    time = np.linspace(0.0, 9.0, 60)
    columns = [2.0 + np.sin(time), np.cos(time), np.cos(2.0 * time), -2.0 * np.sin(2.0 * time)]
    units = {"r": "m", "vr": "m/s", "phi": "rad", "vphi": "rad/s"}
    data = pm.from_arrays(
        time, np.column_stack(columns), names=list(units), units=units, time_units="s"
    )
    assert isinstance(pm.symmetries(data), tuple)


def test_the_command_says_which_law_it_speaks_of(tmp_path: Path) -> None:
    walk = np.cumsum(np.random.default_rng(0).normal(size=(60, 1)), axis=0)
    path = tmp_path / "walk.csv"
    table = np.column_stack([np.arange(60.0), walk])
    np.savetxt(path, table, delimiter=",", header="t,x", comments="")
    result = CliRunner().invoke(root, ["symmetries", str(path)])
    assert (result.exit_code, result.stdout) == (1, "no symmetry beyond doubt\n")
    assert "no law of these data" in result.stderr
    found = CliRunner().invoke(root, ["symmetries", "lorenz"])
    assert "of this law (identified)" in found.stderr
    assert "dx/dt = " in found.stderr
    assert CliRunner().invoke(root, ["symmetries", "lorenz", "-q"]).stderr == ""
