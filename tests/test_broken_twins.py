"""Every law and every symmetry that has a name, on a field that obeys and on a twin that does not.

The twin differs by one term of weight 1e-6, a thousand times what the checks allow.
"""

from __future__ import annotations

import numpy as np
import pytest

from physmodel.models.fields.sparse_field import SparseField
from physmodel.problem.algebra.parser import parse
from physmodel.problem.known.conditions import phase_variables
from physmodel.problem.known.law import ORDERS
from physmodel.problem.known.law_text import read_law
from physmodel.problem.known.symmetry_text import EXAMPLES
from physmodel.testing import check_law, check_symmetry

#: Equations as text; one of them, and what breaks it.
Case = tuple[str, str, str]
SMALL = 1e-6

#: Order and law -> equations ``x = ...`` of the highest derivatives, the broken one, the term.
LAWS: dict[tuple[int, str], Case] = {
    (1, "conserves:q^2 + p^2"): ("q = p; p = -q", "p", "p"),
    (2, "conserves:x_t^2 + x^2 + 0.25*x^4"): ("x = -x - 0.5*x^3", "x", "x_t"),
    (1, "balance:q = p"): ("q = 3*p; p = q", "q", "q"),
    (2, "balance:x_t^2 + x^2 = x_t^2"): ("x = -x - 0.3*x_t", "x", "x^2"),
    (1, "dissipates:q^2 + p^2"): ("q = p; p = -q", "p", "p"),
    (2, "dissipates:x_t^2 + x^2 + 0.25*x^4"): ("x = -x - 0.5*x^3", "x", "x_t"),
    (2, "conserves:energy"): ("x = -x - 0.5*x^3", "x", "x_t"),
    (2, "dissipates:energy"): ("x = -x - 0.5*x^3", "x", "x_t"),
    (1, "hamiltonian:q,p"): ("q = p; p = -q - q^2", "p", "p"),
    (2, "lagrangian"): ("x = -x + y_t; y = -y - x_t", "x", "x_t"),
    (1, "gradient-flow"): ("q = 2*p - q^3; p = 2*q", "q", "p"),
    (1, "divergence-free"): ("q = p*q; p = -0.5*p^2", "q", "q"),
    (2, "divergence-free"): ("x = -x^3", "x", "x_t"),
    (1, "positive:q"): ("q = -q + q*p; p = q", "q", "-p^2"),
    (1, "equilibrium"): ("q = p - q^2; p = -q", "p", "1"),
    (2, "equilibrium:x=1"): ("x = 1 - x^2 - x_t", "x", "1"),
}

#: Order and symmetry, in the same way.
SYMMETRIES: dict[tuple[int, str], Case] = {
    (1, "parity"): ("x = y; y = -x - x^3", "y", "x^2"),
    (1, "reflection:x"): ("x = -x + x*y; y = x^2 - y", "y", "x"),
    (2, "mirror:x,y,z"): ("x = y - 2*x; y = x + z - 2*y; z = y - 2*z", "z", "z"),
    (1, "time-reversal:y"): ("x = y; y = -x", "y", "y"),
    (2, "time-reversal"): ("x = -x + x_t^2", "x", "x_t"),
    (1, "permutation:x,y"): ("x = y - x*y^2; y = x - y*x^2", "y", "x"),
    (1, "cyclic:x,y,z"): ("x = y*z - x; y = z*x - y; z = x*y - z", "z", "x*y"),
    (1, "map:x=-y,y=x"): ("x = y - x^3; y = -x - y^3", "x", "x"),
    (1, "translation:x"): ("x = y^2; y = -y", "x", "x"),
    (1, "time-translation"): ("x = y; y = -x", "y", "t"),
    (1, "rotation:x,y"): ("x = y - x^3 - x*y^2; y = -x - y*x^2 - y^3", "x", "y"),
    (1, "scaling:x=2,y=1"): ("x = y^2 - x; y = y", "y", "x"),
    (2, "galilean:x;y"): ("x = y - x; y = x - y", "x", "x_t"),
    (1, "phase:a,b;c,d"): (
        "a = b*c^2 + b*d^2 + d; b = -a*c^2 - a*d^2 - c; c = b; d = -a", "c", "c"
    ),
    (1, "generator:x=-y,y=x"): ("x = y; y = -x", "x", "x"),
}  # fmt: skip


def fields(order: int, case: Case) -> tuple[SparseField, SparseField]:
    """The field of some equations and its broken twin."""
    equations, broken, term = case
    sides = dict(map(str.strip, text.split("=")) for text in equations.split(";"))
    states = tuple(sides)
    names = phase_variables(states, (), order)
    made = []
    for extra in ({}, {broken: term}):
        whole = [(side, 1.0, state) for state, side in sides.items()]
        whole += [(side, SMALL, state) for state, side in extra.items()]
        table = np.zeros((len(states), len(whole)))
        for k, (_, weight, state) in enumerate(whole):
            table[states.index(state), k] = weight
        terms = tuple(parse(side, names) for side, _, _ in whole)
        made.append(SparseField(states, (), order, terms, table))
    return made[0], made[1]


def test_the_tables_are_complete() -> None:
    posed = set()
    for (order, text), (equations, *_) in LAWS.items():
        states = [part.split("=")[0].strip() for part in equations.split(";")]
        posed.add((read_law(text, states).kind, order))
    assert posed == {(kind, order) for kind, orders in ORDERS.items() for order in orders}
    assert {text.partition(":")[0] for _, text in SYMMETRIES} == set(EXAMPLES)


@pytest.mark.parametrize(("order", "law"), LAWS)
def test_a_broken_twin_of_each_law_is_caught(order: int, law: str) -> None:
    whole, twin = fields(order, LAWS[order, law])
    check_law(law, whole)
    with pytest.raises(AssertionError, match=r"it fails by .* most at [xq] ="):
        check_law(law, twin)


@pytest.mark.parametrize(("order", "symmetry"), SYMMETRIES)
def test_a_broken_twin_of_each_symmetry_is_caught(order: int, symmetry: str) -> None:
    whole, twin = fields(order, SYMMETRIES[order, symmetry])
    check_symmetry(symmetry, whole)
    with pytest.raises(AssertionError, match=r"f\(g x\) differs from g f\(x\) by .*e-0[67]"):
        check_symmetry(symmetry, twin)
