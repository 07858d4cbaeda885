"""Lasso, elastic net and their path against scikit-learn, closed forms and their own duality."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from physmodel.errors import ProblemError
from physmodel.optimizers.sparse.certificates import lasso_certificate
from physmodel.optimizers.sparse.design import Gram
from physmodel.optimizers.sparse.l1.lasso import elastic_net, lasso
from physmodel.optimizers.sparse.l1.path import lasso_path
from physmodel.optimizers.sparse.l1.working_gram import Columns, Rows, working_gram
from physmodel.optimizers.sparse.l1.working_set import soft_threshold
from physmodel.optimizers.sparse.opening import open_design

Array = NDArray[np.float64]


def problem(
    seed: int, m: int, p: int, k: int | None = None, correlation: float = 0.0
) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((m, p)) * 10.0 ** rng.uniform(-1.0, 1.0, p)
    matrix += correlation * rng.standard_normal((m, 1)) * np.linalg.norm(matrix, axis=0)
    signals = rng.standard_normal((m, k or 1)) + matrix[:, :1] / np.linalg.norm(matrix[:, 0]) * 5.0
    return matrix, signals if k else signals[:, 0]


def largest(matrix: Array, signals: Array) -> float:
    unit = matrix / np.linalg.norm(matrix, axis=0)
    return float(np.abs(unit.T @ signals).max())


PROBLEMS = st.tuples(
    st.integers(0, 10**6), st.integers(2, 40), st.integers(1, 60), st.sampled_from([0.0, 0.3, 3.0])
)
SHARES = st.floats(1e-4, 1.1)


@given(PROBLEMS, SHARES)
@example((4, 18, 4, 0.3), 1.0)  # rounding alone lets the last column in
@settings(max_examples=60)
def test_gap_closes_and_conditions_hold(spec: tuple[int, int, int, float], share: float) -> None:
    seed, m, p, correlation = spec
    matrix, signal = problem(seed, m, p, correlation=correlation)
    result = lasso(matrix, signal, penalty=share * largest(matrix, signal))
    assert result.status == "optimal"
    # The promise of `optimal`: 1e-9 of the signal's energy.
    assert result.certificate.gap <= 1e-9 * (signal @ signal)
    assert result.certificate.kkt <= 1e-7
    if share > 1.0:
        assert not result.coefficients.any()


@given(PROBLEMS, SHARES, st.floats(0.0, 5.0))
@settings(max_examples=60)
def test_gap_is_never_negative_wherever_one_stands(
    spec: tuple[int, int, int, float], share: float, ridge: float
) -> None:
    seed, m, p, correlation = spec
    matrix, signal = problem(seed, m, p, correlation=correlation)
    penalty = share * largest(matrix, signal)
    optimum = elastic_net(matrix, signal, penalty=penalty, ridge=ridge)
    rng = np.random.default_rng(seed)
    for step in (0.0, 0.01, 1.0, 100.0):
        anywhere = optimum.coefficients + step * rng.standard_normal(p)
        there = lasso_certificate(matrix, signal, anywhere, penalty, ridge=ridge)
        # Weak duality up to rounding of the objective.
        assert there.gap >= -1e-9 * (1.0 + there.primal)
        assert there.dual <= optimum.certificate.primal + 1e-9 * (1.0 + there.primal)


@pytest.mark.parametrize(("m", "p"), [(60, 30), (40, 120)])
@pytest.mark.parametrize("ridge", [0.0, 2.0])
def test_agrees_with_scikit_learn(m: int, p: int, ridge: float) -> None:
    from sklearn.linear_model import ElasticNet

    matrix, signal = problem(m, m, p)
    penalty = 0.2 * np.abs(matrix.T @ signal).max()
    ours = elastic_net(matrix, signal, penalty=penalty, ridge=ridge, scaled=False)
    theirs = ElasticNet(
        alpha=(penalty + ridge) / m,
        l1_ratio=penalty / (penalty + ridge),
        fit_intercept=False,
        tol=1e-14,
        max_iter=10**6,
    ).fit(matrix, signal)
    # Coordinate descent stops at 1e-14 of the energy: square root of that in the fit.
    np.testing.assert_allclose(
        matrix @ ours.coefficients, matrix @ theirs.coef_, atol=1e-6 * np.linalg.norm(signal)
    )
    there = lasso_certificate(matrix, signal, theirs.coef_, penalty, ridge=ridge, scaled=False)
    assert ours.certificate.primal <= there.primal * (1.0 + 1e-12)


def test_orthonormal_columns_are_soft_thresholded() -> None:
    rng = np.random.default_rng(0)
    matrix = np.linalg.qr(rng.standard_normal((30, 12)))[0]
    signals = rng.standard_normal((30, 7))
    inner = matrix.T @ signals
    result = lasso(matrix, signals, penalty=0.5)
    np.testing.assert_allclose(result.coefficients, soft_threshold(inner, 0.5), atol=1e-13)
    net = elastic_net(matrix, signals, penalty=0.5, ridge=1.5)
    np.testing.assert_allclose(net.coefficients, soft_threshold(inner, 0.5) / 2.5, atol=1e-13)


@given(st.integers(0, 10**6), SHARES)
@settings(max_examples=30)
def test_matrix_gram_operator_and_batch_give_one_answer(seed: int, share: float) -> None:
    matrix, signals = problem(seed, 20, 15, k=6)
    penalty = share * largest(matrix, signals)
    together = lasso(matrix, signals, penalty=penalty).coefficients
    energy = np.einsum("ij,ij->j", signals, signals)
    gram = Gram(matrix.T @ matrix, matrix.T @ signals, energy, 20)
    operator = aslinearoperator(matrix)
    scale = np.linalg.norm(matrix, axis=0)[:, None]
    others = [
        lasso(gram, penalty=penalty).coefficients,
        lasso(operator, signals, penalty=penalty).coefficients,
        np.stack([lasso(matrix, y, penalty=penalty).coefficients for y in signals.T], axis=1),
    ]
    for other in others:
        # Strictly convex for 20 rows and 15 columns; the condition number is below 1e4.
        np.testing.assert_allclose(other * scale, together * scale, atol=1e-8)


@given(st.integers(0, 10**6), SHARES, st.floats(-6.0, 6.0), st.booleans())
@settings(max_examples=40)
def test_units_and_signs_of_columns_do_not_matter(
    seed: int, share: float, power: float, flip: bool
) -> None:
    matrix, signal = problem(seed, 30, 20)
    factor = np.ones(20)
    factor[::3] = 10.0**power * (-1.0 if flip else 1.0)
    penalty = share * largest(matrix, signal)
    one = lasso(matrix, signal, penalty=penalty).coefficients
    two = lasso(matrix * factor, signal, penalty=penalty).coefficients
    scale = np.linalg.norm(matrix, axis=0)
    np.testing.assert_allclose(two * factor * scale, one * scale, atol=1e-9)


@given(st.integers(0, 10**6))
@settings(max_examples=20)
def test_weights_are_penalties_of_rescaled_columns(seed: int) -> None:
    matrix, signal = problem(seed, 30, 20)
    weights = np.random.default_rng(seed).uniform(0.2, 5.0, 20)
    penalty = 0.1 * largest(matrix, signal)
    weighted = lasso(matrix, signal, penalty=penalty, weights=weights, scaled=False)
    plain = lasso(matrix / weights, signal, penalty=penalty, scaled=False)
    np.testing.assert_allclose(weighted.coefficients, plain.coefficients / weights, atol=1e-9)


def test_path_is_the_lasso_at_every_penalty() -> None:
    matrix, signal = problem(3, 40, 80)
    result = lasso_path(matrix, signal, n_penalties=12, smallest=1e-2)
    assert result.status == "optimal"
    assert result.path is not None
    assert not result.path.coefficients[0].any()
    scale = np.linalg.norm(matrix, axis=0)
    for level, x in zip(result.path.levels, result.path.coefficients, strict=True):
        alone = lasso(matrix, signal, penalty=level)
        np.testing.assert_allclose(x * scale, alone.coefficients * scale, atol=1e-8)
    assert (np.diff(result.path.objectives) <= 0.0).all()


def test_default_penalty_finds_the_noise_and_the_terms() -> None:
    rng = np.random.default_rng(1)
    matrix = rng.standard_normal((200, 300)) * 10.0 ** rng.uniform(-3.0, 3.0, 300)
    truth = np.zeros(300)
    truth[[4, 40, 140]] = (
        np.array([3.0, -2.0, 4.0]) / np.linalg.norm(matrix[:, [4, 40, 140]], axis=0) * 10.0
    )
    result = lasso(matrix, matrix @ truth + 0.5 * rng.standard_normal(200))
    # sigma sqrt(2 log p), the estimate of sigma being some 10% high for what the Lasso shrinks.
    assert result.penalty == pytest.approx(0.5 * np.sqrt(2.0 * np.log(300)), rel=0.3)
    assert {4, 40, 140} <= set(result.support)
    assert len(result.support) <= 6


def test_large_operator_is_never_written_out() -> None:
    from scipy.fft import dct, idct

    n = 4096  # n * n entries are more than are tabulated
    operator = LinearOperator(
        (n, n),
        matvec=lambda x: idct(np.ravel(x), norm="ortho"),
        rmatvec=lambda y: dct(np.ravel(y), norm="ortho"),
        dtype=float,
    )
    signal = np.cumsum(np.random.default_rng(0).standard_normal(n))
    result = lasso(operator, signal, penalty=20.0)
    np.testing.assert_allclose(
        result.coefficients, soft_threshold(dct(signal, norm="ortho"), 20.0), atol=1e-6
    )
    assert result.status == "optimal"


@given(st.integers(0, 10**6), st.floats(0.0, 3.0))
@settings(max_examples=50)
def test_proximal_map_is_firmly_non_expansive(seed: int, threshold: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((2, 30))
    moved = soft_threshold(a, threshold) - soft_threshold(b, threshold)
    # |Pa - Pb|^2 <= <Pa - Pb, a - b>, up to rounding.
    assert moved @ moved <= moved @ (a - b) + 1e-14 * (1.0 + (a - b) @ (a - b))


def test_equal_columns_and_exact_fits_are_no_trouble() -> None:
    rng = np.random.default_rng(2)
    matrix = rng.standard_normal((10, 6))
    matrix = np.hstack([matrix, matrix, -matrix])
    result = lasso(matrix, rng.standard_normal(10), penalty=1e-3)
    assert result.status == "optimal"


@pytest.mark.parametrize(
    ("matrix", "signal", "options", "words"),
    [
        (np.ones((3, 2)), [1.0, 2.0], {}, "3 rows"),
        (np.ones((3, 2)), [1.0, np.nan, 2.0], {}, "missing or infinite"),
        ([[1.0, np.nan]], [1.0], {}, "column 1"),
        ([[1.0, 0.0]], [1.0], {}, "column 1"),
        (np.ones((3, 2)), np.ones(3), {"penalty": -1.0}, "negative"),
        (np.ones((3, 2)), np.ones(3), {"penalty": np.nan}, "not finite"),
        (np.ones((3, 2)), np.ones(3), {"penalty": 1.0, "weights": [1.0, -1.0]}, "negative"),
        (np.ones((3, 2)), np.ones(3), {"penalty": 1.0, "weights": [1.0]}, "weights of shape"),
        (np.ones(3), np.ones(3), {"penalty": 1.0}, "shape"),
        (np.ones((3, 2)), np.ones((3, 0)), {"penalty": 1.0}, "shape"),
        (np.ones((3, 2)), 1j * np.ones(3), {"penalty": 1.0}, "complex"),
        ([["a"]], [1.0], {}, "array of numbers"),
        (np.ones((3, 2)), None, {"penalty": 1.0}, "no signals"),
        (Gram(np.eye(2), np.ones(3), 1.0, 5), None, {}, "disagree"),
        (Gram(np.zeros((2, 2)), np.ones(2), 1.0, 5), None, {}, "diagonal"),
    ],
)
def test_bad_requests_are_explained(
    matrix: object, signal: object, options: dict[str, object], words: str
) -> None:
    with pytest.raises(ProblemError, match=words):
        lasso(matrix, signal, **options)


@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_supports_near_the_number_of_rows_are_reached(correlation: float) -> None:
    """Exact steps alone crawl here: they exchange columns one by one at full rank."""
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((100, 1000))
    for j in range(1, 1000):
        fresh = np.sqrt(1.0 - correlation**2) * matrix[:, j]
        matrix[:, j] = correlation * matrix[:, j - 1] + fresh
    signal = rng.standard_normal(100)
    levels = largest(matrix, signal) * np.geomspace(0.5, 1e-4, 6)
    result = lasso_path(matrix, signal, levels=levels)
    assert result.status == "optimal"
    assert len(result.support) > 80


@given(st.integers(0, 10**6), SHARES, st.booleans())
@settings(max_examples=30)
def test_columns_without_a_penalty_are_regressed_out(seed: int, share: float, many: bool) -> None:
    matrix, signals = problem(seed, 30, 20, k=5)
    weights = np.ones(20)
    weights[:3] = 0.0
    q = np.linalg.qr(matrix[:, :3])[0]
    rest = matrix[:, 3:] - q @ (q.T @ matrix[:, 3:])
    left = signals - q @ (q.T @ signals)
    penalty = share * float(np.abs(rest.T @ left).max())
    y, target = (signals, left) if many else (signals[:, 0], left[:, 0])
    one = lasso(matrix, y, penalty=penalty, weights=weights, scaled=False)
    two = lasso(rest, target, penalty=penalty, scaled=False)
    assert one.status == "optimal"
    scale = np.linalg.norm(matrix, axis=0)[3:].reshape(-1, *([1] if many else []))
    np.testing.assert_allclose(one.coefficients[3:] * scale, two.coefficients * scale, atol=1e-8)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6)])
@pytest.mark.parametrize("k", [None, 5])
def test_no_penalty_is_least_squares_and_no_signal_is_zero(
    shape: tuple[int, int], k: int | None
) -> None:
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal(shape)
    signals = rng.standard_normal((shape[0], k) if k else shape[0])
    result = lasso(matrix, signals, penalty=0.0)
    best = matrix @ np.linalg.lstsq(matrix, signals, rcond=None)[0]
    np.testing.assert_allclose(matrix @ result.coefficients, best, atol=1e-10)
    assert result.status == "optimal"
    for penalty in (None, 0.0, 1.0):
        nothing = lasso(matrix, 0.0 * signals, penalty=penalty)
        assert not nothing.coefficients.any()
        assert nothing.status == "optimal"


@given(PROBLEMS, SHARES, st.floats(0.0, 2.0), st.sampled_from([1e-3, 1e-6, 1e-12]))
@settings(max_examples=60)
def test_no_iterate_has_a_negative_gap_and_the_last_has_the_one_asked_for(
    spec: tuple[int, int, int, float], share: float, ridge: float, tolerance: float
) -> None:
    seed, m, p, correlation = spec
    matrix, signal = problem(seed, m, p, correlation=correlation)
    penalty = share * largest(matrix, signal)
    energy = signal @ signal
    result = elastic_net(matrix, signal, penalty=penalty, ridge=ridge, tolerance=tolerance)
    assert result.history is not None
    # Weak duality; the objective is a difference of numbers of the size of the energy.
    assert result.history.min() >= -1e-13 * energy
    assert result.status == "optimal"
    there = lasso_certificate(matrix, signal, result.coefficients, penalty, ridge=ridge)
    assert there.gap <= tolerance * energy + 1e-14 * energy


#: Rows, columns, penalties: the three records of a Gram, and the kind that each shape gets.
ROUTES = [(30, 80, 8), (400, 60, 40), (400, 120, 4)]


@pytest.mark.parametrize(("m", "p", "n"), ROUTES)
@given(seed=st.integers(0, 10**6), correlation=st.sampled_from([0.0, 0.3]))
@settings(max_examples=10)
def test_path_keeps_its_tolerance_and_knows_no_units(
    m: int, p: int, n: int, seed: int, correlation: float
) -> None:
    matrix, signal = problem(seed, m, p, correlation=correlation)
    levels = largest(matrix, signal) * np.geomspace(0.7, 1e-2, n)
    factor = np.where(np.arange(p) % 2, -1e8, 1e-8)
    exact = lasso_path(matrix, signal, levels=levels)
    other = lasso_path(matrix * factor, signal, levels=levels)
    loose = lasso_path(matrix, signal, levels=levels, tolerance=1e-6)
    assert exact.status == loose.status == "optimal"
    assert exact.path is not None
    assert other.path is not None
    assert loose.path is not None
    scale = np.linalg.norm(matrix, axis=0)
    for i, level in enumerate(levels):
        proof = lasso_certificate(matrix, signal, exact.path.coefficients[i], level)
        # Conditions hold to the solver's 1e-10 and to the rounding of correlated columns.
        assert proof.kkt <= 1e-8
        proof = lasso_certificate(matrix, signal, loose.path.coefficients[i], level)
        assert proof.gap <= 1e-6 * (signal @ signal)
        assert proof.gap == pytest.approx(loose.path.gaps[i], abs=1e-12 * (signal @ signal))
    one, two = exact.path.coefficients * scale, other.path.coefficients * factor * scale
    fit = np.abs((one - two) / scale @ matrix.T).max()
    assert fit <= 1e-7 * np.linalg.norm(signal)


def test_shape_chooses_how_the_gram_is_known() -> None:
    rng = np.random.default_rng(0)
    kinds = []
    for m, p, n in ROUTES:
        design = open_design(rng.standard_normal((m, p)), rng.standard_normal(m))
        working = working_gram(design, n, 1e-6)
        kinds.append((type(working), working.single))
    assert kinds == [(Columns, False), (Rows, False), (Rows, True)]


def test_a_gram_grown_in_parts_is_the_gram() -> None:
    rng = np.random.default_rng(0)
    design = open_design(rng.standard_normal((200, 90)), rng.standard_normal(200))
    working = working_gram(design, 90)
    for fresh in ([5, 3, 80], [1], np.arange(20, 60)):
        working.add(np.asarray(fresh))
        known = working.known
        # Sums of 200 products of unit columns.
        np.testing.assert_allclose(working.gram, design.unit_gram[np.ix_(known, known)], atol=1e-14)
    assert len(working.known) == 90


def test_columns_too_close_for_single_precision_are_solved_in_double() -> None:
    rng = np.random.default_rng(0)
    half = rng.standard_normal((600, 60))
    matrix = np.hstack([half, half + 1e-5 * rng.standard_normal((600, 60))])
    signal = half[:, :8].sum(axis=1) + rng.standard_normal(600)
    levels = largest(matrix, signal) * np.geomspace(0.5, 1e-3, 4)
    result = lasso_path(matrix, signal, levels=levels, tolerance=2e-7)
    assert result.status == "optimal"
    assert result.path is not None
    assert result.path.gaps.max() <= 2e-7 * (signal @ signal)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tolerance": -1.0}, "a tolerance of -1"),
        ({"tolerance": np.nan}, "a tolerance of nan"),
        ({"levels": []}, "the levels are none"),
        ({"levels": [1.0, np.inf]}, "not finite"),
        ({"n_penalties": 0}, "a path of 0"),
    ],
)
def test_bad_paths_are_explained(options: dict[str, object], words: str) -> None:
    with pytest.raises(ProblemError, match=words):
        lasso_path(np.eye(3), np.ones(3), **options)
