"""Statements of equations that make no sense are refused in words; the order of names is kept."""

from __future__ import annotations

import numpy as np
import pytest

from physmodel.errors import DataError, PhysmodelError, ProblemError
from physmodel.fields.coefficients import fit_pde
from physmodel.fields.growth import require_bounded_growth
from physmodel.fields.problem import read_problem
from physmodel.fields.solve import solve_pde

HEAT = {
    "equation": "u_t = u_xx",
    "domain": {"x": (0, 1), "t": (0, 0.1)},
    "conditions": {"t = 0": "u = sin(pi*x)", "x = 0": "u = 0", "x = 1": "u = 0"},
}
FORCED = "u_t = u_xx + f"


def begun_and_held(equation):
    """As many conditions as the equation has derivatives."""
    begin = ["u = sin(pi*x)", "u_t"][: 2 if "u_tt" in equation else 1]
    ends = ["u", "u_x"][: 2 if "u_xxxx" in equation else 1]
    return {"t = 0": begin, "x = 0": ends, "x = 1": ends}


def solve(**changed):
    return solve_pde(**(HEAT | changed))


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


@pytest.mark.parametrize("function", [lambda x, t: np.log(x - 2.0), lambda x, t: x / 0.0])
def test_functions_without_finite_values_are_refused(function):
    with pytest.raises(PhysmodelError):
        solve(equation=FORCED, known={"f": function})


def test_equations_that_divide_by_the_field_at_zero_are_refused_without_a_warning():
    with pytest.raises(PhysmodelError, match="no solution"):
        solve(equation="u_t = u_xx + 1/u")


def test_time_that_is_over_is_said():
    with pytest.raises(PhysmodelError, match="time limit"):
        solve(time_limit=1e-9)


def test_known_functions_take_the_coordinates_as_they_are_stated():
    """``u = t sin(pi x)``, with the time named first."""
    solution = solve_pde(
        FORCED,
        {"t": (0, 0.5), "x": (0, 1)},
        {"t = 0": "u = 0", "x = 0": "u = 0", "x = 1": "u = 0"},
        known={"f": lambda t, x: np.sin(np.pi * x) * (1.0 + np.pi**2 * t)},
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


@pytest.mark.parametrize(
    "equation", ["u_t = -u_xx", "u_t = u_xx + u_xxxx", "u_tt = -u_xx", "u_tt = u_xxxx"]
)
def test_what_runs_backwards_is_refused(equation):
    with pytest.raises(ProblemError, match="ill-posed"):
        solve(equation=equation, conditions=begun_and_held(equation))


@pytest.mark.parametrize(
    "equation",
    [
        "u_t = u_xx",
        "u_t = 40*u + u_xx",
        "u_t = -u_xx - u_xxxx/1000",
        "u_t = -u_xxxx",
        "u_tt = u_xx - u_t",
        "u_tt = u_xx + u_xt",
        "u_tt + u_xxxx = 0",
        "u_t = x*u_xx",
    ],
)
def test_what_runs_forwards_is_not(equation):
    problem = read_problem(equation, HEAT["domain"], begun_and_held(equation))
    points = np.random.default_rng(0).uniform(0, 0.1, (64, 2))
    jet = {index: np.zeros(64) for index in problem.equation.indices}
    require_bounded_growth(problem, points, jet)


def test_a_diffusion_that_turns_round_where_the_field_is_large_is_refused():
    with pytest.raises(ProblemError, match="ill-posed"):
        solve(equation="u_t = (0.5 - u)*u_xx", domain={"x": (0, 1), "t": (0, 1e-6)})


def test_the_error_is_said_where_the_first_steps_already_do():
    """Slow diffusion: steps, elements and so both solutions would be the same at any tolerance."""
    slow = solve(equation="u_t = 1e-6*u_xx")
    x, t = np.random.default_rng(0).uniform((0, 0), (1, 0.1), (500, 2)).T
    truth = np.sin(np.pi * x) * np.exp(-1e-6 * np.pi**2 * t)
    error = np.sqrt(np.mean((slow(x, t) - truth) ** 2))
    assert 0.0 < error <= 3.0 * slow.error <= 1e-8


def test_a_layer_is_found_that_newton_alone_does_not_find():
    """``e u' - u^2/2`` is the same everywhere."""
    e = 0.02
    layer = solve_pde("e*u_xx = u*u_x", {"x": (0, 1)}, {"x = 0": "u = 1", "x = 1": "u = -0.5"},
                      known={"e": e})  # fmt: skip
    x = np.linspace(0.0, 1.0, 101)
    flux = e * layer.derivative("u_x", x) - layer(x) ** 2 / 2.0
    assert np.ptp(flux) <= 1e-10  # derivatives in elements of a hundredth lose four digits


DECAY = {
    "equation": "u_t = d*u_xx",
    "domain": {"x": (0, 1), "t": (0, 0.2)},
    "conditions": HEAT["conditions"],
    "unknown": ["d"],
}
X, T = np.random.default_rng(0).uniform((0, 0), (1, 0.2), (40, 2)).T
U = np.exp(-0.7 * np.pi**2 * T) * np.sin(np.pi * X)


@pytest.mark.parametrize(
    "changed",
    [
        {"unknown": ["d", "e"]},
        {"unknown": ["a"], "equation": "u_t = u_xx + 0*a*u"},
        {"points": None},
        {"points": ["a", "b"]},
        {"points": [1j * X, T]},
        {"points": [X, T[:5]]},
        {"measured": 1j * U},
        {"measured": ["a"] * 40},
        {"measured": None},
        {"measured": 0.0 * U},
        {"noise_std": "small"},
        {"noise_std": np.ones(40)},
    ],
)
def test_measurements_that_are_none_are_refused(changed):
    with pytest.raises((ProblemError, DataError)):
        fit_pde(**(DECAY | {"points": [X, T], "measured": U} | changed))


def test_coefficients_that_only_appear_as_a_sum_are_not_determined():
    noise = 0.01 * np.random.default_rng(1).standard_normal(40)
    found = fit_pde(**DECAY | {"equation": "u_t = (a + b)*u_xx", "unknown": ["a", "b"]},
                    points=[X, T], measured=U + noise)  # fmt: skip
    assert np.isinf(found.std_errors).all()
    assert found.values.sum() == pytest.approx(0.7, abs=0.03)  # five standard errors


def test_measurements_that_ask_for_a_diffusion_backwards_are_told_so():
    growing = np.exp(0.7 * np.pi**2 * T) * np.sin(np.pi * X)
    with pytest.raises(ProblemError, match="ask for d"):
        fit_pde(**DECAY, points=[X, T], measured=growing)
