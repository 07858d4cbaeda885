"""Variable projection: sums of exponentials, and full Levenberg-Marquardt on the same residuals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.optimizers.least_squares.levenberg_marquardt import levenberg_marquardt
from physmodel.optimizers.least_squares.residuals import Ending
from physmodel.optimizers.least_squares.variable_projection import Projected, variable_projection

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Exponentials:
    """A constant and decays ``exp(-rate t)``; the rates are the nonlinear parameters."""

    time: Array
    target: Array

    def columns(self, shape: Array) -> Array:
        with np.errstate(over="ignore"):
            return np.column_stack(
                [np.ones_like(self.time), np.exp(-self.time[:, None] * shape[None, :])]
            )

    def linearised(self, shape: Array) -> tuple[Array, Array]:
        columns = self.columns(shape)
        derivatives = np.zeros((*columns.shape, len(shape)))
        for j in range(len(shape)):
            derivatives[:, j + 1, j] = -self.time * columns[:, j + 1]
        return columns, derivatives


@dataclass(frozen=True, eq=False)
class Full:
    """The same residuals over weights and rates together."""

    inner: Exponentials
    k: int

    def values(self, parameters: Array) -> Array:
        columns = self.inner.columns(parameters[self.k :])
        return columns @ parameters[: self.k] - self.inner.target

    def linearised(self, parameters: Array) -> tuple[Array, Array]:
        columns, derivatives = self.inner.linearised(parameters[self.k :])
        slope = np.einsum("mkq,k->mq", derivatives, parameters[: self.k])
        return self.values(parameters), np.hstack([columns, slope])


def test_osborne_exponentials_reach_the_published_minimum_from_its_start() -> None:
    # Osborne 1 of Moré, Garbow and Hillstrom (1981): sum of squares 5.46489e-5.
    y = [844, 908, 932, 936, 925, 908, 881, 850, 818, 784, 751, 718, 685, 658, 628, 603, 580]
    y += [558, 538, 522, 506, 490, 478, 467, 457, 448, 438, 431, 424, 420, 414, 411, 406]
    problem = Exponentials(10.0 * np.arange(33.0), np.array(y) / 1000.0)
    found = variable_projection(problem, np.array([0.01, 0.02]))
    assert found.shape.ending is Ending.CONVERGED
    assert 2.0 * found.shape.cost == pytest.approx(5.46489e-5, rel=2e-6)
    full = levenberg_marquardt(Full(problem, 3), np.array([0.5, 1.5, -1.0, 0.01, 0.02]))
    assert found.shape.cost == pytest.approx(full.cost, rel=1e-10)
    assert found.shape.iterations < full.iterations  # 7 and 12, as Golub and Pereyra found


def test_exact_decays_are_found_to_all_digits_that_the_condition_leaves() -> None:
    time = np.linspace(0.0, 5.0, 60)
    rates, weights = np.array([0.4, 1.5, 4.0]), np.array([0.3, 1.0, -2.0, 0.7])
    clean = Exponentials(time, np.zeros(60)).columns(rates) @ weights
    found = variable_projection(Exponentials(time, clean), np.array([0.2, 1.0, 6.0]))
    assert found.shape.ending is Ending.CONVERGED
    # The full Jacobian has a condition number of some 1e3.
    assert np.sort(found.shape.parameters) == pytest.approx(rates, rel=1e-10)
    assert np.sort(found.weights) == pytest.approx(np.sort(weights), rel=1e-10)


@given(k=st.integers(1, 3), seed=st.integers(0, 1000))
def test_the_minimum_is_one_of_the_full_problem(k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    time, rates = np.linspace(0.0, 3.0, 40), 2.0 ** np.arange(k)
    clean = Exponentials(time, np.zeros(40)).columns(rates) @ np.ones(k + 1)
    problem = Exponentials(time, clean + 0.01 * rng.normal(size=40))
    found = variable_projection(problem, rates * rng.uniform(0.7, 1.4, size=k))
    both = np.concatenate([found.weights, found.shape.parameters])
    r, jacobian = Full(problem, k + 1).linearised(both)
    # Large weights of opposite signs cancel: the sum rounds as they do.
    lost = np.finfo(float).eps * np.abs(jacobian[:, : k + 1]) @ np.abs(found.weights)
    slack = 10.0 * np.linalg.norm(lost) * np.linalg.norm(r)
    assert float(r @ r) / 2.0 == pytest.approx(found.shape.cost, rel=1e-12, abs=slack)
    if found.shape.ending is Ending.CONVERGED:
        full = levenberg_marquardt(Full(problem, k + 1), both)
        assert full.cost == pytest.approx(found.shape.cost, rel=1e-9)


@given(seed=st.integers(0, 1000))
def test_the_gradient_without_the_second_term_is_exact(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = Projected(Exponentials(np.linspace(0.0, 3.0, 20), rng.normal(size=20)))
    rates = np.array([0.3, 2.0])
    r, jacobian = problem.linearised(rates)
    for j, h in enumerate((1e-5, 1e-5)):
        shift = h * np.eye(2)[j]
        ahead, behind = problem.values(rates + shift), problem.values(rates - shift)
        slope = (ahead @ ahead - behind @ behind) / (4.0 * h)
        # A central difference: h^2 and eps / h, times curvatures of order ten.
        assert float(jacobian[:, j] @ r) == pytest.approx(slope, abs=1e-7)


def test_equal_rates_do_not_break_the_fit() -> None:
    time = np.linspace(0.0, 5.0, 60)
    target = 2.0 * np.exp(-time) + 1.0
    found = variable_projection(Exponentials(time, target), np.array([0.5, 0.5]))
    assert found.shape.cost < 1e-20 * float(target @ target)


def test_shapes_that_do_not_belong_are_named() -> None:
    problem = Exponentials(np.linspace(0.0, 1.0, 5), np.zeros(6))
    with pytest.raises(ProblemError, match="do not belong"):
        variable_projection(problem, np.array([1.0]))
