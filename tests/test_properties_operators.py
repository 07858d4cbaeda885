"""Properties 17 to 23: adjoints, reconstruction, proximal maps, thresholds, derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse.linalg import aslinearoperator

from physmodel.losses.weak_form.stencils import derivatives
from physmodel.losses.weak_form.weak import weak_form
from physmodel.models import dictionaries as dd
from physmodel.optimizers.sparse import stlsq
from physmodel.optimizers.sparse.l1.group import group_soft_threshold
from physmodel.optimizers.sparse.l1.working_set import soft_threshold
from physmodel.testing import check_dictionary, times

Array = NDArray[np.float64]
SEEDS = st.integers(0, 2**32 - 1)
#: Any origin and unit of time. A jitter of a quarter keeps steps within a factor of three.
AXES = times(min_size=14, kind="uniform") | times(min_size=14, kind="jitter")


@settings(max_examples=20)
@given(time=AXES, order=st.sampled_from([1, 2]), seed=SEEDS)
def test_17_maps_of_the_weak_form_have_exact_adjoints(time: Array, order: int, seed: int) -> None:
    # In units of the step, so that rounding has one size.
    form = weak_form((time - time[0]) / np.ptp(time) * len(time), order)
    for matrix in (form.left, form.right, form.coarse, form.slope):
        if matrix is not None:
            check_dictionary(aslinearoperator(matrix), seed=seed)


WAVELETS = ("haar", "db2", "db4", "sym5", "coif2", "bior2.2", "bior4.4")


@settings(max_examples=40)
@given(
    wavelet=st.sampled_from(WAVELETS),
    border=st.sampled_from(["periodization", "symmetric", "zero"]),
    n=st.integers(8, 41),
    seed=SEEDS,
)
def test_18_every_wavelet_gives_a_signal_back(wavelet: str, border: str, n: int, seed: int) -> None:
    dictionary = dd.wavelet(n, wavelet, 2, border)
    signal = np.random.default_rng(seed).standard_normal(n)
    again = dictionary.synthesise(dictionary.analyse(signal))
    np.testing.assert_allclose(again, signal, rtol=0, atol=1e-9)
    if border == "periodization" and "bior" not in wavelet:
        energy = np.sum(dictionary.analyse(signal) ** 2)
        assert energy == pytest.approx(np.sum(signal**2), rel=1e-9)  # Parseval


@settings(max_examples=40)
@given(seed=SEEDS, p=st.integers(1, 30), threshold=st.floats(0.0, 3.0))
def test_20_a_proximal_map_and_that_of_the_conjugate_make_the_identity(
    seed: int, p: int, threshold: float
) -> None:
    # Moreau (1965): the conjugate of a norm is the indicator of the dual ball, whose proximal map
    # is the projection on it.
    rng = np.random.default_rng(seed)
    x = 2.0 * rng.standard_normal(p)
    rest = np.clip(x, -threshold, threshold)
    np.testing.assert_allclose(soft_threshold(x, threshold) + rest, x, rtol=0, atol=1e-14)
    groups = np.unique(rng.integers(0, 4, p), return_inverse=True)[1]
    norms = np.sqrt(np.bincount(groups, x**2))
    within = x * np.minimum(1.0, threshold / np.maximum(norms, 1e-300))[groups]
    shrunk = group_soft_threshold(x[:, None], np.full((p, 1), threshold), groups)[:, 0]
    np.testing.assert_allclose(shrunk + within, x, rtol=0, atol=1e-14)


@settings(max_examples=40)
@given(seed=SEEDS, low=st.floats(0.05, 2.0), factor=st.floats(1.0, 5.0))
def test_22_thresholded_least_squares_rests_where_it_ends(
    seed: int, low: float, factor: float
) -> None:
    rng = np.random.default_rng(seed)
    matrix = np.linalg.qr(rng.standard_normal((40, 12)))[0]
    signal = matrix @ (rng.standard_normal(12) * 10.0 ** rng.uniform(-1, 1, 12))
    first = stlsq(matrix, signal, threshold=low)
    again = stlsq(matrix, matrix @ first.coefficients, threshold=low)
    np.testing.assert_array_equal(again.support, first.support)
    np.testing.assert_allclose(again.coefficients, first.coefficients, rtol=0, atol=1e-10)
    # Orthonormal columns: what a higher threshold keeps, a lower one keeps too.
    fewer = stlsq(matrix, signal, threshold=low * factor)
    assert set(fewer.support) <= set(first.support)


@settings(max_examples=40)
@given(seed=SEEDS, threshold=st.floats(0.05, 5.0), p=st.integers(1, 20))
def test_22_it_takes_no_more_sweeps_than_there_are_columns(
    seed: int, threshold: float, p: int
) -> None:
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((40, p)) + rng.standard_normal((40, 1))  # correlated
    result = stlsq(matrix, rng.standard_normal(40), threshold=threshold, iterations=p + 1)
    assert result.status == "converged"
    assert result.iterations <= p + 1  # the last one sees that nothing is left to drop


@settings(max_examples=40)
@given(time=AXES, width=st.sampled_from([4, 6, 8]), seed=SEEDS)
def test_23_derivatives_are_exact_on_polynomials_in_any_unit(
    time: Array, width: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    matrix = derivatives(time, width)
    middle, step = time.mean(), np.ptp(time) / (len(time) - 1)
    # A polynomial of the highest degree that is exact, in steps from the middle of the record.
    weights = rng.standard_normal(width) / (len(time) / 2.0) ** np.arange(width)
    wave = np.polynomial.Polynomial(weights)
    local = (time - middle) / step
    # Rounding of the times themselves, up to 1e3 steps from zero, and of one-sided differences.
    size = np.abs(wave(local)).max()
    np.testing.assert_allclose(
        step * (matrix @ wave(local)), wave.deriv()(local), rtol=0, atol=1e-9 * size
    )
    assert np.abs(step * (matrix @ np.ones(len(time)))).max() <= 1e-11  # D(const) = 0


@settings(max_examples=20)
@given(time=AXES, shift=st.integers(-1000, 1000), order=st.sampled_from([1, 2]), seed=SEEDS)
def test_23_the_weak_form_does_not_know_the_origin_of_time(
    time: Array, shift: int, order: int, seed: int
) -> None:
    x = np.random.default_rng(seed).standard_normal(len(time))
    step = np.ptp(time) / (len(time) - 1)
    here, there = weak_form(time, order), weak_form(time + shift * step, order)
    # Times a thousand steps from zero keep thirteen digits of a step.
    np.testing.assert_allclose(here.right @ x, there.right @ x, rtol=0, atol=1e-9 * step)


@settings(max_examples=10)
@given(seed=SEEDS, order=st.sampled_from([1, 2]))
def test_23_weak_and_strong_form_agree_to_the_order_of_the_quadrature(
    seed: int, order: int
) -> None:
    phase = np.random.default_rng(seed).uniform(0.0, 6.0)
    errors = []
    for n in (30, 60):
        t = np.linspace(0.0, 4.0, n + 1)
        form = weak_form(t, order, max_width=4)
        rate = np.cos(t + phase) if order == 1 else -np.sin(t + phase)
        errors.append(np.abs(form.left @ np.sin(t + phase) - form.right @ rate).max())
    # Four points: a local error of h^5, and one more for hats in the interior, where they are even.
    assert np.log2(errors[0] / errors[1]) >= 4.5
