"""Symmetries and laws as data: groups close, names round-trip, conditions are those of theory."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physmodel.errors import ProblemError
from physmodel.problem.known import finite, lie
from physmodel.problem.known.affine import element, generator
from physmodel.problem.known.law_text import EXAMPLES as LAWS
from physmodel.problem.known.law_text import read_law
from physmodel.problem.known.symmetry import Symmetry, product_of
from physmodel.problem.known.symmetry_text import EXAMPLES, read_symmetry
from physmodel.problem.problem import Problem

STATES = ("x", "y", "z", "v", "x1", "x2", "x3", "y1", "y2", "a", "b", "c", "d")
NAMED = [text for example in EXAMPLES.values() for text in example.split(" or ")]


@pytest.mark.parametrize("text", NAMED)
def test_every_named_symmetry_reads_back_and_is_a_group(text: str) -> None:
    one = read_symmetry(text, STATES)
    again = read_symmetry(one.name, STATES)
    for mine, other in zip(
        (*one.elements, *one.generators), (*again.elements, *again.generators), strict=True
    ):
        np.testing.assert_array_equal(mine.matrix, other.matrix)
    group = one.group()
    for a in group:
        # Orthogonal integer matrices: the product is exact, the bound is that of `group` itself.
        inverse = a.inverse().matrix
        assert min(np.abs(inverse - b.matrix).max() for b in group) < 1e-9


@pytest.mark.parametrize(
    ("made", "order"),
    [
        (finite.parity("x", "y"), 2),
        (finite.time_reversal("v"), 2),
        (finite.permutation("a", "b", "c", "d"), 24),
        (finite.permutation(("x1", "y1"), ("x2", "y2")), 2),
        (finite.cyclic("x", "y", "z"), 3),
        (finite.mirror("x1", "x2", "x3"), 2),
        (finite.mapped({"x": {"y": -1.0}, "y": {"x": 1.0}}), 4),
        (product_of(finite.cyclic("x", "y", "z"), finite.parity("x", "y", "z")), 6),
        (product_of(finite.cyclic("x", "y", "z"), finite.permutation("x", "y")), 6),
        (lie.rotation("x", "y"), 1),
    ],
)
def test_finite_groups_have_their_number_of_elements(made: Symmetry, order: int) -> None:
    assert len(made.group()) == order


@given(amount=st.floats(-3.0, 3.0), other=st.floats(-3.0, 3.0))
def test_flows_are_one_parameter_groups(amount: float, other: float) -> None:
    for text in NAMED:
        for one in read_symmetry(text, STATES).generators:
            both = one.flow(amount).after(one.flow(other)).matrix
            whole = one.flow(amount + other).matrix
            # Rounding of a matrix exponential of norm up to exp(3 * 6) relative to its size.
            assert np.abs(both - whole).max() <= 1e-12 * np.abs(whole).max() * np.exp(6.0)
    turn = lie.rotation("x", "y").generators[0].flow(amount)
    c, s = np.cos(amount), np.sin(amount)
    np.testing.assert_allclose(turn.linear, [[c, -s], [s, c]], atol=1e-14)


def test_points_velocities_and_accelerations_move_together() -> None:
    rng = np.random.default_rng(0)
    one = element(rng.normal(size=(2, 2)), boost=[1.0, -2.0], offset=[0.3, 0.1], time=-2.0)
    t = np.linspace(0.0, 1.0, 50)
    a, b, c = rng.normal(size=(3, 2))
    x, v = a + np.outer(t, b) + np.outer(t**2, c), b + 2.0 * np.outer(t, c)
    moved, clock = one.act(x, t)
    # The path is quadratic in time: so is its image, and np.gradient is exact inside.
    np.testing.assert_allclose(np.gradient(moved, clock, axis=0)[1:-1], one.carry(v)[1:-1])
    second = one.carry_rate(np.tile(2.0 * c, (50, 1)), 2)
    found = np.gradient(np.gradient(moved, clock, axis=0), clock, axis=0)[2:-2]
    np.testing.assert_allclose(found, second[2:-2], rtol=1e-9, atol=1e-9)


def test_samples_are_elements_and_the_same_each_time() -> None:
    both = product_of(lie.rotation("x", "y", "z"), finite.parity("x", "y", "z"))
    for one, again in zip(both.sample(8, seed=3), both.sample(8, seed=3), strict=True):
        np.testing.assert_array_equal(one.matrix, again.matrix)
        np.testing.assert_allclose(one.linear @ one.linear.T, np.eye(3), atol=1e-14)


def test_a_symmetry_on_more_variables_leaves_them_alone() -> None:
    wide = lie.rotation("x", "y").on(("y", "w", "x"))
    np.testing.assert_array_equal(wide.generators[0].linear, [[0, 0, 1], [0, 0, 0], [-1, 0, 0]])
    reversed_ = finite.time_reversal().on(("x",)).elements[0]
    np.testing.assert_array_equal(reversed_.matrix, np.diag([1.0, -1.0, 1.0]))
    with pytest.raises(ProblemError, match="'y'"):
        lie.rotation("x", "y").on(("x",))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rotaton:x,y", ["did you mean 'rotation'"]),
        ("rotation:x", ["two coordinates"]),
        ("rotation:x,w", ["'w'", "variables: x, y"]),
        ("rotation:x,x", ["'x' twice"]),
        ("rotation:x1,y1;x2", ["same number of coordinates"]),
        ("phase:x,y,z", ["real and an imaginary"]),
        ("scaling:x=a", ["'a'"]),
        ("scaling:x=0", ["moves nothing"]),
        ("scaling:x=1,x=2", ["given twice"]),
        ("generator:x=0*y", ["moves nothing"]),
        ("generator:x=sin(y)", ["first degree"]),
        ("generator:x", ["name=value"]),
        ("map:x=y", ["lead back"]),
        ("map:t=x", ["image of t"]),
        ("permutation:x", ["single particle"]),
        ("galilean:x1;", ["a name is missing"]),
        ("time-translation:x", ["takes no names"]),
        ("", ["known: parity"]),
    ],
)
def test_a_wrong_symmetry_is_named(text: str, words: list[str]) -> None:
    with pytest.raises(ProblemError) as caught:
        Problem(states=STATES, symmetries=(text,))
    for word in (*words, "symmetry" if text != "scaling:x=a" else "expression"):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("conserve:x", ["did you mean 'conserves'"]),
        ("conserves:x*w", ["unknown name 'w'"]),
        ("conserves:", ["cannot read"]),
        ("conserves:3", ["depends on no state"]),
        ("conserves:x*u", ["holds 'u'"]),
        ("conserves:t*x", ["holds 't'"]),
        ("balance:x^2", ["changes through"]),
        ("hamiltonian:x,w", ["'w'"]),
        ("hamiltonian:x", ["pairs"]),
        ("lagrangian:x", ["takes nothing"]),
        ("equilibrium:x", ["name=value"]),
        ("equilibrium:w=0", ["'w'"]),
        ("positive:w", ["'w'"]),
    ],
)
def test_a_wrong_law_is_named(text: str, words: list[str]) -> None:
    with pytest.raises(ProblemError) as caught:
        Problem(states=("x", "y"), inputs=("u",), laws=(text,))
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("text", [text for e in LAWS.values() for text in e.split(" or ")])
def test_every_named_law_reads_back(text: str) -> None:
    pairs = text.partition(":")[2].replace(";", ",").split(",")
    states = tuple(pairs) if text.startswith("hamiltonian") else ("x", "y", "v")
    law = read_law(text, states, ("u",))
    assert read_law(law.text, states, ("u",)) == law


def test_what_is_mixed_has_one_unit() -> None:
    units = {"x": "m", "y": "km"}
    for text in ("rotation:x,y", "translation:x;y", "permutation:x,y", "galilean:x;y"):
        with pytest.raises(ProblemError, match="'x' is in m and 'y' in km"):
            Problem(states=("x", "y"), units=units, symmetries=(text,))


def test_what_is_not_mixed_may_have_any_unit() -> None:
    units = {"x": "m", "y": "km"}
    for text in ("reflection:x,y", "translation:x,y", "generator:x=-1000*y,y=0.001*x"):
        Problem(states=("x", "y"), units=units, symmetries=(text,))


def test_laws_decide_order_and_positivity() -> None:
    assert Problem(states=("x", "y"), laws=("positive:y",)).positive == ("y",)
    for text in ("conserves:energy", "lagrangian", "dissipates:energy"):
        with pytest.raises(ProblemError, match="order 2"):
            Problem(states=("x",), order=1, laws=(text,))
    with pytest.raises(ProblemError, match="order 1"):
        Problem(states=("x", "y"), order=2, laws=("hamiltonian:x,y",))
    with pytest.raises(ProblemError, match="order = 2"):
        Problem(states=("x",), order=1, symmetries=("galilean:x",))


def test_generators_and_elements_differ_in_the_corner() -> None:
    for one, corner in ((element(np.eye(2)), 1.0), (generator(np.eye(2)), 0.0)):
        assert one.matrix[-1, -1] == corner
    with pytest.raises(ProblemError, match="finite"):
        element([[np.nan]])


def test_mirror_reverses_the_chain() -> None:
    image = finite.mirror("a", "b", "c").elements[0]
    np.testing.assert_array_equal(image.linear @ [1.0, 2.0, 3.0], [-3.0, -2.0, -1.0])
    plane = finite.mirror(("x1", "y1"), ("x2", "y2")).elements[0]
    np.testing.assert_array_equal(plane.linear @ [1.0, 2.0, 3.0, 4.0], [-3.0, 4.0, -1.0, 2.0])


def test_so3_closes() -> None:
    turns = [one.linear for one in lie.rotation("x", "y", "z").generators]
    span = np.array([turn.ravel() for turn in turns])
    for a, b in pairwise([*turns, turns[0]]):
        bracket = (a @ b - b @ a).ravel()
        rest = bracket - np.linalg.lstsq(span.T, bracket)[0] @ span
        assert np.abs(rest).max() < 1e-14
