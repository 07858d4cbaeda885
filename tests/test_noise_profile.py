"""Noise that grows with the value: its profile, and laws found under it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import physmodel as pm
from physmodel.data.measurement.profile import NoiseProfile
from physmodel.models.integration.integrate import integrate
from physmodel.models.simulated.systems import SYSTEMS


def profile_of(share: float, size: float = 1.0) -> NoiseProfile:
    return NoiseProfile(np.array([share]), np.array([size]))


@given(
    share=st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0.01, 0.99)),
    value=st.floats(0.01, 100.0),
    size=st.floats(1e-6, 1e6),
)
def test_the_stabilised_scale_has_the_same_noise_everywhere(
    share: float, value: float, size: float
) -> None:
    profile = profile_of(share, size)
    x, step = value * size, 1e-5 * value * size
    low, high = profile.stabilised(np.array([[x - step], [x + step]]))[:, 0]
    slope = (high - low) / (2.0 * step)
    # Central differences err by the square of the relative step, rounding by eps over it.
    assert slope * profile.spread(np.array([[x]]))[0, 0] == pytest.approx(1.0, rel=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_profile_is_found_from_residuals(share: float) -> None:
    rng = np.random.default_rng(0)
    values = np.exp(rng.normal(0.0, 1.0, (1000, 1)))
    truth = profile_of(share, float(np.sqrt(np.mean(values**2))))
    residuals = 0.1 * truth.spread(values) * rng.standard_normal(values.shape)
    for start in (0.0, 1.0):
        found = profile_of(start, float(truth.size[0])).refitted(residuals, values)
        assert found.share[0] == share


def test_equal_residuals_keep_the_profile() -> None:
    # The margin of ten in log likelihood is passed by chance in fewer than 1 of 10^4 records.
    for seed in range(50):
        rng = np.random.default_rng(seed)
        values = rng.standard_normal((300, 1))
        plain = profile_of(0.0)
        assert plain.refitted(rng.standard_normal((300, 1)), values).share[0] == 0.0


@pytest.mark.parametrize("noise", [0.01, 0.05])
@pytest.mark.parametrize("seed", [1, 4])
def test_positive_states_with_additive_noise(noise: float, seed: int) -> None:
    """The logarithm of a trough is noisier than that of a crest: that made this `no-law`."""
    data = pm.catalogue.load("lotka-volterra", noise=noise, seed=seed)
    result = pm.discover(data)
    equations = SYSTEMS["lotka-volterra"].equations
    assert equations is not None
    assert result.status == "identified"
    for state, terms in equations.items():
        assert {item["term"] for item in result.terms(state)} == set(terms)
        # A standard deviation from 1000 samples is known to 2%, three of them twice.
        level = noise * float(data[state].std())
        assert result.noise_std[state] == pytest.approx(level, rel=0.1)


def test_plain_states_with_relative_noise() -> None:
    """An epidemic whose counts are known to two per cent each, nothing declared positive."""

    def epidemic(_: float, x: np.ndarray) -> np.ndarray:
        return np.array([-0.5 * x[0] * x[1], 0.5 * x[0] * x[1] - 0.15 * x[1], 0.15 * x[1]])

    time = np.linspace(0.0, 60.0, 300)
    clean = integrate(epidemic, time, [0.99, 0.01, 1e-4])
    rng = np.random.default_rng(2)
    noisy = clean * (1.0 + 0.02 * rng.standard_normal(clean.shape))
    result = pm.discover(pm.from_arrays(time, noisy, names=["S", "I", "R"]), order=1)
    found = {state: {item["term"] for item in result.terms(state)} for state in "SIR"}
    assert found == {"S": {"S*I"}, "I": {"S*I", "I"}, "R": {"I"}}
    for state, column in zip("SIR", clean.T, strict=True):
        level = 0.02 * float(np.sqrt(np.mean(column**2)))
        # 300 samples know it to 4%.
        assert result.noise_std[state] == pytest.approx(level, rel=0.15)
