"""STLSQ, SR3 and the group Lasso against independent implementations and optimality."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.optimizers.sparse.certificates import lasso_certificate
from physmodel.optimizers.sparse.design import Gram
from physmodel.optimizers.sparse.l1.group import group_lasso, group_soft_threshold
from physmodel.optimizers.sparse.l1.lasso import lasso
from physmodel.optimizers.sparse.supports.relaxed import sr3
from physmodel.optimizers.sparse.supports.thresholding import stlsq

Array = NDArray[np.float64]


def library(seed: int) -> tuple[Array, Array, Array]:
    """A tall regression as SINDy has it: columns of very different size, four terms of twenty."""
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((200, 20)) * 10.0 ** rng.uniform(-3.0, 3.0, 20)
    truth = np.zeros((20, 3))
    for column in truth.T:
        column[rng.choice(20, 4, replace=False)] = rng.choice([-1.0, 1.0], 4)
    truth /= np.linalg.norm(matrix, axis=0)[:, None]
    signals = matrix @ truth
    return matrix, truth, signals + 0.005 * rng.standard_normal(signals.shape)


@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_stlsq_is_that_of_pysindy(ridge: float) -> None:
    from pysindy.optimizers import STLSQ

    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((100, 15))
    truth = np.where(rng.random((15, 4)) < 0.4, rng.uniform(-1.0, 1.0, (15, 4)), 0.0)
    signals = matrix @ truth + 0.02 * rng.standard_normal((100, 4))
    theirs = STLSQ(threshold=0.2, alpha=ridge, max_iter=100, unbias=False).fit(matrix, signals)
    ours = stlsq(matrix, signals, threshold=0.2, ridge=ridge, scaled=False)
    np.testing.assert_allclose(ours.coefficients, theirs.coef_.T, atol=1e-10)


@pytest.mark.parametrize("solve", [stlsq, sr3])
def test_terms_are_found_without_settings(solve: object) -> None:
    assert callable(solve)
    same = []
    for seed in range(20):
        matrix, truth, signals = library(seed)
        found = solve(matrix, signals).coefficients != 0.0
        # Unit coefficients in noise of 0.005: 200 standard errors.
        assert found[truth != 0.0].all()
        same += list((found == (truth != 0.0)).all(axis=0))
    # The criterion asks log 200 + 2 log(16 / 5) = 7.6 of a false term; one of 16 exceeds it in 9%
    # of records: three standard deviations above that, of 60 records.
    assert np.mean(same) >= 0.8


@given(st.integers(0, 10**6), st.floats(0.01, 2.0))
@settings(max_examples=30)
def test_stlsq_ends_in_a_fit_above_its_threshold(seed: int, threshold: float) -> None:
    matrix, _, signals = library(seed)
    result = stlsq(matrix, signals, threshold=threshold)
    unit = result.coefficients * np.linalg.norm(matrix, axis=0)[:, None]
    used = unit != 0.0
    assert (np.abs(unit[used]) >= threshold).all()
    for index in range(3):
        chosen = np.flatnonzero(used[:, index])
        fit = np.linalg.lstsq(matrix[:, chosen], signals[:, index], rcond=1e-15)[0]
        scale = np.linalg.norm(matrix[:, chosen], axis=0)
        np.testing.assert_allclose(unit[chosen, index], fit * scale, atol=1e-8)


@given(st.integers(0, 10**6), st.floats(0.01, 1.0), st.floats(0.1, 10.0))
@settings(max_examples=30)
def test_sr3_with_l0_is_a_fixed_point(seed: int, threshold: float, coupling: float) -> None:
    matrix, _, signals = library(seed)
    scale = np.linalg.norm(matrix, axis=0)
    result = sr3(matrix, signals[:, 0], threshold=threshold, coupling=coupling)
    assert result.status != "iteration-limit"
    w = result.coefficients * scale
    unit = matrix / scale
    left = unit.T @ unit + coupling * np.eye(20)
    x = np.linalg.solve(left, unit.T @ signals[:, 0] + coupling * w)
    np.testing.assert_allclose(w, np.where(np.abs(x) >= threshold, x, 0.0), atol=1e-8)


@given(st.integers(0, 10**6), st.floats(0.01, 1.0), st.floats(0.1, 10.0))
@settings(max_examples=30)
def test_sr3_with_l1_minimises_over_both_copies(
    seed: int, threshold: float, coupling: float
) -> None:
    matrix, _, signals = library(seed)
    signal = signals[:, 0]
    scale = np.linalg.norm(matrix, axis=0)
    unit = matrix / scale
    result = sr3(matrix, signal, threshold=threshold, coupling=coupling, penalty="l1")
    assert result.status == "optimal"

    def objective(w: Array) -> float:
        left = unit.T @ unit + coupling * np.eye(20)
        x = np.linalg.solve(left, unit.T @ signal + coupling * w)
        return float(
            0.5 * np.sum((signal - unit @ x) ** 2)
            + 0.5 * coupling * np.sum((x - w) ** 2)
            + coupling * threshold * np.abs(w).sum()
        )

    w = result.coefficients * scale
    best = objective(w)
    # The profile of the objective is that of the certificate.
    assert best == pytest.approx(result.certificate.primal, rel=1e-8)
    rng = np.random.default_rng(seed)
    for size in (1e-4, 1e-2, 1.0):
        assert objective(w + size * rng.standard_normal(20)) >= best - 1e-9


@given(st.integers(0, 10**6), st.floats(0.02, 1.1), st.integers(2, 40), st.floats(0.0, 2.0))
@settings(max_examples=40)
def test_group_lasso_closes_its_gap(seed: int, share: float, p: int, ridge: float) -> None:
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((30, p)) * 10.0 ** rng.uniform(-2.0, 2.0, p)
    groups = rng.integers(0, 6, p)
    signal = rng.standard_normal(30) + matrix[:, 0] / np.linalg.norm(matrix[:, 0]) * 5.0
    labels = np.unique(groups, return_inverse=True)[1]
    inner = (matrix / np.linalg.norm(matrix, axis=0)).T @ signal
    norms = np.sqrt(np.bincount(labels, inner**2) / np.bincount(labels))
    penalty = share * float(norms.max())
    result = group_lasso(matrix, signal, groups=groups, penalty=penalty, ridge=ridge)
    assert result.status == "optimal"
    assert result.certificate.gap >= -1e-9 * (1.0 + result.certificate.primal)
    for label in np.unique(groups):
        used = result.coefficients[groups == label] != 0.0
        assert used.all() or not used.any()
    if share > 1.0:
        assert not result.coefficients.any()


def test_group_lasso_of_single_columns_is_the_lasso() -> None:
    rng = np.random.default_rng(3)
    matrix, signals = rng.standard_normal((40, 25)), rng.standard_normal((40, 6))
    one = group_lasso(matrix, signals, groups=np.arange(25), penalty=1.0).coefficients
    two = lasso(matrix, signals, penalty=1.0).coefficients
    # A gap of 1e-10 of the energy; strongly convex with a smallest eigenvalue of some 0.05.
    np.testing.assert_allclose(one, two, atol=1e-4)
    same = lasso_certificate(matrix, signals[:, 0], two[:, 0], 1.0, groups=np.arange(25))
    assert same.gap == pytest.approx(0.0, abs=1e-12)


def test_group_lasso_of_orthonormal_columns_has_a_closed_form() -> None:
    rng = np.random.default_rng(4)
    matrix = np.linalg.qr(rng.standard_normal((30, 12)))[0]
    signal = rng.standard_normal(30)
    groups = np.repeat([0, 1, 2], 4)
    expected = group_soft_threshold(
        (matrix.T @ signal)[:, None], np.full((12, 1), 0.5 * 2.0), groups
    )
    result = group_lasso(matrix, signal, groups=groups, penalty=0.5)
    np.testing.assert_allclose(result.coefficients, expected[:, 0], atol=1e-5)
    record = Gram(matrix.T @ matrix, matrix.T @ signal, float(signal @ signal), 30)
    same = group_lasso(record, groups=groups, penalty=0.5)
    np.testing.assert_allclose(same.coefficients, result.coefficients, atol=1e-5)


@given(st.integers(0, 10**6), st.floats(0.0, 3.0))
@settings(max_examples=40)
def test_group_proximal_map_is_firmly_non_expansive(seed: int, threshold: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((2, 30, 1))
    groups = rng.integers(0, 7, 30)
    groups = np.unique(groups, return_inverse=True)[1]
    level = np.full((30, 1), threshold)
    moved = group_soft_threshold(a, level, groups) - group_soft_threshold(b, level, groups)
    assert np.sum(moved**2) <= np.sum(moved * (a - b)) + 1e-13


@pytest.mark.parametrize("solve", [stlsq, sr3])
@pytest.mark.parametrize("power", [-6.0, 6.0])
def test_units_of_columns_do_not_matter(solve: object, power: float) -> None:
    assert callable(solve)
    matrix, _, signals = library(7)
    factor = np.ones(20)
    factor[::2] = -(10.0**power)
    one = solve(matrix, signals).coefficients
    two = solve(matrix * factor, signals).coefficients
    scale = np.linalg.norm(matrix, axis=0)[:, None]
    np.testing.assert_allclose(two * factor[:, None] * scale, one * scale, atol=1e-7)


def test_bad_requests_are_explained() -> None:
    matrix, signal = np.eye(3), np.ones(3)
    with pytest.raises(ProblemError, match="threshold"):
        stlsq(matrix, signal, threshold=-1.0)
    with pytest.raises(ProblemError, match="coupling"):
        sr3(matrix, signal, coupling=0.0)
    with pytest.raises(ProblemError, match="labels"):
        group_lasso(matrix, signal, groups=[0, 1])
    with pytest.raises(ProblemError, match="weights"):
        group_lasso(matrix, signal, groups=[0, 1, 1], weights=[1.0])
    with pytest.raises(ProblemError, match="one norm"):
        group_lasso(np.diag([1.0, 2.0, 3.0]), signal, groups=[0, 1, 1], scaled=False)
