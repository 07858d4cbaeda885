"""Properties 12 to 14 for conserved quantities, and what symmetries of a field do with names."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import physmodel as pm
from physmodel.conserved import generators
from physmodel.conserved.finite import Element, exchanges, independent_of, reflections
from physmodel.conserved.generators import Condition, everything
from physmodel.conserved.of_field import UncertainField
from physmodel.conserved.search.smoothing import smooth
from physmodel.conserved.symmetries import field_symmetries
from physmodel.data.segments import segments
from physmodel.models.fields.sparse_field import SparseField
from physmodel.problem.algebra.parser import parse
from physmodel.testing import check_symmetry
from physmodel.testing import permutations as orders

Array = NDArray[np.float64]
TIME = np.linspace(0.0, 12.0, 120)


def turning(noise: float = 0.02) -> list[Array]:
    """Eight records of ``x' = y, y' = -x, z' = -z``: only the radius is conserved."""
    rng = np.random.default_rng(0)
    made = []
    for radius in np.linspace(0.5, 1.5, 8):
        phase = TIME + rng.uniform(0.0, 6.0)
        clean = [radius * np.cos(phase), -radius * np.sin(phase), np.exp(-TIME) * radius]
        made.append(np.column_stack(clean) + noise * rng.standard_normal((len(TIME), 3)))
    return made


def found(times: list[Array], states: list[Array], names: str = "xyz") -> dict[str, float]:
    (one,) = pm.invariants(pm.from_arrays(times, states, names=list(names)))
    return dict(one.terms)


@pytest.fixture(scope="module")
def plain() -> dict[str, float]:
    terms = found([TIME] * 8, turning())
    assert set(terms) == {"x^2", "y^2"}
    return terms


@settings(max_examples=4)
@given(shift=st.floats(-1e6, 1e6))
def test_12_the_origin_of_time_does_not_matter(plain: dict[str, float], shift: float) -> None:
    # A shift of 1e6 records rounds the times to eleven digits of a step; coefficients are printed
    # to a tenth of their errors, one unit of which may change.
    moved = found([TIME + 12.0 * shift] * 8, turning())
    assert moved == pytest.approx(plain, rel=1e-3)


def test_12_what_is_conserved_is_conserved_backwards(plain: dict[str, float]) -> None:
    # The knots of the splines lie elsewhere, so that the same noise gives other errors.
    back = found([TIME] * 8, [x[::-1] for x in turning()])
    assert back == pytest.approx(plain, rel=0.02)


@settings(max_examples=4)
@given(order=orders(3))
def test_13_names_and_order_of_states_do_not_matter(
    plain: dict[str, float], order: NDArray[np.intp]
) -> None:
    names = "".join("xyz"[k] for k in order)
    assert found([TIME] * 8, [x[:, order] for x in turning()], names) == pytest.approx(
        plain,
        rel=0.02,  # the draws of noise go to other columns
    )
    renamed = found([TIME] * 8, turning(), "abc")
    assert renamed == {"a^2": plain["x^2"], "b^2": plain["y^2"]}


@settings(max_examples=4)
@given(order=orders(8))
def test_14_the_order_of_trajectories_does_not_matter(
    plain: dict[str, float], order: NDArray[np.intp]
) -> None:
    # The draws of noise go to other records.
    states = turning()
    assert found([TIME] * 8, [states[k] for k in order]) == pytest.approx(plain, rel=0.02)


@pytest.mark.parametrize("leak", [0.01, 0.1])
def test_a_twin_that_leaks_conserves_nothing(leak: float) -> None:
    leaking = [x * np.exp(-leak * TIME)[:, None] for x in turning()]
    assert pm.invariants(pm.from_arrays([TIME] * 8, leaking)) == ()


# Symmetries of a field.


def made(states: tuple[str, ...], sides: dict[str, dict[str, float]]) -> SparseField:
    parsed = {
        state: {parse(t, states): w for t, w in side.items()} for state, side in sides.items()
    }
    terms = tuple(dict.fromkeys(term for side in parsed.values() for term in side))
    table = [[parsed[state].get(term, 0.0) for term in terms] for state in states]
    return SparseField(states, (), 1, terms, np.array(table))


