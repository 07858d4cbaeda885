"""Property 25 for sparse solvers and dictionaries, and what it has found."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from physmodel.errors import PhysmodelError, ProblemError
from physmodel.models.defect import law_defect
from physmodel.models.dictionaries import dct
from physmodel.models.fields.linear_field import Points
from physmodel.models.fields.sparse_field import SparseField
from physmodel.optimizers import sparse
from physmodel.problem.algebra.parser import parse
from physmodel.problem.known.law_text import read_law
from physmodel.testing import BadArrays, bad_arrays

SOLVERS: tuple[Callable[..., sparse.SparseResult], ...] = (
    sparse.basis_pursuit,
    sparse.basis_pursuit_denoising,
    sparse.best_subset,
    sparse.cosamp,
    sparse.elastic_net,
    sparse.lasso,
    sparse.lasso_path,
    sparse.matching_pursuit,
    sparse.orthogonal_matching_pursuit,
    sparse.sparse_recovery,
    sparse.stlsq,
    lambda a, y: sparse.sr3(a, y, iterations=100),
)


def finite_or_refused(call: Callable[[], Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            assert np.isfinite(call()).all()
        except PhysmodelError as error:
            assert error.what  # noqa: PT017 - a refusal is one of two good outcomes


@settings(max_examples=12)
@given(bad=bad_arrays(max_size=20), as_matrix=st.booleans())
def test_25_solvers_and_dictionaries(bad: BadArrays, as_matrix: bool) -> None:
    n = len(bad.x) if hasattr(bad.x, "__len__") else 3
    rng = np.random.default_rng(n)
    given_ = (bad.x, rng.standard_normal(n)) if as_matrix else (rng.standard_normal((n, 3)), bad.x)
    for solver in SOLVERS:
        finite_or_refused(lambda solver=solver: solver(*given_).coefficients)
    atoms = dct(max(n, 2))
    for method in (atoms.synthesise, atoms.analyse):
        finite_or_refused(lambda method=method: method(bad.x))


@pytest.mark.parametrize("solver", [sparse.best_subset, sparse.orthogonal_matching_pursuit])
def test_few_atoms_may_all_be_taken(solver: Callable[..., sparse.SparseResult]) -> None:
    matrix = np.column_stack([np.linspace(-1.0, 2.0, 40), np.ones(40)])
    found = solver(matrix, matrix @ [-0.71, -0.33]).coefficients
    np.testing.assert_allclose(found, [-0.71, -0.33], atol=1e-12)  # rounding of 40 products


@pytest.mark.parametrize("unit", [1e300, 1e-200])
@pytest.mark.parametrize("solver", SOLVERS)
def test_extreme_numbers_are_refused(solver: Callable[..., Any], unit: float) -> None:
    matrix = np.random.default_rng(0).standard_normal((10, 3))
    for arguments in ((matrix, unit * matrix[:, 0]), (unit * matrix, matrix[:, 0])):
        with pytest.raises(ProblemError, match=r"too (large|small)"):
            solver(*arguments)


def test_what_is_masked_is_missing() -> None:
    matrix = np.random.default_rng(0).standard_normal((10, 3))
    with pytest.raises(ProblemError, match="missing"):
        sparse.lasso(np.ma.masked_greater(matrix, 1.0), matrix[:, 0])
    with pytest.raises(ProblemError, match="missing"):
        sparse.lasso(matrix, np.ma.masked_greater(matrix[:, 0], 0.5))


def test_dictionaries_read_numbers_only_and_of_any_size() -> None:
    atoms = dct(8)
    with pytest.raises(ProblemError, match="cannot be read"):
        atoms.synthesise(np.zeros(8, dtype=[("x", float)]))
    x = np.arange(8.0) + 1.0
    # Powers of two change no digit.
    np.testing.assert_array_equal(atoms.analyse(2.0**900 * x), 2.0**900 * atoms.analyse(x))


def test_a_given_energy_of_second_order_is_tested_at_points() -> None:
    rng = np.random.default_rng(0)
    states, velocities = rng.normal(size=(2, 30, 1))
    points = Points(np.zeros(30), states, velocities, np.empty((30, 0)))
    term = parse("x", ("x", "x_t", "t"))
    law = read_law("conserves:x_t^2+x^2", ("x",), ())
    for weight, expected in ((-1.0, 0.0), (-2.0, 0.1)):
        field = SparseField(("x",), (), 2, (term,), np.array([[weight]]))
        defect = law_defect(law, field, points)
        assert defect <= 1e-14 if expected == 0.0 else defect > expected
