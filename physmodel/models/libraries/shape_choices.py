"""Which terms with numbers inside are tried for a problem, and where their numbers start."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations as pairs
from itertools import product as combinations

import numpy as np
from numpy.typing import NDArray

from physmodel.constants import ENGINE
from physmodel.models.fields.sparse_field import term_variables
from physmodel.models.libraries.shaped_terms import Term
from physmodel.models.libraries.shapes import SHAPES, Inner
from physmodel.models.terms import polynomial_terms
from physmodel.problem.algebra.calculus import names_in, ordered, powers
from physmodel.problem.algebra.expression import add, constant, power, product, variable
from physmodel.problem.measures.base_units import PURE, Measure
from physmodel.problem.measures.consistency import measures_of
from physmodel.problem.problem import Problem

Array = NDArray[np.float64]


def starts(term: Term, argument: Array) -> tuple[Array, ...]:
    """Grid of the free numbers, ``(G,)`` each, from the values that an argument takes."""
    fine = len(term.free) == 1
    axes = [_axis(one, argument, fine) for one in term.free]
    return tuple(grid.ravel() for grid in np.meshgrid(*axes, indexing="ij")) if axes else ()


def _axis(one: Inner, argument: Array, fine: bool) -> Array:
    low, high = float(argument.min()), float(argument.max())
    largest, span = max(abs(low), abs(high)), high - low
    count = 20 if fine else 7
    if one.kind == "size":
        outside = largest * np.geomspace(0.01, 10.0, count // 2 + 1)
        near = np.quantile(np.abs(argument), np.linspace(0.1, 0.9, count // 2 + 4))
        return np.concatenate([outside, near])
    if one.kind == "width":
        sizes = span * np.geomspace(0.05, 5.0, count // 2)
        return np.concatenate([-sizes, sizes])
    if one.kind == "place":
        return np.linspace(low - 0.3 * span, high + 0.3 * span, count)
    if one.kind == "rate":
        return np.arange(1.0, 36.0) / span
    if one.kind == "phase":
        return np.pi * np.arange(4.0) / 4.0
    return np.array([0.5, 1.5, 2.5, 3.0, 4.0, 5.0])


def shaped_terms(problem: Problem, order: int) -> list[Term]:
    """Terms with numbers inside that a problem leaves open, the numbers not yet known.

    Returns: none where the problem names its terms, or ties or composes their coefficients.
    """
    if problem.library or problem.degree is not None or problem.functions or problem.terms:
        return []
    if problem.symmetries or problem.laws or problem.constants:
        return []
    variables = term_variables(problem.states, problem.inputs, order)
    names = variables[:-1]  # without the time
    units = measures_of(problem)
    factors = [ordered(one, variables) for one in polynomial_terms(names, ENGINE.form_degree)]
    factors += [power(variable(name), -1) for name in problem.states]
    arguments = [(variable(name), False) for name in names]
    for first, second in pairs(problem.states, 2):
        if _alike(units.get(first), units.get(second)):
            other = variable(second)
            both = (add(variable(first), product(constant(sign), other)) for sign in (-1.0, 1.0))
            arguments += [(one, True) for one in both]
    found = []
    for shape, (argument, several) in combinations(SHAPES, arguments):
        if several and not shape.pairs:
            continue
        unit = units.get(min(names_in(argument)), PURE)
        for held in shape.variants():
            if held and shape.pure and not unit.same(PURE):
                continue
            made = [Term(shape, argument, factor, tuple(held.items()), ()) for factor in factors]
            found += [term for term in made if _fits(term)]
    return found


def _fits(term: Term) -> bool:
    """Whether a factor is worth trying: few numbers allow for many factors."""
    exponents = powers(term.factor) or {}
    inside = [exponents.get(name, Fraction(0)) for name in names_in(term.argument)]
    most = min(term.shape.own, dict(term.held).get("n", term.shape.own))
    if any(not 0 <= power_ <= most for power_ in inside):
        return False
    return len(term.free) < 2 or sum(abs(e) for e in exponents.values()) < 2


def _alike(first: Measure | None, second: Measure | None) -> bool:
    return first is None or second is None or first.same(second)


def worth_trying(term: Term, argument: Array) -> bool:
    """Whether an argument takes many values, and of both signs where that makes a difference."""
    low, high = np.quantile(argument, (ENGINE.form_tail, 1.0 - ENGINE.form_tail))
    if term.shape.crosses and low * high >= 0.0:
        return False
    return len(np.unique(argument)) > ENGINE.form_levels
