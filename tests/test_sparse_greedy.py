"""Matching pursuits: identities of the methods, Tropp's theorem, scikit-learn beside."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import hadamard
from scipy.sparse.linalg import aslinearoperator

from physmodel.errors import ProblemError
from physmodel.optimizers.sparse.certificates import (
    exact_recovery_coefficient,
    mutual_coherence,
    sparsest_bound,
)
from physmodel.optimizers.sparse.design import Gram
from physmodel.optimizers.sparse.supports.matching import (
    matching_pursuit,
    orthogonal_matching_pursuit,
)

Array = NDArray[np.float64]


def gaussian(seed: int, m: int, p: int) -> Array:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((m, p)) * 10.0 ** rng.uniform(-2.0, 2.0, p)


def two_bases(m: int) -> Array:
    """Spikes and a Hadamard basis: coherence exactly 1 / sqrt(m)."""
    return np.hstack([np.eye(m), hadamard(m) / np.sqrt(m)])


SIZES = st.tuples(st.integers(0, 10**6), st.integers(4, 30), st.integers(2, 50))


@given(SIZES, st.booleans())
@settings(max_examples=60)
def test_residual_is_orthogonal_and_falls_without_repetition(
    spec: tuple[int, int, int], gram: bool
) -> None:
    seed, m, p = spec
    matrix = gaussian(seed, m, p)
    signal = np.random.default_rng(seed + 1).standard_normal(m)
    sparsity = max(1, min(m - 1, p) // 2)
    if gram:
        record = Gram(matrix.T @ matrix, matrix.T @ signal, float(signal @ signal), m)
        result = orthogonal_matching_pursuit(record, sparsity=sparsity)
    else:
        result = orthogonal_matching_pursuit(matrix, signal, sparsity=sparsity)
    residual = signal - matrix @ result.coefficients
    chosen = result.support
    assert len(chosen) == sparsity  # one new column per step
    unit = matrix[:, chosen] / np.linalg.norm(matrix[:, chosen], axis=0)
    # Normal equations of columns that are chosen because they are far from dependent.
    assert np.abs(unit.T @ residual).max() <= 1e-7 * np.linalg.norm(signal)
    assert result.path is not None
    assert (np.diff(result.path.objectives) < 0.0).all()
    for size, x in enumerate(result.path.coefficients):
        assert np.count_nonzero(x) == size
        rss = float(np.sum((signal - matrix @ x) ** 2))
        assert rss == pytest.approx(result.path.objectives[size], rel=1e-6, abs=1e-10)


def test_batch_agrees_with_scikit_learn_and_with_one_by_one() -> None:
    from sklearn.linear_model import orthogonal_mp

    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((30, 70))
    matrix /= np.linalg.norm(matrix, axis=0)
    signals = rng.standard_normal((30, 400))
    ours = orthogonal_matching_pursuit(matrix, signals, sparsity=6).coefficients
    theirs = orthogonal_mp(matrix, signals, n_nonzero_coefs=6)
    np.testing.assert_allclose(ours, theirs, atol=1e-11)
    alone = [orthogonal_matching_pursuit(matrix, y, sparsity=6).coefficients for y in signals.T]
    np.testing.assert_allclose(ours, np.stack(alone, axis=1), atol=1e-11)
    operator = orthogonal_matching_pursuit(aslinearoperator(matrix), signals, sparsity=6)
    np.testing.assert_array_equal(operator.coefficients, ours)


def test_tolerance_stops_each_signal_by_itself() -> None:
    rng = np.random.default_rng(1)
    matrix = rng.standard_normal((25, 60))
    signals = rng.standard_normal((25, 50))
    result = orthogonal_matching_pursuit(matrix, signals, tolerance=2.0)
    left = np.linalg.norm(signals - matrix @ result.coefficients, axis=0)
    assert (left <= 2.0).all()
    sizes = np.count_nonzero(result.coefficients, axis=0)
    for index, size in enumerate(sizes):
        if size:
            fewer = orthogonal_matching_pursuit(matrix, signals[:, index], sparsity=int(size))
            assert fewer.path is not None
            assert fewer.path.objectives[-2] > 4.0


@given(st.integers(0, 10**6), st.sampled_from([16, 64]), st.booleans())
@settings(max_examples=40)
def test_below_the_coherence_bound_recovery_is_exact_and_certified(
    seed: int, m: int, many: bool
) -> None:
    matrix = two_bases(m)
    mu = mutual_coherence(matrix)
    assert mu == pytest.approx(m**-0.5, rel=1e-12)
    rng = np.random.default_rng(seed)
    sparsity = int(rng.integers(1, int(np.ceil(sparsest_bound(mu)))))
    assert sparsity < 0.5 * (1.0 + 1.0 / mu)
    truth = np.zeros((2 * m, 5 if many else 1))
    for column in truth.T:
        place = rng.choice(2 * m, sparsity, replace=False)
        column[place] = rng.choice([-1.0, 1.0], sparsity) * rng.uniform(0.5, 2.0, sparsity)
    signals = matrix @ truth
    result = orthogonal_matching_pursuit(
        matrix, signals if many else signals[:, 0], tolerance=1e-9 * np.linalg.norm(signals)
    )
    answer = result.coefficients if many else result.coefficients[:, None]
    np.testing.assert_allclose(answer, truth, atol=1e-7)
    assert result.status == "optimal"
    assert np.all(result.certificate.sparsest)
    if not many:
        # Tropp: the bound implies a positive recovery coefficient.
        assert result.certificate.recovery > 0.0
        assert exact_recovery_coefficient(matrix, result.support) == pytest.approx(
            result.certificate.recovery
        )


@given(SIZES, st.floats(-6.0, 6.0), st.booleans())
@settings(max_examples=40)
def test_units_and_signs_of_columns_do_not_matter(
    spec: tuple[int, int, int], power: float, flip: bool
) -> None:
    seed, m, p = spec
    matrix = gaussian(seed, m, p)
    signal = np.random.default_rng(seed + 1).standard_normal(m)
    factor = np.ones(p)
    factor[::2] = 10.0**power * (-1.0 if flip else 1.0)
    scale = np.linalg.norm(matrix, axis=0)
    for solve in (orthogonal_matching_pursuit, matching_pursuit):
        one, two = solve(matrix, signal), solve(matrix * factor, signal)
        np.testing.assert_allclose(
            two.coefficients * factor * scale, one.coefficients * scale, atol=1e-8
        )


@given(SIZES)
@settings(max_examples=40)
def test_matching_pursuit_conserves_energy(spec: tuple[int, int, int]) -> None:
    seed, m, p = spec
    matrix = gaussian(seed, m, p)
    signal = np.random.default_rng(seed + 1).standard_normal(m)
    result = matching_pursuit(matrix, signal, iterations=60, tolerance=0.0)
    residual = signal - matrix @ result.coefficients
    assert result.path is not None
    energies = result.path.objectives
    # |y|^2 = |r|^2 + sum of squared steps: the last entry is |y|^2 less those squares.
    assert residual @ residual == pytest.approx(energies[-1], abs=1e-10 * energies[0])
    assert (np.diff(energies) <= 0.0).all()
    unit = matrix / np.linalg.norm(matrix, axis=0)
    bound = np.linalg.svd(unit, compute_uv=False)
    if m <= p:
        # Each step removes at least the smallest singular value squared over p of the energy.
        rate = 1.0 - bound[-1] ** 2 / p
        assert energies[-1] <= energies[0] * rate**result.iterations + 1e-12 * energies[0]


def test_orthonormal_columns_give_the_largest_inner_products() -> None:
    rng = np.random.default_rng(4)
    matrix = np.linalg.qr(rng.standard_normal((40, 20)))[0]
    signal = rng.standard_normal(40)
    inner = matrix.T @ signal
    best = np.argsort(-np.abs(inner))[:5]
    expected = np.zeros(20)
    expected[best] = inner[best]
    result = orthogonal_matching_pursuit(matrix, signal, sparsity=5)
    np.testing.assert_allclose(result.coefficients, expected, atol=1e-14)


def test_matching_pursuit_of_orthonormal_columns_takes_each_once() -> None:
    rng = np.random.default_rng(8)
    matrix = np.linalg.qr(rng.standard_normal((40, 20)))[0]
    signals = rng.standard_normal((40, 5))
    inner = matrix.T @ signals
    result = matching_pursuit(matrix, signals, tolerance=0.1)
    expected = np.where(np.abs(inner) > 0.1 * np.linalg.norm(signals, axis=0), inner, 0.0)
    np.testing.assert_allclose(result.coefficients, expected, atol=1e-14)


@given(st.integers(0, 10**6), st.integers(2, 40), st.floats(0.0, 3.0))
@settings(max_examples=40)
def test_batch_with_a_tolerance_is_that_of_signals_one_by_one(
    seed: int, p: int, tolerance: float
) -> None:
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((12, p))
    signals = rng.standard_normal((12, 7)) * rng.choice([0.0, 0.3, 1.0], 7)
    together = orthogonal_matching_pursuit(matrix, signals, tolerance=tolerance).coefficients
    for one, signal in zip(together.T, signals.T, strict=True):
        alone = orthogonal_matching_pursuit(matrix, signal, tolerance=tolerance).coefficients
        # Twelve Gaussian columns of twelve rows: conditions up to some 1e4, squared by the Gram.
        left = [np.linalg.norm(signal - matrix @ x) for x in (one, alone)]
        assert left[0] == pytest.approx(left[1], abs=1e-6)
        if tolerance > 0.1:
            np.testing.assert_array_equal(one != 0.0, alone != 0.0)


def test_number_of_atoms_is_found_in_noise() -> None:
    rng = np.random.default_rng(5)
    matrix = rng.standard_normal((100, 200))
    truth = np.zeros((200, 20))
    for column in truth.T:
        column[rng.choice(200, 4, replace=False)] = rng.choice([-1.0, 1.0], 4)
    signals = matrix @ truth + 0.1 * rng.standard_normal((100, 20))
    found = orthogonal_matching_pursuit(matrix, signals).coefficients
    assert (found[truth != 0.0] != 0.0).all()  # each has 100 standard errors
    # The criterion asks log 100 + 2 log(196 / 5) = 11.9 of a false column; one of 196 exceeds it
    # in 10% of records: three standard deviations above that, of 20 records.
    same = ((found != 0.0) == (truth != 0.0)).all(axis=0)
    assert same.mean() >= 0.7


def test_equal_columns_are_taken_once() -> None:
    rng = np.random.default_rng(6)
    matrix = rng.standard_normal((10, 3))
    matrix = np.hstack([matrix, matrix, -matrix])
    for k in (None, 5):
        signals = rng.standard_normal((10, k)) if k else rng.standard_normal(10)
        result = orthogonal_matching_pursuit(matrix, signals, sparsity=9)
        assert (np.count_nonzero(result.coefficients, axis=0) == 3).all()


def test_signal_of_zeros_needs_nothing() -> None:
    for solve in (orthogonal_matching_pursuit, matching_pursuit):
        assert not solve(np.eye(4), np.zeros((4, 6))).coefficients.any()
        assert not solve(np.eye(4), np.zeros(4)).coefficients.any()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sparsity": 0}, "0 atoms"),
        ({"sparsity": 9}, "9 atoms"),
        ({"tolerance": -1.0}, "tolerance"),
    ],
)
def test_bad_requests_are_explained(options: dict[str, float], words: str) -> None:
    with pytest.raises(ProblemError, match=words):
        orthogonal_matching_pursuit(np.eye(4), np.ones(4), **options)
