"""Partial differential equations against their analytic solutions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from physmodel.errors import DataError, PhysmodelError, ProblemError
from physmodel.fields.coefficients import fit_pde
from physmodel.fields.solve import solve_pde
from physmodel.optimizers.least_squares.residuals import Ending
from physmodel.systems.pdes import CASES

#: Boundary value problems are solved to rounding: 1e-12 leaves a thousand for their condition.
ROUNDING = 1e-12
EQUATIONS = [name for name in CASES if name not in ("kdv", "burgers")]


@pytest.mark.parametrize("name", EQUATIONS)
def test_known_solutions_are_found(name):
    case = CASES[name]
    solution = solve_pde(case.equation, case.domain, case.conditions, known=case.known)
    error = case.error(solution)
    assert solution.ending is Ending.CONVERGED
    assert error <= (1e-7 if solution.problem.marches else ROUNDING)
    # The estimate is a distance to a coarser solution: it must not be an understatement.
    truth = case.truth(*case.points())
    assert error * np.sqrt(np.mean(truth**2)) <= 3.0 * solution.error + ROUNDING


@settings(max_examples=10)
@given(
    waves=st.floats(0.5, 30.0),
    drift=st.floats(-5.0, 5.0),
    unit=st.sampled_from([1e-6, 1.0, 1e6]),
)
def test_linear_problems_are_solved_in_any_unit(waves, drift, unit):
    k = waves / unit

    def source(x):
        return -k * k * np.sin(k * x) + drift / unit * k * np.cos(k * x)

    solution = solve_pde(
        "u_xx + d*u_x = f",
        {"x": (0.0, unit)},
        {"x = 0": "u_x = k", f"x = {unit!r}": "u = b"},
        known={"f": source, "k": k, "d": drift / unit, "b": float(np.sin(waves))},
    )
    x = np.linspace(0.0, unit, 101)
    # The slope at one end and drift e^5 multiply rounding by a few hundred and by the waves.
    assert np.abs(solution(x) - np.sin(k * x)).max() <= 1e-10


def test_burgers_with_a_shock():
    case = CASES["burgers"]
    solution = solve_pde(
        case.equation, case.domain, case.conditions, known=case.known, tolerance=1e-6
    )
    assert case.error(solution) <= 1e-6
    assert solution.residual <= 1e-4


def test_coefficients_are_found_with_error_bars():
    rng = np.random.default_rng(3)
    x, t = rng.uniform(0, 1, 200), rng.uniform(0, 1, 200)
    clean = np.exp(-0.3 * np.pi**2 * t) * np.sin(np.pi * x)
    found = fit_pde(
        "u_t = b*u_xx",
        {"x": (0, 1), "t": (0, 1)},
        {"t = 0": "u = sin(pi*x)", "x = 0": "u", "x = 1": "u"},
        ["b"],
        [x, t],
        clean + 0.01 * rng.standard_normal(200),
    )
    # Five standard errors; the noise is known to one part in twenty with 200 measurements.
    assert abs(found.values[0] - 0.3) <= 5.0 * found.std_errors[0] <= 0.03
    assert found.noise_std == pytest.approx(0.01, rel=0.3)


@pytest.mark.parametrize(
    ("equation", "conditions", "message"),
    [
        ("u_xx = 1", {"x = 0": "u"}, "condition"),
        ("u_xx = 1", {"x = 0": "u", "x = 1": ["u", "u_x"]}, "condition"),
        ("u_xx = 1", {"x = 0": "u", "x = 0.5": "u"}, "not an end"),
        ("u_xx = 1", {"x = 0": "u", "y = 1": "u"}, "no coordinate"),
        ("u_xx = 1", {"x = 0": "u", "x = 1": "u_xx"}, "as high"),
        ("u_xx = v", {"x = 0": "u", "x = 1": "u"}, "unknown name"),
        ("u_xx = 1 = 2", {"x = 0": "u", "x = 1": "u"}, "not an equation"),
        ("x = 1", {"x = 0": "u", "x = 1": "u"}, "does not contain"),
    ],
)
def test_ill_posed_problems_are_refused(equation, conditions, message):
    with pytest.raises(ProblemError, match=message):
        solve_pde(equation, {"x": (0, 1)}, conditions)


def test_what_has_no_solution_is_said():
    with pytest.raises(PhysmodelError, match="no solution"):
        solve_pde("u_xx = 1", {"x": (0, 1)}, {"x = 0": "u_x = 0", "x = 1": "u_x = 0"})
    blowing = solve_pde(
        "u_t = u_xx + u^2",
        {"x": (0, 1), "t": (0, 1)},
        {"t = 0": "u = 30*sin(pi*x)", "x = 0": "u", "x = 1": "u"},
        tolerance=1e-4,
    )
    assert blowing.ending is Ending.STALLED
    assert 0.0 < blowing.reached < 1.0
    with pytest.raises(ProblemError, match="ends at"):
        blowing(0.5, 1.0)


def test_points_and_measurements_are_checked():
    line = solve_pde("u_xx = 0", {"x": (0, 1)}, {"x = 0": "u", "x = 1": "u = 1"})
    assert line.derivative("u_x", 0.3) == pytest.approx(1.0, abs=ROUNDING)
    with pytest.raises(ProblemError, match="outside"):
        line(2.0)
    for measured, error in ((np.nan, ProblemError), (0.3, DataError)):  # missing, or too few
        with pytest.raises(error, match="measurements"):
            fit_pde(
                "u_t = b*u_xx",
                {"x": (0, 1), "t": (0, 1)},
                {"t = 0": "u = sin(pi*x)", "x = 0": "u", "x = 1": "u"},
                ["b"],
                [[0.5], [0.5]],
                [measured],
            )
