"""Networks that solve equations: exact conditions, exact derivatives, known solutions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from physmodel.bench.pde_cases import CASES
from physmodel.errors import ProblemError
from physmodel.fields.network.continuation import STRENGTH, continuation
from physmodel.fields.network.jets import JetNet
from physmodel.fields.network.lift import hard_conditions
from physmodel.fields.network.network import NetworkCollocation, NetworkField
from physmodel.fields.network.parity import parity_of
from physmodel.fields.network.solve import _answer
from physmodel.fields.problem import read_problem
from physmodel.fields.solve import solve_pde
from physmodel.optimizers.residuals import Ending

BURGERS = {"t = 0": "u = -sin(pi*x)", "x = -1": "u = 0", "x = 1": "u = 0"}
BOX = {"x": (-1, 1), "t": (0, 1)}


def burgers(nu, equation="u_t + u*u_x = nu*u_xx"):
    return read_problem(equation, BOX, BURGERS, known={"nu": nu})


def field_of(problem, seed, parity=0):
    net = JetNet((len(problem.coordinates), 5, 4))
    return NetworkField(problem.domain, hard_conditions(problem), net, net.initial(seed), parity)


@given(seed=st.integers(0, 2**16), span=st.sampled_from([1e-6, 1.0, 1e6]))
def test_given_values_hold_exactly_for_any_weights(seed, span):
    problem = read_problem(
        "u_xx + u_yy = u^3",
        {"x": (0.0, span), "y": (-1.0, 2.0)},
        {
            "x = 0": "u = exp(y)",
            f"x = {span!r}": "2*u = 4*exp(y)",
            "y = -1": f"u = exp(-1)*(1 + x/{span!r})",
            "y = 2": f"u = exp(2)*(1 + x/{span!r})",
        },
    )
    field = field_of(problem, seed)
    s = np.linspace(0.0, 1.0, 7)
    for x, y in ((0 * s, 3 * s - 1), (0 * s + span, 3 * s - 1), (span * s, 0 * s - 1)):
        found = field(np.stack([x, y], axis=1))
        # Rounding of a series of some twenty terms of size e^2.
        np.testing.assert_allclose(found, np.exp(y) * (1 + x / span), rtol=0, atol=1e-13)


@settings(max_examples=10)
@given(seed=st.integers(0, 2**16), parity=st.sampled_from([0, 1, -1]))
def test_derivatives_are_those_of_the_values(seed, parity):
    field = field_of(burgers(0.1), seed, parity)
    x, h = np.array([[0.3, 0.4], [-0.7, 0.9]]), 1e-3
    for axis, index in ((0, (1, 0)), (1, (0, 1)), (0, (2, 0))):
        step = h * np.eye(2)[axis]
        values = [field(x + k * step) for k in range(-2, 3)]
        stencil = ([1, -8, 0, 8, -1], [-1, 16, -30, 16, -1])[sum(index) - 1]
        found = np.tensordot(stencil, values, 1) / (12 * h ** sum(index))
        # Fourth order: h^4 times fifth and sixth derivatives of steep units, up to 1e4.
        np.testing.assert_allclose(field(x, index), found, rtol=1e-6, atol=1e-6)


@settings(max_examples=10)
@given(seed=st.integers(0, 2**16), parity=st.sampled_from([0, 1, -1]))
def test_the_jacobian_is_that_of_the_residuals(seed, parity):
    problem = burgers(0.1)
    field = field_of(problem, seed, parity)
    rng = np.random.default_rng(seed)
    points = np.stack([rng.uniform(-1, 1, 9), rng.uniform(0, 1, 9)], axis=1)
    block = NetworkCollocation(problem, field, points, rng.uniform(1, 2, 9), {(2, 0): 3.0})
    direction, h = rng.normal(size=field.n_coefficients), 1e-5
    ahead, back = (block.values(field.parameters + s * h * direction) for s in (1, -1))
    residuals, jacobian = block.linearised(field.parameters)
    np.testing.assert_allclose(residuals, block.values(field.parameters), rtol=1e-12, atol=1e-12)
    slope = jacobian @ direction
    # Central differences: h^2 times third derivatives, and rounding over h, each below 1e-7.
    np.testing.assert_allclose(slope, (ahead - back) / (2 * h), atol=1e-6 * np.abs(slope).max())


@pytest.mark.parametrize(
    ("problem", "parity"),
    [
        (burgers(0.1), -1),
        (burgers(0.1, "u_t + u*u_x = nu*u_xx + u^2"), 0),
        (read_problem(CASES["heat"].equation, CASES["heat"].domain, CASES["heat"].conditions), 1),
    ],
)
def test_mirror_images_are_seen_in_the_problem(problem, parity):
    conditions = hard_conditions(problem)
    assert parity_of(problem, conditions) == parity
    if parity:
        field = field_of(problem, 0, parity)
        points = np.random.default_rng(0).uniform(0, 1, (5, 2)) * problem.domain[:, 1]
        mirrored = points.copy()
        mirrored[:, 0] = problem.domain[0].sum() - points[:, 0]
        # Sums of the same numbers in another order.
        np.testing.assert_allclose(field(mirrored), parity * field(points), atol=1e-13)


def test_linear_problems_are_solved_to_rounding():
    # Least squares with columns from 1 to 1e3 leave some hundred roundings.
    poisson = CASES["poisson"]
    solution = poisson.solve(method="network")
    assert solution.ending is Ending.CONVERGED
    assert poisson.error(solution) <= 1e-12
    assert "elements" in replace(solution, ending=Ending.STALLED).remedy


def test_a_nonlinear_problem_converges():
    # u = sin(2 x): the residual asked for, times the inverse of the operator, which is below one.
    solution = solve_pde(
        "u_xx + u^2 = f",
        {"x": (0, 1)},
        {"x = 0": "u = 0", "x = 1": "u = sin(2)"},
        known={"f": lambda x: np.sin(2 * x) ** 2 - 4 * np.sin(2 * x)},
        method="network",
        tolerance=1e-5,
    )
    x = np.linspace(0, 1, 50)
    assert solution.ending is Ending.CONVERGED
    assert np.abs(solution(x) - np.sin(2 * x)).max() <= 1e-5


def test_the_highest_derivative_weakens_to_that_of_the_problem():
    thin = burgers(0.001)
    steps = continuation(thin, field_of(thin, 0))
    factors = [step[2, 0] for step in steps[:-1]]
    assert steps[-1] == {}
    assert factors == sorted(factors, reverse=True)
    # With u of size 1 in unit coordinates, u_t is 2, and u u_x changes by 1 with u and by 1 with
    # u_x: the viscosity starts at a tenth of their sum.
    assert factors[0] * 0.001 == pytest.approx(4 * STRENGTH)
    thick = burgers(1.0)
    assert continuation(thick, field_of(thick, 0)) == [{}]


def test_what_networks_cannot_do_is_refused():
    walls = {"t = 0": "u = 0", "x = -1": "u_x = 0", "x = 1": "u = 0"}
    with pytest.raises(ProblemError, match="ends of x"):
        solve_pde("u_t = u_xx", BOX, walls, method="network")
    ring = {"t = 0": "u = sin(pi*x)", "x": "periodic"}
    with pytest.raises(ProblemError, match="periodic"):
        solve_pde("u_t = u_xx", BOX, ring, method="network")
    torn = {"t = 0": "u = 1", "x = -1": "u = 0", "x = 1": "u = 1"}
    with pytest.raises(ProblemError, match="corner"):
        solve_pde("u_t = u_xx", BOX, torn, method="network")
    kinked = {"t = 0": "u = abs(x) - 1", "x = -1": "u = 0", "x = 1": "u = 0"}
    with pytest.raises(ProblemError, match="smooth"):
        solve_pde("u_t = u_xx", BOX, kinked, method="network")
    with pytest.raises(ProblemError, match="method"):
        solve_pde("u_t = u_xx", BOX, BURGERS, method="magic")


def test_the_error_is_never_the_distance_of_a_field_to_itself():
    """A network that was only widened has another residual at other points, and the same values."""
    found, before, _ = _answer(
        [(1e-2, "coarse"), (1.1e-3, "fine"), (1e-3, "fine")], 1e-8, Ending.TIME
    )
    assert (found, before) == ("fine", "coarse")
    assert _answer([(1.1e-3, "fine"), (1e-3, "fine")], 1e-8, Ending.TIME)[1] is None
