"""Symmetries and laws imposed on term libraries: exact for any coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.models.constrain import ConstrainedField
from physmodel.models.coordinates import Coordinates
from physmodel.models.defect import law_defect, symmetry_defect
from physmodel.models.fields.linear_field import Points
from physmodel.models.fields.sparse_field import SparseField
from physmodel.models.fields.vector_field import VectorField
from physmodel.models.libraries.constraints import free_coefficients
from physmodel.models.libraries.library import candidate_libraries
from physmodel.models.null_space import null_space, sparse_null_space
from physmodel.models.terms import TermLibrary, polynomial_terms
from physmodel.problem.known.knowledge import conditions_of, laws_of, symmetries_of
from physmodel.problem.problem import Problem

Array = NDArray[np.float64]
SEEDS = st.integers(0, 2**32 - 1)

#: Free coefficients by theory: states, order, degree, symmetries, laws, number.
COUNTED: list[tuple[str, int, int, tuple[str, ...], tuple[str, ...], int]] = [
    # z' = sum c_k |z|^2k z with complex c: four real numbers up to degree 3.
    ("xy", 1, 3, ("rotation:x,y",), (), 4),
    ("xy", 1, 3, ("rotation:x,y", "reflection:x"), (), 2),
    # Isotropic vector functions of a vector in space, up to degree 3: x and |x|^2 x.
    ("xyz", 1, 3, ("rotation:x,y,z",), (), 2),
    # Odd monomials of degree 1 and 3, in each equation.
    ("xy", 1, 3, ("parity",), (), 2 * (2 + 4)),
    # A Hamiltonian of degree 4 in two variables without its constant.
    ("qp", 1, 3, (), ("hamiltonian:q,p",), 14),
    # The same, even in p.
    ("qp", 1, 3, ("time-reversal:p",), ("hamiltonian:q,p",), 8),
    # A potential of degree 3 in two variables without its constant.
    ("xy", 1, 2, (), ("gradient-flow",), 9),
    # A stream function.
    ("xy", 1, 2, (), ("divergence-free",), 9),
    # Antisymmetric linear part, and 10 - 2 quadratic terms (Loiseau and Brunton 2018).
    ("xyz", 1, 2, (), ("conserves:x^2/2 + y^2/2 + z^2/2",), 3 + 8),
    # One equation, repeated.
    ("xyz", 1, 2, ("cyclic:x,y,z",), (), 10),
    # No terms of degree 0, 2, 3: Euler's theorem on homogeneous functions.
    ("xy", 1, 3, ("scaling:x,y",), (), 4),
    ("xy", 1, 1, (), ("equilibrium",), 4),
    ("xy", 1, 1, (), ("equilibrium:x=1,y=2",), 4),
    # x'' = f(x) alone, and with a gyroscopic force B(x, y) in the plane.
    ("x", 2, 3, (), ("conserves:energy",), 4),
    ("xy", 2, 2, (), ("lagrangian",), 9 + 3),
    # x'' even in x': 1, x, x^2, x^3, v^2, x v^2.
    ("x", 2, 3, ("time-reversal",), (), 6),
    # Only differences of positions, only differences of velocities; momentum conserved.
    ("xy", 2, 1, ("translation:x;y", "galilean:x;y"), (), 2 * 3),
    ("xy", 2, 1, ("translation:x;y", "galilean:x;y"), ("conserves:x_t + y_t",), 3),
    ("xy", 2, 1, ("translation:x;y", "galilean:x;y", "permutation:x,y"), (), 1 + 4 - 2),
]


def posed(
    states: str, order: int, degree: int, symmetries: Any, laws: Any, **more: Any
) -> tuple[Problem, TermLibrary, Array]:
    problem = Problem(
        tuple(states), order=order, degree=degree, symmetries=symmetries, laws=laws, **more
    )
    library = candidate_libraries(problem, 10**6)[0]
    assert library.basis is not None
    return problem, library.terms, library.basis


def random_points(n_states: int, order: int, seed: int, n_inputs: int = 0) -> Points:
    rng = np.random.default_rng(seed)
    velocities = rng.normal(size=(30, n_states)) if order == 2 else None
    states, inputs = rng.normal(size=(30, n_states)), rng.normal(size=(30, n_inputs))
    return Points(rng.normal(size=30), states, velocities, inputs)


def defects(problem: Problem, field: VectorField, points: Points) -> list[float]:
    found = [symmetry_defect(one, field, points) for one in symmetries_of(problem)]
    return found + [law_defect(one, field, points) for one in laws_of(problem)]


@pytest.mark.parametrize(("states", "order", "degree", "symmetries", "laws", "number"), COUNTED)
def test_free_coefficients_are_as_many_as_theory_says(
    states: str, order: int, degree: int, symmetries: Any, laws: Any, number: int
) -> None:
    _, _, basis = posed(states, order, degree, symmetries, laws)
    assert basis.shape[1] == number


@given(case=st.sampled_from(COUNTED), seed=SEEDS)
def test_any_coefficients_obey(case: Any, seed: int) -> None:
    states, order, degree, symmetries, laws, _ = case
    problem, library, basis = posed(states, order, degree, symmetries, laws)
    weights = np.random.default_rng(seed).normal(size=basis.shape[1])
    table = (basis @ weights).reshape(len(states), -1)
    field = SparseField(problem.states, (), order, library.terms, table)
    # The acceptance bound; sums of some tens of products of numbers below 1e3 round to 1e-13.
    assert max(defects(problem, field, random_points(len(states), order, seed))) <= 1e-12


@pytest.mark.parametrize("case", COUNTED)
def test_a_broken_twin_is_caught(case: Any) -> None:
    states, order, degree, symmetries, laws, _ = case
    problem, library, basis = posed(states, order, degree, symmetries, laws)
    rng = np.random.default_rng(1)
    table = basis @ rng.normal(size=basis.shape[1])
    outside = rng.normal(size=len(table))
    outside -= basis @ np.linalg.lstsq(basis, outside)[0]
    for shift, broken in ((1e-6, True), (0.0, False)):
        wrong = (table + shift * outside).reshape(len(states), -1)
        field = SparseField(problem.states, (), order, library.terms, wrong)
        worst = max(defects(problem, field, random_points(len(states), order, 2)))
        # A shift of 1e-6 shows at no less than a thousandth of itself.
        assert (worst > 1e-9) == broken


def test_other_functions_are_constrained_by_sampling() -> None:
    terms = ("log(x)", "abs(x)", "sin(x)", "cos(x)", "x*exp(-y^2)", "x/(x^2+y^2)", "y/(x^2+y^2)")
    _, library, basis = posed("xy", 1, 1, ("reflection:x,y",), (), terms=terms)
    free = {str(library.terms[k % len(library)]) for k in np.flatnonzero(basis.any(axis=1))}
    # log(x) is undefined at the mirror images of where it is defined; |x| and cos are even.
    kept = {"x", "y", "sin(x)", "x*exp(-y^2)", "x*(x^2 + y^2)^-1", "y*(x^2 + y^2)^-1"}
    assert free == kept
    turned = posed("xy", 1, 1, ("rotation:x,y",), (), terms=terms[2:])[2]
    assert turned.shape[1] == 4  # z and z / |z|^2, times complex numbers
    # Ten digits are left of sampled functions, see `DEPENDENT`; here nearly all.
    np.testing.assert_allclose(np.abs(turned[turned != 0.0]), np.ones(8), rtol=1e-10)


def test_positive_states_are_constrained_as_they_stand() -> None:
    law = "conserves:x - 0.5*log(x) + y - log(y)"
    _, library, basis = posed("xy", 1, 1, (), (law,), positive=("x", "y"))
    assert [str(term) for term in library.terms] == ["1", "x", "y"]
    # Lotka and Volterra's law and no other: x'/x = 1 - y, y'/y = -0.5 + x, times a number.
    np.testing.assert_allclose(basis[:, 0] / basis[0, 0], [1, 0, -1, -0.5, 1, 0], atol=1e-12)


@given(decades=st.lists(st.floats(-6, 6), min_size=2, max_size=2))
def test_the_null_space_does_not_depend_on_units(decades: list[float]) -> None:
    rng = np.random.default_rng(0)
    matrix = rng.integers(-2, 3, (5, 9)).astype(float)
    rows = 10.0 ** (decades[0] * rng.uniform(-1, 1, 5))
    columns = 10.0 ** (decades[1] * rng.uniform(-1, 1, 9))
    basis = sparse_null_space(rows[:, None] * matrix * columns)
    assert basis.shape[1] == 9 - np.linalg.matrix_rank(matrix)
    scaled = basis * columns[:, None]
    assert np.abs(matrix @ scaled).max() <= 1e-12 * np.abs(scaled).max()


def test_contradictions_and_undefined_terms_are_refused() -> None:
    with pytest.raises(ProblemError, match="no combination"):
        posed("xy", 1, 2, ("scaling:x=0.5,y=0.3",), ("conserves:x", "conserves:y"))
    with pytest.raises(ProblemError, match=r"the term log\(x - 9\)"):
        posed("xy", 1, 1, ("translation:y",), (), terms=("log(x - 9)",))
    with pytest.raises(ProblemError, match="together"):
        posed("xy", 1, 1, ("translation:x",), (), terms=("sqrt(1 - x)", "sqrt(x - 0.8)"))


def test_unconstrained_problems_have_no_basis() -> None:
    problem = Problem(("x",), laws=("dissipates:x^2",))
    library = TermLibrary(("x", "t"), polynomial_terms(("x",), 2))
    assert free_coefficients(problem, 1, library) is None
    assert not conditions_of(problem, 1)
    assert null_space([library.terms], ("x",), ("x", "t"), ()).shape == (3, 3)


@given(seed=SEEDS, order=st.sampled_from([1, 2]))
def test_constrained_fields_are_linear_fields(seed: int, order: int) -> None:
    problem, library, _ = posed("xy", order, 2, ("reflection:x,y", "permutation:x,y"), ())
    rng = np.random.default_rng(seed)
    where = Coordinates(np.array([2.0, 0.1]), np.array([False, False]), 1.0, 0.5)
    field = candidate_libraries(problem, 10**6)[0].field(where)
    assert isinstance(field, ConstrainedField)
    weights = rng.normal(size=field.n_coefficients)
    z, dz, v, dv = rng.uniform(-1, 1, (4, 5, 2))
    if order == 1:
        v, dv = None, None

    def points(h: float) -> Points:
        moving = None if v is None else v + h * dv
        return Points(np.zeros(5), z + h * dz, moving, np.empty((5, 0)))

    features = field.features(points(0.0))
    read = np.where(field.placement[None] >= 0, features[:, field.placement], 0.0) @ weights
    # The protocol: equation e reads coefficient k from feature placement[e, k].
    np.testing.assert_allclose(read, field.velocity(points(0.0), weights), rtol=1e-12, atol=1e-12)
    tangent = field.tangent(points(0.0), dz, dv)
    h = 1e-5
    numeric = (field.features(points(h)) - field.features(points(-h))) / (2 * h)
    # Central differences: truncation h^2 and rounding eps / h, of features up to a hundred.
    np.testing.assert_allclose(tangent, numeric, rtol=1e-6, atol=1e-7)
    by_state, by_velocity = field.jacobian(points(0.0), weights)
    change = np.einsum("nej,nj->ne", by_state, dz)
    change += 0.0 if by_velocity is None else np.einsum("nej,nj->ne", by_velocity, dv)
    along = np.where(field.placement[None] >= 0, tangent[:, field.placement], 0.0) @ weights
    np.testing.assert_allclose(change, along, rtol=1e-9, atol=1e-9)
    table = field.physical(weights)
    np.testing.assert_allclose(field.gathered(field.spread(weights)), weights, rtol=1e-12)
    model = SparseField(problem.states, (), order, library.terms, table)
    assert max(defects(problem, model, random_points(2, order, seed))) <= 1e-12
    # The covariance of terms is that of the coefficients, carried through the basis.
    root = rng.normal(size=(field.n_coefficients, 3))
    expected = np.sqrt(np.sum([field.physical(column) ** 2 for column in root.T], axis=0))
    np.testing.assert_allclose(field.errors(root), expected, rtol=1e-12)


@dataclass(frozen=True)
class Hidden:
    """A field that shows nothing but its values."""

    field: SparseField
    states: tuple[str, ...]
    inputs: tuple[str, ...]
    order: int

    def rate(self, time: Array, states: Array, velocities: Array | None, inputs: Array) -> Array:
        return self.field.rate(time, states, velocities, inputs)


@pytest.mark.parametrize("case", [case for case in COUNTED if case[4]])
def test_laws_are_tested_on_any_field(case: Any) -> None:
    states, order, degree, symmetries, laws, _ = case
    problem, library, basis = posed(states, order, degree, symmetries, laws)
    table = basis @ np.random.default_rng(0).normal(size=basis.shape[1])
    field = SparseField(problem.states, (), order, library.terms, table.reshape(len(states), -1))
    hidden = Hidden(field, field.states, field.inputs, field.order)
    # Sixth-order differences are exact on these polynomials: rounding over the step, squared for
    # the second derivatives of the Lagrangian.
    assert max(defects(problem, hidden, random_points(len(states), order, 0))) <= 1e-9


@pytest.mark.parametrize(
    ("law", "order", "good", "bad"),
    [
        ("dissipates:x^2", 1, {"x": -1.0}, {"x": 1.0}),
        ("dissipates:energy", 2, {"x": -1.0, "x_t": -0.1}, {"x": -1.0, "x_t": 0.1}),
        ("dissipates:x^2 + x_t^2", 2, {"x": -1.0, "x_t": -0.1}, {"x": -1.0, "x_t": 0.1}),
        ("positive:x", 1, {"1": 1.0, "x": -1.0}, {"1": -1.0, "x": 1.0}),
    ],
)
def test_inequalities_have_a_direction(
    law: str, order: int, good: dict[str, float], bad: dict[str, float]
) -> None:
    problem = Problem(("x",), order=order, laws=(law,))
    names = ("x", "x_t", "t") if order == 2 else ("x", "t")
    terms = polynomial_terms(names[:-1], 1)
    for coefficients, holds in ((good, True), (bad, False)):
        row = np.array([[coefficients.get(str(term), 0.0) for term in terms]])
        field = SparseField(("x",), (), order, terms, row)
        assert (max(defects(problem, field, random_points(1, order, 0))) == 0.0) == holds
