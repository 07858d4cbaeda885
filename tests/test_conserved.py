"""Conserved quantities found in data: every law of the system, none where there is none."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import physmodel as pm
from physmodel.cli.root import root
from physmodel.conserved.search.families import families, motion_pairs
from physmodel.conserved.search.phase import means
from physmodel.conserved.search.precise import centred, precise
from physmodel.conserved.search.smoothing import smooth
from physmodel.conserved.search.spectrum import Spectrum, combinations_of
from physmodel.data.contract import variable_names
from physmodel.data.segments import segments
from physmodel.invariance.one_trajectory import fills_more_than_a_curve
from physmodel.models.kepler_orbits import eccentric_anomaly
from physmodel.models.simulated import oscillators
from physmodel.models.simulated.systems import simulate
from physmodel.problem.algebra.calculus import derivative, evaluate
from physmodel.problem.algebra.parser import parse
from physmodel.systems.laws import CASES, judged

Array = NDArray[np.float64]
TIME = np.linspace(0.0, 20.0, 300)


def circles(radii: Array, noise: float, *, decay: float = 0.0, seed: int = 0) -> xr.Dataset:
    """Trajectories x^2 + y^2 = r^2 exp(-2 decay t), known exactly."""
    rng = np.random.default_rng(seed)
    table = []
    for radius in radii:
        phase = TIME + rng.uniform(0.0, 6.0)
        clean = radius * np.exp(-decay * TIME) * np.array([np.cos(phase), np.sin(phase)])
        table.append(clean.T + noise * rng.standard_normal((len(TIME), 2)))
    return pm.from_arrays([TIME] * len(radii), table, names=["x", "y"])


RADII = np.linspace(0.5, 1.5, 12)


@pytest.mark.parametrize("name", CASES)
def test_every_law_is_found_and_none_invented(name: str) -> None:
    case = CASES[name]
    found = pm.invariants(case.record(11, trajectories=10))
    clean = case.record(11, noise=0.0, trajectories=10)
    assert judged(case, found, clean) == (0, 0), found


def test_the_exact_form_is_recovered_without_noise() -> None:
    (found,) = pm.invariants(circles(RADII, 0.0))
    # Second moments keep half the digits.
    assert found.terms == pytest.approx({"x^2": 1.0, "y^2": 1.0}, abs=1e-5)
    assert found.drift < 1e-6
    assert found.p_value > 0.001


@pytest.mark.parametrize("decay", [0.001, 0.01, 0.1])
def test_what_leaks_is_not_conserved(decay: float) -> None:
    """Two per cent of the energy lost over the record are seen through one per cent of noise."""
    assert pm.invariants(circles(RADII, 0.01)) != ()
    assert pm.invariants(circles(RADII, 0.01, decay=decay)) == ()


def test_p_values_are_those_of_noise() -> None:
    """A true law is refused at the stated level, 0.1%, so hardly ever in 24 records."""
    found = [pm.invariants(circles(RADII, 0.1, seed=seed)) for seed in range(24)]
    assert sum(len(item) == 1 for item in found) >= 23
    assert np.mean([item[0].p_value for item in found if item]) > 0.3  # one half, and some slack


@settings(max_examples=5, deadline=None)
@given(st.floats(-6.0, 6.0), st.floats(-6.0, 6.0), st.floats(-6.0, 6.0))
def test_units_do_not_matter(x: float, y: float, t: float) -> None:
    data = circles(RADII, 0.05)
    pieces = segments(data, ("x", "y"))
    scaled = pm.from_arrays(
        [piece.time * 10.0**t for piece in pieces],
        [piece.values * [10.0**x, 10.0**y] for piece in pieces],
        names=["x", "y"],
    )
    (plain,), (found,) = pm.invariants(data), pm.invariants(scaled)
    assert set(found.terms) == set(plain.terms) == {"x^2", "y^2"}
    ratio = found.terms["x^2"] / found.terms["y^2"] * 10.0 ** (2.0 * (x - y))
    # Digits are rounded to a tenth of their standard errors.
    assert ratio == pytest.approx(plain.terms["x^2"] / plain.terms["y^2"], rel=1e-2)
    assert found.p_value == pytest.approx(plain.p_value, rel=1e-2, abs=1e-3)


def test_uneven_sampling_and_unequal_trajectories() -> None:
    rng = np.random.default_rng(3)
    times, values = [], []
    for radius in RADII:
        time = np.sort(rng.uniform(0.0, 20.0, rng.integers(150, 400)))
        clean = radius * np.column_stack([np.cos(time), np.sin(time)])
        times.append(time)
        values.append(clean + 0.05 * rng.standard_normal(clean.shape))
    (found,) = pm.invariants(pm.from_arrays(times, values, names=["x", "y"]))
    assert set(found.terms) == {"x^2", "y^2"}


def test_velocities_are_found_where_only_positions_were_measured() -> None:
    data = circles(RADII, 0.02)
    pieces = segments(data, ("x",))
    alone = pm.from_arrays([p.time for p in pieces], [p.values for p in pieces], names=["x"])
    (found,) = pm.invariants(alone)
    assert set(found.terms) == {"x^2", "x_t^2"}


def test_one_orbit_needs_the_law() -> None:
    (found,) = pm.invariants(circles(np.array([1.0]), 0.02))  # x' = -y, y' = x conserves it
    assert set(found.terms) == {"x^2", "y^2"}


def ellipse(noise: float, turns: float = 1.0, eccentricity: float = 0.5) -> xr.Dataset:
    """One planet of Kepler's, with unit half axis and unit mass of the sun."""
    time = np.linspace(0.0, 2.0 * np.pi * turns, int(120 * turns))
    anomaly = eccentric_anomaly(time, eccentricity)
    speed, narrow = 1.0 / (1.0 - eccentricity * np.cos(anomaly)), np.sqrt(1.0 - eccentricity**2)
    place = np.array([np.cos(anomaly) - eccentricity, narrow * np.sin(anomaly)])
    along = np.array([-np.sin(anomaly), narrow * np.cos(anomaly)]) * speed
    clean = np.vstack([place, along]).T
    noisy = clean + noise * clean.std(axis=0) * np.random.default_rng(1).standard_normal(
        clean.shape
    )
    return pm.from_arrays(time, noisy, names=["x", "y", "vx", "vy"])


