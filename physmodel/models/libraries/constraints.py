"""What the symmetries and laws of a problem leave free in a library of terms."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.findings import Finding
from physmodel.models.defect import law_defect, symmetry_defect
from physmodel.models.fields.linear_field import Points
from physmodel.models.fields.sparse_field import SparseField
from physmodel.models.fields.vector_field import VectorField
from physmodel.models.null_space import null_space, sparse_null_space
from physmodel.models.terms import TermLibrary
from physmodel.problem.algebra.calculus import ordered
from physmodel.problem.algebra.expression import Expression, product, variable
from physmodel.problem.known.knowledge import conditions_of, laws_of, symmetries_of
from physmodel.problem.known.law_text import read_law
from physmodel.problem.known.symmetry_text import read_symmetry
from physmodel.problem.problem import Problem

#: Defect that is reported: fitted coefficients are not exact, and a rate that should not be
#: positive is decided by their errors where it nearly vanishes.
BROKEN = 0.01

#: Points at which a fitted model is looked at, at most.
MOST_POINTS = 500

#: Laws without linear conditions, or with more than those.
INEQUALITIES = frozenset({"dissipation", "damped-energy"})

#: Laws of pairwise central forces, whatever their strengths.
HELD_BY_PAIRS = frozenset({"energy", "damped-energy", "lagrangian"})


def free_coefficients(
    problem: Problem,
    order: int,
    library: TermLibrary,
    allowed: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64] | None:
    """Basis of the coefficients that obey the symmetries and laws of a problem.

    `order` ``{1, 2}``. `allowed` ``(d, p)``: terms that each equation may hold; all by default.
    Returns: in user units; None where nothing ties the coefficients.
    """
    conditions = conditions_of(problem, order)
    if not conditions and allowed is None:
        return None
    names = library.variables
    terms = [
        [per_state(problem, state, term, names) for term in library.terms]
        for state in problem.states
    ]
    basis = null_space(terms, problem.states, names, conditions)
    return basis if allowed is None else basis @ sparse_null_space(basis[~allowed.ravel()])


def per_state(
    problem: Problem, state: str, term: Expression, variables: tuple[str, ...]
) -> Expression:
    """A term as it stands in the equation of a state: per-capita terms of positive ones times it.

    `variables`: canonical order of factors.
    """
    if state not in problem.positive:
        return term
    return ordered(product(variable(state), term), variables)


def not_obeyed(problem: Problem, model: VectorField, points: Points) -> list[Finding]:
    """Symmetries and laws that were asked for and do not hold in a fitted model.

    On a term library inequalities cannot be imposed, so they are looked at afterwards. Pairwise
    forces are free to break what they do not hold by construction.

    `points`: where to look, such as the measured states; some of many are enough.
    """
    free = isinstance(model, SparseField)
    some = _thinned(points)
    symmetries = () if free else symmetries_of(problem)
    laws = [
        law
        for law in laws_of(problem)
        if model.order in law.orders
        and (law.kind in INEQUALITIES if free else law.kind not in HELD_BY_PAIRS)
    ]
    defects = {one.name: symmetry_defect(one, model, some) for one in symmetries}
    defects |= {law.text: law_defect(law, model, some) for law in laws}
    return [
        Finding(
            "W-NOT-OBEYED",
            "warning",
            name,
            f"the fitted model breaks this by {defect:.0%} of its terms at some state",
        )
        for name, defect in defects.items()
        if defect > BROKEN
    ]


def in_vain(problem: Problem) -> list[Finding]:
    """What to say where no law obeys the symmetries, laws and constants that were asked for."""
    named = ", ".join((*problem.symmetries, *problem.laws, *dict(problem.constants)))
    if not named:
        return []
    message = "no combination of terms that obeys this explains the data"
    if problem.constants:
        message = "no combination of terms made of these constants explains the data"
    return [Finding("W-IMPOSED", "warning", named, message, "discover without it")]


def _thinned(points: Points) -> Points:
    step = -(-len(points.time) // MOST_POINTS)
    velocities = None if points.velocities is None else points.velocities[::step]
    return Points(points.time[::step], points.states[::step], velocities, points.inputs[::step])


def still_named(problem: Problem, states: Sequence[str], inputs: Sequence[str]) -> dict[str, Any]:
    """The symmetries and laws that can be said of fewer variables.

    `states`, `inputs`: variables that are left. Returns: ``symmetries`` and ``laws``, as fields of
    a problem.
    """
    kept: dict[str, list[str]] = {"symmetries": [], "laws": []}
    for field, read in (("symmetries", read_symmetry), ("laws", read_law)):
        for text in getattr(problem, field):
            with suppress(ProblemError):
                read(text, states, inputs)
                kept[field].append(text)
    return kept
