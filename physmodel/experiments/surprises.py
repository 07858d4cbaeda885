"""Models beyond the rivals: the winner with one more term, from any library that was on offer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from physmodel.discovery.identification import Identification
from physmodel.models.fields.term_field import TermField
from physmodel.models.libraries.library import Library
from physmodel.models.terms import TermLibrary
from physmodel.optimizers.subset.selection import InformationCriterion
from physmodel.optimizers.subset.triangular import Solution, TriangularFactor, solve_support

#: Models with one term more than the winner that stand for surprises, and the variance of a
#: scaled coefficient above which the term is a copy of others that nothing can tell apart.
SURPRISES, COPY = 32, 1e10

#: Coefficients, of all equations together, that libraries are joined up to.
WIDEST = 120


def widened(found: Identification, libraries: Sequence[Library]) -> TermField:
    """The field with the terms of all libraries of its order that are not too many together.

    A plain library that explained the data so far may lack the term that other data would show.

    Returns
    -------
    TermField
        With the terms of the library of the winner first, then those that its rivals use.
    """
    library = found.library.terms
    used = (term for candidate in found.candidates for term in candidate.used_terms)
    terms = dict.fromkeys((*library.terms, *used))
    for other in libraries:
        more = terms | dict.fromkeys(other.terms.terms)
        if (
            other.order == found.best.field.order
            and len(more) * found.best.field.n_states <= WIDEST
        ):
            terms = more
    return replace(found.best.plain_field, library=TermLibrary(library.variables, tuple(terms)))


def places(field: TermField, other: TermField) -> NDArray[np.intp]:
    """Where the coefficients of a field are in another that has all of its terms."""
    terms = np.array([other.library.terms.index(term) for term in field.library.terms])
    return np.add.outer(len(other.library) * np.arange(field.n_states), terms).ravel()


def surprises(
    factor: TriangularFactor,
    near: list[tuple[Solution, float]],
    n_samples: int,
    n_terms: int,
) -> list[tuple[Solution, float]]:
    """The winner with one more term, where that is no rival already; the likeliest first."""
    criterion = InformationCriterion.of(factor.n_rows, n_samples, n_terms, factor.total)
    winner = near[0][0]
    known = {tuple(sorted(solution.support.tolist())) for solution, _ in near}
    models = []
    for column in np.setdiff1d(np.flatnonzero(np.abs(factor.r).max(axis=0)), winner.support):
        support = np.sort(np.append(winner.support, column))
        solution = solve_support(factor, support)
        if tuple(support.tolist()) not in known and solution.variances.max() < COPY:
            models.append((solution, criterion.value(solution) - criterion.value(winner)))
    return sorted(models, key=lambda model: model[1])[:SURPRISES]


def smaller(field: TermField, solutions: list[Solution]) -> tuple[TermField, NDArray[np.intp]]:
    """The field with only the terms in use, and the coefficients in use of the whole field."""
    columns = np.unique(np.concatenate([s.support for s in solutions]).astype(np.intp))
    used = np.unique(columns % len(field.library))
    kept = TermLibrary(field.library.variables, tuple(field.library.terms[k] for k in used))
    return replace(field, library=kept), columns
