"""Terms with numbers inside: values, derivatives, units, the table, and how they are printed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import physmodel as pm
from physmodel.models.libraries.shape_choices import shaped_terms, starts
from physmodel.models.libraries.shaped_terms import Shaped, Term
from physmodel.models.libraries.shapes import SHAPES, Shape
from physmodel.problem.algebra.calculus import evaluate
from physmodel.problem.algebra.expression import constant, variable
from physmodel.problem.measures.units import parse_unit

X = variable("x")
ONE = constant(1.0)

VARIANTS = [
    pytest.param(shape, tuple(held.items()), id=f"{shape.text} {held}")
    for shape in SHAPES
    for held in shape.variants()
]


def drawn(data: st.DataObject, shape: Shape, held: tuple[tuple[str, float], ...]) -> Term:
    """A term with numbers of ordinary size: exponents up to four, everything else near one."""
    term = Term(shape, X, ONE, held, ())
    ranges = {"exponent": (0.4, 4.0), "place": (-1.0, 1.0), "phase": (-3.0, 3.0)}
    return term.at([data.draw(st.floats(*ranges.get(one.kind, (0.4, 2.5)))) for one in term.free])


@pytest.mark.parametrize(("shape", "held"), VARIANTS)
@given(data=st.data(), u=st.floats(0.3, 3.0))
def test_derivatives_are_those_of_the_values(shape, held, data, u) -> None:
    term = drawn(data, shape, held)
    # A kink has no derivative.
    places = [z for one, z in zip(term.free, term.numbers, strict=True) if one.kind == "place"]
    assume(all(abs(u - place) > 1e-3 for place in places))
    at = np.array([[u]])
    inside = [np.array([[z]]) for z in term.numbers]
    slopes = term.slopes(at, tuple(inside))
    assert len(slopes) == len(term.free)
    for k, slope in enumerate(slopes):
        step = 1e-6 * max(abs(term.numbers[k]), 1.0)
        up, down = ([z + sign * step * (j == k) for j, z in enumerate(inside)] for sign in (1, -1))
        change = term.values(at, tuple(up)) - term.values(at, tuple(down))
        # Central differences: the error is step^2 times a third derivative, and rounding / step.
        size = 1.0 + abs(slope.item()) + abs(term.values(at, tuple(inside)).item())
        assert abs(change.item() / (2.0 * step) - slope.item()) < 1e-4 * size


@pytest.mark.parametrize(("shape", "held"), VARIANTS)
@given(data=st.data(), u=st.floats(0.3, 3.0))
def test_what_is_written_is_what_is_computed(shape, held, data, u) -> None:
    term = drawn(data, shape, held)
    values = term.values(np.array([[u]]), tuple(np.array([[z]]) for z in term.numbers)).item()
    # Exponents are written with six decimals.
    assert evaluate(term.expression(), {"x": u}) == pytest.approx(values, rel=1e-4, abs=1e-9)
    columns = [float(evaluate(one, {"x": u})) for one in term.linearised()]
    weights = [1.0, *term.numbers]
    assert np.dot(columns, weights) == pytest.approx(values, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("shape", "held"), VARIANTS)
@given(data=st.data(), u=st.floats(0.3, 3.0), scale=st.floats(0.1, 10.0))
def test_a_term_in_other_units_is_the_term_times_a_number(shape, held, data, u, scale) -> None:
    """Numbers in the unit of the argument scale with it, rates inversely, others do not."""
    if shape.pure and held:
        return  # sin(x) needs a pure number
    term = drawn(data, shape, held)
    powers = {"size": 1, "width": 1, "place": 1, "rate": -1, "phase": 0, "exponent": 0}
    grown = term.at(
        [z * scale ** powers[one.kind] for one, z in zip(term.free, term.numbers, strict=True)]
    )
    whole, numbers = term.units(parse_unit("m"))
    assert whole is not None
    assert [dict(one.powers).get("m", 0) for one in numbers if one is not None] == [
        powers[one.kind] for one in term.free
    ]
    degree = float(dict(whole.powers).get("m", 0))
    first, second = (
        one.values(np.array([[v]]), tuple(np.array([[z]]) for z in one.numbers)).item()
        for one, v in ((term, u), (grown, u * scale))
    )
    # The unit of a free exponent is known to six decimals.
    assert second == pytest.approx(first * scale**degree, rel=1e-4, abs=1e-12)


@pytest.mark.parametrize(("shape", "held"), VARIANTS)
def test_every_shape_starts_somewhere(shape, held) -> None:
    values = np.linspace(-1.0, 2.0, 50) if shape.crosses else np.linspace(0.2, 2.0, 50)
    term = Term(shape, X, ONE, held, ())
    grid = starts(term, values)
    columns = term.values(values[:, None], tuple(axis[None] for axis in grid))
    assert np.isfinite(columns).all(axis=0).any()


def test_errors_of_numbers_are_those_of_a_ratio() -> None:
    """Weights (a, a k) with a known covariance: simulation against the delta method."""
    term = Term(SHAPES[0], X, ONE, (("n", 1.0),), (0.5,))
    one = Shaped(0, (0, 1), term)
    weights, root = np.array([2.0, 1.0]), np.array([[0.02, 0.0], [0.012, 0.005]])
    draws = weights[:, None] + root @ np.random.default_rng(0).standard_normal((2, 100_000))
    # A ratio with one per cent of error is linear; the sampling error of a deviation is 0.3%.
    assert one.errors(weights, root) == pytest.approx(np.std(draws[1] / draws[0]), rel=0.02)
    assert one.numbers(weights) == pytest.approx(0.5)


def test_what_a_problem_fixes_leaves_no_shapes() -> None:
    assert shaped_terms(pm.Problem(states=("x",)), 1)
    for fixed in ({"degree": 2}, {"library": ("x",)}, {"terms": ("sin(x)",)}):
        assert shaped_terms(pm.Problem(states=("x",), **fixed), 1) == []


def test_the_sine_of_a_length_has_a_number_inside() -> None:
    pure = shaped_terms(pm.Problem(states=("x",)), 1)
    length = shaped_terms(pm.Problem(states=("x",), units={"x": "m"}), 1)
    bare = [one for one in pure if one.shape.pure and not one.free]
    assert bare
    assert not [one for one in length if one.shape.pure and one.held]
