"""IHT, HTP, CoSaMP and subspace pursuit: their identities, and recovery where theory grants it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.fft import dct, idct
from scipy.sparse.linalg import LinearOperator

from physmodel.errors import ProblemError
from physmodel.optimizers.sparse.design import Gram
from physmodel.optimizers.sparse.record import SparseResult
from physmodel.optimizers.sparse.supports.fixed_size import hard_threshold
from physmodel.optimizers.sparse.supports.hard import (
    hard_thresholding_pursuit,
    iterative_hard_thresholding,
)
from physmodel.optimizers.sparse.supports.subspace import cosamp, subspace_pursuit

Array = NDArray[np.float64]
Solver = Callable[..., SparseResult]

SOLVERS = [iterative_hard_thresholding, hard_thresholding_pursuit, cosamp, subspace_pursuit]
every_solver = pytest.mark.parametrize("solve", SOLVERS, ids=lambda f: f.__name__)


@given(st.integers(0, 10**6), st.integers(1, 30), st.integers(0, 30))
@settings(max_examples=50)
def test_hard_thresholding_is_idempotent_and_the_best_approximation(
    seed: int, p: int, sparsity: int
) -> None:
    x = np.random.default_rng(seed).integers(-4, 5, p).astype(float)  # with ties
    once = hard_threshold(x, sparsity)
    np.testing.assert_array_equal(hard_threshold(once, sparsity), once)
    assert np.count_nonzero(once) <= sparsity
    smallest = np.sort(np.abs(x))[: max(p - sparsity, 0)]
    assert np.sum((x - once) ** 2) == np.sum(smallest**2)


@every_solver
@given(seed=st.integers(0, 10**6))
@settings(max_examples=15)
def test_sparse_vectors_come_back(solve: Solver, seed: int) -> None:
    # 4 of 100 at 60 rows: rho = .07, far below the measured transition of every method (> .2).
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((60, 100)) * 10.0 ** rng.uniform(-3.0, 3.0, 100)
    truth = np.zeros((100, 3))
    for column in truth.T:
        column[rng.choice(100, 4, replace=False)] = rng.choice([-1.0, 1.0], 4)
    truth /= np.linalg.norm(matrix, axis=0)[:, None]
    result = solve(matrix, matrix @ truth, sparsity=4)
    scale = np.linalg.norm(matrix, axis=0)[:, None]
    # IHT converges linearly and stops at a relative change of 1e-10.
    np.testing.assert_allclose(result.coefficients * scale, truth * scale, atol=1e-7)
    assert result.status != "iteration-limit"


@every_solver
@given(seed=st.integers(0, 10**6), m=st.integers(4, 25), p=st.integers(2, 40))
@settings(max_examples=25)
def test_answer_is_stationary_on_its_support(solve: Solver, seed: int, m: int, p: int) -> None:
    rng = np.random.default_rng(seed)
    matrix, signal = rng.standard_normal((m, p)), rng.standard_normal(m)
    sparsity = max(1, min(m, p) // 3)
    result = solve(matrix, signal, sparsity=sparsity)
    residual = signal - matrix @ result.coefficients
    assert len(result.support) <= sparsity
    assert residual @ residual <= signal @ signal
    if result.status != "iteration-limit":
        # Linear convergence to 1e-10 of the coefficients, conditions up to some 1e3.
        slope = matrix[:, result.support].T @ residual
        assert np.abs(slope).max(initial=0.0) <= 1e-6 * np.linalg.norm(matrix, 2) ** 2


@every_solver
@given(seed=st.integers(0, 10**6), power=st.floats(-6.0, 6.0), flip=st.booleans())
@settings(max_examples=10)
def test_units_and_signs_of_columns_do_not_matter(
    solve: Solver, seed: int, power: float, flip: bool
) -> None:
    rng = np.random.default_rng(seed)
    matrix, signal = rng.standard_normal((30, 40)), rng.standard_normal(30)
    factor = np.ones(40)
    factor[::2] = 10.0**power * (-1.0 if flip else 1.0)
    one = solve(matrix, signal, sparsity=4).coefficients
    two = solve(matrix * factor, signal, sparsity=4).coefficients
    np.testing.assert_allclose(two * factor, one, atol=1e-6)


@every_solver
def test_gram_and_large_operator(solve: Solver) -> None:
    rng = np.random.default_rng(0)
    matrix, signals = rng.standard_normal((40, 30)), rng.standard_normal((40, 3))
    energy = np.einsum("ij,ij->j", signals, signals)
    gram = solve(Gram(matrix.T @ matrix, matrix.T @ signals, energy, 40), sparsity=3)
    np.testing.assert_allclose(
        gram.coefficients, solve(matrix, signals, sparsity=3).coefficients, atol=1e-7
    )
    n = 4096  # n * n entries are more than are tabulated
    operator = LinearOperator(
        (n, n),
        matvec=lambda x: idct(np.ravel(x), norm="ortho"),
        rmatvec=lambda y: dct(np.ravel(y), norm="ortho"),
        dtype=float,
    )
    signal = np.cumsum(rng.standard_normal(n))
    # An orthonormal basis: the best approximation keeps the largest inner products.
    np.testing.assert_allclose(
        solve(operator, signal, sparsity=5).coefficients,
        hard_threshold(dct(signal, norm="ortho"), 5),
        atol=1e-8,
    )


@every_solver
def test_number_of_columns_is_found_in_noise(solve: Solver) -> None:
    rng = np.random.default_rng(1)
    matrix = rng.standard_normal((100, 150))
    truth = np.zeros(150)
    truth[[5, 50, 100]] = [1.0, -1.0, 1.0]
    result = solve(matrix, matrix @ truth + 0.1 * rng.standard_normal(100))
    assert list(result.support) == [5, 50, 100]
    assert not solve(matrix, np.zeros(100)).coefficients.any()


@every_solver
def test_bad_requests_are_explained(solve: Solver) -> None:
    with pytest.raises(ProblemError, match="atoms"):
        solve(np.eye(3), np.ones(3), sparsity=4)
    with pytest.raises(ProblemError, match="iterations"):
        solve(np.eye(3), np.ones(3), sparsity=1, iterations=0)