@pytest.mark.parametrize("noise", [0.0, 1e-2])
def test_one_ellipse_shows_what_its_law_conserves(noise: float) -> None:
    """Not the equation of the ellipse: angular momentum, energy, and the vector of Laplace."""
    found = pm.invariants(ellipse(noise))
    assert 2 <= len(found) <= 3
    # At points off the orbit, that move by x'' = -x / r^3, they are conserved.
    x, y, vx, vy = np.random.default_rng(0).uniform(0.5, 1.5, (4, 50))
    pull = (x**2 + y**2) ** -1.5
    rates = {"x": vx, "y": vy, "vx": -x * pull, "vy": -y * pull}
    place = {"x": x, "y": y, "vx": vx, "vy": vy}
    for item in found:
        parts = []
        for text, weight in item.terms.items():
            term = parse(text, tuple(place))
            parts += [
                weight * np.asarray(evaluate(derivative(term, name), place)) * rate
                for name, rate in rates.items()
            ]
        # Coefficients are good to a fifth of the noise.
        assert np.abs(np.sum(parts, axis=0)).max() < (noise + 1e-4) * np.abs(parts).max()
    assert any(set(item.terms) == {"x*vy", "y*vx"} for item in found)
    assert any("(x^2 + y^2)^-0.5" in item.terms and len(item.terms) == 3 for item in found)


def test_the_law_is_asked_where_smoothing_shows_nothing_constant() -> None:
    """Sixty samples of an ellipse: splines cut off more than the noise near the sun."""
    times, values = simulate(
        CASES["kepler"].system,  # type: ignore[arg-type]
        periods=1.0,
        samples_per_period=60,
        noise=0.01,
        seed=5,
        trajectories=1,
    )
    found = pm.invariants(pm.from_arrays(times, values, names=["x", "y", "vx", "vy"]))
    assert any(set(item.terms) == {"x*vy", "y*vx"} for item in found)


def test_curves_are_told_from_what_fills_more() -> None:
    def fills(data: xr.Dataset) -> bool:
        names = variable_names(data, "state")
        return fills_more_than_a_curve(smooth(segments(data, names), names, velocities=False))

    for noise in (0.0, 1e-2):
        assert not fills(ellipse(noise))
        assert not fills(ellipse(noise, turns=5.0))
    times, values = simulate(
        CASES["toda"].system,  # type: ignore[arg-type]
        periods=30.0,
        samples_per_period=60,
        noise=0.01,
        seed=5,
        trajectories=1,
    )
    assert fills(pm.from_arrays(times, values, names=["q1", "q2", "q3", "p1", "p2", "p3"]))


