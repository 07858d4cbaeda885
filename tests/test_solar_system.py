"""Newton's law of gravitation and the masses of the planets from fifty years of positions."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

import physmodel as pm
from physmodel.bodies.unseen import find_unseen
from physmodel.cli.root import root


@pytest.fixture(scope="module")
def law() -> pm.Result:
    return pm.discover("solar-system")


def ratio(law: pm.Result, body: str) -> float:
    strengths = law.laws[0]["strengths"]
    return strengths["Sun"]["value"] / strengths[body]["value"]


def test_inverse_square_is_chosen(law: pm.Result) -> None:
    assert law.status == "identified"
    assert law.laws[0]["kind"] == "pairwise-central"
    assert law.laws[0]["exponent"] == -2.0
    assert {float(p) for p in law.laws[0]["exponents_tried"]} >= set(np.arange(-5, 2.01, 0.5))
    # Left free, it stays: 1e-8 is where relativity and asteroids begin.
    assert law.laws[0]["exponent_free"] == pytest.approx(-2.0, abs=1e-8)


@pytest.mark.parametrize(
    ("body", "known", "tolerance"),
    [
        # Mass ratios of DE421, which made the data (Folkner, Williams, Boggs (2009), table of
        # GM). Each tolerance is three standard errors of the fit; the tests below check those.
        ("Jupiter", 1047.3486253, 1e-8),
        ("Saturn", 3497.9017674, 2e-8),
        ("Uranus", 22902.9816, 5e-7),
        ("Neptune", 19412.2384, 5e-7),
        ("Earth", 328900.56, 2e-5),
        ("Venus", 408523.72, 3e-5),
        ("Mars", 3098703.6, 1e-4),
        ("Mercury", 6023590.0, 6e-4),
        ("Pluto", 135836682.0, 6e-3),
    ],
)
def test_masses(law: pm.Result, body: str, known: float, tolerance: float) -> None:
    assert ratio(law, body) == pytest.approx(known, rel=tolerance)


def test_strengths_have_units_and_errors(law: pm.Result) -> None:
    sun = law.laws[0]["strengths"]["Sun"]
    assert sun["unit"] == "au^3/day^2"
    assert sun["value"] == pytest.approx(2.9591220828559e-4, rel=1e-7)  # Gauss's constant squared
    assert 0.0 < sun["std"] < 1e-6 * sun["value"]


def test_energy_and_momenta_are_conserved(law: pm.Result) -> None:
    drift = {item.name: item.drift for item in law.conserved}
    assert set(drift) == {"energy", "momentum", "angular momentum"}
    assert max(drift.values()) < 1e-7  # 3e-8 were seen
    assert {item.name: item.drift for item in pm.invariants(law)} == drift


def test_the_printed_law_fits_eighty_columns(
    law: pm.Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The command prints the law above: the search takes ten seconds and need not run twice.
    monkeypatch.setattr("physmodel.discovery.discover.discover", lambda *_, **__: law)
    done = CliRunner().invoke(root, ["discover", "solar-system", "-q"])
    assert done.exit_code == 0, done.output
    assert "Jupiter" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_asteroids_complete_the_momentum(law: pm.Result) -> None:
    """Ceres and Vesta have no column; half axes from the JPL Small-Body Database."""
    ceres, vesta, *others = law.laws[0]["unseen"]
    # Ceres has 2.767, and Pallas, which goes along, 2.772.
    assert ceres["semi_major_axis"] == pytest.approx(2.7695, rel=1e-3)
    assert vesta["semi_major_axis"] == pytest.approx(2.362, rel=1e-3)
    sun = law.laws[0]["strengths"]["Sun"]["value"]
    # Ceres 4.7e-10 and Vesta 1.3e-10 of the Sun; Pallas, 1.0e-10, has the period of Ceres.
    assert 4.7e-10 < ceres["strength"]["value"] / sun < 5.8e-10
    assert vesta["strength"]["value"] / sun == pytest.approx(1.3e-10, rel=0.1)
    # What is left of the belt is light and beyond both: Hygiea and its neighbours.
    assert all(2.5 < other["semi_major_axis"] < 3.4 for other in others)
    assert all(other["strength"]["value"] / sun < 1e-10 for other in others)
    assert law.conserved[1].name == "momentum"
    public = next(item for item in pm.invariants(law) if item.name == "momentum")
    assert {"unseen 1", "unseen 2"} <= set(public.terms)


def test_pluto_is_found_without_its_columns(law: pm.Result) -> None:
    """What the momentum of the Sun and eight planets lacks is on Pluto's orbit, as measured."""
    data = pm.open("solar-system")
    table = np.column_stack([data[name].values for name in law.problem.states]).reshape(-1, 10, 3)
    time = data["time"].values
    strengths = law.model.strengths  # type: ignore[union-attr]
    pluto = find_unseen(time, table[:, :9], strengths[:9], 1e-16)[0]
    assert abs(pluto.strength - strengths[9]) < 2.0 * pluto.strength_std
    assert pluto.strength_std < 0.3 * pluto.strength
    relative = table[:, 9] - table[:, 0]
    # Fifty years are a fifth of a turn; the plane follows from it, to the spread of the fit.
    normal = np.cross(relative[0], relative[-1])
    assert pluto.normal @ normal / np.linalg.norm(normal) > np.cos(np.deg2rad(5.0))
    assert abs(pluto.period - 248.0 * 365.25) < 2.0 * pluto.period_std


def test_fifty_years_ahead(law: pm.Result) -> None:
    data = pm.open("solar-system")
    times = data["time"].values[[0, -1]]
    there = law.simulate(t=times)
    for body, axes in law.problem.body_table.items():
        miss = np.linalg.norm([float(there[a][-1] - data[a][-1]) for a in axes])
        # Asked for: 1e-3 au for the outer planets. Mercury goes round 207 times.
        assert miss < (1e-3 if body == "Mercury" else 1e-4), body


def test_bodies_are_recognised_by_their_names() -> None:
    data = pm.catalogue.load("three-body")
    plain = data.drop_attrs(deep=False)
    result = pm.discover(plain)
    assert result.laws[0]["exponent"] == -2.0
    assert result.status == "identified"


def test_another_exponent_is_found_too() -> None:
    """A hidden truth that is not gravity: attraction that grows with the root of distance."""
    from physmodel.models.fields.central_force import CentralForce
    from physmodel.models.fields.vector_field import simulate

    names = ("ax", "ay", "bx", "by", "cx", "cy")
    model = CentralForce(("a", "b", "c"), names, 0.5, np.array([1.0, 0.4, 0.2]))
    t = np.linspace(0.0, 30.0, 750)
    x = simulate(
        model,
        t,
        np.array([0.0, 0, 1, 0, -1.5, 0.3]),
        start_velocity=np.array([0.0, 0.1, 0, 0.8, 0.1, -0.6]),
        rtol=1e-12,
    )
    x = x + 1e-5 * np.random.default_rng(0).standard_normal(x.shape)
    bodies = {"a": ("ax", "ay"), "b": ("bx", "by"), "c": ("cx", "cy")}
    result = pm.discover(pm.from_arrays(t, x, names=names), bodies=bodies)
    assert result.laws[0]["exponent"] == 0.5
    values = [item["value"] for item in result.laws[0]["strengths"].values()]
    assert values == pytest.approx([1.0, 0.4, 0.2], rel=1e-3)
