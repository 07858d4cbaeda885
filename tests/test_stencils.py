"""Interpolation rules are exact on polynomials, whatever the time grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physmodel.losses.weak_form.stencils import (
    box_integrals,
    derivatives,
    hat_integrals,
    increments,
)


def grid(seed: int, n: int = 25) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).uniform(0.3, 1.7, n))


@given(seed=st.integers(0, 1000), width=st.sampled_from([2, 4, 6, 8]))
def test_box_integrals_are_exact_below_the_width(seed: int, width: int) -> None:
    t = grid(seed)
    power = width - 1
    exact = np.diff(t ** (power + 1)) / (power + 1)
    # The integrand spans many orders of magnitude; 1e-9 of its largest value is rounding.
    tolerance = 1e-9 * np.abs(exact).max()
    np.testing.assert_allclose(box_integrals(t, width) @ t**power, exact, rtol=0, atol=tolerance)


@given(seed=st.integers(0, 1000), width=st.sampled_from([4, 6, 8]))
def test_hat_integrals_turn_second_derivatives_into_increments(seed: int, width: int) -> None:
    t = grid(seed)
    power = width + 1
    x, acceleration = t**power, power * (power - 1) * t ** (power - 2)
    left = increments(t, 2) @ x
    tolerance = 1e-9 * np.abs(left).max()
    np.testing.assert_allclose(hat_integrals(t, width) @ acceleration, left, rtol=0, atol=tolerance)


@pytest.mark.parametrize("width", [2, 6, 12])
def test_derivatives_are_exact_below_the_width(width: int) -> None:
    t = np.linspace(-1.0, 1.0, 30)
    power = width - 1
    # Twelve-point one-sided differences amplify rounding by about 1e3.
    np.testing.assert_allclose(
        derivatives(t, width) @ t**power, power * t ** (power - 1.0), rtol=0, atol=1e-11 * 30
    )


def test_increments_of_first_order_are_differences() -> None:
    t = grid(1)
    x = np.sin(t)
    np.testing.assert_array_equal(increments(t, 1) @ x, np.diff(x))


def test_a_wider_rule_converges_faster() -> None:
    errors = {}
    for n in (20, 40):
        t = np.linspace(0.0, 2 * np.pi, n + 1)
        exact = -np.diff(np.cos(t))
        for width in (2, 6):
            errors[n, width] = np.abs(box_integrals(t, width) @ np.sin(t) - exact).max()
    # Local error of a rule of width s is O(h^(s+1)); halving h divides it by 2^3 and 2^7. Ends
    # use the same order, so the observed order is within half a unit.
    assert np.log2(errors[20, 2] / errors[40, 2]) > 2.5
    assert np.log2(errors[20, 6] / errors[40, 6]) > 6.0
