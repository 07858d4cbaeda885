"""Levenberg-Marquardt: published minima, theorems, invariances, honest endings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import expm

from physmodel.errors import ProblemError
from physmodel.optimizers.least_squares.covariance import covariance
from physmodel.optimizers.least_squares.dense_model import DenseModel
from physmodel.optimizers.least_squares.levenberg_marquardt import levenberg_marquardt
from physmodel.optimizers.least_squares.multistart import multistart
from physmodel.optimizers.least_squares.residuals import Ending, Residuals
from tests.least_squares_problems import PROBLEMS, Smooth, meyer, rosenbrock

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Turned:
    """Residuals in other units of the parameters and mixed by a matrix."""

    inner: Residuals
    units: Array
    mixing: Array

    def values(self, parameters: Array) -> Array:
        return self.mixing @ self.inner.values(parameters * self.units)

    def linearised(self, parameters: Array) -> tuple[Array, Array]:
        r, jacobian = self.inner.linearised(parameters * self.units)
        return self.mixing @ r, self.mixing @ jacobian * self.units


def rotation(m: int, rng: np.random.Generator) -> Array:
    a = rng.normal(size=(m, m))
    return expm(a - a.T)


@pytest.mark.parametrize("name", PROBLEMS)
def test_published_minima_are_reached(name: str) -> None:
    function, start, least = PROBLEMS[name]
    found = levenberg_marquardt(Smooth(function), np.array(start), max_iterations=500)
    assert found.ending is Ending.CONVERGED
    # The published sums of squares have six digits.
    assert 2.0 * found.cost == pytest.approx(least, rel=2e-6, abs=1e-20)


@given(seed=st.integers(0, 10_000), name=st.sampled_from(["Rosenbrock", "Bard", "Meyer"]))
def test_the_path_depends_on_no_units_and_no_rotation(seed: int, name: str) -> None:
    function, start, _ = PROBLEMS[name]
    rng = np.random.default_rng(seed)
    inner = Smooth(function)
    # Powers of two, so that the change of units itself does not round.
    units = 2.0 ** rng.integers(-20, 21, len(start))
    m = len(inner.values(np.array(start)))
    turned = Turned(inner, units, rotation(m, rng))
    here = levenberg_marquardt(inner, np.array(start), max_iterations=8)
    there = levenberg_marquardt(turned, np.array(start) / units, max_iterations=8)
    # Rounding grows along the curved valleys: eight steps lose six of sixteen digits.
    assert there.history[: len(here.history)] == pytest.approx(here.history, rel=1e-9, abs=1e-25)


@given(m=st.integers(1, 12), p=st.integers(1, 12), seed=st.integers(0, 10_000))
def test_a_damped_step_solves_its_least_squares_problem(m: int, p: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Singular values over twelve decades take both ways through the solver.
    jacobian = rng.normal(size=(m, p)) * 10.0 ** rng.uniform(-6, 6, size=p)
    jacobian[:, rng.integers(p)] = jacobian[:, 0]
    model = DenseModel(rng.normal(size=m), jacobian)
    scale = np.maximum(model.column_norms, 1e-300)
    solve = model.solver(scale)
    for damping in (1e-28, 1e-13, 1e-6, 1.0):
        rows = np.vstack([jacobian / scale, np.sqrt(damping) * np.eye(p)])
        misfit = rows @ solve(damping, model.residuals) + np.concatenate(
            [model.residuals, np.zeros(p)]
        )
        # Optimality: what is left is orthogonal to every column (all of length about one). A
        # direction whose singular value is rounding is left alone.
        assert np.abs(rows.T @ misfit).max() < 1e-13 * np.linalg.norm(model.residuals) * (m + p)


def test_ill_conditioned_derivatives_keep_their_digits() -> None:
    # Hilbert's matrix: condition 1.5e10; forming the normal equations would leave no digit.
    hilbert = 1.0 / (np.arange(20)[:, None] + np.arange(8)[None, :] + 1.0)
    truth = np.arange(1.0, 9.0)
    found = levenberg_marquardt(
        Smooth(lambda x: hilbert @ x - hilbert @ truth), np.zeros(8), max_iterations=100
    )
    assert found.ending is Ending.CONVERGED
    assert found.parameters == pytest.approx(truth, rel=1e-16 * np.linalg.cond(hilbert) * 100)


def test_fewer_residuals_than_parameters() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(5, 40)), rng.normal(size=(5, 40)) * 0.1
    found = levenberg_marquardt(Smooth(lambda x: a @ x + b @ x**2 - 1.0), np.zeros(40))
    assert found.ending is Ending.CONVERGED
    assert found.cost < 1e-28


def test_a_wrong_derivative_is_a_stall_and_not_a_minimum() -> None:
    @dataclass(frozen=True)
    class Wrong:
        def values(self, parameters: Array) -> Array:
            return rosenbrock(parameters)

        def linearised(self, parameters: Array) -> tuple[Array, Array]:
            r, jacobian = Smooth(rosenbrock).linearised(parameters)
            return r, -jacobian

    found = levenberg_marquardt(Wrong(), np.array([-1.2, 1.0]))
    assert found.ending is Ending.STALLED
    assert "start elsewhere" in found.remedy


def test_residuals_with_their_own_rounding_end_converged() -> None:
    # Data of size 1e8: the residuals can not fall below 1e-8, whatever the step.
    t = np.linspace(0.0, 1.0, 30)
    data = 1e8 * np.exp(-1.3 * t) + 2e8
    found = levenberg_marquardt(
        Smooth(lambda x: x[0] * np.exp(-x[1] * t) + x[2] - data), np.array([1e7, 1.0, 1e7])
    )
    assert found.ending is Ending.CONVERGED
    # The data round at 3e-8, an offset and an amplitude that nearly cancel magnify it tenfold.
    assert found.parameters == pytest.approx([1e8, 1.3, 2e8], rel=1e-13)


def test_the_iterations_are_counted_and_each_lowers_the_cost() -> None:
    found = levenberg_marquardt(Smooth(meyer), np.array([0.02, 4000.0, 250.0]), max_iterations=7)
    assert (found.ending, found.iterations) == (Ending.ITERATIONS, 7)
    assert len(found.history) == 8
    assert np.all(np.diff(found.history) < 0.0)


@pytest.mark.parametrize(
    ("start", "match"),
    [([np.nan, 1.0], "entry 0"), ([[1.0, 2.0]], "shape"), ([0.0, 1.0], "residual 0")],
)
def test_a_start_that_can_not_be_used_is_named(start: list[float], match: str) -> None:
    with np.errstate(all="ignore"), pytest.raises(ProblemError, match=match):
        levenberg_marquardt(Smooth(lambda x: np.log(x) / x[0]), np.array(start))


def test_starts_that_agree_are_counted() -> None:
    # Himmelblau's function in least-squares form has four zeros; |x - 10| adds a worse minimum.
    problem = Smooth(lambda x: np.array([x[0] ** 2 + x[1] - 11.0, x[0] + x[1] ** 2 - 7.0]))
    starts = [np.array(s, dtype=float) for s in [(4, 3), (-3, 3), (-4, -4), (3, -2)]]
    found = multistart(problem, starts)
    assert found.agreed == len(found.minima) == 4
    two = Smooth(lambda x: np.array([(x[0] ** 2 - 1.0) * 3.0, 0.5 * (x[0] - 1.0)]))
    assert multistart(two, [np.array([-1.5]), np.array([2.0]), np.array([np.nan])]).agreed == 1
    with pytest.raises(ProblemError, match="no start"):
        multistart(two, [np.array([np.nan])])


def test_covariance_is_that_of_many_repetitions() -> None:
    rng = np.random.default_rng(0)
    jacobian = rng.normal(size=(30, 3)) * np.array([1.0, 1e6, 1e-6])
    noise = rng.normal(size=(4000, 30))
    estimates = np.linalg.lstsq(jacobian, noise.T)[0]
    ratio = np.cov(estimates) / covariance(jacobian)
    # A variance from 4000 draws has a relative standard deviation of 2.2 %.
    assert np.diag(ratio) == pytest.approx(1.0, abs=0.09)
    spread = [covariance(jacobian, row)[0, 0] for row in (noise - (jacobian @ estimates).T)[:500]]
    assert np.mean(spread) == pytest.approx(covariance(jacobian)[0, 0], rel=0.05)


@given(seed=st.integers(0, 10_000))
def test_what_is_not_determined_has_infinite_variance(seed: int) -> None:
    rng = np.random.default_rng(seed)
    jacobian = rng.normal(size=(10, 4)) * 10.0 ** rng.uniform(-6, 6, size=4)
    free = jacobian.copy()
    free[:, 1] = 3.0 * free[:, 0]  # only their weighted sum is determined
    spread = covariance(free)
    assert spread[0, 0] == spread[1, 1] == np.inf
    assert spread[0, 1] == -np.inf
    alone = covariance(free[:, 1:])
    assert spread[2:, 2:] == pytest.approx(alone[1:, 1:], rel=1e-9)
    assert np.all(np.isfinite(covariance(jacobian)))
    assert np.all(np.isinf(covariance(jacobian[:4], np.ones(4))))
