"""Where to cut, and where not to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from physmodel.data.arrays import from_arrays
from physmodel.data.segments import cut, is_regular, runs, segments, time_gaps, value_jumps

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


def test_segments_are_the_trajectories() -> None:
    rng = np.random.default_rng(0)
    blocks = [rng.normal(size=(n, 2)) for n in (10, 20)]
    first, second = segments(from_arrays(0.1, blocks), ["x1", "x0"])
    np.testing.assert_array_equal(first.values, blocks[0][:, ::-1])
    np.testing.assert_array_equal(second.values, blocks[1][:, ::-1])
    assert (first.trajectory, second.trajectory) == ("0", "1")


def test_gaps_in_regular_data() -> None:
    t = np.concatenate([np.arange(100) + 150.0 * k for k in range(4)])
    assert time_gaps(t).tolist() == [99, 199, 299]


def test_days_without_nights() -> None:
    t = np.concatenate([np.arange(8) + 24.0 * k for k in range(20)])
    assert len(time_gaps(t)) == 19


@pytest.mark.parametrize("lost", [0.1, 0.3, 0.5, 0.7])
@pytest.mark.parametrize("n", [30, 300, 3000])
def test_randomly_missing_samples_are_no_gaps(lost: float, n: int) -> None:
    rng = np.random.default_rng(1)
    t = np.flatnonzero(rng.random(n) > lost) * 0.1
    # Memoryless gaps: five times the 90th percentile has a chance of 1e-5 per sample.
    assert len(time_gaps(t)) <= (1 if lost < 0.2 else 0)


def test_poisson_and_logarithmic_sampling_are_no_gaps() -> None:
    rng = np.random.default_rng(2)
    assert not len(time_gaps(np.cumsum(rng.exponential(size=1000))))
    assert not len(time_gaps(np.logspace(-5, 5, 100)))
    assert not len(time_gaps(np.array([0, 0.25, 0.5, 1, 2, 3.5, 5, 7, 9, 12, 24])))


def test_one_gap_in_irregular_data() -> None:
    t = np.sort(np.random.default_rng(3).uniform(0, 100, 500))
    t = t[(t < 40) | (t > 60)]
    assert time_gaps(t).tolist() == [np.searchsorted(t, 50) - 1]


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.05])
@pytest.mark.parametrize("per_period", [50, 100, 200])
@pytest.mark.parametrize("name", ["sine", "lorenz", "van der Pol"])
def test_no_jump_is_seen_in_whole_signals(name: str, per_period: int, noise: float) -> None:
    rng = np.random.default_rng(4)
    _, x = signal(name, per_period)
    for n in (30, 100, 1000):
        part = x[-n:, None] + noise * x.std() * rng.normal(size=(n, 1))
        assert not len(value_jumps(part))


@pytest.mark.parametrize("n", [20, 500, 4000])
def test_no_jump_is_seen_in_noise_and_walks(n: int) -> None:
    rng = np.random.default_rng(5)
    assert not len(value_jumps(rng.normal(size=(n, 3))))
    assert not len(value_jumps(np.cumsum(rng.normal(size=(n, 3)), axis=0)))


@pytest.mark.parametrize("period", [10, 50, 200, 500, 2000])
def test_switching_is_no_gap(period: int) -> None:
    wave = np.sign(np.sin(2 * np.pi * (np.arange(4000) + 0.5) / period))
    driven = np.zeros(4000)
    for k in range(3999):
        driven[k + 1] = driven[k] + 0.02 * (wave[k] - driven[k])
    noisy = wave + 0.01 * np.random.default_rng(6).normal(size=4000)
    assert not len(value_jumps(np.column_stack([wave, driven, noisy])))


def test_an_outlier_is_no_gap() -> None:
    x = np.sin(np.arange(300) / 20)[:, None]
    x[150] += 5.0
    assert not len(value_jumps(x))


@pytest.mark.parametrize("lost", [8, 20])
@pytest.mark.parametrize("name", ["sine", "lorenz"])
def test_a_hidden_gap_is_found_at_its_place(name: str, lost: int) -> None:
    _, x = signal(name, 100)
    jumps = value_jumps(np.delete(x, slice(430, 430 + lost))[:, None])
    assert jumps.tolist() == [429]


@given(st.lists(st.booleans(), max_size=30))
def test_runs_cover_exactly_the_true_values(flags: list[bool]) -> None:
    found = runs(np.array(flags, dtype=bool))
    covered = [k for a, b in found for k in range(a, b)]
    assert covered == [k for k, flag in enumerate(flags) if flag]
    assert all(not flags[b] for _, b in found if b < len(flags))


@given(st.integers(1, 50), st.sets(st.integers(0, 48)))
def test_cut_is_a_partition(n: int, after: set[int]) -> None:
    pieces = cut(n, [k for k in after if k < n - 1])
    assert [k for a, b in pieces for k in range(a, b)] == list(range(n))


def test_regular_allows_rounding() -> None:
    assert is_regular(np.round(0.1 * np.arange(100), 3))
    assert not is_regular(np.array([0.0, 1.0, 2.5]))
