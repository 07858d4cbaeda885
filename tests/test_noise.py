"""Noise estimates against noise of known size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from physmodel.data.measurement.noise import estimate_noise, quantisation_step

Array = NDArray[np.float64]


def lorenz(_: float, x: Array) -> list[float]:
    return [10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8 / 3 * x[2]]


def van_der_pol(_: float, x: Array) -> list[float]:
    return [x[1], 5 * (1 - x[0] ** 2) * x[1] - x[0]]


def signal(name: str, per_period: int, n: int = 1000) -> tuple[Array, Array]:
    """One variable of a system, `per_period` samples in its dominant period."""
    if name == "sine":
        t = 2 * np.pi / per_period * np.arange(n)
        return t, np.sin(t)
    field, start, period = {
        "lorenz": (lorenz, [-8.0, 7.0, 27.0], 0.75),
        "van der Pol": (van_der_pol, [2.0, 0.0], 11.6),
    }[name]
    t = period / per_period * np.arange(n)
    flow = solve_ivp(field, (0, t[-1]), start, t_eval=t, rtol=1e-11, atol=1e-12, method="DOP853")
    return t, flow.y[0]


@pytest.mark.parametrize("share", [0.01, 0.05, 0.1])
@pytest.mark.parametrize("per_period", [50, 100])
@pytest.mark.parametrize("name", ["sine", "lorenz", "van der Pol"])
def test_estimate_is_close(name: str, per_period: int, share: float) -> None:
    t, x = signal(name, per_period)
    noise = share * x.std()
    rng = np.random.default_rng(1)
    ratio = estimate_noise([t], [x + noise * rng.normal(size=len(x))]) / noise
    # About 500 independent contrasts: 3 per cent, four of them; jumps of the relaxation
    # oscillation add up to ten per cent.
    assert 0.87 < ratio < 1.2


@pytest.mark.parametrize("name", ["sine", "lorenz"])
def test_irregular_sampling(name: str) -> None:
    t, x = signal(name, 100)
    rng = np.random.default_rng(2)
    kept = np.sort(rng.choice(len(t), 700, replace=False))
    noise = 0.03 * x.std()
    ratio = estimate_noise([t[kept]], [x[kept] + noise * rng.normal(size=700)]) / noise
    assert 0.85 < ratio < 1.2


@pytest.mark.parametrize(
    ("name", "limit"), [("sine", 1e-8), ("lorenz", 1e-8), ("van der Pol", 1e-7)]
)
def test_smooth_data_have_no_noise(name: str, limit: float) -> None:
    t, x = signal(name, 50)
    assert estimate_noise([t], [x]) < limit * x.std()


@pytest.mark.parametrize("n", [15, 21, 40])
def test_few_samples(n: int) -> None:
    t, x = signal("sine", 20, n)
    rng = np.random.default_rng(3)
    ratios = [estimate_noise([t], [x + 0.1 * rng.normal(size=n)]) / 0.1 for _ in range(50)]
    # A single estimate from n samples scatters by 1 / sqrt(n) or more; the typical one is close.
    assert 0.75 < np.median(ratios) < 1.25


@pytest.mark.parametrize("step", [0.001, 0.01, 0.1, 0.5])
def test_rounding_counts_as_uniform_noise(step: float) -> None:
    t = np.linspace(0, 20, 2000)
    rounded = step * np.round(3 * np.sin(t) / step)
    assert estimate_noise([t], [rounded]) == pytest.approx(step / np.sqrt(12), rel=0.1)
    assert quantisation_step(rounded) == pytest.approx(step, rel=1e-9)


def test_no_step_is_seen_in_smooth_or_random_data() -> None:
    rng = np.random.default_rng(4)
    t = np.linspace(0, 20, 2000)
    for values in (np.sin(t), t, rng.normal(size=30), np.arange(50.0), np.sign(np.sin(t))):
        assert quantisation_step(values) == 0.0


def test_many_short_pieces() -> None:
    rng = np.random.default_rng(5)
    times = [np.arange(15) / 20 for _ in range(40)]
    values = [np.sin(t + k) + 0.05 * rng.normal(size=15) for k, t in enumerate(times)]
    # 40 pieces of about 10 contrasts each: some 5 per cent, four of them.
    assert estimate_noise(times, values) / 0.05 == pytest.approx(1.0, abs=0.2)


def test_too_short_or_flat_is_zero() -> None:
    assert estimate_noise([np.arange(4.0)], [np.array([1.0, 3.0, 2.0, 5.0])]) == 0.0
    assert estimate_noise([np.arange(40.0)], [np.full(40, 7.0)]) == 0.0


def test_long_records_are_sampled_in_blocks() -> None:
    rng = np.random.default_rng(6)
    t = np.arange(300_000) / 50
    ratio = estimate_noise([t], [np.sin(t) + 0.1 * rng.normal(size=len(t))]) / 0.1
    assert ratio == pytest.approx(1.0, abs=0.05)


@given(st.integers(-40, 40), st.integers(-40, 40), st.integers(0, 1000))
def test_units_only_scale_the_estimate(value: int, time: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    t = np.cumsum(rng.uniform(0.5, 1.5, 60))
    x = np.sin(t / 5) + 0.1 * rng.normal(size=60)
    scaled = estimate_noise([2.0**time * t], [2.0**value * x])
    # Powers of two scale without rounding; the rest of the arithmetic is invariant to 1e-9.
    assert scaled == pytest.approx(2.0**value * estimate_noise([t], [x]), rel=1e-6)
