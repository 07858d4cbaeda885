"""Libraries, coordinates and central forces: derivatives, symmetries, conservation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physmodel.errors import PhysmodelError
from physmodel.models.coordinates import Coordinates
from physmodel.models.fields.central_force import CentralForce, CentralForceField, accelerations
from physmodel.models.fields.linear_field import Points
from physmodel.models.fields.sparse_field import SparseField, term_variables
from physmodel.models.fields.term_field import TermField
from physmodel.models.fields.vector_field import simulate
from physmodel.models.integration.integrate import leapfrog
from physmodel.models.terms import TermLibrary, function_terms, polynomial_terms
from physmodel.problem.algebra.parser import parse

SEEDS = st.integers(0, 10_000)


def rotation(rng: np.random.Generator, d: int = 3) -> np.ndarray:
    q, r = np.linalg.qr(rng.standard_normal((d, d)))
    return q * np.sign(np.diag(r))


def test_polynomial_terms_have_canonical_names() -> None:
    names = [str(term) for term in polynomial_terms(("y", "x"), 2)]
    assert names == ["1", "y", "x", "y^2", "y*x", "x^2"]


@given(seed=SEEDS)
def test_library_derivatives_match_central_differences(seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = ("x", "y")
    terms = (
        *polynomial_terms(names, 3),
        *function_terms(("sin", "cos"), names, names),
        parse("x*exp(-y)/(2 + x^2)", names),
    )
    library = TermLibrary(names, terms)
    x, h = rng.uniform(-1.5, 1.5, (5, 2)), 1e-5
    exact = library.derivatives(x, 2)
    for j in range(2):
        step = h * np.eye(2)[j]
        numeric = (library.evaluate(x + step) - library.evaluate(x - step)) / (2 * h)
        # Central differences with h = 1e-5: truncation h^2, rounding eps / h, both near 1e-10.
        np.testing.assert_allclose(exact[:, :, j], numeric, atol=3e-9)


@given(seed=SEEDS, order=st.sampled_from([1, 2]), positive=st.booleans())
def test_term_field_derivatives_in_computing_coordinates(
    seed: int, order: int, positive: bool
) -> None:
    rng = np.random.default_rng(seed)
    positive = positive and order == 1
    names = ("x", "y")
    variables = term_variables(names, (), order)
    library = TermLibrary(variables, polynomial_terms(variables[:-1], 2))
    where = Coordinates(np.array([2.0, 0.1]), np.array([positive, False]), 1.0, 0.5)
    field = TermField(library, where, order)
    z, v = rng.uniform(-1, 1, (2, 4, 2))
    weights, dz, dv = rng.standard_normal(field.n_coefficients), *rng.standard_normal((2, 4, 2))

    def points(h: float) -> Points:
        moving = v + h * dv if order == 2 else None
        return Points(np.zeros(4), z + h * dz, moving, np.empty((4, 0)))

    h = 1e-5
    numeric = (field.features(points(h)) - field.features(points(-h))) / (2 * h)
    tangent = field.tangent(points(0), dz, dv if order == 2 else None)
    np.testing.assert_allclose(tangent, numeric, atol=1e-7, rtol=1e-7)
    by_state, by_velocity = field.jacobian(points(0), weights)
    change = np.einsum("nej,nj->ne", by_state, dz)
    if by_velocity is not None:
        change += np.einsum("nej,nj->ne", by_velocity, dv)
    table = weights.reshape(2, -1)
    np.testing.assert_allclose(change, tangent @ table.T, rtol=1e-9, atol=1e-9)


@given(seed=SEEDS)
def test_coordinates_round_trip(seed: int) -> None:
    rng = np.random.default_rng(seed)
    where = Coordinates(10.0 ** rng.uniform(-6, 6, 3), np.array([True, False, True]), 0.0, 1.0)
    z = rng.uniform(-5, 5, (6, 3))
    # One exponential and one logarithm: a few units in the last place of numbers below ten.
    np.testing.assert_allclose(where.to_computing(where.to_physical(z)), z, atol=1e-13)


@given(seed=SEEDS, exponent=st.sampled_from([-3.0, -2.0, 0.5, 1.0]))
def test_central_force_derivatives(seed: int, exponent: float) -> None:
    rng = np.random.default_rng(seed)
    field = CentralForceField(3, 2, exponent)
    r, dr = rng.uniform(-1, 1, (2, 4, 6))
    r = r + 3.0 * np.arange(6)  # keep the bodies apart
    nothing = np.empty((4, 0))

    def points(h: float) -> Points:
        return Points(np.zeros(4), r + h * dr, None, nothing)

    h = 1e-5
    numeric = (field.features(points(h)) - field.features(points(-h))) / (2 * h)
    tangent = field.tangent(points(0), dr, None)
    np.testing.assert_allclose(tangent, numeric, atol=1e-8, rtol=1e-6)
    strengths = rng.uniform(0.1, 1, 3)
    jacobian, _ = field.jacobian(points(0), strengths)
    forward, backward = (field.velocity(points(s * h), strengths) for s in (1, -1))
    change = np.einsum("nej,nj->ne", jacobian, dr)
    np.testing.assert_allclose(change, (forward - backward) / (2 * h), atol=1e-8, rtol=1e-6)


@given(seed=SEEDS, exponent=st.floats(-4, 2))
def test_central_forces_are_equivariant_and_keep_momentum(seed: int, exponent: float) -> None:
    rng = np.random.default_rng(seed)
    r, mass = rng.uniform(-5, 5, (4, 3)), rng.uniform(0.1, 2, 4)
    turn, shift = rotation(rng), rng.uniform(-9, 9, 3)
    a = accelerations(r, mass, exponent)
    size = np.abs(a).max() + 1.0
    moved = accelerations(r @ turn.T + shift, mass, exponent)
    # Close pairs amplify the rounding of the shift: separations are as small as 1e-2.
    np.testing.assert_allclose(moved, a @ turn.T, atol=1e-9 * size)
    np.testing.assert_allclose(mass @ a, 0.0, atol=1e-12 * size)
    torque = np.cross(r, mass[:, None] * a).sum(axis=0)
    np.testing.assert_allclose(torque, 0.0, atol=1e-11 * size)


def test_a_force_that_depends_on_direction_is_caught() -> None:
    """The broken twin: equivariance must be able to fail."""
    rng = np.random.default_rng(0)
    r, turn = rng.uniform(-5, 5, (4, 3)), rotation(rng)
    bias = np.array([1.0, 1.0, 1.5])
    broken = accelerations(r, np.ones(4), -2.0) * bias
    moved = accelerations(r @ turn.T, np.ones(4), -2.0) * bias
    assert np.abs(moved - broken @ turn.T).max() > 1e-3


@pytest.mark.parametrize("exponent", [-2.0, -1.0, 1.0])
def test_energy_and_momenta_are_conserved_along_symplectic_orbits(exponent: float) -> None:
    model = CentralForce(("a", "b"), ("ax", "ay", "bx", "by"), exponent, np.array([1.0, 0.3]))
    start, push = np.array([0.0, 0.0, 1.0, 0.0]), np.array([0.0, -0.3, 0.0, 1.0])
    nothing = np.empty((1, 0))

    def force(q: np.ndarray) -> np.ndarray:
        return model.rate(np.zeros(1), q[None], None, nothing)[0]

    path = leapfrog(force, np.arange(0.0, 20.0, 0.002), start, push)
    kept = model.conserved(path[:, :4], path[:, 4:])
    # Leapfrog: energy error O(h^2) = 4e-6 times order-one constants; momenta exact.
    assert np.ptp(kept["energy"]) < 1e-4 * np.abs(kept["energy"]).max()
    assert np.ptp(kept["momentum"], axis=0).max() < 1e-11
    assert np.ptp(kept["angular momentum"]) < 1e-11


def test_simulation_of_a_sparse_field_has_the_closed_form() -> None:
    names = ("x",)
    terms = tuple(parse(text, ("x", "x_t", "t")) for text in ("x", "x_t"))
    field = SparseField(names, (), 2, terms, np.array([[-1.04, -0.4]]))
    t = np.linspace(0.0, 10.0, 50)
    path = simulate(field, t, np.array([1.0]), start_velocity=np.array([-0.2]))
    exact = np.exp(-0.2 * t) * np.cos(t)
    # DOP853 at relative tolerance 1e-10.
    np.testing.assert_allclose(path[:, 0], exact, atol=1e-8)


def test_blow_up_tells_the_time() -> None:
    field = SparseField(("x",), (), 1, (parse("x^2", ("x", "t")),), np.array([[1.0]]))
    with pytest.raises(PhysmodelError, match=r"stopped at t = (0\.99|1)"):
        simulate(field, np.array([0.0, 2.0]), np.array([1.0]))  # x = 1 / (1 - t)
