"""Newton's law of gravitation and the masses of the planets from fifty years of positions."""

from __future__ import annotations

import numpy as np
import pytest

import physmodel as pm


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
        # IAU 2009 mass ratios. The tolerance grows as the pull on others gets weaker.
        ("Jupiter", 1047.3486, 1e-5),
        ("Saturn", 3497.898, 1e-5),
        ("Uranus", 22902.98, 1e-3),
        ("Neptune", 19412.24, 1e-3),
        ("Earth", 328900.56, 1e-3),
        ("Venus", 408523.71, 2e-3),
        ("Mars", 3098708.0, 0.01),
        ("Mercury", 6023600.0, 0.05),
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
    assert drift["energy"] < 5e-8  # the data allow 1e-8
    assert drift["angular momentum"] < 5e-8
    assert drift["momentum"] < 1e-4  # limited by the masses of the small planets
    public = {item.name: item.drift for item in law.invariants()}
    assert public == drift
    # Pluto and the asteroids are not in the data; Pluto alone carries a millionth of the momenta.
    assert public["momentum"] < 1e-5


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
    from physmodel.models.central_force import CentralForce
    from physmodel.models.vector_field import simulate

    names = ("ax", "ay", "bx", "by", "cx", "cy")
    model = CentralForce(("a", "b", "c"), names, 0.5, np.array([1.0, 0.4, 0.2]))
    t = np.linspace(0.0, 30.0, 1500)
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
