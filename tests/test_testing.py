"""The conformance suites: what passes, and a broken twin for every sentence they can say."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from physmodel import testing
from physmodel.errors import ProblemError
from physmodel.models import dictionaries as dd
from physmodel.models.fields.linear_field import Points
from physmodel.optimizers import sparse
from physmodel.optimizers.sparse import SparseResult
from physmodel.optimizers.sparse.recovery import sparse_recovery
from physmodel.problem.known.affine import element
from physmodel.problem.known.symmetry import Symmetry
from physmodel.testing import check_dictionary, check_field, check_solver, check_symmetry

Array = NDArray[np.float64]

#: Solvers, and whether they find noise-free coefficients: penalties shrink them, and matching
#: pursuit by itself stops where a criterion says so.
SOLVERS: dict[str, tuple[Callable[..., SparseResult], bool]] = {
    "matching pursuit": (lambda *a: sparse.matching_pursuit(*a, tolerance=1e-10), True),
    "orthogonal matching pursuit": (sparse.orthogonal_matching_pursuit, True),
    "iterative hard thresholding": (sparse.iterative_hard_thresholding, True),
    "hard thresholding pursuit": (sparse.hard_thresholding_pursuit, True),
    "CoSaMP": (sparse.cosamp, True),
    "subspace pursuit": (sparse.subspace_pursuit, True),
    "best subset": (sparse.best_subset, True),
    "STLSQ": (sparse.stlsq, True),
    "SR3": (sparse.sr3, True),
    "basis pursuit": (sparse.basis_pursuit, True),
    "portfolio": (sparse_recovery, True),
    "basis pursuit denoising": (sparse.basis_pursuit_denoising, False),
    "Lasso": (sparse.lasso, False),
    "elastic net": (sparse.elastic_net, False),
}


def test_everything_public_is_there() -> None:
    assert all(callable(getattr(testing, name)) for name in testing.__all__)


@pytest.mark.parametrize("name", SOLVERS)
@settings(max_examples=3)
@given(seed=st.integers(0, 2**32 - 1))
def test_16_every_solver_recovers_in_any_units(name: str, seed: int) -> None:
    solve, recovers = SOLVERS[name]
    check_solver(solve, seed=seed, recovers=recovers)


def hard_stlsq(matrix: Array, signal: Array, threshold: float = 0.1) -> Array:
    """Thresholded least squares as it is often written: the threshold is in the user's units."""
    _require_finite(matrix, signal)
    kept = np.ones(matrix.shape[1], dtype=bool)
    x = np.zeros(matrix.shape[1])
    for _ in range(10):
        x = np.zeros(matrix.shape[1])
        x[kept] = np.linalg.lstsq(matrix[:, kept], signal)[0]
        kept = np.abs(x) >= threshold
    return np.where(kept, x, 0.0)


def least_squares(matrix: Array, signal: Array) -> Array:
    _require_finite(matrix, signal)
    scale = np.linalg.norm(matrix, axis=0)
    return np.linalg.lstsq(matrix / scale, signal)[0] / scale


def _require_finite(matrix: Array, signal: Array) -> None:
    if not (np.isfinite(matrix).all() and np.isfinite(signal).all()):
        raise ValueError("not finite")


def lying(change: Callable[[SparseResult], SparseResult]) -> Callable[..., SparseResult]:
    return lambda matrix, signal: change(sparse.lasso(matrix, signal))


def with_certificate(answer: SparseResult, **numbers: Any) -> SparseResult:
    return replace(answer, certificate=replace(answer.certificate, **numbers))


def first_column(matrix: Array, signal: Array) -> Array:
    out = least_squares(matrix, signal)
    out[1:] *= 0.99
    return out


def in_place(matrix: Array, signal: Array) -> Array:
    signal -= signal.mean()
    return least_squares(matrix, signal)


def weighted(matrix: Array, signal: Array) -> Array:
    weight = np.linspace(1.0, 2.0, len(signal))
    noise = 1e-3 * np.sin(np.arange(len(signal)))
    return least_squares(matrix * weight[:, None], (signal + noise) * weight)


def random_start() -> Callable[[Array, Array], Array]:
    rng = np.random.default_rng(0)
    return lambda matrix, signal: least_squares(matrix, signal) * rng.uniform(0.9, 1.1)


