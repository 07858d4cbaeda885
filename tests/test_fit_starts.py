"""Starts of `physmodel.fit`: searched, whatever the units; and what is said of the answer."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

import physmodel as pm
from physmodel.errors import ProblemError
from physmodel.fitting.courses import Pieces
from physmodel.fitting.magnitudes import magnitudes
from physmodel.fitting.starts import linear_names
from physmodel.losses.shooting import MultipleShooting, Record
from physmodel.losses.shooting_exact import left_by_noise
from physmodel.models.fields.expression_field import expression_field

Array = NDArray[np.float64]

MONOD = {"s": "a - v*s/(K + s)"}


def monod(seed: int, samples: int = 41, size: float = 1.0) -> xr.Dataset:
    time = np.linspace(0.0, 4.0, samples)
    clean = solve_ivp(
        lambda _, s: 0.6 - 1.5 * s / (0.3 + s), (0, 4), [2.5], t_eval=time, rtol=1e-10
    ).y[0]
    noise = 0.01 * clean.std() * np.random.default_rng(seed).standard_normal(samples)
    return pm.from_arrays(time, size * (clean + noise)[:, None], names=["s"])


@pytest.mark.parametrize("seed", [1, 2, 5])
def test_a_number_inside_a_quotient_is_found_from_no_start(seed: int) -> None:
    """These three draws ended at a = -36 +- 250 from a start of ones."""
    found = pm.fit(monod(seed), MONOD)
    assert found.explained
    # The errors are correlated to 0.99, and skew: four of them hold the truth.
    assert np.all(np.abs(found.values - [0.6, 1.5, 0.3]) < 4.0 * found.std_errors)
    assert np.all(found.std_errors < np.abs(found.values))


@pytest.mark.parametrize("size", [1e-7, 1e7])
def test_the_search_does_not_depend_on_units(size: float) -> None:
    one, other = pm.fit(monod(0), MONOD), pm.fit(monod(0, size=size), MONOD)
    # The descent may end a hundredth of the cost early, which is a tenth of an error.
    assert np.all(np.abs(other.values / size - one.values) < 0.1 * one.std_errors)


def test_a_start_far_off_is_left_for_a_better_one() -> None:
    found = pm.fit(monod(2), MONOD, start={"a": -36.0, "v": -36.0, "K": -0.006})
    assert np.all(np.abs(found.values - [0.6, 1.5, 0.3]) < 4.0 * found.std_errors)


def test_a_combination_that_is_all_the_data_fix_is_named() -> None:
    """A sum of two numbers: any share of it will do."""
    time = np.linspace(0.0, 3.0, 31)
    noisy = np.exp(-time) + 0.01 * np.random.default_rng(1).normal(size=31)
    found = pm.fit(
        pm.from_arrays(time, noisy[:, None], names=["x"]), {"x": "-a*x - b*x*(1 + x^2*1e-3)"}
    )
    assert set(found.loose) | set(found.undetermined) == {"a", "b"}
    assert "a, b" in found.remedy


def test_equations_without_a_value_anywhere_are_refused_in_words() -> None:
    time = np.linspace(0.0, 3.0, 31)
    data = pm.from_arrays(time, -np.exp(-time)[:, None], names=["x"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ProblemError, match="no finite value"):
            pm.fit(data, {"x": "-k*log(x)"})


def test_true_laws_are_not_said_to_explain_nothing() -> None:
    """40 draws at a level of 0.01: more than three false alarms have a chance of 0.0007."""
    time = np.linspace(0.0, 4.0, 15)
    false = 0
    for seed in range(40):
        noisy = 2.5 * np.exp(-time) + 0.02 * np.random.default_rng(seed).normal(size=15)
        data = pm.from_arrays(time, noisy[:, None], names=["s"])
        false += not pm.fit(data, {"s": "-k*s"}).explained
    assert false <= 3


def test_values_rounded_to_a_grid_are_explained_by_it() -> None:
    time = np.linspace(0.0, 4.0, 81)
    rounded = np.round(2.5 * np.exp(-time), 1)
    found = pm.fit(pm.from_arrays(time, rounded[:, None], names=["s"]), {"s": "-k*s"})
    assert found.explained


def test_what_noise_leaves_is_that_of_the_hat_matrix() -> None:
    """A straight line, ``x' = k``: the fit is a regression on one and the time."""
    time = np.linspace(0.0, 1.0, 7)
    clean = 2.0 * time[:, None]
    field = expression_field({"x": "k"}).with_parameters(np.array([2.0]))
    problem = MultipleShooting(
        field, [Record(time, clean, np.zeros((7, 0)))], np.full(1, 0.3), np.full(1, 1e-4), 1
    )
    draws = np.random.default_rng(0).normal(size=(5, 7, 1))
    left = left_by_noise(problem, clean.ravel(), np.array([2.0]), np.ones(1), draws)
    assert left is not None
    basis = np.linalg.qr(np.column_stack([np.ones(7), time]))[0]
    want = draws[:, :, 0] - draws[:, :, 0] @ basis @ basis.T
    assert left[0][:, :, 0] == pytest.approx(want, abs=1e-9)  # LEAST of 1e-13, and rounding


@pytest.mark.parametrize(
    ("equation", "linear"),
    [
        ("a - v*s/(K + s)", ("a", "v")),
        ("r*s*(1 - s/K)", ("r",)),
        ("a*b*s", ("a",)),
        ("A*sin(w*s) + c", ("A", "c")),
        ("exp(k*s)", ()),
    ],
)
def test_numbers_that_are_linear_together(equation: str, linear: tuple[str, ...]) -> None:
    assert linear_names(expression_field({"s": equation})) == linear


def test_sizes_follow_from_those_of_the_data() -> None:
    field = expression_field({"s": "a - v*s/(K + s) + B*exp(-s/L)*sin(w*t)"})
    found = magnitudes(field, {"s": 50.0, "t": 8.0}, {"s": 3.0})
    want = {"a": 3.0, "v": 3.0, "K": 50.0, "B": 3.0, "L": 50.0, "w": 1.0 / 8.0}
    # Exact: each number stands in one term.
    assert dict(zip(field.names, found, strict=True)) == pytest.approx(want)


def test_integrals_along_a_smooth_course_are_its_changes() -> None:
    time = np.linspace(0.0, 2.0, 41)
    course = np.column_stack([np.sin(time), np.exp(-time)])
    pieces = Pieces.of([Record(time, course, np.zeros((41, 0)))], 2, 1)[-1]
    rates = np.column_stack([np.cos(pieces.points[0]), -np.exp(-pieces.points[0])])
    # The trapezoidal rule over steps of 0.0125: an error of 0.0125^2 / 12.
    assert pieces.integrated(rates[:, :, None])[:, 0] == pytest.approx(pieces.target, abs=1e-4)
