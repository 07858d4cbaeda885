"""Bodies without a column, found in the momentum of the others; strengths from its balance."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import physmodel as pm
from physmodel.bodies.unseen import find_unseen, memory
from physmodel.models.fields.central_force import CentralForce
from physmodel.models.fields.vector_field import simulate
from physmodel.models.kepler_orbits import (
    UnseenBody,
    eccentric_anomaly,
    orbit_columns,
    orbit_slopes,
    straightened,
)

Array = NDArray[np.float64]
STRENGTHS = np.array([1.0, 1e-3, 3e-4, 1e-6])
RADII = np.array([1.0, 1.8, 3.1])


def planets(noise: float = 0.0, *, hidden: bool) -> xr.Dataset:
    """A star with two planets and a third, light one, known or hidden, in the frame of all."""
    rng = np.random.default_rng(4)
    angle, tilt = rng.uniform(0.0, 6.0, 3), rng.normal(0.0, 0.1, 3)
    speed = rng.uniform(0.93, 1.03, 3) / np.sqrt(RADII)
    zero = np.zeros(3)
    places = np.column_stack([RADII * np.cos(angle), RADII * np.sin(angle), zero])
    along = np.column_stack(
        [-np.sin(angle) * np.cos(tilt), np.cos(angle) * np.cos(tilt), np.sin(tilt)]
    )
    places, speeds = np.vstack([zero, places]), np.vstack([zero, speed[:, None] * along])
    names = [f"{body}_{axis}" for body in "abcd" for axis in "xyz"]
    model = CentralForce(tuple("abcd"), tuple(names), -2.0, STRENGTHS)
    time = np.linspace(0.0, 60.0, 1200)
    share = STRENGTHS / STRENGTHS.sum()
    start, velocity = places - share @ places, speeds - share @ speeds
    x = simulate(model, time, start.ravel(), start_velocity=velocity.ravel(), rtol=1e-12)
    x = x + noise * rng.standard_normal(x.shape)
    shown = 9 if hidden else 12
    return pm.from_arrays(time, x[:, :shown], names=names[:shown])


def test_a_hidden_planet_is_found_and_weighed() -> None:
    law = pm.discover(planets(1e-8, hidden=True))
    (found,) = law.laws[0]["unseen"]
    # The two planets that are shown disturb its orbit by a thousandth.
    assert found["semi_major_axis"] == pytest.approx(3.1, rel=0.1)
    assert found["strength"]["value"] == pytest.approx(1e-6, rel=1e-2)
    (star, first, second) = (item["value"] for item in law.laws[0]["strengths"].values())
    assert [star, first, second] == pytest.approx(STRENGTHS[:3], rel=1e-3)


@pytest.mark.parametrize("noise", [0.0, 1e-8, 1e-5])
def test_none_is_invented_where_all_are_shown(noise: float) -> None:
    data = planets(noise, hidden=False)
    time = data["time"].values
    names = [f"{body}_{axis}" for body in "abcd" for axis in "xyz"]
    x = np.column_stack([data[name].values for name in names]).reshape(len(time), -1, 3)
    assert find_unseen(time, x, STRENGTHS, max(noise, 1e-16)) == ()


def test_the_balance_weighs_a_body_whose_pull_is_hidden_by_noise() -> None:
    law = pm.discover(planets(1e-6, hidden=False))
    entry = law.laws[0]["strengths"]["d"]
    # Accelerations alone are wrong by several per cent here.
    assert entry["value"] == pytest.approx(1e-6, abs=3.0 * entry["std"])


def test_an_even_swarm_has_no_centre_to_go_round() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 3, 3)).cumsum(axis=0)
    assert find_unseen(np.arange(200.0), x, np.ones(3), 1e-9) == ()


@given(st.floats(-20.0, 20.0), st.floats(0.0, 0.9))
def test_anomalies_satisfy_keplers_equation(mean: float, eccentricity: float) -> None:
    (anomaly,) = eccentric_anomaly(np.array([mean]), eccentricity)
    # Rounding of the mean anomaly, over the least slope 1 - e.
    assert anomaly - eccentricity * np.sin(anomaly) == pytest.approx(mean, abs=1e-13)


def body() -> UnseenBody:
    return UnseenBody(
        2e-3,
        1e-5,
        2.0,
        0.5,
        9.0,
        0.1,
        np.array([0.7, 0.3, 0.4]),
        np.array([[1.0, 2, 0], [0, 1, 3]]),
    )


def test_momentum_is_the_rate_of_the_columns() -> None:
    one, time, width = body(), np.linspace(0.0, 30.0, 50), 1e-5

    def place(shift: float) -> Array:
        rate, cosine, sine = one.elements
        anomaly = eccentric_anomaly(rate * (time + shift) + np.arctan2(sine, cosine), 0.5)
        return np.column_stack([np.cos(anomaly) - 0.5, np.sin(anomaly)]) @ one.vectors

    rate = (place(width) - place(-width)) / (2.0 * width)
    np.testing.assert_allclose(one.momentum(time), rate, atol=1e-8)  # width squared, and rounding
    columns = orbit_columns(time, one.elements, 3) @ one.vectors.ravel()
    np.testing.assert_allclose(columns.reshape(-1, 3), straightened(time, place(0.0)), atol=1e-12)


def test_slopes_are_derivatives() -> None:
    one, time = body(), np.linspace(0.0, 30.0, 50)
    slopes = orbit_slopes(time, one.elements, one.vectors)
    for k, step in enumerate(np.diag([1e-4, 1e-3, 1e-3])):
        ahead = orbit_columns(time, one.elements + step, 3) @ one.vectors.ravel()
        behind = orbit_columns(time, one.elements - step, 3) @ one.vectors.ravel()
        # A step a hundred times as wide: what differs is its square.
        np.testing.assert_allclose(
            (ahead - behind) / (2 * step[k]), slopes[:, k], rtol=0, atol=2e-3
        )


def test_units_and_mappings() -> None:
    one = body()
    other = one.rescaled(3.0, 2.0, 5.0, -2.0)
    time = np.linspace(0.0, 20.0, 40)
    factor = 3.0**3 / 2.0**2 * 3.0 / 2.0  # strength, length over time
    expected = factor * one.momentum(time)
    np.testing.assert_allclose(other.momentum(5.0 + 2.0 * time), expected, rtol=1e-12)
    again = UnseenBody.from_mapping(one.to_mapping("au^3/day^2"))
    np.testing.assert_array_equal(again.momentum(time), one.momentum(time))
    assert np.linalg.norm(one.normal) == pytest.approx(1.0)
    assert one.normal @ one.vectors[0] == pytest.approx(0.0, abs=1e-15)


def test_memory_of_white_and_of_slow_residuals() -> None:
    white = np.random.default_rng(0).standard_normal((2000, 3))
    assert memory(white.ravel(), 3) < 2.0
    slow = np.sin(np.linspace(0.0, 60.0, 2000))[:, None] * np.ones(3)
    assert memory(slow.ravel(), 3) > 20.0
