"""Libraries under dimensional analysis: the terms that units leave, and words for the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.findings import Finding
from physmodel.models.fields.sparse_field import term_variables
from physmodel.models.terms import TermLibrary
from physmodel.problem.algebra.parser import parse
from physmodel.problem.measures.consistency import possible
from physmodel.problem.measures.constants import constants_of, read_term
from physmodel.problem.problem import Problem


def fitting_part(
    problem: Problem, order: int, library: TermLibrary
) -> tuple[TermLibrary, NDArray[np.bool_] | None, str]:
    """The terms of a library that some equation may hold, by their units.

    Functions of what is no pure number and sums of unlike units are out. Where a problem declares
    constants, a coefficient is made of them or its term is out. What unknown units leave open is
    in.

    `order` ``{1, 2}``. `library`: per-capita rates for positive states. Returns `terms`; `allowed`:
    which of them each equation may hold; None where all may; `note`: words for the label of a
    library; empty if nothing is out. Raises ProblemError if constants are declared and the unit of
    a variable or of the time is not known.
    """
    variables = term_variables(problem.states, problem.inputs, 2)
    names = (*variables, *dict(problem.constants))
    # Terms are judged as they were written: values of constants have lost their units.
    written = {
        read_term(problem, text, variables): parse(text, names)
        for text in (*problem.terms, *problem.library)
    }
    allowed = np.array(possible(problem, order, [written.get(t, t) for t in library.terms]))
    if allowed.all():
        return library, None, ""
    used = np.flatnonzero(allowed.any(axis=0))
    terms = tuple(library.terms[k] for k in used)
    why = f"cannot be made of {_named(problem)}" if problem.constants else "fit no unit"
    return (
        TermLibrary(library.variables, terms),
        None if allowed[:, used].all() else allowed[:, used],
        f", without {np.sum(~allowed)} of {allowed.size} coefficients that {why}",
    )


def nothing_left(problem: Problem) -> ProblemError:
    """The error of a library all of whose terms are out."""
    return ProblemError(
        f"no term of the library has a coefficient that can be made of {_named(problem)}",
        where="constants",
        why="the unit of every coefficient has to be a product of powers of their units",
        fix="declare the constants that are missing (their units are enough), name further terms, "
        "or leave `constants` out",
    )


def not_imposed(problem: Problem) -> list[Finding]:
    """What to say of constants where bodies pull each other: strengths have their own unit."""
    if not problem.constants:
        return []
    message = "not imposed: the exponent of the force decides the unit of its strengths"
    return [Finding("W-NOT-IMPOSED", "warning", _named(problem), message)]


def _named(problem: Problem) -> str:
    return ", ".join(one.name for one in constants_of(problem))
