"""Equations with unknown numbers, and sums of fields: values, exact derivatives, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physmodel.errors import ProblemError
from physmodel.models.fields.expression_field import as_expression_field, expression_field
from physmodel.models.fields.known_plus import Sum
from physmodel.models.fields.parametric_field import ParametricField, linearised_motion, motion_rate
from physmodel.models.fields.sparse_field import SparseField
from physmodel.problem.algebra.parser import parse


def check_derivatives(field: ParametricField, seed: int = 0) -> None:
    """Analytic derivatives against central differences: the error of these is about 1e-9."""
    rng = np.random.default_rng(seed)
    n, width = 5, field.order * len(field.states)
    time, motion = rng.uniform(0.5, 1.5, n), rng.uniform(0.5, 1.5, (n, width))
    inputs = rng.uniform(0.5, 1.5, (n, len(field.inputs)))
    found = linearised_motion(field, time, motion, inputs)
    np.testing.assert_allclose(found.rate, motion_rate(field, time, motion, inputs), rtol=1e-13)
    step = 1e-6
    for j in range(width):
        away = step * np.eye(width)[j]
        slope = motion_rate(field, time, motion + away, inputs)
        slope = (slope - motion_rate(field, time, motion - away, inputs)) / (2.0 * step)
        np.testing.assert_allclose(found.by_motion[:, :, j], slope, rtol=1e-6, atol=1e-7)
    for k in range(len(field.parameters)):
        away = step * np.eye(len(field.parameters))[k]
        up, down = (field.with_parameters(field.parameters + s * away) for s in (1.0, -1.0))
        slope = motion_rate(up, time, motion, inputs) - motion_rate(down, time, motion, inputs)
        slope = slope / (2.0 * step)
        np.testing.assert_allclose(found.by_parameter[:, :, k], slope, rtol=1e-6, atol=1e-7)


def test_names_that_are_nothing_else_are_parameters() -> None:
    field = expression_field({"x": "a*x - b*x*y", "y": "-c*y + d*x*y"}, start={"b": 2.0})
    assert field.names == ("a", "b", "c", "d")
    assert field.parameters.tolist() == [1.0, 2.0, 1.0, 1.0]
    states = np.array([[3.0, 5.0]])
    rate = field.rate(np.zeros(1), states, None, np.empty((1, 0)))
    np.testing.assert_allclose(rate, [[3.0 - 30.0, -5.0 + 15.0]])


def test_velocities_inputs_and_time_are_no_parameters() -> None:
    field = expression_field({"x": "-k*x - c*x_t*abs(x_t) + u*sin(w*t) + 1e-3"}, inputs=["u"])
    assert field.order == 2
    assert field.names == ("k", "c", "w")
    check_derivatives(field)


@given(st.integers(0, 1000))
def test_derivatives_of_rational_and_transcendental_equations(seed: int) -> None:
    field = expression_field(
        {"s": "-v*s/(k + s) + exp(-q*p)", "p": "v*s*p^2/(k + s) - log(1 + m*p) + tanh(q*s)"}
    )
    check_derivatives(field, seed)


def test_equations_are_read_back() -> None:
    field = expression_field({"x": "a*x - b*x*y/(1 + h*x)", "y": "-c*y + 2*x*y"})
    again = expression_field(field.equations())
    assert again.expressions == field.expressions


def test_a_sparse_field_keeps_its_values() -> None:
    terms = tuple(parse(text, ("x", "y", "t")) for text in ("1", "x", "x*y", "sin(y)"))
    numbers = np.array([[0.5, 0.0, -1.0, 2.0], [0.0, 0.0, 0.3, 0.0]])
    sparse = SparseField(("x", "y"), (), 1, terms, numbers)
    field = as_expression_field(sparse)
    assert field.names == ("x[1]", "x[x*y]", "x[sin(y)]", "y[x*y]")
    points = np.random.default_rng(0).normal(size=(4, 2))
    time, nothing = np.zeros(4), np.empty((4, 0))
    want = sparse.rate(time, points, None, nothing)
    np.testing.assert_allclose(field.rate(time, points, None, nothing), want, rtol=1e-14)
    check_derivatives(field)


def test_a_sum_has_all_parameters() -> None:
    known = expression_field({"x": "-k*x"}, order=2)
    drag = expression_field({"x": "-c*x_t^3"})
    both = Sum((known, drag))
    assert both.names == ("k", "c")
    check_derivatives(both)
    whole = expression_field({"x": "-k*x - c*x_t^3"}).with_parameters(np.array([2.0, 3.0]))
    time, motion = np.zeros(3), np.random.default_rng(1).normal(size=(3, 2))
    parts = both.with_parameters(np.array([2.0, 3.0]))
    nothing = np.empty((3, 0))
    np.testing.assert_allclose(
        motion_rate(parts, time, motion, nothing), motion_rate(whole, time, motion, nothing)
    )


@pytest.mark.parametrize(
    ("equations", "options", "message"),
    [
        ({}, {}, "equations"),
        ({"x": "a*x +"}, {}, "cannot read"),
        ({"x": "x^a"}, {}, "exponent"),
        ({"sin": "a"}, {}, "name of a variable"),
        ({"x": "a*x"}, {"order": 3}, "order"),
        ({"x": "a*x"}, {"start": {"b": 1.0}}, "no parameter"),
        ({"x": "a*x"}, {"start": {"a": float("nan")}}, "start value"),
        ({"x": "a*x"}, {"inputs": ["x"]}, "name of a variable"),
    ],
)
def test_bad_equations_are_named(
    equations: dict[str, str], options: dict[str, object], message: str
) -> None:
    with pytest.raises(ProblemError, match=message):
        expression_field(equations, **options)  # type: ignore[arg-type]


def test_fields_of_different_states_cannot_be_added() -> None:
    with pytest.raises(ProblemError, match="different states"):
        Sum((expression_field({"x": "a*x"}), expression_field({"y": "a*y"})))
