"""Records that went through a filter: it is seen in their noise, and laws come out right."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage, signal
from scipy.integrate import solve_ivp
from scipy.signal import savgol_filter

import physmodel as pm
from physmodel.data.measurement.filter_search import seen_filter
from physmodel.data.measurement.filters import (
    FAMILIES,
    UNFILTERED,
    NoiseFilter,
    butterworth,
    gaussian,
    moving_average,
    savitzky_golay,
)
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


KNOWN = [option for family in FAMILIES for option in map(family.of, family.numbers) if option]


def shown(option: NoiseFilter | None, values: Array) -> tuple[Array, Array]:
    """What SciPy gives where a filter has all of its window, and what the matrix of ours gives."""
    assert option is not None
    n = len(values)
    ours = option.gain * (option.matrix(n) @ values)
    inside = slice(option.before, n - option.after)
    return ours[inside], np.arange(n)[inside]


def test_matrices_are_the_filters_of_scipy() -> None:
    x = np.random.default_rng(0).standard_normal(300)
    for window, degree in ((5, 3), (11, 3), (31, 5)):
        ours, where = shown(savitzky_golay(window, degree), x)
        assert ours == pytest.approx(savgol_filter(x, window, degree)[where], abs=1e-12)
    ours, where = shown(moving_average(7), x)
    assert ours == pytest.approx(ndimage.uniform_filter1d(x, 7)[where], abs=1e-12)
    # Impulse responses are cut off where a thousandth of their weights is left on each side: a
    # few thousandths of a sample of size one.
    ours, where = shown(gaussian(1.7), x)
    assert ours == pytest.approx(ndimage.gaussian_filter1d(x, 1.7)[where], abs=0.01)
    ours, where = shown(butterworth(2, 0.3), x)
    expected = signal.filtfilt(*signal.butter(2, 0.3), x)
    assert ours == pytest.approx(expected[where], abs=0.02)


@given(st.sampled_from(KNOWN), st.integers(1, 200))
def test_a_filter_keeps_what_is_constant(option: NoiseFilter, n: int) -> None:
    ours, _ = shown(option, np.ones(n))
    assert ours == pytest.approx(np.ones_like(ours), abs=1e-10)


@pytest.mark.parametrize(
    ("window", "degree"),
    [(5, 0), (11, 0), (5, 2), (11, 2), (7, 3), (21, 3), (11, 4), (21, 5)],
)
def test_the_filter_of_a_record_is_seen(window: int, degree: int) -> None:
    time, clean = swing()
    if degree:
        values = savgol_filter(noisy(clean), window, degree, axis=0)
        # An even degree filters like the odd one above it.
        expected = savitzky_golay(window, degree + 1 - degree % 2)
    else:
        values = ndimage.uniform_filter1d(noisy(clean), window, axis=0)
        expected = moving_average(window)
    assert seen_filter([(time, values)]) == expected


@pytest.mark.parametrize(
    ("filtered", "number", "name"),
    [
        (lambda x: ndimage.gaussian_filter1d(x, 1.2, axis=0), 1.2, "Gaussian filter"),
        (
            lambda x: signal.filtfilt(*signal.butter(2, 0.4), x, axis=0),
            0.4,
            "Butterworth filter of order 2",
        ),
    ],
)
def test_the_number_of_a_filter_is_seen(
    filtered: Callable[[Array], Array], number: float, name: str
) -> None:
    time, clean = swing(1200)
    seen = str(seen_filter([(time, filtered(noisy(clean)))]))
    assert seen.startswith(name)
    # A power at 500 frequencies of two columns is known to a few per cent.
    told = [float(word) for word in seen.replace(",", "").split() if word[0].isdigit()]
    assert min(abs(value - number) for value in told) < 0.15 * number


def test_without_a_filter_none_is_seen() -> None:
    time, clean = swing()
    false = sum(seen_filter([(time, noisy(clean, seed=k))]) != UNFILTERED for k in range(100))
    assert false == 0
    assert seen_filter([(time, clean)]) == UNFILTERED
    assert seen_filter([(time, np.round(clean, 3))]) == UNFILTERED
    uneven = np.sort(np.random.default_rng(0).uniform(0.0, 90.0, len(time)))
    assert seen_filter([(uneven, noisy(clean))]) == UNFILTERED


@pytest.mark.parametrize("count", [40, 60, 100, 150, 200, 400])
def test_white_noise_of_any_length_shows_no_filter(count: int) -> None:
    """Eighth differences of short records leak from fast frequencies into slow ones."""
    time, clean = swing(count)
    for seed in range(50):
        assert seen_filter([(time, noisy(clean[:, : 1 + seed % 2], seed=seed))]) == UNFILTERED


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
    option, everywhere = savitzky_golay(15, 3), np.ones(len(time), dtype=bool)
    smoothing = Smoothing.of(option, everywhere, clean, np.full(2, 0.01))
    changed = savgol_filter(clean, 15, 3, axis=0) - clean
    # To second order: what is left is the cube of the share that the filter does not let through.
    inside = slice(45, -45)  # three windows from the ends, where the filter is a polynomial
    share = np.abs(changed[inside]).max()
    assert share > 1e-3
    assert smoothing.blur(clean)[inside] == pytest.approx(changed[inside], abs=2.0 * share**3)
    # Next to the ends nothing is told, and the samples may be off by the motion over the window.
    assert not smoothing.blur(clean)[:7].any()
    assert not smoothing.blur(clean)[-7:].any()
    own = smoothing.sources[:, clean.size :].diagonal().reshape(clean.shape)
    moved = np.abs(clean[14] - clean[:7]) / 0.01
    assert own[:7] == pytest.approx(np.hypot(1.0, moved))


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
