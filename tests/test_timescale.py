"""The time scale of a record: one period of a sine, in samples, whatever the units."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physmodel.data.measurement.timescale import characteristic_samples

SEEDS = st.integers(0, 10_000)


def wave(period: float, n: int, phase: float = 0.0) -> np.ndarray:
    return np.cos(2 * np.pi * np.arange(n) / period + phase)[:, None]


def smooth(seed: int, n: int = 400, d: int = 2) -> np.ndarray:
    """A few oscillations of at least twenty samples each."""
    rng = np.random.default_rng(seed)
    parts = [wave(rng.uniform(20, 80), n, rng.uniform(0, 6)) * rng.normal(size=d) for _ in range(3)]
    return np.sum(parts, axis=0) + rng.normal(size=d)


@given(period=st.floats(12.0, 200.0), periods=st.integers(5, 20), phase=st.floats(0.0, 6.3))
def test_a_sine_remembers_one_period(period: float, periods: int, phase: float) -> None:
    found = characteristic_samples(wave(period, round(periods * period), phase))
    # The quarter period is rounded up to a sample: four samples. Over whole periods the quarter
    # that a shift cuts off moves the crossing by at most P / (4 pi^2 periods): 0.1 P / periods of
    # the whole. The half sample by which the record is no whole period adds one more.
    ends = 0.11 * period / periods + 1
    assert period - ends <= found <= period + ends + 4


@given(seed=SEEDS)
def test_every_state_weighs_the_same(seed: int) -> None:
    """The definition, without a Fourier transform, for one smooth state and one of rare pulses."""
    states = smooth(seed) ** [1, 9]
    n, lags = len(states), []
    for column in (states - states.mean(axis=0)).T:
        correlation = np.correlate(column, column, "full")[n - 1 :]
        lags.append(correlation / correlation[0])
    quarter = np.flatnonzero(np.sum(lags, axis=0) < 0.0)[0]
    assert characteristic_samples(states) == min(4 * quarter, n - 1)


@given(seed=SEEDS, factor=st.integers(2, 5))
def test_denser_sampling_takes_as_many_samples_more(seed: int, factor: int) -> None:
    dense = smooth(seed, 2000)
    coarse = dense[::factor]
    # Rounding up to a sample happens four times, and the ends of the record differ by a sample.
    assert characteristic_samples(dense) == pytest.approx(
        factor * characteristic_samples(coarse), abs=8 * factor
    )


@given(
    seed=SEEDS, scales=st.tuples(*[st.integers(-500, 500)] * 2), shift=st.integers(-(2**20), 2**20)
)
def test_units_and_origins_do_not_matter(seed: int, scales: tuple[int, int], shift: int) -> None:
    states = np.round(smooth(seed) * 2**20)  # so that powers of two and shifts are exact
    found = characteristic_samples(states)
    assert characteristic_samples(states * 2.0 ** np.array(scales)) == found
    assert characteristic_samples(states + shift) == found
    assert characteristic_samples(-states) == found
    assert characteristic_samples(states[:, ::-1]) == found
    assert characteristic_samples(np.repeat(states, 3, axis=1)) == found


@given(seed=SEEDS)
def test_time_may_run_backwards(seed: int) -> None:
    states = smooth(seed)
    assert characteristic_samples(states[::-1]) == characteristic_samples(states)


@given(seed=SEEDS)
def test_noise_hardly_matters(seed: int) -> None:
    rng = np.random.default_rng(seed)
    clean = wave(50.0, 1000)
    noisy = clean + 0.2 * rng.standard_normal(clean.shape)
    # At the crossing the correlation has slope 2 pi / 50 per sample; the noise adds to it, as a
    # part of the variance 1/2, a standard deviation of 0.2 * sqrt(2 / 1000) * sqrt(2) = 0.013.
    # Five of those are half a sample of a quarter period, so two samples of the whole.
    assert abs(characteristic_samples(noisy) - characteristic_samples(clean)) <= 4


@given(seed=SEEDS, n=st.integers(50, 2000))
def test_white_noise_remembers_nothing(seed: int, n: int) -> None:
    noise = np.random.default_rng(seed).standard_normal((n, 1))
    # Each lag falls below zero with probability one half: ten in a row do so once in a thousand.
    assert characteristic_samples(noise) <= 4 * 14


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, 1e200, -1e-300])
def test_a_state_that_never_changes_does_not_count(value: float) -> None:
    """Whether its mean rounds to itself or not."""
    states = wave(40.0, 400)
    still = np.full_like(states, value)
    found = characteristic_samples(states)
    assert characteristic_samples(np.hstack([states, still])) == found
    assert characteristic_samples(np.hstack([still, still, states])) == found
    assert characteristic_samples(still) == len(still) - 1


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7])
def test_short_records_have_a_scale_within_them(n: int) -> None:
    rng = np.random.default_rng(n)
    records = [np.zeros((n, 1)), np.arange(n)[:, None] * 1.0, rng.normal(size=(n, 2))]
    records += [np.full((n, 2), 0.1), np.empty((n, 0))]
    for states in records:
        assert 2 <= characteristic_samples(states) <= max(n - 1, 2)


def test_a_record_shorter_than_its_memory_is_remembered_whole() -> None:
    assert characteristic_samples(np.linspace(0.0, 1.0, 100)[:, None]) == 99
    assert characteristic_samples(wave(1000.0, 100)) == 99
    assert characteristic_samples(np.exp(-np.arange(100) / 200.0)[:, None]) == 99