def lorenz96(d: int) -> SparseField:
    """A ring of `d` states that only turns."""
    x = [f"x{k}" for k in range(d)]
    sides = {
        x[k]: {
            f"{x[(k + 1) % d]}*{x[k - 1]}": 1.0,
            f"{x[k - 2]}*{x[k - 1]}": -1.0,
            x[k]: -1.0,
            "1": 8.0,
        }
        for k in range(d)
    }
    return made(tuple(x), sides)


def names_of(model: SparseField, error: float = 0.0) -> list[str]:
    """Symmetries of a field whose coefficients have a standard error, around points anywhere."""
    d, rng = len(model.states), np.random.default_rng(0)
    data = pm.from_arrays(
        [TIME] * 3, [rng.normal(size=(120, d)) for _ in range(3)], names=list(model.states)
    )
    phase = smooth(segments(data, model.states), model.states, velocities=False)
    errors = np.where(model.coefficients != 0.0, error, 0.0)
    return [item.name for item in field_symmetries(UncertainField(model, errors), phase, [])]


#: A quarter turn, mirrors, and time reversed for x and y; z decays by itself.
SQUARE = {"x": {"y": 1.0, "x*y^2": 1.0}, "y": {"x": -1.0, "x^2*y": -1.0}, "z": {"z": -1.0}}


@pytest.mark.parametrize("states", list(permutations("xyz")), ids="".join)
def test_13_symmetries_do_not_depend_on_the_order_of_states(states: tuple[str, ...]) -> None:
    plain, ordered = made(("x", "y", "z"), SQUARE), made(states, SQUARE)
    names = names_of(ordered)
    assert len(names) == len(names_of(plain)) > 2
    for name in names:
        check_symmetry(name, plain)


def test_a_symmetry_that_is_broken_beyond_the_errors_is_not_found() -> None:
    twin = SQUARE | {"x": {"y": 1.0, "x*y^2": 1.0, "x^2": 0.01}}
    whole = set(names_of(made(("x", "y", "z"), SQUARE), 1e-4))
    assert "reflection:x,y" in whole
    assert "reflection:x,y" not in names_of(made(("x", "y", "z"), twin), 1e-4)
    assert set(names_of(made(("x", "y", "z"), twin), 0.03)) >= whole  # these errors hide it


def test_a_ring_turns() -> None:
    assert names_of(lorenz96(5)) == ["cyclic:x0,x1,x2,x3,x4"]


@pytest.mark.parametrize("d", [8, 12])
def test_tables_of_many_states_are_bounded(d: int) -> None:
    model = lorenz96(d)
    field = UncertainField(model, np.where(model.coefficients != 0.0, 0.1, 0.0))
    condition = Condition(field, np.random.default_rng(0).normal(size=(400, d)))
    posed = condition.pose(everything(d))
    n_unknowns = len(posed.places)
    assert posed.errors.size <= generators.LARGEST
    assert len(posed.columns) >= generators.ROWS * n_unknowns


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_what_is_a_product_is_told_without_listing_the_group(seed: int) -> None:
    """Against the closure of the group, for every element that is tried of three states."""
    rng = np.random.default_rng(seed)
    mirrors, swaps = reflections("xyz"), exchanges("xyz", [[0], [1], [2]])
    chosen = [mirrors[k] for k in rng.choice(len(mirrors), rng.integers(0, 4), replace=False)]
    for tried in (mirrors, swaps):
        group = {key(Element("", np.eye(3), 1.0)): Element("", np.eye(3), 1.0)}
        for _ in range(12):  # words of up to so many letters: the largest group has 96 elements
            group |= {
                key(product): product
                for one in list(group.values())
                for product in (multiplied(one, other) for other in chosen)
            }
        for new in tried:
            assert independent_of(chosen, new) == (key(new) not in group)
        chosen += [swaps[k] for k in rng.choice(3, rng.integers(0, 3), replace=False)]


def key(element: Element) -> tuple[bytes, float]:
    return (element.matrix + 0.0).tobytes(), element.clock


def multiplied(one: Element, other: Element) -> Element:
    return Element("", one.matrix @ other.matrix, one.clock * other.clock)
