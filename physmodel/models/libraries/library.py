"""Candidate libraries, from plain to rich."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, comb

import numpy as np
from numpy.typing import NDArray

from physmodel.constants import ENGINE
from physmodel.errors import DataError, ProblemError
from physmodel.models.constrain import ConstrainedField
from physmodel.models.coordinates import Coordinates
from physmodel.models.fields.sparse_field import term_variables, velocity_name
from physmodel.models.fields.term_field import TermField
from physmodel.models.libraries.constraints import free_coefficients
from physmodel.models.libraries.dimensional import fitting_part, nothing_left
from physmodel.models.terms import TermLibrary, circular_products, function_terms, polynomial_terms
from physmodel.problem.algebra.calculus import names_in, powers
from physmodel.problem.algebra.expression import Expression
from physmodel.problem.known.knowledge import orders_of
from physmodel.problem.measures.constants import read_term
from physmodel.problem.problem import Problem

#: Units that mark a state as an angle, for which sine and cosine come before high powers.
ANGLE_UNITS = frozenset({"rad", "radian", "radians"})

PLAIN: tuple[str, ...] = ()
CIRCULAR = ("sin", "cos")
PRODUCTS = "products"  # of two of them, and of one with a variable


@dataclass(frozen=True)
class Library:
    """One choice of architecture.

    `label`: for messages, such as ``"polynomials of degree 3"``. `order`: order in time. `basis`:
    coefficients, in user units, that symmetries and laws leave free; None where all are. `allowed`:
    terms whose units fit each equation; None where all do. `handicap`: by how much the merit of its
    laws must be better than that of plain ones. `last`: tried only where no other is enough.
    """

    label: str
    order: int
    terms: TermLibrary
    basis: NDArray[np.float64] | None = None
    allowed: NDArray[np.bool_] | None = None
    handicap: float = 0.0
    last: bool = False

    def field(self, coordinates: Coordinates) -> TermField | ConstrainedField:
        """The library as a vector field that is linear in what is free."""
        whole = TermField(self.terms, coordinates, self.order)
        return whole if self.basis is None else ConstrainedField(whole, self.basis)

    def n_free(self, n_states: int) -> int:
        """Coefficients of all equations together."""
        return len(self.terms) * n_states if self.basis is None else self.basis.shape[1]


def candidate_libraries(
    problem: Problem, n_samples: int, levels: Sequence[int] = ()
) -> list[Library]:
    """Libraries to try, in order.

    `problem`: what it fixes (order, degree, functions, terms) is kept; what it leaves open is
    tried. `levels`: distinct values of each input: of a switch with two positions no square is
    needed. Raises ProblemError if a fixed choice asks for more terms than the data can carry.
    Raises DataError if the data cannot carry any library.
    """
    orders = orders_of(problem)
    named = bool(problem.functions or problem.terms or problem.library)
    fixed = problem.degree is not None or named
    if problem.library:
        built = [item for order in orders for item in _exact_libraries(problem, order)]
    else:
        built = [
            _library(problem, order, *shape, levels)
            for order in orders
            for shape in (_fixed_shapes(problem) if fixed else _open_shapes(problem, order))
            if fixed or shape[0] == 1 or _size(problem, order, shape[0]) <= ENGINE.max_coefficients
        ]
    built = _constrained(_of_fitting_units(built, problem), problem)
    found = [item for item in built if _affordable(item, problem, n_samples)]
    # Those that are screened first are the last resort of their order.
    most = ENGINE.max_coefficients
    found.sort(key=lambda item: (item.order, item.n_free(len(problem.states)) > most))
    if found and (not fixed or any(item is built[0] for item in found)):
        return found
    if fixed:
        wanted, free = len(built[0].terms), built[0].n_free(len(problem.states))
        raise ProblemError(
            f"a library of {wanted} terms for {len(problem.states)} states needs at least "
            f"{ceil(ENGINE.samples_per_term * free / len(problem.states))} samples and at most "
            f"{ENGINE.max_coefficients} coefficients; there are {n_samples} samples and {free} "
            "coefficients",
            fix="lower the degree, name fewer functions or states, or add data",
        )
    fewest = min(item.n_free(len(problem.states)) for item in built)
    if fewest > ENGINE.max_coefficients:
        raise DataError(
            f"{len(problem.states)} states are too many: even a linear law has {fewest} "
            f"coefficients, and at most {ENGINE.max_coefficients} are fitted together",
            fix="model fewer states (states=[...]), or a few combinations of them that hold most "
            "of the motion (principal components)",
        )
    needed = ceil(ENGINE.samples_per_term * fewest / len(problem.states)) + orders[0]
    raise DataError(
        f"need at least {needed} samples to model {len(problem.states)} states; "
        f"there are {n_samples}",
        why="fewer samples than unknowns determine nothing",
        fix="add data, or model fewer states (states=[...]); if the form of the equations is "
        "known, pm.fit(data, {state: right-hand side, ...}) fits its numbers to fewer samples",
    )


def _fixed_shapes(problem: Problem) -> list[tuple[int, tuple[str, ...]]]:
    default = 1 if problem.functions or problem.terms else 3
    degree = default if problem.degree is None else problem.degree
    # Lower degrees are part of the library too, and give a search places to start from.
    return [(lower, problem.functions) for lower in range(degree, 0, -1)] or [
        (degree, problem.functions)
    ]


def _open_shapes(problem: Problem, order: int) -> list[tuple[int, tuple[str, ...]]]:
    """Degrees and functions; for positive states the degree is that of the per-capita rates."""
    if problem.positive:
        return [(1, PLAIN), (2, PLAIN)]
    plain = [(3, PLAIN), (2, PLAIN), (1, PLAIN)]
    circular = [(2, CIRCULAR)]
    spare = order * len(problem.states) - ENGINE.rich_states
    rich = [(5 - max(spare, 0), PLAIN)] if spare <= 1 else []
    rich += [(2, (*CIRCULAR, PRODUCTS))] if spare <= 0 else []
    if _has_angle(problem):
        return [*circular, *plain, *rich]
    return [*plain, *circular, *rich]


def _affordable(library: Library, problem: Problem, n_samples: int) -> bool:
    d, rows = len(problem.states), n_samples - library.order
    free = library.n_free(d)
    if library.basis is None and free > ENGINE.max_coefficients >= d * (d + 1):
        # Each equation alone can be searched, see `screening`.
        return len(library.terms) <= min(rows, ENGINE.max_coefficients)
    return free * ENGINE.samples_per_term <= d * rows and free <= ENGINE.max_coefficients


def _of_fitting_units(built: Sequence[Library], problem: Problem) -> list[Library]:
    """Libraries without the terms whose units fit no equation, each set of terms once."""
    found: dict[tuple[int, tuple[Expression, ...]], Library] = {}
    for library in built:
        terms, allowed, note = fitting_part(problem, library.order, library.terms)
        reduced = replace(library, label=library.label + note, terms=terms, allowed=allowed)
        if terms.terms:
            found.setdefault((library.order, terms.terms), reduced)
    if not found:
        raise nothing_left(problem)
    return [*found.values()]


def _constrained(built: Sequence[Library], problem: Problem) -> list[Library]:
    """Libraries with what symmetries and laws leave free; without those that they leave empty."""
    bases = [free_coefficients(problem, one.order, one.terms, one.allowed) for one in built]
    named = ", ".join((*problem.symmetries, *problem.laws))
    obeying = f", obeying {named}" if named else ""
    found = [
        replace(library, basis=basis, label=library.label + obeying)
        for library, basis in zip(built, bases, strict=True)
        if basis is None or basis.shape[1]
    ]
    if not found:
        raise ProblemError(
            f"no combination of the terms tried obeys {named}",
            fix="add terms, allow a higher degree, or name fewer symmetries and laws",
        )
    return found


def _library(
    problem: Problem,
    order: int,
    degree: int,
    functions: tuple[str, ...],
    levels: Sequence[int],
) -> Library:
    variables = term_variables(problem.states, problem.inputs, order)
    velocities = tuple(velocity_name(s) for s in problem.states) if order == 2 else ()
    distinct = dict(zip(problem.inputs, levels, strict=False))
    polynomials = polynomial_terms((*problem.states, *velocities, *problem.inputs), degree)
    others = (*velocities, *problem.inputs)
    terms = [
        *(term for term in polynomials if _tells(term, distinct)),
        *function_terms([one for one in functions if one != PRODUCTS], problem.states),
        *(circular_products(problem.states, others) if PRODUCTS in functions else ()),
        *(read_term(problem, text, variables) for text in problem.terms),
    ]
    label = f"polynomials of degree {degree}"
    label += f" with {', '.join(functions)}" if functions else ""
    label += " and user terms" if problem.terms else ""
    label += ", second order in time" if order == 2 else ""
    unasked = not (problem.degree or problem.functions or problem.terms)
    circular = bool(functions) and not _has_angle(problem)
    handicap = ENGINE.degree_handicap if unasked and degree > ENGINE.plain_degree else 0.0
    handicap = ENGINE.circular_handicap if unasked and circular else handicap
    unique = TermLibrary(variables, tuple(dict.fromkeys(terms)))
    return Library(label, order, unique, handicap=handicap, last=PRODUCTS in functions)


def _size(problem: Problem, order: int, degree: int) -> int:
    """Monomials up to a degree."""
    return comb(len(problem.states) * order + len(problem.inputs) + degree, degree)


def _has_angle(problem: Problem) -> bool:
    return any(unit in ANGLE_UNITS for _, unit in problem.units)


def _tells(term: Expression, distinct: Mapping[str, int]) -> bool:
    """Whether no power of an input follows from lower ones at the few values that it takes."""
    factors = powers(term) or {}
    return all(factors.get(name, 0) < count for name, count in distinct.items())


def _exact_libraries(problem: Problem, order: int) -> list[Library]:
    """The terms named and no others, then those of lower degree."""
    variables = term_variables(problem.states, problem.inputs, 2)
    terms = tuple(dict.fromkeys(read_term(problem, text, variables) for text in problem.library))
    velocities = {velocity_name(state) for state in problem.states}
    if order == 1 and any(names_in(term) & velocities for term in terms):
        return []
    label = f"the {len(terms)} terms of the problem"
    second = ", second order in time" if order == 2 else ""
    variables = term_variables(problem.states, problem.inputs, order)
    found = {terms: Library(label + second, order, TermLibrary(variables, terms))}
    # As in `_fixed_shapes`: whatever is no monomial is kept at every degree.
    for degree in range(max(map(_degree, terms)) - 1, 0, -1):
        lower = tuple(term for term in terms if _degree(term) <= degree)
        part = f"{label} up to degree {degree}{second}"
        found.setdefault(lower, Library(part, order, TermLibrary(variables, lower)))
    return [library for kept, library in found.items() if kept]


def _degree(term: Expression) -> int:
    """Degree of a monomial; zero for anything else."""
    factors = powers(term) or {}
    return ceil(sum(factors.values(), Fraction(0)))
