"""What the symmetries and laws of a problem leave free in a library of terms."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.data.findings import Finding
from physmodel.errors import ProblemError
from physmodel.models.defect import law_defect, symmetry_defect
from physmodel.models.linear_field import Points
from physmodel.models.null_space import null_space
from physmodel.models.terms import TermLibrary
from physmodel.models.vector_field import VectorField
from physmodel.problem.calculus import ordered
from physmodel.problem.expression import Expression, product, variable
from physmodel.problem.knowledge import conditions_of, laws_of, symmetries_of
from physmodel.problem.law_text import read_law
from physmodel.problem.problem import Problem
from physmodel.problem.symmetry_text import read_symmetry

#: Defect that is reported: fitted coefficients are not exact, and a rate that should not be
#: positive is decided by their errors where it nearly vanishes.
BROKEN = 0.01


def free_coefficients(
    problem: Problem, order: int, library: TermLibrary
) -> NDArray[np.float64] | None:
    """Basis of the coefficients that obey the symmetries and laws of a problem.

    Parameters
    ----------
    problem : Problem
    order : {1, 2}
    library : TermLibrary

    Returns
    -------
    ndarray (d p, K) or None
        In user units; None where nothing ties the coefficients.
    """
    conditions = conditions_of(problem, order)
    if not conditions:
        return None
    names = library.variables
    terms = [
        [per_state(problem, state, term, names) for term in library.terms]
        for state in problem.states
    ]
    return null_space(terms, problem.states, names, conditions)


def per_state(
    problem: Problem, state: str, term: Expression, variables: tuple[str, ...]
) -> Expression:
    """A term as it stands in the equation of a state: per-capita terms of positive ones times it.

    Parameters
    ----------
    problem : Problem
    state : str
    term : Expression
    variables : tuple of str
        Canonical order of factors.

    Returns
    -------
    Expression
    """
    if state not in problem.positive:
        return term
    return ordered(product(variable(state), term), variables)


def not_obeyed(problem: Problem, model: VectorField, points: Points) -> list[Finding]:
    """Symmetries and laws that were asked for and do not hold in a fitted model.

    Those that are inequalities cannot be imposed on a term library, and none is imposed on
    pairwise forces.

    Parameters
    ----------
    problem : Problem
    model : VectorField
    points : Points
        Where to look, such as the measured states.

    Returns
    -------
    list of Finding
    """
    if not (problem.symmetries or problem.laws):
        return []
    defects = {one.name: symmetry_defect(one, model, points) for one in symmetries_of(problem)}
    for law in laws_of(problem):
        posed = model.order in law.orders
        defects[law.text] = law_defect(law, model, points) if posed else 0.0
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


def still_named(problem: Problem, states: Sequence[str], inputs: Sequence[str]) -> dict[str, Any]:
    """The symmetries and laws that can be said of fewer variables.

    Parameters
    ----------
    problem : Problem
    states, inputs : sequence of str
        Variables that are left.

    Returns
    -------
    dict
        ``symmetries`` and ``laws``, as fields of a problem.
    """
    kept: dict[str, list[str]] = {"symmetries": [], "laws": []}
    for field, read in (("symmetries", read_symmetry), ("laws", read_law)):
        for text in getattr(problem, field):
            with suppress(ProblemError):
                read(text, states, inputs)
                kept[field].append(text)
    return kept
