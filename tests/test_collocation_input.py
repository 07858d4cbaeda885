"""Statements of equations that make no sense are refused in words; the order of names is kept."""

from __future__ import annotations

import numpy as np
import pytest

from physmodel.errors import PhysmodelError, ProblemError
from physmodel.losses.collocation_solve import solve_pde

HEAT = {
    "equation": "u_t = u_xx",
    "domain": {"x": (0, 1), "t": (0, 0.1)},
    "conditions": {"t = 0": "u = sin(pi*x)", "x = 0": "u = 0", "x = 1": "u = 0"},
}
FORCED = "u_t = u_xx + f"


def solve(method="elements", **changed):
    stated = HEAT | changed
    return solve_pde(**stated, method=method)


@pytest.mark.parametrize(
    "changed",
    [
        {"equation": 3},
        {"equation": ["u_t = u_xx"]},
        {"domain": [("x", 0, 1)]},
        {"domain": {"x": "01", "t": (0, 1)}},
        {"domain": {"x": (0, 1, 2), "t": (0, 1)}},
        {"domain": {"x": (0, 1j), "t": (0, 1)}},
        {"domain": {"x": (None, 1), "t": (0, 1)}},
        {"domain": {1: (0, 1), "t": (0, 1)}},
        {"domain": {"x": (1e16, 1e16 + 2), "t": (0, 1)}},
        {"domain": {"x": (-1e308, 1e308), "t": (0, 1)}},
        {"conditions": ["u = 0"]},
        {"conditions": {"t = 0": 0, "x = 0": "u", "x = 1": "u"}},
        {"conditions": {0: "u"}},
        {"equation": FORCED, "known": {"f": "1"}},
        {"equation": FORCED, "known": {"f": np.ones(3)}},
        {"equation": FORCED, "known": {"f": np.inf}},
        {"known": ["f"]},
        {"field": None},
        {"tolerance": "small"},
        {"tolerance": 1j},
        {"time_limit": "5"},
        {"method": []},
        *(
            {"equation": FORCED, "known": {"f": function}}
            for function in (
                lambda x, t: 1 / 0,
                lambda x, t: np.ones(3),
                lambda x: x,
                lambda x, t: None,
                lambda x, t: "a",
                lambda x, t: 1j * x,
                lambda x, t: 1 if x > 0 else 0,
            )
        ),
    ],
)
def test_what_is_no_statement_is_refused(changed):
    with pytest.raises(ProblemError):
        solve(**changed)


@pytest.mark.parametrize("method", ["elements", "network"])
@pytest.mark.parametrize("function", [lambda x, t: np.log(x - 2.0), lambda x, t: x / 0.0])
def test_functions_without_finite_values_are_refused(method, function):
    with pytest.raises(PhysmodelError):
        solve(method, equation=FORCED, known={"f": function})


def test_equations_that_divide_by_the_field_at_zero_are_refused_without_a_warning():
    with pytest.raises(PhysmodelError, match="no solution"):
        solve(equation="u_t = u_xx + 1/u")


def test_time_that_is_over_is_said():
    with pytest.raises(PhysmodelError, match="time limit"):
        solve(time_limit=1e-9)


@pytest.mark.parametrize("method", ["elements", "network"])
def test_known_functions_take_the_coordinates_as_they_are_stated(method):
    """``u = t sin(pi x)``, with the time named first."""
    solution = solve_pde(
        FORCED,
        {"t": (0, 0.5), "x": (0, 1)},
        {"t = 0": "u = 0", "x = 0": "u = 0", "x = 1": "u = 0"},
        known={"f": lambda t, x: np.sin(np.pi * x) * (1.0 + np.pi**2 * t)},
        method=method,
    )
    # The tolerance of an evolution, with ten for its constant.
    assert abs(solution(0.3, 0.5) - 0.3) <= 1e-7


@pytest.mark.parametrize(
    "ask",
    [
        lambda u: u("a", 0.1),
        lambda u: u(0.5j, 0.1),
        lambda u: u(np.ones(3), np.ones(2)),
        lambda u: u.derivative(3, 0.5, 0.1),
        lambda u: u.derivative("u_x + u", 0.5, 0.1),
        lambda u: u.derivative("2*u", 0.5, 0.1),
    ],
)
def test_only_derivatives_at_points_can_be_asked_for(ask):
    solution = solve()
    with pytest.raises(ProblemError):
        ask(solution)
