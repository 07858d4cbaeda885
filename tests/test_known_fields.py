"""Fields with known rates, and sparse problems with known answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from physmodel.systems.nets import roll_out
from physmodel.systems.rates import CASES, PLANE
from physmodel.systems.sparse_problems import (
    jaccard,
    lasso_problem,
    mixtures,
    share_found,
    transition,
    weak_threshold,
)


@pytest.mark.parametrize("name", CASES)
def test_cases_are_fields_that_can_be_evaluated(name: str) -> None:
    case = CASES[name]
    x = np.random.default_rng(0).uniform(-case.reach, case.reach, (5, case.n_states))
    rates = case.field(x)
    assert rates.shape == x.shape
    assert np.isfinite(rates).all()
    if case.hamiltonian:
        # Canonical fields have no divergence; central differences are good to 1e-8.
        step, half = 1e-5, case.n_states
        slopes = [
            (case.field(x + step * e) - case.field(x - step * e))[:, k] / (2 * step)
            for k, e in enumerate(np.eye(half))
        ]
        np.testing.assert_allclose(np.sum(slopes, axis=0), 0.0, atol=1e-8)


@pytest.mark.parametrize("case", PLANE)
def test_plane_systems_stay_in_range(case: str) -> None:
    # The steps of the records are exact enough: another integrator ends at the same place.
    rates, ranges, span = PLANE[case]
    start = np.array(ranges).mean(axis=1) + 0.3 * np.ptp(ranges, axis=1)
    path = roll_out(rates, start[None], np.linspace(0.0, span, 121), 10)[0]
    exact = solve_ivp(lambda t, x: rates(x), (0.0, span), start, rtol=1e-10, atol=1e-12)
    # Runge-Kutta steps of span / 1200 are off by about their fourth power, 1e-6, times growth.
    np.testing.assert_allclose(path[-1], exact.y[:, -1], atol=1e-4)
    assert np.abs(path).max() < 6.0


def test_the_weak_curve_is_the_published_one() -> None:
    """Donoho and Tanner's table to its three digits; half the samples allow 0.386."""
    table = {0.1: 0.189, 0.2: 0.243, 0.3: 0.291, 0.4: 0.337, 0.5: 0.386, 0.6: 0.438, 0.7: 0.499}
    for delta, rho in (table | {0.8: 0.573, 0.9: 0.678}).items():
        assert weak_threshold(delta) == pytest.approx(rho, abs=6e-4)
    assert weak_threshold(1.0 - 1e-9) > 0.999  # nothing is missing


def test_the_transition_of_a_step_is_its_place() -> None:
    step = [{"rho": r, "successes": 8 * (r < 0.4), "draws": 8} for r in np.arange(0.05, 1, 0.1)]
    assert transition(step) == pytest.approx(0.4, abs=1e-12)
    ramp = [{"rho": r, "successes": 10 - 10 * r, "draws": 10} for r in np.linspace(0.1, 0.9, 9)]
    assert transition(ramp) == pytest.approx(0.5)


def test_correlation_of_the_columns_is_as_asked() -> None:
    matrix, _ = lasso_problem(4000, 20, 0.9, 0)
    cosines = np.corrcoef(matrix.T)
    # 4000 rows: a correlation of 0.9 is known to (1 - 0.81) / sqrt(4000); five of those.
    assert np.diag(cosines, 1) == pytest.approx(0.9, abs=0.015)
    assert cosines[0, 2] == pytest.approx(0.81, abs=0.03)


def test_jaccard_by_hand() -> None:
    one = np.array([[1, 1, 0], [0, 0, 0]], dtype=bool)
    other = np.array([[1, 0, 1], [0, 0, 0]], dtype=bool)
    assert jaccard(one, other) == pytest.approx((1 / 3 + 1) / 2)


def test_atoms_are_counted_up_to_sign_and_order() -> None:
    atoms, signals, noise = mixtures(20.0, 0)
    assert np.sum((signals - noise) ** 2) / np.sum(noise**2) == pytest.approx(100.0)
    rng = np.random.default_rng(0)
    shuffled = atoms[:, rng.permutation(50)] * rng.choice([-2.0, 3.0], 50)
    assert share_found(atoms, shuffled) == 1.0
    assert share_found(atoms, shuffled[:, :25]) == 0.5
    # Random directions in 20 dimensions: a cosine above 0.99 does not happen.
    assert share_found(atoms, rng.standard_normal((20, 50))) == 0.0
