"""Inputs between their samples, as functions of the time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physmodel.models.fields.sparse_field import SparseField
from physmodel.models.fields.vector_field import simulate
from physmodel.models.integration.integrate import integrate
from physmodel.models.signals import Signal
from physmodel.problem.algebra.expression import variable

HOLDS = ("linear", "zero", "band-limited")


@given(seed=st.integers(0, 1000), n=st.integers(1, 12))
def test_every_signal_passes_through_its_samples(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    time, values = np.cumsum(rng.uniform(0.1, 2.0, n)), rng.standard_normal((n, 3))
    signal = Signal(time, values, HOLDS)
    np.testing.assert_allclose(signal.at(time), values, atol=1e-12)
    outside = signal.at(np.array([time[0] - 1.0, time[-1] + 1.0]))
    np.testing.assert_allclose(outside, values[[0, -1]], atol=1e-12)


def test_signals_between_samples() -> None:
    time = np.array([0.0, 1.0, 3.0, 4.0])
    values = np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [9.0, 9.0, 9.0], [16.0, 16.0, 16.0]])
    values[:, 2] = time**3  # a cubic spline gives a cubic back
    signal = Signal(time, values, HOLDS)
    np.testing.assert_allclose(signal(2.0), [5.0, 1.0, 8.0])
    np.testing.assert_allclose(signal.at(np.array([3.0]), before=True), [[9.0, 1.0, 27.0]])
    np.testing.assert_array_equal(signal.jumps, [1.0, 3.0])


def test_kinks_are_where_values_jump_or_slopes_do() -> None:
    time = np.arange(6.0)
    ramp = np.array([0.0, 0.1, 0.2, 0.3, 0.7, 1.1])  # in floating point, straight but for one place
    levels = np.array([1.0, 1.0, 2.0, 2.0, 2.0, 3.0])
    assert Signal(time, ramp[:, None]).kinks.tolist() == [3]
    # The last level is held after the record.
    assert Signal(time, levels[:, None], ("zero",)).kinks.tolist() == [2]
    assert Signal(time, levels[:, None], ("band-limited",)).kinks.tolist() == []


@pytest.mark.parametrize("backwards", [False, True])
def test_a_simulation_halts_at_jumps(backwards: bool) -> None:
    field = SparseField(("x",), ("u",), 1, (variable("u"),), np.ones((1, 1)))
    signal = Signal(np.arange(5.0), np.array([[1.0], [-2.0], [4.0], [0.0], [7.0]]), ("zero",))
    time = np.array([0.0, 0.5, 1.0, 1.25, 2.0, 3.5, 4.0])
    exact = np.array([0.0, 0.5, 1.0, 0.5, -1.0, 3.0, 3.0])
    if backwards:
        time, exact = time[::-1], exact[::-1]
    calls = 0

    class Counted(Signal):
        def __call__(self, now: float) -> np.ndarray:
            nonlocal calls
            calls += 1
            return super().__call__(now)

    counted = Counted(signal.time, signal.values, signal.hold)
    run = simulate(field, time, exact[:1], inputs=counted)
    np.testing.assert_allclose(run[:, 0], exact, atol=1e-13)
    with_jumps = calls
    integrate(lambda now, x: counted(now), time, exact[:1])
    # Steps that find a jump by trial shrink to nothing there.
    assert with_jumps < (calls - with_jumps) / 2