BROKEN_SOLVERS: list[tuple[Callable[..., Any], str]] = [
    (hard_stlsq, "depends on the units of columns"),
    (lambda a, y: least_squares(a, y)[:-1], "shape"),
    (lambda a, y: least_squares(a, y).astype(np.float32), "float32"),
    (lambda a, y: least_squares(a, y) * np.nan, "not finite"),
    (lambda a, y: 0.9 * least_squares(a, y), "a signal of columns"),
    (lambda a, y: np.abs(least_squares(a, y)), "a signal of columns"),
    (in_place, "changes its arguments"),
    (random_start(), "two equal calls"),
    (
        lambda a, y: np.linalg.lstsq(a, np.nan_to_num(y))[0] if np.isfinite(a).all() else 0,
        "refused|units",
    ),
    (lambda a, y: least_squares(a, y) + (not y.any()), "a signal of zeros"),
    (lambda a, y: least_squares(a, np.nan_to_num(y)), "answered instead of refused"),
]
BROKEN_WITHOUT_RECOVERY: list[tuple[Callable[..., Any], str]] = [
    (first_column, "order of the columns"),
    (weighted, "order of the rows"),
    (lambda a, y: np.abs(least_squares(a, y)), "depends on signs"),
    (lambda a, y: least_squares(a, y) * min(1.0, y @ y), "unit of the signal"),
    (lying(lambda r: with_certificate(r, gap=-1e-3)), "gap is negative"),
    (lying(lambda r: with_certificate(r, gap=r.certificate.gap + 1.0)), "primal minus dual"),
    (lying(lambda r: replace(r, history=np.array([1.0, -1e-3]))), "negative duality gap"),
    (lying(lambda r: replace(r, statuses=())), "no status"),
]


