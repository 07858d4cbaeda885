"""The portfolio against brute force and beyond basis pursuit; every solver with every input."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import hadamard
from scipy.sparse import csr_array
from scipy.sparse.linalg import aslinearoperator

from physmodel.errors import ProblemError
from physmodel.optimizers import sparse
from physmodel.optimizers.sparse.design import Gram
from physmodel.optimizers.sparse.record import SparseResult
from physmodel.optimizers.sparse.recovery import sparse_recovery

Array = NDArray[np.float64]

SOLVERS: dict[str, Callable[..., SparseResult]] = {
    "matching pursuit": lambda *a: sparse.matching_pursuit(*a, tolerance=1e-10),
    "OMP": sparse.orthogonal_matching_pursuit,
    "IHT": lambda *a: sparse.iterative_hard_thresholding(*a, sparsity=3),
    "HTP": lambda *a: sparse.hard_thresholding_pursuit(*a, sparsity=3),
    "CoSaMP": lambda *a: sparse.cosamp(*a, sparsity=3),
    "subspace pursuit": lambda *a: sparse.subspace_pursuit(*a, sparsity=3),
    "best subset": lambda *a: sparse.best_subset(*a, sparsity=3, max_nodes=50),
    "STLSQ": lambda *a: sparse.stlsq(*a, threshold=0.5),
    "SR3": lambda *a: sparse.sr3(*a, threshold=0.5),
    "basis pursuit": sparse.basis_pursuit,
    "denoising": lambda *a: sparse.basis_pursuit_denoising(*a, tolerance=1e-7),
    "recovery": sparse_recovery,
}


@pytest.mark.parametrize("rows", [25, 40])
@pytest.mark.parametrize("name", SOLVERS)
def test_every_solver_takes_every_input(
    name: str, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    atoms = 65 - rows
    matrix = rng.standard_normal((rows, atoms))
    matrix /= np.linalg.norm(matrix, axis=0)
    truth = np.zeros((atoms, 3))
    for column in truth.T:
        column[rng.choice(atoms, 3, replace=False)] = [5.0, -5.0, 10.0]
    signals = matrix @ truth
    solve = SOLVERS[name]
    for y, x in ((signals, truth), (signals[:, 0], truth[:, 0])):
        energy = np.sum(y**2, axis=0)
        record = Gram(matrix.T @ matrix, matrix.T @ y, energy, rows)
        answers = [
            solve(matrix, y),
            solve(csr_array(matrix), y),
            solve(aslinearoperator(matrix), y),
            solve(record),
        ]
        with monkeypatch.context() as patch:
            # The operator is only applied.
            patch.setattr("physmodel.optimizers.sparse.opening.TABULATE", 0)
            answers.append(solve(aslinearoperator(matrix), y))
        for answer in answers:
            # Matching pursuit and IHT stop at 1e-10; a Gram knows residuals to half the digits.
            np.testing.assert_allclose(answer.coefficients, x, atol=3e-6)
            assert answer.status in ("optimal", "converged")
            assert len(answer.statuses) == (3 if y.ndim == 2 else 1)
            assert np.shape(answer.certificate.primal) == np.shape(energy)
            assert answer.remedy


@given(st.integers(0, 10**6), st.integers(2, 5), st.integers(3, 8))
@settings(max_examples=40)
def test_brute_force_finds_nothing_sparser(seed: int, m: int, p: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((m, p))
    truth = np.zeros(p)
    place = rng.choice(p, min(p, max(1, m // 2)), replace=False)
    truth[place] = rng.uniform(0.5, 2.0, len(place)) * rng.choice([-1.0, 1.0], len(place))
    signal = matrix @ truth
    result = sparse_recovery(matrix, signal)
    size = np.linalg.norm(signal)
    assert np.linalg.norm(matrix @ result.coefficients - signal) <= 1e-6 * size
    count = len(result.support)
    assert result.certificate.gap >= -1e-9 * size
    if result.status == "optimal" and result.certificate.sparsest:
        for chosen in itertools.combinations(range(p), count - 1):
            part = matrix[:, list(chosen)]
            left = signal - part @ np.linalg.lstsq(part, signal, rcond=None)[0]
            assert np.linalg.norm(left) > 1e-9 * size
    if count <= m // 2:
        # Gaussian columns: half as many as rows are unique.
        np.testing.assert_allclose(result.coefficients, truth, atol=1e-6)


@pytest.mark.parametrize("amplitudes", ["gaussian", "sign"])
def test_more_is_recovered_than_by_one_method(amplitudes: str) -> None:
    """Half as many rows as columns: the portfolio finds half of the signals at 0.53 and 0.40.

    Basis pursuit has 0.39 for both; subspace pursuit, told the number, has 0.43 and 0.32.
    """
    rho = 0.48 if amplitudes == "gaussian" else 0.34
    hits = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        matrix = rng.standard_normal((100, 200)) * 10.0 ** rng.uniform(-3.0, 3.0, 200)
        truth = np.zeros(200)
        place = rng.choice(200, round(100 * rho), replace=False)
        size = rng.standard_normal(len(place))
        truth[place] = size if amplitudes == "gaussian" else np.sign(size)
        truth /= np.linalg.norm(matrix, axis=0)
        found = sparse_recovery(matrix, matrix @ truth).coefficients
        error = (found - truth) * np.linalg.norm(matrix, axis=0)
        good = bool(np.abs(error).max() < 1e-6)
        assert not good or set(np.flatnonzero(found)) == set(place)
        hits += good
    # Some 85% are seen; without reweighting 15% of the Gaussian ones. Twelve draws scatter by 1.3.
    assert hits >= 7


@given(st.integers(0, 10**6), st.floats(-6.0, 6.0), st.floats(-12.0, 12.0))
@settings(max_examples=20)
def test_units_do_not_matter(seed: int, power: float, size: float) -> None:
    rng = np.random.default_rng(seed)
    matrix, signal = rng.standard_normal((12, 24)), rng.standard_normal(12)
    factor = np.ones(24)
    factor[::2] = -(10.0**power)
    for solve in (sparse.basis_pursuit, sparse_recovery):
        one = solve(matrix, signal)
        two = solve(matrix * factor, signal * 10.0**size)
        assert one.statuses == two.statuses
        back = two.coefficients * factor / 10.0**size
        np.testing.assert_allclose(back, one.coefficients, atol=1e-6)


@pytest.mark.parametrize("kind", ["signs", "hadamard", "copies"])
def test_ties_do_not_stop_basis_pursuit(kind: str) -> None:
    rng = np.random.default_rng(0)
    matrices = {
        "signs": rng.choice([-1.0, 1.0], (16, 32)),
        "hadamard": np.hstack([np.eye(16), hadamard(16) / 4.0]),
        "copies": np.hstack([np.eye(16), np.eye(16)]),
    }
    for _ in range(20):
        signal = matrices[kind] @ rng.choice([-1.0, 0.0, 1.0], 32, p=[0.1, 0.8, 0.1])
        result = sparse.basis_pursuit(matrices[kind], signal)
        assert result.status == "optimal"
        assert abs(result.certificate.gap) <= 1e-7 * (np.linalg.norm(signal) + 1e-300)


def test_what_cannot_be_represented_is_said_to_be_infeasible() -> None:
    result = sparse_recovery(np.eye(4)[:, :2], np.ones(4))
    assert result.status == "infeasible"
    assert not sparse_recovery(np.eye(4), np.zeros(4)).coefficients.any()
    with pytest.raises(ProblemError, match="reweightings"):
        sparse_recovery(np.eye(4), np.ones(4), rounds=-1)
