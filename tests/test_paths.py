"""Trajectories from slopes: what is noise, and what is too coarse a record."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from physmodel.networks.canonical import paths_of


def circles(count: int, noise: float, seed: int = 0) -> tuple[list, list, list]:
    rng = np.random.default_rng(seed)
    time = np.linspace(0.0, 3.0, 30)
    phases = rng.uniform(0.0, 6.0, count)
    states = [np.stack([np.cos(time + a), np.sin(time + a)], axis=1) for a in phases]
    slopes = [np.stack([-np.sin(time + a), np.cos(time + a)], axis=1) for a in phases]
    noisy = [x + noise * rng.standard_normal(x.shape) for x in states]
    return [time] * count, noisy, slopes


@given(noise=st.sampled_from([1e-4, 1e-2, 1.0]), seed=st.integers(0, 1000))
def test_the_noise_is_found(noise: float, seed: int) -> None:
    found = paths_of(*circles(20, noise, seed)).noise
    # A median of 20 variances of 29 numbers: 1.25 sqrt(2 / 29 / 20) / 2 = 4%, four times that.
    assert np.all(np.abs(found / noise - 1.0) < 0.16)


def test_a_few_records_that_turn_too_sharply_are_no_noise() -> None:
    time, states, slopes = circles(20, 0.0)
    kick = np.zeros_like(slopes[0])
    kick[15] = 1e3  # between two samples nobody knows what happened
    slopes[3] = slopes[3] + kick
    found = paths_of(time, states, slopes)
    assert np.all(found.noise < 3.0 * found.error)
    assert np.all(found.noise < 1e-4)
