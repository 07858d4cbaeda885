"""Basis pursuit against linear programming, denoising against its optimality conditions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse.linalg import aslinearoperator

from physmodel.errors import ProblemError
from physmodel.optimizers.sparse.design import Gram
from physmodel.optimizers.sparse.l1.lasso import lasso
from physmodel.optimizers.sparse.l1.pursuit import basis_pursuit, basis_pursuit_denoising

Array = NDArray[np.float64]

SIZES = st.tuples(st.integers(0, 10**6), st.integers(2, 25), st.integers(2, 50))


def problem(seed: int, m: int, p: int) -> tuple[Array, Array]:
    """Gaussian or sign columns, a sparse representation of equal or of Gaussian amplitudes."""
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((m, p))
    if seed % 3 == 0:
        matrix = np.sign(matrix)
    x = np.zeros(p)
    place = rng.choice(p, min(p, 1 + int(rng.integers(m))), replace=False)
    x[place] = rng.standard_normal(len(place)) if seed % 2 else rng.choice([-1.0, 1.0], len(place))
    return matrix * 10.0 ** rng.uniform(-2.0, 2.0, p), (matrix @ x)


@given(SIZES)
@settings(max_examples=60)
def test_objective_is_that_of_the_linear_program(spec: tuple[int, int, int]) -> None:
    matrix, signal = problem(*spec)
    p = matrix.shape[1]
    result = basis_pursuit(matrix, signal)
    norms = np.linalg.norm(matrix, axis=0)
    unit = matrix / norms
    solved = linprog(
        np.ones(2 * p), A_eq=np.hstack([unit, -unit]), b_eq=signal, bounds=(0, None), method="highs"
    )
    size = np.linalg.norm(signal)
    assert result.status == "optimal"
    # HiGHS is feasible to 1e-7 by default; both programs have objectives of order |y|.
    assert np.abs(norms * result.coefficients).sum() == pytest.approx(
        solved.fun, rel=1e-6, abs=1e-6 * size
    )
    assert np.linalg.norm(matrix @ result.coefficients - signal) <= 1e-6 * size
    assert -1e-9 * (1 + result.certificate.primal) <= result.certificate.gap
    assert result.certificate.gap <= 1e-6 * (1 + result.certificate.primal)


@given(SIZES, st.floats(1e-3, 1.2))
@settings(max_examples=60)
def test_denoising_meets_its_constraint_and_closes_the_gap(
    spec: tuple[int, int, int], share: float
) -> None:
    matrix, signal = problem(*spec)
    size = float(np.linalg.norm(signal))
    level = share * size
    result = basis_pursuit_denoising(matrix, signal, tolerance=level)
    assert result.status == "optimal"
    left = float(np.linalg.norm(matrix @ result.coefficients - signal))
    assert left <= level + 1e-6 * size
    assert result.certificate.gap <= 1e-6 * (1.0 + result.certificate.primal)
    assert result.certificate.gap >= -1e-9 * (1.0 + result.certificate.primal)
    if share >= 1.0:
        assert not result.coefficients.any()
    elif result.penalty:
        # The constraint is active, and the Lasso of that penalty has the same objective.
        assert left == pytest.approx(level, abs=1e-6 * size)
        same = lasso(matrix, signal, penalty=result.penalty)
        norms = np.linalg.norm(matrix, axis=0)
        assert norms @ np.abs(same.coefficients) == pytest.approx(
            norms @ np.abs(result.coefficients), rel=1e-6, abs=1e-6 * size
        )


def test_sparse_vectors_are_recovered_below_the_transition() -> None:
    # delta = .5: the weak threshold of Donoho and Tanner is rho = .386; here rho = .2.
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((100, 200))
    truth = np.zeros((200, 6))
    for column in truth.T:
        column[rng.choice(200, 20, replace=False)] = rng.standard_normal(20)
    result = basis_pursuit(matrix, matrix @ truth)
    np.testing.assert_allclose(result.coefficients, truth, atol=1e-9)
    assert result.status == "optimal"


def test_gram_and_operator_give_the_same_answer() -> None:
    matrix, signal = problem(1, 20, 40)
    one = basis_pursuit(matrix, signal)
    operator = basis_pursuit(aslinearoperator(matrix), signal)
    gram = basis_pursuit(Gram(matrix.T @ matrix, matrix.T @ signal, float(signal @ signal), 20))
    np.testing.assert_array_equal(one.coefficients, operator.coefficients)
    # The Gram knows the residual to half the digits only.
    assert gram.certificate.primal == pytest.approx(one.certificate.primal, rel=1e-6)
    assert gram.status == "optimal"


@given(st.integers(0, 10**6), st.floats(-6.0, 6.0), st.booleans())
@settings(max_examples=30)
def test_units_and_signs_of_columns_do_not_matter(seed: int, power: float, flip: bool) -> None:
    rng = np.random.default_rng(seed)
    matrix, signal = rng.standard_normal((15, 30)), rng.standard_normal(15)
    factor = np.ones(30)
    factor[::2] = 10.0**power * (-1.0 if flip else 1.0)
    one = basis_pursuit(matrix, signal)
    two = basis_pursuit(matrix * factor, signal)
    assert two.certificate.primal == pytest.approx(one.certificate.primal, rel=1e-9)
    np.testing.assert_allclose(two.coefficients * factor, one.coefficients, atol=1e-6)


def test_what_no_combination_gives_is_infeasible() -> None:
    rng = np.random.default_rng(0)
    matrix, signal = rng.standard_normal((20, 5)), rng.standard_normal(20)
    result = basis_pursuit(matrix, signal)
    assert result.status == "infeasible"
    assert "denoising" in result.remedy
    assert result.certificate.gap == np.inf
    far = np.linalg.lstsq(matrix, signal, rcond=None)[1][0] ** 0.5
    assert basis_pursuit_denoising(matrix, signal, tolerance=0.9 * far).status == "infeasible"
    assert basis_pursuit_denoising(matrix, signal, tolerance=1.1 * far).status == "optimal"


def test_default_tolerance_is_the_size_of_the_noise() -> None:
    rng = np.random.default_rng(2)
    matrix = rng.standard_normal((150, 300))
    truth = np.zeros(300)
    truth[[3, 30, 130]] = [2.0, -1.0, 1.5]
    noise = 0.1 * rng.standard_normal(150)
    result = basis_pursuit_denoising(matrix, matrix @ truth + noise)
    left = np.linalg.norm(matrix @ (result.coefficients - truth) - noise)
    # The bound is some 15% above the norm; the noise estimate of the Lasso some 10% high.
    assert 0.9 <= left / np.linalg.norm(noise) <= 1.5
    assert {3, 30, 130} <= set(result.support)


def test_weights_prefer_cheap_columns() -> None:
    matrix = np.array([[1.0, 1.0]])
    result = basis_pursuit(matrix, [2.0], weights=[3.0, 1.0])
    np.testing.assert_allclose(result.coefficients, [0.0, 2.0], atol=1e-12)


@pytest.mark.parametrize("options", [{"tolerance": -1.0}, {"weights": [1.0, 0.0]}])
def test_bad_requests_are_explained(options: dict[str, object]) -> None:
    with pytest.raises(ProblemError):
        basis_pursuit_denoising(np.eye(2), np.ones(2), **options)
