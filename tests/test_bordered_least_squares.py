"""Levenberg-Marquardt with many local unknowns, against the dense one on the same residuals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import coo_array

from physmodel.errors import ProblemError
from physmodel.optimizers.least_squares.bordered import bordered_least_squares
from physmodel.optimizers.least_squares.levenberg_marquardt import levenberg_marquardt
from physmodel.optimizers.least_squares.residuals import Ending

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LogisticMap:
    """States of ``x' = a x (1 - x)`` observed with noise: one unknown per state, one shared."""

    observed: Array
    noise: float
    weight: float
    order: NDArray[np.intp]

    def values(self, local: Array, shared: Array) -> Array:
        x = local[np.argsort(self.order)]
        jump = x[1:] - shared[0] * x[:-1] * (1.0 - x[:-1])
        return np.concatenate([(x - self.observed) / self.noise, self.weight * jump])

    def linearised(self, local: Array, shared: Array) -> tuple[Array, coo_array, Array]:
        n = len(local)
        place = np.argsort(self.order)
        x, k = local[place], np.arange(n - 1)
        rows = np.concatenate([np.arange(n), n + k, n + k])
        columns = place[np.concatenate([np.arange(n), k + 1, k])]
        slope = shared[0] * (1.0 - 2.0 * x[:-1])
        entries = np.concatenate(
            [np.full(n, 1.0 / self.noise), np.full(n - 1, self.weight), -self.weight * slope]
        )
        by_shared = np.zeros((2 * n - 1, 1))
        by_shared[n:, 0] = -self.weight * x[:-1] * (1.0 - x[:-1])
        by_local = coo_array((entries, (rows, columns)), shape=(2 * n - 1, n))
        return self.values(local, shared), by_local, by_shared


@dataclass(frozen=True, eq=False)
class Dense:
    """The same residuals over one vector of unknowns."""

    inner: LogisticMap
    n: int

    def values(self, parameters: Array) -> Array:
        return self.inner.values(parameters[: self.n], parameters[self.n :])

    def linearised(self, parameters: Array) -> tuple[Array, Array]:
        r, a, b = self.inner.linearised(parameters[: self.n], parameters[self.n :])
        return r, np.hstack([a.toarray(), b])


def problem(n: int, noise: float, seed: int, weight: float = 1e3) -> tuple[LogisticMap, Array]:
    rng = np.random.default_rng(seed)
    x = np.empty(n)
    x[0] = 0.3
    for k in range(n - 1):
        x[k + 1] = 3.2 * x[k] * (1.0 - x[k])
    order = rng.permutation(n)
    made = LogisticMap(x + noise * rng.normal(size=n), noise, weight, order)
    return made, made.observed[order]


@given(n=st.integers(5, 60), seed=st.integers(0, 1000))
def test_the_minimum_is_that_of_the_dense_method(n: int, seed: int) -> None:
    chain, local = problem(n, 0.01, seed)
    found = bordered_least_squares(chain, local, np.array([2.0]))
    dense = levenberg_marquardt(Dense(chain, n), np.append(local, 2.0))
    assert found.shared.ending is Ending.CONVERGED
    assert found.shared.cost == pytest.approx(dense.cost, rel=1e-9)
    # Both stop where the cost is flat to 1e-12 of itself: 1e-6 of a standard deviation.
    assert found.shared.parameters[0] == pytest.approx(dense.parameters[n], abs=1e-6)


def test_data_without_noise_give_the_truth_in_linear_time() -> None:
    chain, local = problem(3000, 1e-12, 0)
    start = local * (1.0 + 1e-3 * np.random.default_rng(1).normal(size=len(local)))
    found = bordered_least_squares(chain, start, np.array([2.0]))
    assert found.shared.parameters[0] == pytest.approx(3.2, abs=1e-10)
    # A dense Jacobian would have 18 million entries; here an iteration is a band of two diagonals.
    assert found.shared.iterations < 30


def test_derivatives_of_the_wrong_shape_are_named() -> None:
    chain, local = problem(10, 0.01, 0)
    with pytest.raises(ProblemError, match="shapes"):
        bordered_least_squares(chain, local, np.array([2.0, 1.0]))


@dataclass(frozen=True)
class Tail:
    """``(10, exp(-a), b)``: each step of Gauss and Newton takes ``a`` one further, for ever."""

    def values(self, local: Array, shared: Array) -> Array:
        return np.array([10.0, np.exp(-shared[0]), local[0]])

    def linearised(self, local: Array, shared: Array) -> tuple[coo_array, coo_array, Array]:
        by_local = coo_array(np.array([[0.0], [0.0], [1.0]]))
        by_shared = np.array([[0.0], [-np.exp(-shared[0])], [0.0]])
        return self.values(local, shared), by_local, by_shared


def test_iterations_that_gain_too_little_are_the_last() -> None:
    start = np.zeros(1), np.zeros(1)
    whole = bordered_least_squares(Tail(), *start).shared
    short = bordered_least_squares(Tail(), *start, worth=0.1).shared
    assert short.ending is Ending.CONVERGED
    # Ten iterations are asked together; the first ten gain half a unit of fifty.
    assert short.iterations == 10 < whole.iterations
    assert short.cost <= 1.1 * whole.cost
