"""Best subset against brute force, and certificates against their definitions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse.linalg import aslinearoperator

from physmodel.errors import ProblemError
from physmodel.optimizers.sparse.certificates import (
    exact_recovery_coefficient,
    lasso_certificate,
    mutual_coherence,
)
from physmodel.optimizers.sparse.design import Gram
from physmodel.optimizers.sparse.supports.subset import best_subset

Array = NDArray[np.float64]


def brute_force(matrix: Array, signal: Array, size: int) -> float:
    best = float(signal @ signal)
    for chosen in itertools.combinations(range(matrix.shape[1]), size):
        part = matrix[:, list(chosen)]
        left = signal - part @ np.linalg.lstsq(part, signal, rcond=None)[0]
        best = min(best, float(left @ left))
    return best


@given(
    st.integers(0, 10**6),
    st.integers(6, 20),
    st.integers(2, 10),
    st.integers(1, 4),
    st.sampled_from([0.0, 2.0]),
)
@settings(max_examples=50)
def test_brute_force_finds_nothing_better(
    seed: int, m: int, p: int, size: int, correlation: float
) -> None:
    rng = np.random.default_rng(seed)
    size = min(size, p)
    matrix = rng.standard_normal((m, p)) + correlation * rng.standard_normal((m, 1))
    signal = rng.standard_normal(m) + matrix[:, 0] - matrix[:, -1]
    result = best_subset(matrix, signal, sparsity=size)
    assert result.status == "optimal"
    assert np.count_nonzero(result.coefficients) == size
    left = signal - matrix @ result.coefficients
    # Twice the tolerance of the proof: 1e-10 of the energy.
    assert left @ left <= brute_force(matrix, signal, size) + 2e-10 * (signal @ signal)
    assert result.certificate.gap <= 1e-10 * (signal @ signal)


def test_gram_operator_and_many_signals_agree() -> None:
    rng = np.random.default_rng(0)
    matrix, signals = rng.standard_normal((30, 12)), rng.standard_normal((30, 4))
    together = best_subset(matrix, signals, sparsity=3)
    energy = np.einsum("ij,ij->j", signals, signals)
    for other in (
        best_subset(Gram(matrix.T @ matrix, matrix.T @ signals, energy, 30), sparsity=3),
        best_subset(aslinearoperator(matrix), signals, sparsity=3),
    ):
        np.testing.assert_allclose(other.coefficients, together.coefficients, atol=1e-12)
    for index, signal in enumerate(signals.T):
        alone = best_subset(matrix, signal, sparsity=3)
        np.testing.assert_allclose(alone.coefficients, together.coefficients[:, index], atol=1e-12)


@given(st.integers(0, 10**6), st.floats(-6.0, 6.0), st.booleans())
@settings(max_examples=20)
def test_units_and_signs_of_columns_do_not_matter(seed: int, power: float, flip: bool) -> None:
    rng = np.random.default_rng(seed)
    matrix, signal = rng.standard_normal((20, 8)), rng.standard_normal(20)
    factor = np.ones(8)
    factor[::2] = 10.0**power * (-1.0 if flip else 1.0)
    one = best_subset(matrix, signal, sparsity=3).coefficients
    two = best_subset(matrix * factor, signal, sparsity=3).coefficients
    np.testing.assert_allclose(two * factor, one, atol=1e-10)


def test_default_size_is_that_of_the_truth_and_proven() -> None:
    rng = np.random.default_rng(3)
    matrix = rng.standard_normal((200, 40))
    matrix += rng.standard_normal((200, 1))
    truth = np.zeros(40)
    truth[[2, 11, 23, 37]] = [1.0, -1.0, 0.7, 0.5]
    result = best_subset(matrix, matrix @ truth + 0.3 * rng.standard_normal(200))
    assert list(result.support) == [2, 11, 23, 37]
    assert result.status == "optimal"
    assert result.path is not None
    assert (np.diff(result.path.objectives) <= 1e-12 * result.path.objectives[0]).all()


def test_a_spent_budget_is_admitted_with_a_valid_bound() -> None:
    rng = np.random.default_rng(4)
    matrix = rng.standard_normal((12, 10))
    signal = rng.standard_normal(12)
    proven = best_subset(matrix, signal, sparsity=4)
    hasty = best_subset(matrix, signal, sparsity=4, max_nodes=1)
    assert hasty.status == "iteration-limit"
    assert hasty.certificate.dual <= proven.certificate.primal * (1.0 + 1e-9)


def test_noise_alone_pays_for_no_column() -> None:
    rng = np.random.default_rng(6)
    matrix, signal = rng.standard_normal((200, 10)), rng.standard_normal(200)
    result = best_subset(matrix, signal)
    assert not result.coefficients.any()
    assert result.status == "optimal"
    assert result.certificate.primal == pytest.approx(0.5 * signal @ signal)


def test_too_many_columns_are_refused() -> None:
    with pytest.raises(ProblemError, match="out of reach"):
        best_subset(np.ones((2, 1025)), np.ones(2))


@given(st.integers(0, 10**6), st.integers(3, 15), st.integers(2, 300))
@settings(max_examples=30)
def test_coherence_by_its_definition(seed: int, m: int, p: int) -> None:
    matrix = np.random.default_rng(seed).standard_normal((m, p))
    unit = matrix / np.linalg.norm(matrix, axis=0)
    cosines = np.abs(unit.T @ unit) - 2.0 * np.eye(p)
    mu = mutual_coherence(matrix)
    assert mu == pytest.approx(min(cosines.max(), 1.0), abs=1e-12)
    assert mu == pytest.approx(mutual_coherence(aslinearoperator(matrix)), abs=1e-12)
    record = Gram(matrix.T @ matrix, np.zeros(p), 0.0, m)
    assert mu == pytest.approx(mutual_coherence(record), abs=1e-12)
    if p > m:
        # Welch's bound.
        assert mu >= np.sqrt((p - m) / (m * (p - 1))) - 1e-12


def test_recovery_coefficient_by_its_definition() -> None:
    rng = np.random.default_rng(5)
    matrix = rng.standard_normal((30, 20))
    unit = matrix / np.linalg.norm(matrix, axis=0)
    inside, outside = [1, 5], [j for j in range(20) if j not in (1, 5)]
    weights = np.linalg.pinv(unit[:, inside]) @ unit[:, outside]
    expected = 1.0 - np.abs(weights).sum(axis=0).max()
    record = Gram(matrix.T @ matrix, np.zeros(20), 0.0, 30)
    for dictionary in (matrix, aslinearoperator(matrix), record):
        assert exact_recovery_coefficient(dictionary, inside) == pytest.approx(expected, abs=1e-12)
    assert exact_recovery_coefficient(np.eye(3), [0]) == 1.0
    assert exact_recovery_coefficient(np.ones((3, 3)), [0, 1]) == -np.inf


def test_certificate_of_a_known_optimum() -> None:
    # One unit column: the optimum is the soft threshold, P = lam |y| - lam^2 / 2.
    there = lasso_certificate([[1.0]], [3.0], [2.0], 1.0)
    assert there.primal == pytest.approx(2.5)
    assert there.dual == pytest.approx(2.5)
    assert there.gap == pytest.approx(0.0, abs=1e-15)
    # At zero: P = 4.5, the dual point is the residual shrunk to 1.
    there = lasso_certificate([[1.0]], [3.0], [0.0], 1.0)
    assert (there.primal, there.dual) == (pytest.approx(4.5), pytest.approx(2.5))
    assert there.kkt == pytest.approx(2.0 / 3.0)