def test_one_orbit_of_an_attractor_is_a_curve_and_no_law() -> None:
    case = CASES["van-der-pol"]
    record = case.record(0, trajectories=1)
    (piece, *_) = segments(record, ("x", "v"))
    assert pm.invariants(pm.from_arrays(piece.time, piece.values, names=["x", "v"])) == ()


def test_random_walks_conserve_nothing() -> None:
    rng = np.random.default_rng(0)
    walks = [np.cumsum(rng.standard_normal((300, 3)), axis=0) for _ in range(10)]
    assert pm.invariants(pm.from_arrays([np.arange(300.0)] * 10, walks)) == ()


def test_constant_columns_and_copies_are_no_laws() -> None:
    data = circles(RADII, 0.05)
    wider = data.assign(z=("sample", np.ones(data.sizes["sample"])), w=data["x"])
    (found,) = pm.invariants(wider)
    assert set(found.terms) == {"x^2", "y^2"}


@pytest.mark.parametrize("seed", range(100, 104))
def test_one_turn_of_chaos_is_too_little_for_a_law(seed: int) -> None:
    """Long sums hardly change over it, but where noise is small they change by more than that."""
    times, values = simulate(
        oscillators.lorenz(),
        periods=1.0,
        samples_per_period=60,
        noise=0.1,
        seed=seed,
        trajectories=8,
    )
    assert pm.invariants(pm.from_arrays(times, values, names=["x", "y", "z"])) == ()


def test_points_count_by_their_noise() -> None:
    """Least squares weighted by the noise have the smallest errors (Gauss and Markov)."""
    rng = np.random.default_rng(2)
    sizes = np.where(np.arange(400) % 20 == 0, 10.0, 0.1)  # one point in twenty is loud
    owner = np.repeat(np.arange(4), 100).astype(np.intp)
    found = []
    for _ in range(20):
        place = rng.standard_normal(400)
        # 2 x - y is conserved; y has the noise, so that noise in the sum is as large.
        truth = np.column_stack([place, 2.0 * place + owner])
        noisy = truth + np.column_stack([np.zeros(400), sizes * rng.standard_normal(400)])
        draws = [
            np.column_stack([np.zeros(400), sizes * rng.standard_normal(400)]) for _ in range(12)
        ]
        weights, share = precise(noisy, draws, np.array([1.5, -1.0]), owner)
        found.append(-weights[0] / weights[1])
        deviations = centred(noisy @ weights, share, owner)
        assert np.bincount(owner, share * deviations) == pytest.approx(np.zeros(4), abs=1e-9)
    # 380 quiet points of noise 0.1 and x of spread one: 0.005 each time; plain sums have 0.1.
    assert np.std(found) < 0.01
    assert np.mean(found) == pytest.approx(2.0, abs=0.005)


def test_too_short_records_are_refused() -> None:
    with pytest.raises(pm.DataError, match="samples or more"):
        pm.invariants(pm.from_arrays(0.1, np.random.default_rng(0).normal(size=(9, 2))))


def test_a_law_knows_its_invariants_within_its_errors() -> None:
    """Henon and Heiles: the coefficients must fit together, and do so within their errors."""
    pieces = segments(CASES["henon-heiles"].record(0, trajectories=5), ("x", "y", "vx", "vy"))[:5]
    data = pm.from_arrays(
        [p.time for p in pieces], [p.values for p in pieces], names=["x", "y", "vx", "vy"]
    )
    law = pm.discover(data)
    (found,) = pm.invariants(law)
    assert set(found.terms) == {"x^2", "y^2", "vx^2", "vy^2", "x^2*y", "y^3"}
    assert found.p_value > 0.001
    assert [item.expression for item in law.conserved] == [found.expression]


def test_a_damped_law_has_none() -> None:
    pieces = segments(CASES["damped-spring"].record(0, trajectories=5), ("x", "v"))[:5]
    law = pm.discover(
        pm.from_arrays([p.time for p in pieces], [p.values for p in pieces], names=["x", "v"])
    )
    assert law.status == "identified"
    assert pm.invariants(law) == ()


def test_noise_maps_are_those_of_the_smoothing() -> None:
    """Smoothing pure noise gives points with the spread that `errors` draws from."""
    rng = np.random.default_rng(1)
    noise = pm.from_arrays([TIME] * 200, [rng.standard_normal((300, 1)) for _ in range(200)])
    phase = smooth(segments(noise, ("x0",)), ("x0",), velocities=True)
    drawn = np.std([phase.errors(seed) for seed in range(20)], axis=(0, 1))
    # 200 trajectories of a few degrees of freedom each: good to five per cent.
    np.testing.assert_allclose(phase.values.std(axis=0), drawn, rtol=0.1)


