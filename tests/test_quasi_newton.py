"""Quasi-Newton methods: theorems on quadratics, published minima, SciPy's BFGS beside them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize

from physmodel.errors import ProblemError
from physmodel.optimizers.line_search import CURVATURE, DECREASE, Point, line_search
from physmodel.optimizers.quasi_newton import METHODS, quasi_newton
from physmodel.optimizers.residuals import Ending
from physmodel.optimizers.self_scaled import (
    DenseInverse,
    LimitedInverse,
    plain_bfgs,
    scaled_bfgs,
    scaled_broyden,
)
from tests.least_squares_problems import PROBLEMS, Smooth

Array = NDArray[np.float64]
RULES = {"bfgs": plain_bfgs, "scaled-bfgs": scaled_bfgs, "scaled-broyden": scaled_broyden}


def bowl(n: int, decades: float, seed: int) -> Array:
    """A Hessian with eigenvalues spread evenly over some decades, turned at random."""
    q = np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]
    hessian = q * np.logspace(0.0, decades, n) @ q.T
    return (hessian + hessian.T) / 2.0


@given(
    n=st.integers(2, 8),
    rule=st.sampled_from(sorted(RULES)),
    limited=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_exact_steps_end_on_a_quadratic_after_as_many_as_there_are_unknowns(
    n: int, rule: str, limited: bool, seed: int
) -> None:
    """Dixon's theorem, and Fletcher's for scaled updates: the directions are those of CG."""
    hessian = bowl(n, 2.0, seed)
    x = np.random.default_rng(seed).normal(size=n)
    first = np.linalg.norm(hessian @ x)
    memory = LimitedInverse(n) if limited else DenseInverse(RULES[rule])
    for _ in range(n):
        gradient = hessian @ x
        if np.linalg.norm(gradient) < 1e-13 * first:
            break
        direction = -memory.times(gradient)
        step = -float(gradient @ direction) / float(direction @ hessian @ direction) * direction
        change = hessian @ step
        bend = -float(step @ gradient) * np.linalg.norm(step) / np.linalg.norm(direction)
        memory = memory.updated(step, change, bend)
        x = x + step
    # A condition number of 100 over eight steps costs half of the digits.
    assert np.linalg.norm(hessian @ x) < 1e-8 * first


@given(rule=st.sampled_from(sorted(RULES)), n=st.integers(2, 6), seed=st.integers(0, 1000))
def test_updates_keep_the_secant_equation_and_stay_positive(rule: str, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    inverse = np.linalg.inv(bowl(n, 3.0, seed))
    step = rng.normal(size=n)
    change = bowl(n, 3.0, seed + 1) @ step
    bend = float(step @ np.linalg.solve(inverse, step))
    new = DenseInverse(RULES[rule], inverse).updated(step, change, bend)
    # theta of up to 1 / sqrt(eps) multiplies the rounding of a difference.
    assert new.times(change) == pytest.approx(step, rel=1e-7, abs=1e-7)
    assert new.matrix is not None
    assert np.linalg.eigvalsh((new.matrix + new.matrix.T) / 2.0).min() > 0.0


@pytest.mark.parametrize("method", sorted(METHODS))
@pytest.mark.parametrize("name", ["Rosenbrock", "Powell, singular", "Brown, badly scaled", "Bard"])
def test_published_minima_are_reached(name: str, method: str) -> None:
    function, start, least = PROBLEMS[name]
    found = quasi_newton(Smooth(function).objective, np.array(start), method=method)
    assert found.ending is Ending.CONVERGED
    # Six published digits; a zero is reached to twelve digits of each residual at the start.
    assert 2.0 * found.cost == pytest.approx(
        least, rel=2e-6, abs=1e-20 * max(1.0, found.history[0])
    )


def test_self_scaling_needs_fewer_iterations_than_bfgs_on_the_chained_rosenbrock() -> None:
    def valley(x: Array) -> tuple[float, Array]:
        d = x[1:] - x[:-1] ** 2
        gradient = np.zeros_like(x)
        gradient[1:] += 200.0 * d
        gradient[:-1] -= 400.0 * d * x[:-1] + 2.0 * (1.0 - x[:-1])
        return float(np.sum(100.0 * d**2 + (1.0 - x[:-1]) ** 2)), gradient

    start = -np.ones(100)
    peer = minimize(valley, start, jac=True, method="BFGS", options={"maxiter": 3000})
    ours = quasi_newton(valley, start, method="self-scaled-bfgs")
    assert np.abs(peer.x - 1.0).max() < 1e-4
    assert np.abs(ours.parameters - 1.0).max() < 1e-10
    # Counted here: 464 to SciPy's 581, and to more digits.
    assert ours.iterations < peer.nit


@given(offset=st.sampled_from([0.0, 1.0, 1e6]), seed=st.integers(0, 100))
def test_the_line_search_works_where_values_are_rounding(offset: float, seed: int) -> None:
    hessian = bowl(4, 1.0, seed)

    def objective(x: Array) -> tuple[float, Array]:
        return offset + float(x @ hessian @ x) / 2.0, hessian @ x

    x = 1e-9 * np.random.default_rng(seed).normal(size=4)  # 1e-18 below an offset of one
    value, gradient = objective(x)
    start = Point(0.0, x, value, gradient, -float(gradient @ gradient))
    found = line_search(objective, start, -gradient, 100.0)
    assert found is not None
    assert abs(found.slope) <= CURVATURE * abs(start.slope)
    if offset == 0.0:
        assert found.value <= value + DECREASE * found.distance * start.slope


def test_an_offset_takes_no_digits_from_the_parameters() -> None:
    hessian, centre = bowl(6, 2.0, 0), np.arange(6.0)

    def objective(x: Array) -> tuple[float, Array]:
        return 1.0 + float((x - centre) @ hessian @ (x - centre)) / 2.0, hessian @ (x - centre)

    found = quasi_newton(objective, np.ones(6))
    assert found.ending is Ending.CONVERGED
    # The values are flat within 1e-8 of the centre; the gradient is not.
    assert np.abs(found.parameters - centre).max() < 1e-9


def test_a_function_that_ends_is_a_step_too_far() -> None:
    def objective(x: Array) -> tuple[float, Array]:
        return float(x[0] - np.log(x[0])), 1.0 - 1.0 / x

    found = quasi_newton(objective, np.array([1e-3]))
    assert found.parameters[0] == pytest.approx(1.0, rel=1e-8)  # the root of eps: one unknown


def test_a_wrong_gradient_is_a_stall() -> None:
    found = quasi_newton(lambda x: (float(x @ x), -2.0 * x), np.array([1.0, 2.0]))
    assert found.ending is Ending.STALLED


def test_limits_and_names() -> None:
    objective = Smooth(PROBLEMS["Meyer"][0]).objective
    start = np.array(PROBLEMS["Meyer"][1])
    seen: list[int] = []
    found = quasi_newton(
        objective, start, max_iterations=5, on_iteration=lambda i, x, f: seen.append(i)
    )
    assert (found.ending, seen) == (Ending.ITERATIONS, [1, 2, 3, 4, 5])
    assert quasi_newton(objective, start, time_limit=0.0).ending is Ending.TIME
    with pytest.raises(ProblemError, match="self-scaled-broyden"):
        quasi_newton(objective, start, method="adam")
    with pytest.raises(ProblemError, match="not finite"):
        quasi_newton(objective, np.array([np.inf, 0.0, 0.0]))
