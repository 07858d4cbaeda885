"""Starts that fit a law to noisy samples, and free runs scored in every segment."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

import physmodel as pm
from physmodel.laws.runs.measured import measured
from physmodel.laws.runs.scores import LEAST_EVALUATIONS, MOST_PER_SAMPLE, free_run_scores
from physmodel.laws.runs.start_fit import first_start, fitted_starts
from physmodel.laws.runs.windows import Stack, Window
from physmodel.models.fields.sparse_field import SparseField, term_variables
from physmodel.models.integration.integrate import integrate
from physmodel.optimizers.least_squares.many import many_least_squares
from physmodel.problem.algebra.parser import parse

Array = NDArray[np.float64]
SIZE, RATE = 2.0, 3.0


def law(order: int, *equations: dict[str, float], inputs: tuple[str, ...] = ()) -> SparseField:
    states = ("x", "y", "z")[: len(equations)]
    terms = sorted({term for equation in equations for term in equation})
    names = term_variables(states, inputs, order)
    table = np.array([[equation.get(term, 0.0) for term in terms] for equation in equations])
    return SparseField(states, inputs, order, tuple(parse(t, names) for t in terms), table)


OSCILLATOR = law(2, {"x": -(RATE**2)})
LORENZ = law(
    1, {"x": -10.0, "y": 10.0}, {"x": 28.0, "x*z": -1.0, "y": -1.0}, {"x*y": 1.0, "z": -8.0 / 3.0}
)


def swing(step: float, noise: float, end: float = 12.0, seed: int = 0) -> xr.Dataset:
    """``2 cos(3 t)``: it starts at rest."""
    t = np.arange(0.0, end, step)
    rng = np.random.default_rng(seed)
    x = SIZE * np.cos(RATE * t) + noise * rng.standard_normal(len(t))
    return pm.from_arrays(t, x[:, None], names=["x"])


@pytest.mark.parametrize("step", [0.1, 0.05, 0.02, 0.01])
@pytest.mark.parametrize("noise", [0.02, 0.2])
def test_a_start_is_as_good_as_its_samples_allow(step: float, noise: float) -> None:
    misses = []
    # Two periods are 2 * 2 pi / 3: the error of each of two amplitudes is noise sqrt(2 / n).
    error = noise * np.sqrt(2.0 * step / (4.0 * np.pi / RATE))
    for seed in range(4):
        time, motion = first_start(OSCILLATOR, swing(step, noise, seed=seed))
        assert time == 0.0
        misses.append((motion - [SIZE, 0.0]) / [error, RATE * error])
    assert np.abs(misses).max() < 4.0
    scores = free_run_scores(OSCILLATOR, swing(step, noise))
    assert scores["free_run_r2"] > 1.0 - 2.0 * (noise / SIZE) ** 2 * 1.5
    assert scores["valid_time"] == scores["tenth_time"] == scores["record"]


def test_a_discovered_law_starts_where_the_motion_does() -> None:
    found = pm.discover(swing(0.01, 0.02))
    assert found.model.order == 2
    assert abs(float(found.start["velocities"][0])) < 0.05  # a difference of samples is off by 3
    assert found.scores["free_run_r2"] > 0.99
    again = found.simulate(t=np.linspace(0.0, 3.0, 7))["x"].values
    np.testing.assert_allclose(again, SIZE * np.cos(RATE * np.linspace(0, 3, 7)), atol=0.05)


def test_without_noise_a_start_is_exact() -> None:
    np.testing.assert_allclose(first_start(OSCILLATOR, swing(0.3, 0.0))[1], [SIZE, 0], atol=1e-5)
    np.testing.assert_allclose(first_start(OSCILLATOR, swing(0.05, 0.0))[1], [SIZE, 0], atol=1e-8)


def test_chaos_is_followed_from_a_fitted_start_only() -> None:
    t = np.linspace(0.0, 8.0, 801)

    def rhs(_: float, s: Array) -> Array:
        return LORENZ.rate(np.zeros(1), s[None], None, np.empty((1, 0)))[0]

    truth = integrate(rhs, t, [-8.0, 7.0, 27.0])
    noisy = truth + np.random.default_rng(3).standard_normal(truth.shape)
    data = pm.from_arrays(t, noisy, names=["x", "y", "z"])
    begin = first_start(LORENZ, data)[1]
    assert np.linalg.norm(begin - truth[0]) < 0.5 * np.linalg.norm(noisy[0] - truth[0])
    scores = free_run_scores(LORENZ, data)
    assert scores["free_run_r2"] > 0.97  # the noise is a hundredth of the variance
    assert scores["valid_time"] > 2.0


def test_inputs_drive_the_fit_of_a_start() -> None:
    t = np.arange(0.0, 12.0, 0.05)
    force = np.cos(2.0 * t)
    # x'' = -9 x + 5 cos 2t from rest at the origin: cos 2t - cos 3t.
    x = np.cos(2.0 * t) - np.cos(3.0 * t)
    x = x + 0.05 * np.random.default_rng(1).standard_normal(len(t))
    data = pm.from_arrays(t, x[:, None], names=["x"], inputs=force[:, None], input_names=["u"])
    forced = law(2, {"x": -9.0, "u": 5.0}, inputs=("u",))
    np.testing.assert_allclose(first_start(forced, data)[1], [0.0, 0.0], atol=0.06)
    assert free_run_scores(forced, data)["free_run_r2"] > 0.99


def test_units_do_not_matter() -> None:
    t, size, clock = np.arange(0.0, 12.0, 0.05), 1e-9, 1e6
    plain = swing(0.05, 0.05)
    other = pm.from_arrays(clock * t, size * plain["x"].values[:, None], names=["x"])
    scaled = first_start(law(2, {"x": -((RATE / clock) ** 2)}), other)[1]
    expected = first_start(OSCILLATOR, plain)[1] * size * np.array([1.0, 1.0 / clock])
    np.testing.assert_allclose(scaled, expected, rtol=1e-4)


def test_a_law_that_cannot_follow_starts_at_a_polynomial() -> None:
    wild = law(1, {"x^3": -1e9})
    begin = first_start(wild, swing(0.02, 0.05))[1]
    assert abs(begin[0] - SIZE) < 0.15


def test_states_that_never_change_their_sign_start_with_it() -> None:
    t = np.linspace(0.0, 6.0, 61)
    x = 1e-3 * np.exp(np.sqrt(t)) * (1.0 + 0.8 * np.sin(40.0 * t))
    begin = first_start(law(1, {"x": 0.5}), pm.from_arrays(t, x[:, None], names=["x"]))[1]
    assert begin[0] > 0.0


def test_every_segment_is_scored() -> None:
    time = [
        np.arange(0.0, 60.0, 0.05),
        np.arange(100.0, 102.0, 0.05),
        np.arange(200.0, 202.0, 0.05),
    ]
    states = [SIZE * np.cos(RATE * t)[:, None] for t in time]
    good = free_run_scores(OSCILLATOR, pm.from_arrays(time, states, names=["x"]))
    assert good["free_run_r2"] > 1.0 - 1e-6
    # A short segment that the law does not describe counts by its samples: its motions are up to
    # four times as large there, and the square of what they miss 17 times that of the data.
    states[2] = SIZE * np.cos(4.0 * RATE * time[2])[:, None]
    bad = free_run_scores(OSCILLATOR, pm.from_arrays(time, states, names=["x"]))
    share = len(time[2]) / sum(map(len, time))
    assert 0.5 * share < good["free_run_r2"] - bad["free_run_r2"] < 18.0 * share


def test_many_short_segments_are_all_scored() -> None:
    time = [np.arange(0.0, 1.0, 0.1) + 3.0 * k for k in range(60)]
    states = [SIZE * np.cos(RATE * t)[:, None] for t in time]
    assert free_run_scores(OSCILLATOR, pm.from_arrays(time, states, names=["x"]))[
        "free_run_r2"
    ] == pytest.approx(1.0, abs=1e-6)
    states[59] = -9.0 * states[59] ** 3
    assert (
        free_run_scores(OSCILLATOR, pm.from_arrays(time, states, names=["x"]))["free_run_r2"] < 0.9
    )


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_how_long_a_run_is_close(noise: float) -> None:
    """A frequency that is off by a hundredth is a tenth of the spread off after ``0.1 / 0.03``."""
    slow = law(2, {"x": -((0.99 * RATE) ** 2)})
    scores = free_run_scores(slow, swing(0.02, noise, end=60.0))
    assert 1.5 < scores["tenth_time"] < 9.0
    assert 9.0 < scores["valid_time"] < 27.0


def test_a_bad_law_spends_a_budget_and_no_more() -> None:
    class Counting:
        states, inputs, order = ("x",), (), 1
        calls = 0

        def rate(
            self, time: Array, states: Array, velocities: Array | None, inputs: Array
        ) -> Array:
            self.calls += len(states) == 1  # those of the free runs
            return np.asarray(-1e9 * states**3 + 1e9 * np.sin(1e6 * states))

    field, data = Counting(), swing(0.05, 0.0)
    assert free_run_scores(field, data)["free_run_r2"] <= 0.5
    budget = LEAST_EVALUATIONS + MOST_PER_SAMPLE * data.sizes["sample"]
    assert field.calls < 5 * budget  # two methods of integration, record and windows


def test_windows_of_different_lengths_are_followed_together() -> None:
    data = swing(0.02, 0.0)
    segment = measured(data, OSCILLATOR).found[0]
    windows = [Window(segment, 0, 200), Window(segment, 50, 80), Window(segment, 300, 301)]
    starts = np.array(
        [
            [SIZE * np.cos(RATE * w.time[0]), -RATE * SIZE * np.sin(RATE * w.time[0])]
            for w in windows
        ]
    )
    # Cubics miss a fourth derivative times h^4 / 384.
    for stride, error in ((1, 1e-10), (4, 1.01 * SIZE * (RATE * 4 * 0.02) ** 4 / 384.0)):
        stack = Stack(OSCILLATOR, windows, stride, steps=2)
        miss = (stack.motions(starts[:, None])[:, 0] - stack.states)[stack.seen]
        assert np.abs(miss).max() < error
    fitted = fitted_starts(OSCILLATOR, measured(data, OSCILLATOR), windows[:2])
    np.testing.assert_allclose(fitted, starts[:2], atol=1e-6)


def test_many_small_problems_have_the_answers_of_each() -> None:
    rng = np.random.default_rng(0)
    tables, right = rng.normal(size=(5, 9, 3)), rng.normal(size=(5, 9))

    def values(points: Array) -> Array:
        return np.asarray(np.einsum("kmp,kcp->kcm", tables, points) - right[:, None])

    found = many_least_squares(values, np.zeros((5, 3)), np.ones(3))
    for k in range(5):
        best, rss = np.linalg.lstsq(tables[k], right[k], rcond=None)[:2]
        np.testing.assert_allclose(found.parameters[k], best, atol=1e-4)
        assert found.cost[k] == pytest.approx(rss[0], rel=1e-6)
        errors = np.sqrt(np.diag(np.linalg.inv(tables[k].T @ tables[k])))
        np.testing.assert_allclose(found.std_errors[k], errors, rtol=1e-4)
