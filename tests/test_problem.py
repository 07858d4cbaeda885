"""The problem: what it accepts, what it refuses and how it says so; it never changes."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from physmodel.errors import ProblemError
from physmodel.problem.problem import MAX_DEGREE, Problem

BODIES = {"sun": ["sx", "sy"], "earth": ["ex", "ey"]}


def problem(**changes: Any) -> Problem:
    return Problem(**{"states": ("x", "y"), "inputs": ("u",), **changes})


def orbit(**changes: Any) -> Problem:
    return Problem(**{"states": ("sx", "sy", "ex", "ey"), "bodies": BODIES, **changes})


def test_nothing_but_states_is_needed() -> None:
    plain = Problem(states=["x"])
    assert plain.states == ("x",)
    assert plain.to_mapping() == {"states": ["x"]}
    assert plain.order is None
    assert plain.degree is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"states": ()}, ["at least one state"]),
        ({"states": "xy"}, ["states", "list of names"]),
        ({"states": None}, ["states", "list of names"]),
        ({"states": ["x", 1]}, ["states", "text only"]),
        ({"states": b"xy"}, ["states", "text only"]),
        ({"states": {"x", "y"}}, ["states", "list of names"]),  # a set has no lasting order
        ({"states": {"x": 1}}, ["states", "list of names"]),
        ({"states": ("x", "x")}, ["'x'", "named twice"]),
        ({"states": ("x", "u")}, ["'u'", "named twice among states and inputs"]),
        ({"inputs": ("u", "u")}, ["'u'", "named twice"]),
        ({"states": ("x y",)}, ["'x y'", "cannot be the name"]),
        ({"states": ("2x",)}, ["'2x'", "cannot be the name"]),
        ({"states": ("",)}, ["''", "cannot be the name"]),
        ({"states": ("lambda",)}, ["'lambda'", "cannot be the name"]),
        ({"states": ("sin",)}, ["'sin'", "the name of a function"]),
        ({"states": ("t",)}, ["'t'", "the time"]),
        ({"states": ("x", "x_t")}, ["'x_t'", "rate of change of 'x'", "order = 1"]),
        ({"inputs": ("y_t",)}, ["'y_t'", "rate of change of 'y'"]),
        ({"positive": ("z",)}, ["'z'", "`positive`", "known: x, y"]),
        ({"positive": ("u",)}, ["'u'", "`positive`"]),  # an input has no equation
        ({"positive": ("x",), "order": 2}, ["order = 1", "logarithm"]),
        ({"units": {"z": "m"}}, ["'z'", "`units`"]),
        ({"units": {"x": "m//"}}, ["'m//'", "not a unit"]),
        ({"units": {"x": 3}}, ["'x'", "must be text"]),
        ({"units": {"x": "m", 1: "s"}}, ["units", "text only"]),
        ({"units": "m"}, ["units", "table"]),
        ({"units": 5}, ["units", "table"]),
        ({"time_unit": "10 s"}, ["'10 s'", "not a unit"]),
        ({"time_unit": None}, ["'time'", "must be text"]),
        ({"title": 5}, ["title", "must be text"]),
        ({"title": None}, ["title", "must be text"]),
        *(({"order": value}, ["order is"]) for value in (0, 3, -1, "1", 1.0, True, [1])),
        *(({"degree": value}, ["degree is", "0..6"]) for value in (-1, 7, 2.0, "2", True)),
        ({"functions": ("sine",)}, ["'sine'", "did you mean 'sin'"]),
        ({"functions": ("sqrt",)}, ["'sqrt'", "`functions`"]),
        ({"functions": "sin"}, ["functions", "list of names"]),
        ({"terms": ("x*",)}, ["cannot read", "x*"]),
        ({"terms": ("x*w",)}, ["unknown name 'w'", "column 3"]),
        ({"terms": ("x.real",)}, ["Attribute", "not allowed"]),
        ({"terms": ("x_t",), "order": 1}, ["unknown name 'x_t'"]),
        ({"terms": ("u_t",)}, ["unknown name 'u_t'"]),
        ({"symmetries": "time"}, ["symmetries", "list of names"]),
        ({"bodies": ["sun"]}, ["bodies", "table"]),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ProblemError) as caught:
        problem(**changes)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("bodies", "words"),
    [
        ({"sun": ["sx", "sy"], "earth": ["ex", "ez"]}, ["'ez'", "bodies.earth"]),
        ({"sun": ["sx", "sy"], "earth": ["ex", "sy"]}, ["two bodies"]),
        ({"sun": ["sx", "sy"], "earth": ["ex"]}, ["same number of coordinates"]),
        ({"sun": ["sx"], "earth": ["ex"]}, ["every state"]),
        ({"all": ["sx", "sy", "ex"]}, ["two or more"]),
        ({"all": ["sx", "sy", "ex", "ey"]}, ["'all'", "4 coordinates", "one to three"]),
        ({"sun": [], "earth": ["ex"]}, ["'sun'", "0 coordinates"]),
        ({"sun": "sx", "earth": ["ex"]}, ["bodies.sun", "list of names"]),
        ({1: ["sx", "sy"], 2: ["ex", "ey"]}, ["bodies", "text only"]),
    ],
)
def test_wrong_bodies_are_named(bodies: dict[Any, Any], words: list[str]) -> None:
    with pytest.raises(ProblemError) as caught:
        orbit(bodies=bodies)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"order": 1, "positive": ("x",)},
        {"degree": 0},
        {"degree": MAX_DEGREE},
        {"terms": ("x*exp(-y)", "t*u", "x_t^2")},
        {"states": ("x", "x_t"), "order": 1},
        {"units": {"u": "smoot/s"}, "time_unit": "1"},
        {"states": ("µ", "Δx"), "terms": ("µ^2*Δx",)},
    ],
)
def test_what_makes_sense_is_accepted(changes: dict[str, Any]) -> None:
    assert problem(**changes).inputs == ("u",)


@pytest.mark.parametrize("field", [field.name for field in fields(Problem)])
def test_no_field_can_be_set_or_deleted(field: str) -> None:
    made = problem()
    with pytest.raises(FrozenInstanceError):
        setattr(made, field, ())
    with pytest.raises(FrozenInstanceError):
        delattr(made, field)


def test_later_changes_of_the_arguments_do_not_reach_it() -> None:
    states, units = ["sx", "sy", "ex", "ey"], {"sx": "m"}
    bodies = {name: list(axes) for name, axes in BODIES.items()}
    made = Problem(states=states, units=units, bodies=bodies)
    kept = made.to_mapping()
    states.append("z")
    units["sx"] = "km"
    bodies["sun"].append("z")
    made.to_mapping()["bodies"]["sun"].clear()
    made.body_table.clear()
    assert made.to_mapping() == kept


def test_equal_problems_have_equal_hashes() -> None:
    one = problem(units={"x": "m", "y": "s"}, terms=["x*y"])
    two = problem(units={"y": "s", "x": "m"}, terms=("x*y",))
    assert one == two
    assert hash(one) == hash(two)
    assert {one: 1}[two] == 1
    assert one != one.replace(degree=2)
    assert one == copy.deepcopy(one) == pickle.loads(pickle.dumps(one))  # noqa: S301


def test_order_of_states_and_bodies_is_kept() -> None:
    turned = dict(reversed(BODIES.items()))
    assert list(orbit(bodies=turned).body_table) == ["earth", "sun"]
    assert orbit(bodies=turned) != orbit()
    assert problem(states=("y", "x")) != problem()


def test_replace_changes_one_field_and_checks_again() -> None:
    made = problem(units={"x": "m"}, degree=2)
    changed = made.replace(degree=3)
    assert changed.degree == 3
    assert made.degree == 2
    assert changed.replace(degree=2) == made
    with pytest.raises(ProblemError, match="`units`"):
        made.replace(states=("y",))


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"states": ["x"], "degre": 2}, ["'degre'", "did you mean 'degree'", "known keys"]),
        ({"states": ["x"], "Order": 1}, ["'Order'", "did you mean 'order'"]),
        ({"states": ["x"], 3: 1}, ["3", "known keys"]),
        ({}, ["needs `states`"]),
        (["states"], ["must be a table"]),
        (3, ["must be a table"]),
    ],
)
def test_plain_data_with_a_wrong_key(table: Any, words: list[str]) -> None:
    with pytest.raises(ProblemError) as caught:
        Problem.from_mapping(table)
    for word in words:
        assert word in str(caught.value)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(
    table=st.dictionaries(
        st.sampled_from([field.name for field in fields(Problem)]), JUNK, max_size=4
    ),
    states=st.sampled_from([["x"], ["x", "y"]]),
)
def test_plain_data_make_a_problem_or_a_problem_error(
    table: dict[str, Any], states: list[str]
) -> None:
    """Never another exception; and what is accepted comes back the same."""
    try:
        made = Problem.from_mapping({"states": states, **table})
    except ProblemError:
        return
    assert Problem.from_mapping(made.to_mapping()) == made
    hash(made)
