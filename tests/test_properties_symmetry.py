"""Properties 8 and 9: fields that move with a group, energies that do not, and twins that break."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from physmodel.models.fields.central_force import CentralForce
from physmodel.models.fields.linear_field import Points
from physmodel.models.fields.sparse_field import SparseField
from physmodel.models.fields.vector_field import VectorField
from physmodel.problem.algebra.parser import parse
from physmodel.testing import (
    Hamiltonian,
    check_field,
    check_law,
    check_symmetry,
    hamiltonians,
    permutations,
    polynomial_systems,
    rotations,
)

Array = NDArray[np.float64]
SEEDS = st.integers(0, 2**32 - 1)
EXPONENTS = st.sampled_from([-3.0, -2.0, -1.0, 0.5, 1.0])

PLANE = ("ax", "ay", "bx", "by", "cx", "cy")
SPACE = ("ax", "ay", "az", "bx", "by", "bz")
#: What holds for bodies that pull on each other: SO(2), SO(3), mirrors, shifts in space and time,
#: boosts, motion backwards, and the exchange of bodies of equal strength.
IN_PLANE = (
    "rotation:ax,ay;bx,by;cx,cy",
    "reflection:ax,bx,cx",
    "parity",
    "translation:ax,ay;bx,by;cx,cy",
    "galilean:ax,ay;bx,by;cx,cy",
    "time-translation",
    "time-reversal",
)
IN_SPACE = ("rotation:ax,ay,az;bx,by,bz", "galilean:ax,ay,az;bx,by,bz", "reflection:az,bz")


def pull(strengths: list[float], exponent: float, axes: int) -> CentralForce:
    bodies = tuple("abc"[: len(strengths)])
    names = tuple(body + axis for body in bodies for axis in "xyz"[:axes])
    return CentralForce(bodies, names, exponent, np.array(strengths))


def anywhere(d: int, seed: int, order: int = 2) -> Points:
    rng = np.random.default_rng(seed)
    # Bodies three apart: no encounter so close that rounding of the distance matters.
    apart = 3.0 * (np.arange(d) % 5)
    velocities = rng.uniform(-1.0, 1.0, (10, d)) if order == 2 else None
    states = rng.uniform(-1.0, 1.0, (10, d)) + apart
    return Points(rng.uniform(-1.0, 1.0, 10), states, velocities, np.empty((10, 0)))


@settings(max_examples=8)
@given(exponent=EXPONENTS, seed=SEEDS)
def test_8_central_forces_are_equivariant(exponent: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    plane = pull(list(rng.uniform(0.1, 2.0, 3)), exponent, 2)
    check_field(plane, anywhere(6, seed))
    for name in IN_PLANE:
        check_symmetry(name, plane, anywhere(6, seed))
    space = pull(list(rng.uniform(0.1, 2.0, 2)), exponent, 3)
    for name in IN_SPACE:
        check_symmetry(name, space, anywhere(6, seed))


@settings(max_examples=15)
@given(exponent=EXPONENTS, seed=SEEDS)
def test_8_equal_bodies_may_change_places_and_unequal_ones_may_not(
    exponent: float, seed: int
) -> None:
    exchange = "permutation:ax,ay;bx,by;cx,cy"
    check_symmetry(exchange, pull([0.7] * 3, exponent, 2), anywhere(6, seed))
    with pytest.raises(AssertionError, match=r"permutation.*differs from g f\(x\) by"):
        check_symmetry(exchange, pull([0.7, 0.7, 0.701], exponent, 2), anywhere(6, seed))


@settings(max_examples=15)
@given(exponent=st.sampled_from([-3.0, -2.0, 0.5]), seed=SEEDS)
def test_8_scaling_has_the_exponent_of_the_force(exponent: float, seed: int) -> None:
    # Kepler's third law and its kin: x -> s x, t -> s^((1 - exponent) / 2) t.
    names = ",".join(f"{name}=2" for name in PLANE)
    field = pull([1.0, 0.5, 0.2], exponent, 2)
    check_symmetry(f"scaling:{names},t={1.0 - exponent:g}", field, anywhere(6, seed))
    with pytest.raises(AssertionError, match="scaling"):
        check_symmetry(f"scaling:{names},t={1.1 - exponent:g}", field, anywhere(6, seed))


def squeezed(field: CentralForce) -> VectorField:
    """Forces that are stronger along one axis: no rotation survives, shifts do."""

    class Squeezed:
        states, inputs, order = field.states, field.inputs, field.order

        def rate(self, time: Array, states: Array, velocities: Array | None, u: Array) -> Array:
            bias = np.where(np.arange(len(self.states)) % 2, 1.0 + 1e-6, 1.0)
            return field.rate(time, states, velocities, u) * bias

    return Squeezed()


def test_8_a_force_with_a_preferred_direction_is_caught() -> None:
    field = squeezed(pull([1.0, 0.5, 0.2], -2.0, 2))
    check_symmetry("translation:ax,ay;bx,by;cx,cy", field, anywhere(6, 0))
    with pytest.raises(
        AssertionError, match=r"generator 0: .* where 1e-09 is allowed, most at ax ="
    ):
        check_symmetry("rotation:ax,ay;bx,by;cx,cy", field, anywhere(6, 0))


@settings(max_examples=30)
@given(problem=hamiltonians(kind="central"), seed=SEEDS, data=st.data())
def test_9_the_energy_of_a_central_force_does_not_turn(
    problem: Hamiltonian, seed: int, data: st.DataObject
) -> None:
    d = problem.dimension
    first, second = data.draw(rotations(d)), data.draw(rotations(d))
    q = np.random.default_rng(seed).normal(size=(20, d))
    here = problem.potential(q)
    # Sums of at most 27 products.
    np.testing.assert_allclose(problem.potential(q @ first.T), here, rtol=1e-12)
    np.testing.assert_allclose(problem.potential(-q), here, rtol=1e-12)
    # f(g1 g2 x) = g1 f(g2 x): what is checked for two maps holds for their product.
    for one in q:
        both = problem.force(first @ second @ one)
        np.testing.assert_allclose(both, first @ problem.force(second @ one), rtol=0, atol=1e-9)


@settings(max_examples=30)
@given(problem=hamiltonians(kind="separable", dim=3), seed=SEEDS, turn=rotations(3))
def test_9_the_energy_of_unequal_springs_does(problem: Hamiltonian, seed: int, turn: Array) -> None:
    q = np.random.default_rng(seed).normal(size=(20, 3))
    assert np.abs(problem.potential(q @ turn.T) - problem.potential(q)).max() > 1e-6


@settings(max_examples=30)
@given(turn=rotations(3), order=permutations(4))
def test_rotations_and_permutations_are_what_they_say(turn: Array, order: Array) -> None:
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), rtol=0, atol=1e-14)
    assert np.linalg.det(turn) == pytest.approx(1.0, abs=1e-14)
    assert sorted(order) == [0, 1, 2, 3]


# Laws.


@settings(max_examples=20)
@given(field=polynomial_systems(degree=3), seed=SEEDS)
def test_polynomial_systems_stay_in_their_ball(field: SparseField, seed: int) -> None:
    check_field(field)
    d, half = len(field.states), len(field.states) / 2
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(200, d))
    x *= np.sqrt(2.0 * d) * rng.uniform(1.0, 3.0, (200, 1)) / np.linalg.norm(x, axis=1)[:, None]
    rate = field.rate(np.zeros(200), x, None, np.empty((200, 0)))
    # |x|^2 falls everywhere on and outside of the sphere |x|^2 = 2 d.
    assert (np.einsum("ni,ni->n", x, rate) < half * 1e-9).all()


def spring(**weights: float) -> SparseField:
    """``x'' = -x - 0.5 x^3`` and more."""
    terms = {"x": -1.0, "x^3": -0.5, **weights}
    parsed = tuple(parse(text, ("x", "x_t", "t")) for text in terms)
    return SparseField(("x",), (), 2, parsed, np.array([list(terms.values())]))


ENERGY = "conserves:x_t^2 + x^2 + 0.25*x^4"


def test_laws_hold_at_points_and_along_the_motion() -> None:
    check_law(ENERGY, spring())
    check_law("conserves:energy", spring())
    check_law("dissipates:x_t^2 + x^2 + 0.25*x^4", spring(x_t=-0.1))
    check_law("equilibrium", spring())
    check_law("lagrangian", spring())
    check_law("divergence-free", spring())


def test_a_law_that_holds_only_at_the_points_is_caught_along_the_motion() -> None:
    class Trap:
        """Energy is conserved for |x| >= 0.4, where the points are, and lost further in."""

        states, inputs, order = ("x",), (), 2

        def rate(self, time: Array, states: Array, velocities: Array | None, u: Array) -> Array:
            assert velocities is not None
            return -states - 0.1 * velocities * (np.abs(states) < 0.4)

    with pytest.raises(AssertionError, match="along the motion the quantity changes by -"):
        check_law("conserves:x^2 + x_t^2", Trap())
