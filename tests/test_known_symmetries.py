"""Flows with known symmetries: each stated one holds exactly, a broken twin is caught."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from physmodel.models.defect import law_defect, symmetry_defect
from physmodel.models.fields.linear_field import Points
from physmodel.models.fields.sparse_field import SparseField
from physmodel.problem.algebra.calculus import powers
from physmodel.problem.known.law_text import read_law
from physmodel.problem.known.symmetry_text import read_symmetry
from physmodel.systems.generators import GENERATORS
from physmodel.systems.symmetry import SymmetryCase, constraints, finite_symmetries, flows
from physmodel.testing import check_symmetry, polynomial_systems

Array = NDArray[np.float64]


def anywhere(n_states: int, seed: int = 0) -> Points:
    x = np.random.default_rng(seed).normal(size=(20, n_states))
    return Points(np.zeros(20), x, None, np.empty((20, 0)))


def defect(case: SymmetryCase, name: str) -> float:
    return symmetry_defect(read_symmetry(name, case.states), case.field, anywhere(len(case.states)))


def with_term(case: SymmetryCase, state: str, term: str, weight: float) -> SymmetryCase:
    row = {**case.equations[state]}
    row[term] = row.get(term, 0.0) + weight
    return replace(case, equations={**case.equations, state: row})


def reflection_names(states: tuple[str, ...]) -> list[str]:
    """All changes of sign, forwards and backwards in time, but for the identity."""
    names = []
    for flips in product((False, True), repeat=len(states)):
        flipped = ",".join(s for s, flip in zip(states, flips, strict=True) if flip)
        names.append("time-reversal" + (f":{flipped}" if flipped else ""))
        if flipped:
            names.append(f"reflection:{flipped}")
    return names


def test_every_stated_symmetry_holds_for_the_true_field() -> None:
    assert len(flows()) == 53
    for case in flows().values():
        for name in case.symmetries:
            assert defect(case, name) <= 1e-12  # rounding of sums of a few monomials


def test_symmetries_that_everybody_knows() -> None:
    assert flows()["Lorenz"].symmetries == ("reflection:x,y",)
    assert flows()["Halvorsen"].symmetries == ("cyclic:x,y,z",)
    assert flows()["NoseHoover"].symmetries == ("reflection:x,y", "time-reversal:x,z")
    assert "Rossler" not in flows()


@pytest.mark.parametrize("name", ["Lorenz", "Qi", "NoseHoover", "SprottD"])
def test_what_is_derived_from_terms_is_what_the_field_shows(name: str) -> None:
    """The terms decide as values at random points do, for every change of signs."""
    case = flows()[name]
    holding = {one for one in reflection_names(case.states) if defect(case, one) <= 1e-12}
    for one in holding:
        # Stated, or a product of those stated: the group that these generate does not grow.
        whole = [read_symmetry(s, case.states).on(case.states) for s in (*case.symmetries, one)]
        elements = [element.matrix for symmetry in whole for element in symmetry.elements]
        signs = {tuple(np.diag(m).astype(int)) for m in elements[:-1]}
        group = {tuple(np.ones(len(elements[0]), dtype=int))}
        for _ in signs:
            group |= {tuple(np.multiply(a, b)) for a in group for b in signs}
        assert tuple(np.diag(elements[-1]).astype(int)) in group
    assert set(case.symmetries) <= holding


@pytest.mark.parametrize(
    ("name", "state", "term", "symmetry"),
    [
        ("Lorenz", "x", "1", "reflection:x,y"),
        ("Lorenz", "z", "x", "reflection:x,y"),
        ("Halvorsen", "y", "y", "cyclic:x,y,z"),
        ("SprottD", "x", "x", "time-reversal:x,z"),
    ],
)
def test_a_broken_twin_is_caught(name: str, state: str, term: str, symmetry: str) -> None:
    whole = flows()[name]
    assert symmetry in whole.symmetries
    broken = with_term(whole, state, term, 1e-9)
    assert finite_symmetries(broken) == ()
    assert defect(broken, symmetry) > 1e-12


@settings(max_examples=20, deadline=None)
@given(
    field=polynomial_systems(dim=3, degree=3),
    flips=st.tuples(*[st.booleans()] * 3).filter(any),
)
def test_a_field_made_symmetric_is_found_symmetric(
    field: SparseField, flips: tuple[bool, ...]
) -> None:
    """Terms of the wrong parity left out: the reflection holds, with the rest of its group."""
    sign = np.where(flips, -1.0, 1.0)
    equations: dict[str, dict[str, float]] = {state: {} for state in field.states}
    for k, term in enumerate(field.terms):
        exponents = powers(term) or {}
        parity = np.prod([sign[field.states.index(n)] ** int(e) for n, e in exponents.items()])
        for i, state in enumerate(field.states):
            if field.coefficients[i, k] and parity == sign[i]:
                equations[state][str(term)] = float(field.coefficients[i, k])
    case = SymmetryCase("made", field.states, equations, 3)
    found = finite_symmetries(case)
    for name in found:
        check_symmetry(name, case.field)
    flipped = ",".join(s for s, flip in zip(field.states, flips, strict=True) if flip)
    holding = [name for name in reflection_names(field.states) if defect(case, name) <= 1e-12]
    assert f"reflection:{flipped}" in holding
    reflections = [name for name in found if name.startswith(("reflection", "time-reversal"))]
    # Changes of sign are a vector space over two elements: generators are its dimension.
    assert 2 ** len(reflections) == len(holding) + 1


def test_generators_are_the_equations_of_the_paper() -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 20))
    truth = {
        "damped-oscillator": [-0.1 * x - y, x - 0.1 * y],
        "growth": [-0.3 * x + 0.1 * y**2, y],
        "lotka-volterra": [2 / 3 - 4 / 3 * np.exp(y), np.exp(x) - 1],
        "selkov": [0.75 - 0.1 * x - x * y**2, -y + 0.1 * x + x * y**2],
    }
    points = replace(anywhere(2), states=np.column_stack([x, y]))
    for name, rates in truth.items():
        case = GENERATORS[name].case
        found = case.field.rate(points.time, points.states, None, points.inputs)
        np.testing.assert_allclose(found, np.column_stack(rates), rtol=0, atol=1e-14)
        defects = [symmetry_defect(read_symmetry(s, case.states), case.field, points)
                   for s in case.symmetries]  # fmt: skip
        defects += [law_defect(read_law(s, case.states), case.field, points) for s in case.laws]
        assert max(defects, default=0.0) <= 1e-12
        assert bool(defects) is (name != "selkov")


def test_a_broken_generator_is_caught() -> None:
    growth, oscillator = GENERATORS["growth"].case, GENERATORS["damped-oscillator"].case
    assert defect(with_term(growth, "y", "y^2", 1e-9), "scaling:x=2,y=1") > 1e-12
    assert defect(with_term(oscillator, "x", "x", 1e-9), "rotation:x,y") > 1e-12
    volterra = with_term(GENERATORS["lotka-volterra"].case, "x", "x", 1e-6)
    law = read_law("hamiltonian:x,y", ("x", "y"))
    assert law_defect(law, volterra.field, anywhere(2)) > 1e-12


def test_records_are_the_exact_solutions_with_the_stated_noise() -> None:
    """5000 samples of each state: the level is known to one per cent; five of those."""
    times, states = GENERATORS["damped-oscillator"].records(3)
    again = GENERATORS["damped-oscillator"].records(3)[1]
    assert all(np.array_equal(a, b) for a, b in zip(states, again, strict=True))
    t = times[0]
    turned = np.exp((1j - 0.1) * t)
    # Least squares for the start of each trajectory; two numbers of 200 are lost to it.
    z = np.array([x[:, 0] + 1j * x[:, 1] for x in states])
    start = z @ turned.conj() / np.sum(np.abs(turned) ** 2)
    clean = start[:, None] * turned
    noise = (z - clean).std() / np.sqrt(2.0) * np.sqrt(200 / 198)
    assert noise / np.concatenate([clean.real, clean.imag]).std() == pytest.approx(0.2, rel=0.05)
    times, states = GENERATORS["growth"].records(0)
    logs = np.array([np.log(x[:, 1]) - times[0] for x in states])
    assert (logs - logs.mean(axis=1, keepdims=True)).std() == pytest.approx(0.05, rel=0.05)


def test_constraints_say_what_is_stated() -> None:
    """Rows are independent, hold for the truth, and leave what the symmetry leaves."""
    case = flows()["Halvorsen"]
    names = ["1", "x", "y", "z", "x^2", "x*y", "x*z", "y^2", "y*z", "z^2"]
    rows = constraints(case, names)
    truth = np.array([[case.equations[s].get(n, 0.0) for n in names] for s in case.states])
    # Three equations of ten terms are one equation seen from three states.
    assert rows.shape == (20, 30)
    assert np.linalg.matrix_rank(rows) == 20
    assert np.abs(rows @ truth.ravel()).max() < 1e-12 * np.abs(truth).max()
