"""The portfolio: what is linear is solved at once, every method by name, sizes decide."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.optimizers.residuals import Ending
from physmodel.optimizers.solve import solve
from tests.least_squares_problems import PROBLEMS, Smooth

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Linear:
    matrix: Array
    target: Array
    calls: list[str] = field(default_factory=list)

    def values(self, parameters: Array) -> Array:
        self.calls.append("values")
        return self.matrix @ parameters - self.target

    def linearised(self, parameters: Array) -> tuple[Array, Array]:
        self.calls.append("linearised")
        return self.matrix @ parameters - self.target, self.matrix


@given(m=st.integers(1, 20), p=st.integers(1, 20), seed=st.integers(0, 1000))
def test_linear_residuals_are_seen_and_solved_by_one_step(m: int, p: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = Linear(rng.normal(size=(m, p)) * 10.0 ** rng.uniform(-6, 6, p), rng.normal(size=m))
    found = solve(problem, rng.normal(size=p))
    assert (found.method, found.ending) == ("linear", Ending.CONVERGED)
    assert problem.calls.count("linearised") == 1
    rest = np.linalg.lstsq(problem.matrix / np.linalg.norm(problem.matrix, axis=0), problem.target)
    least = problem.target - (problem.matrix / np.linalg.norm(problem.matrix, axis=0)) @ rest[0]
    # Both round at eps times the condition of a random matrix, at most some 1e4 here.
    slack = 1e-18 * np.linalg.norm(problem.matrix * found.parameters) ** 2
    assert found.cost == pytest.approx(float(least @ least) / 2.0, rel=1e-9, abs=slack + 1e-20)


@pytest.mark.parametrize(
    "method", ["auto", "levenberg-marquardt", "bfgs", "self-scaled-bfgs", "l-bfgs"]
)
def test_every_method_reaches_the_published_minimum(method: str) -> None:
    function, start, least = PROBLEMS["Bard"]
    found = solve(Smooth(function), np.array(start), method=method)
    assert 2.0 * found.cost == pytest.approx(least, rel=2e-6)  # six digits are published
    assert found.method == ("levenberg-marquardt" if method == "auto" else method)


def test_a_wrong_name_lists_the_right_ones() -> None:
    with pytest.raises(ProblemError, match="self-scaled-broyden"):
        solve(Smooth(PROBLEMS["Bard"][0]), np.ones(3), method="newton")


def test_a_large_problem_goes_to_a_quasi_newton_method_and_is_finished_to_the_last_digit() -> None:
    n = 2001
    calls: list[int] = []

    def objective(x: Array) -> tuple[float, Array]:
        calls.append(1)
        r = np.arcsinh(x) + 0.1 * x - 1.0
        return float(r @ r) / 2.0, r * (1.0 / np.sqrt(1.0 + x**2) + 0.1)

    class Separate:
        def values(self, parameters: Array) -> Array:
            return np.arcsinh(parameters) + 0.1 * parameters - 1.0

        def linearised(self, parameters: Array) -> tuple[Array, Array]:
            slope = 1.0 / np.sqrt(1.0 + parameters**2) + 0.1
            return self.values(parameters), np.diag(slope)

    found = solve(Separate(), np.linspace(0.1, 2.0, n), objective=objective)
    assert calls
    assert found.method == "l-bfgs, levenberg-marquardt"
    # Residuals of 2001 entries that round at 1e-16 each.
    assert found.cost < 1e-24


@pytest.mark.parametrize("method", ["auto", "l-bfgs"])
def test_a_jacobian_beyond_the_bound_is_refused_unless_there_is_an_objective(method: str) -> None:
    n = 17_000  # a square of 8-byte numbers: 2.15 GiB

    class Separate:
        def values(self, parameters: Array) -> Array:
            return np.arcsinh(parameters) - 1.0

        def linearised(self, parameters: Array) -> tuple[Array, Array]:
            raise AssertionError("the Jacobian must not be made")

    def objective(x: Array) -> tuple[float, Array]:
        r = np.arcsinh(x) - 1.0
        return float(r @ r) / 2.0, r / np.sqrt(1.0 + x**2)

    start = np.linspace(0.1, 2.0, n)
    with pytest.raises(ProblemError, match=r"(?s)2\.15 GiB.*objective="):
        solve(Separate(), start, method=method)
    found = solve(Separate(), start, method=method, objective=objective)
    # What a quasi-Newton method alone reaches; the start costs n / 10.
    assert found.cost < 1e-9 * n


def test_a_stall_is_followed_by_other_starts() -> None:
    class Kinked:
        """|x| - 2 with a wall at zero that no step from the left can pass."""

        def values(self, parameters: Array) -> Array:
            x = parameters[0]
            return np.array([x - 2.0 if x > 0.0 else 3.0 + np.floor(-x)])

        def linearised(self, parameters: Array) -> tuple[Array, Array]:
            return self.values(parameters), np.array([[1.0 if parameters[0] > 0.0 else 1e3]])

    alone = solve(Kinked(), np.array([-0.5]), restarts=0, linear=False)
    assert alone.ending is Ending.STALLED
    found = solve(Kinked(), np.array([-0.5]), restarts=20, linear=False)
    assert found.parameters[0] == pytest.approx(2.0, abs=1e-12)


def test_the_time_is_kept() -> None:
    function, start, _ = PROBLEMS["Meyer"]
    for method in ("levenberg-marquardt", "l-bfgs"):
        assert solve(Smooth(function), np.array(start), method=method, seconds=0.0).ending is (
            Ending.TIME
        )