@pytest.mark.parametrize(("solver", "words"), BROKEN_SOLVERS)
def test_broken_solvers_are_caught(solver: Callable[..., Any], words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_solver(solver)


@pytest.mark.parametrize(("solver", "words"), BROKEN_WITHOUT_RECOVERY)
def test_broken_solvers_that_need_not_recover_are_caught(
    solver: Callable[..., Any], words: str
) -> None:
    with pytest.raises(AssertionError, match=words):
        check_solver(solver, recovers=False)


def test_a_solver_for_one_system_of_units_may_be_checked_as_such() -> None:
    check_solver(hard_stlsq, knows_no_units=False)


# Dictionaries.

SMALL = np.random.default_rng(0).standard_normal((5, 8))


def operator(
    forward: Callable[[Array], Array], backward: Callable[[Array], Array]
) -> LinearOperator:
    return LinearOperator((5, 8), matvec=forward, rmatvec=backward, dtype=float)


def shared() -> Callable[[Array], Array]:
    out, last = np.zeros(5), [np.zeros(8)]

    def forward(a: Array) -> Array:
        if not np.array_equal(last[0], np.ravel(a)):
            last[0] = np.ravel(a).copy()
            out[:] = SMALL @ last[0]
        return out

    return forward


BROKEN_OPERATORS: list[tuple[LinearOperator, str]] = [
    (operator(lambda a: SMALL @ np.ravel(a), lambda x: 1.001 * (np.ravel(x) @ SMALL)), "adjoint"),
    (operator(lambda a: SMALL @ np.abs(np.ravel(a)), lambda x: np.ravel(x) @ SMALL), "adjoint"),
    (
        operator(lambda a: (SMALL @ np.ravel(a)).astype(np.float32), lambda x: np.ravel(x) @ SMALL),
        "adjoint|float32",
    ),
    (operator(shared(), lambda x: np.ravel(x) @ SMALL), "memory that it still uses"),
]


def test_any_linear_operator_can_be_checked() -> None:
    check_dictionary(aslinearoperator(SMALL))


@pytest.mark.parametrize(("made", "words"), BROKEN_OPERATORS)
def test_broken_operators_are_caught(made: LinearOperator, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_dictionary(made)


def clipped(coefficients: Array) -> Array:
    """Linear for small numbers only, and with the right products for the vector of the suite."""
    return SMALL @ (coefficients if np.abs(coefficients).max() < 3.0 else 0.5 * coefficients)


def test_what_is_not_linear_is_caught() -> None:
    made = operator(lambda a: clipped(np.ravel(a)), lambda x: np.ravel(x) @ SMALL)
    with pytest.raises(AssertionError, match="D is not linear"):
        check_dictionary(made)


BASIS = dd.wavelet(16, "db2")
FRAME = dd.wavelet(16, "bior2.2", 1)
BROKEN_DICTIONARIES: list[tuple[dd.Dictionary, str]] = [
    # The textbook mistake: the inverse of a biorthogonal wavelet taken for its adjoint.
    (replace(FRAME, adjoint=FRAME.analyse), "the adjoint is that of another operator"),
    (replace(FRAME, bounds=(0.9, 1.1), canonical=FRAME.analyse), "outside the frame bounds"),
    (replace(FRAME, bounds=(1.0, 1.0)), "outside the frame bounds"),
    (replace(BASIS, bounds=(2.0, 2.0), canonical=BASIS.analyse), "outside the frame bounds"),
    (replace(BASIS, bands=BASIS.bands[1:]), "begins at"),
    (
        replace(
            BASIS, bands=(*BASIS.bands[:-1], replace(BASIS.bands[-1], label=BASIS.bands[0].label))
        ),
        "share a label",
    ),
    (replace(FRAME, lengths=lambda: np.ones(16)), "norm of atom"),
    (replace(FRAME, canonical=lambda x: FRAME.adjoint(x)), "synthesis of the analysis"),
]


@pytest.mark.parametrize(("made", "words"), BROKEN_DICTIONARIES)
def test_broken_dictionaries_are_caught(made: dd.Dictionary, words: str) -> None:
    check_dictionary(BASIS)
    check_dictionary(FRAME)
    with pytest.raises(AssertionError, match=words):
        check_dictionary(made)


# Fields.


@dataclass(frozen=True)
class Field:
    """``x' = y, y' = -x`` with one thing changed."""

    function: Callable[[Array], Array] = lambda s: s[:, ::-1] * [1.0, -1.0]
    states: tuple[str, ...] = ("x", "y")
    inputs: tuple[str, ...] = ()
    order: int = 1

    def rate(self, time: Array, states: Array, velocities: Array | None, inputs: Array) -> Array:
        return self.function(states)


def overwriting(states: Array) -> Array:
    states *= -1.0
    return states


def drifting() -> Callable[[Array], Array]:
    calls = []

    def rate(states: Array) -> Array:
        calls.append(0)
        return states + len(calls)

    return rate


BROKEN_FIELDS: list[tuple[Field, str]] = [
    (Field(states=()), "no states"),
    (Field(inputs=("x",)), "share a name"),
    (Field(order=3), "order is 3"),
    (Field(lambda s: s[:, 0]), "shape"),
    (Field(lambda s: s.astype(np.float32)), "float32"),
    (Field(lambda s: s.tolist()), "returns a list"),
    (Field(lambda s: np.where(s > 1.4, np.nan, s)), "the rate of [xy] is not finite at point"),
    (Field(lambda s: s - s.mean(axis=0)), "other rows"),
    (Field(lambda s: np.cumsum(s, axis=0)), "order of the rows"),
    (Field(overwriting), "changes its arguments"),
    (Field(drifting()), "two equal calls"),
    (Field(lambda s: np.ones((1, 2)) if not len(s) else s), "no points"),
]


@pytest.mark.parametrize(("made", "words"), BROKEN_FIELDS)
def test_broken_fields_are_caught(made: Field, words: str) -> None:
    check_field(Field())
    with pytest.raises(AssertionError, match=words):
        check_field(made)


def test_points_of_another_field_are_named() -> None:
    points = Points(np.zeros(3), np.zeros((3, 3)), None, np.empty((3, 0)))
    with pytest.raises(AssertionError, match="3 states and the field has 2"):
        check_field(Field(), points)


def test_a_symmetry_is_a_group_and_belongs_to_the_field() -> None:
    check_symmetry("rotation:x,y", Field())
    with pytest.raises(AssertionError, match=r"reflection:x, element 0: f\(g x\) differs"):
        check_symmetry("reflection:x", Field())
    with pytest.raises(ProblemError, match="z"):
        check_symmetry("reflection:z", Field())
    turn = element([[0.0, -1.0], [1.0, 0.0]])
    check_symmetry(Symmetry("quarter", ("x", "y"), (turn,)), Field())
    with pytest.raises(AssertionError, match="shear, element 0"):
        check_symmetry(Symmetry("shear", ("x", "y"), (element([[1.0, 1.0], [0.0, 1.0]]),)), Field())


def test_the_page_on_testing_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = Path(__file__).resolve().parents[1] / "docs" / "testing.md"
    text = page.read_text(encoding="utf-8")
    names: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        exec(compile(block, "testing.md", "exec"), names)  # noqa: S102 - our own page
    assert "differs from g f(x) by" in capsys.readouterr().out
    # Every public name has a row, and every file that is named exists.
    assert all(f"`{name}`" in text for name in testing.__all__ if name[0].islower())
    files = set(re.findall(r"`(test_\w+\.py)`", text))
    assert all((page.parents[1] / "tests" / name).exists() for name in files)