def test_positions_and_velocities_are_recognised() -> None:
    for name, pairs in {
        "kepler": [("x", "vx"), ("y", "vy")],
        "double-pendulum": [("theta1", "omega1"), ("theta2", "omega2")],
        "lotka-volterra": [],
    }.items():
        data = CASES[name].record(0, trajectories=4)
        states = CASES[name].system.states  # type: ignore[union-attr]
        phase = smooth(segments(data, states), states, velocities=False)
        assert motion_pairs(phase) == pairs
        assert len({family.label for family in families(phase, pairs)}) >= 4


def test_means_along_trajectories() -> None:
    trajectory = np.array([0, 0, 1, 1, 1], dtype=np.intp)
    values = np.array([1.0, 3.0, 1.0, 2.0, 6.0])
    np.testing.assert_array_equal(means(values, trajectory), [2.0, 2.0, 3.0, 3.0, 3.0])


def test_a_shorter_combination_of_two_is_preferred() -> None:
    """Null vectors (1, 1, 1, 0) and (1, 1, 0, -1): their difference has two terms."""
    null = np.linalg.qr(np.array([[1.0, 1, 1, 0], [1, 1, 0, -1]]).T)[0]
    within = np.eye(4) - null @ null.T + 1e-4 * np.eye(4)
    spectrum = Spectrum.of(within, 1e-4 * np.eye(4), np.eye(4), 1000.0)
    supports = {tuple(np.flatnonzero(w)) for w in combinations_of(spectrum, 3)}
    assert (2, 3) in supports
    assert len(supports) == 2


def test_command_line(tmp_path: object) -> None:
    path = f"{tmp_path}/circles.csv"
    data = circles(RADII, 0.05)
    label = np.repeat(np.arange(len(RADII)), len(TIME))
    columns = [label, data["time"].values, data["x"].values, data["y"].values]
    np.savetxt(path, np.column_stack(columns), delimiter=",", header="run,t,x,y", comments="")
    options = ["invariants", path, "--trajectory", "run", "--json"]
    result = CliRunner().invoke(root, options)
    assert result.exit_code == 0
    (found,) = json.loads(result.stdout)["invariants"]
    assert set(found) == {"name", "expression", "terms", "p_value", "drift", "size"}
    assert set(found["terms"]) == {"x^2", "y^2"}
    text = CliRunner().invoke(root, options[:-1])
    assert found["expression"] in text.stdout


def test_command_line_says_when_there_is_none(tmp_path: object) -> None:
    path = f"{tmp_path}/walk.csv"
    walk = np.cumsum(np.random.default_rng(0).normal(size=(300, 2)), axis=0)
    table = np.column_stack([np.arange(300.0), walk])
    np.savetxt(path, table, delimiter=",", header="t,x,y", comments="")
    result = CliRunner().invoke(root, ["invariants", path])
    assert result.exit_code == 1
    assert "nothing is conserved" in result.stdout


def test_an_anharmonic_well_has_its_energy_beside_the_angular_momentum() -> None:
    """Four states have 69 terms up to degree 4; energies need no more than 17 of them."""
    from physmodel.models.integration.integrate import integrate

    def rhs(t: float, s: Array) -> Array:
        x, y, vx, vy = s
        pull = 1.0 + 0.5 * (x**2 + y**2)
        return np.array([vx, vy, -pull * x, -pull * y])

    rng, time = np.random.default_rng(4), np.linspace(0.0, 12.0, 200)
    runs = [integrate(rhs, time, rng.normal(size=4), rtol=1e-9) for _ in range(6)]
    runs = [run + 0.002 * rng.standard_normal(run.shape) for run in runs]
    found = pm.invariants(pm.from_arrays([time] * 6, runs, names=["x", "y", "vx", "vy"]))
    energy = {"x^2", "y^2", "vx^2", "vy^2", "x^4", "x^2*y^2", "y^4"}
    assert [set(item.terms) for item in found] == [{"x*vy", "y*vx"}, energy]
    assert all(not item.expression.startswith("-") for item in found)


def test_four_columns_far_from_zero_have_no_invariant() -> None:
    """Second-order rivals of states without velocities cannot dispute: nothing is looked up."""
    rows = 1e12 + np.random.default_rng(0).integers(-1, 2, (25, 4)).astype(float)
    assert isinstance(pm.invariants(pm.from_arrays(np.arange(25.0), rows)), tuple)
