"""Records that went through a filter: it is seen in their noise, and laws come out right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.signal import savgol_filter

import physmodel as pm
from physmodel.data.measurement.filters import UNFILTERED, NoiseFilter, filters, seen_filter
from physmodel.losses.weak_form.preparation import prepare
from physmodel.losses.weak_form.smoothing import Smoothing
from physmodel.problem.problem import Problem

Array = NDArray[np.float64]


def swing(count: int = 600) -> tuple[Array, Array]:
    """A damped oscillator, forty samples to a period."""
    time = 0.157 * np.arange(count)
    decay = np.exp(-0.02 * time)
    return time, np.column_stack([decay * np.cos(time), -decay * np.sin(time)])


def noisy(clean: Array, level: float = 0.01, seed: int = 0) -> Array:
    errors = np.random.default_rng(seed).standard_normal(clean.shape)
    return clean + level * clean.std(axis=0) * errors


@given(st.sampled_from([option for option in filters() if option.degree]), st.integers(31, 200))
def test_the_matrix_of_savitzky_and_golay_is_that_of_scipy(option: NoiseFilter, n: int) -> None:
    expected = savgol_filter(np.eye(n), option.window, option.degree, axis=0)
    found = option.gain * option.matrix(n).toarray()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@given(st.sampled_from(filters()), st.integers(1, 200))
def test_a_filter_keeps_what_is_constant(option: NoiseFilter, n: int) -> None:
    kept = option.gain * option.matrix(n).sum(axis=1) if n >= option.window else np.ones(1)
    assert kept == pytest.approx(np.ones_like(kept), abs=1e-10)


@pytest.mark.parametrize(
    ("window", "degree"),
    [(5, 0), (11, 0), (5, 2), (11, 2), (7, 3), (21, 3), (11, 4), (21, 5)],
)
def test_the_filter_of_a_record_is_seen(window: int, degree: int) -> None:
    time, clean = swing()
    if degree:
        values = savgol_filter(noisy(clean), window, degree, axis=0)
    else:
        kernel = np.full(window, 1.0 / window)
        values = np.column_stack([np.convolve(c, kernel, "valid") for c in noisy(clean).T])
        time = time[window // 2 : -(window // 2)]
    seen = seen_filter([(time, values)])
    # An even degree filters like the odd one above it.
    assert (seen.window, seen.degree) == (window, degree + 1 - degree % 2 if degree else 0)


def test_without_a_filter_none_is_seen() -> None:
    time, clean = swing()
    false = sum(seen_filter([(time, noisy(clean, seed=k))]) != UNFILTERED for k in range(100))
    assert false == 0
    assert seen_filter([(time, clean)]) == UNFILTERED
    assert seen_filter([(time, np.round(clean, 3))]) == UNFILTERED
    uneven = np.sort(np.random.default_rng(0).uniform(0.0, 90.0, len(time)))
    assert seen_filter([(uneven, noisy(clean))]) == UNFILTERED


def test_a_filter_that_changed_the_motion_is_no_property_of_the_noise() -> None:
    time, clean = swing()
    fast = np.column_stack([np.cos(9.0 * time), np.sin(9.0 * time)])  # four samples to a period
    values = savgol_filter(noisy(clean + 0.3 * fast), 11, 3, axis=0)
    problem = Problem(states=("x", "y"))
    assert prepare(pm.from_arrays(time, values, names=["x", "y"]), problem).noise_filter == (
        UNFILTERED
    )


def test_what_a_filter_changes_in_slow_motion_is_told() -> None:
    time, clean = swing()
    option = NoiseFilter(15, 3)
    smoothing = Smoothing.of(option, np.ones(len(time), dtype=bool), 2, cut=False)
    changed = savgol_filter(clean, 15, 3, axis=0) - clean
    # To second order: what is left is the cube of the share that the filter does not let through.
    inside = slice(45, -45)  # three windows from the ends, where the filter is a polynomial
    share = np.abs(changed[inside]).max()
    assert share > 1e-3
    assert smoothing.blur(clean)[inside] == pytest.approx(changed[inside], abs=2.0 * share**3)
    # Where the samples beyond the ends are not in the tile, nothing is told.
    cut = Smoothing.of(option, np.ones(len(time), dtype=bool), 2, cut=True)
    assert not cut.blur(clean)[:7].any()
    assert not cut.blur(clean)[-7:].any()


def lorenz(_: float, v: Array) -> list[float]:
    return [10 * (v[1] - v[0]), v[0] * (28 - v[2]) - v[1], v[0] * v[1] - 8 / 3 * v[2]]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_filtered_record_of_lorenz_gives_its_law(seed: int) -> None:
    time = np.linspace(0.0, 8.0, 800)
    clean = solve_ivp(lorenz, (0, 8), [1, 1, 1], t_eval=time, rtol=1e-10, atol=1e-12).y.T
    values = savgol_filter(noisy(clean, seed=seed), 11, 3, axis=0)
    law = pm.discover(pm.from_arrays(time, values, names=["x", "y", "z"]))
    truth = {
        "x": {"x": -10.0, "y": 10.0},
        "y": {"x": 28.0, "y": -1.0, "x*z": -1.0},
        "z": {"z": -8.0 / 3.0, "x*y": 1.0},
    }
    found = {e: {t["term"]: t["coefficient"] for t in law.terms(e)} for e in truth}
    assert {e: set(terms) for e, terms in found.items()} == {e: set(t) for e, t in truth.items()}
    assert law.status == "identified"
    assert "filter:      Savitzky-Golay filter of 11 samples, degree 2 or 3" in str(law)
    for equation, terms in truth.items():
        for entry in law.terms(equation):
            # Four standard errors: one coefficient in 16 000 by chance.
            assert abs(entry["coefficient"] - terms[entry["term"]]) < 4.0 * entry["std"]
