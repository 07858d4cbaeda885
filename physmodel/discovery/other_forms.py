"""Is it the only form? Functions outside the library in place of the terms of a law.

Over a short range a polynomial stands in for a saturation, an exponential or a root. A law from
noisy data is identified only if such forms explain the data worse.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from physmodel.constants import ENGINE
from physmodel.discovery.candidates import Candidate, against
from physmodel.discovery.law import Law, Support
from physmodel.discovery.linearisation import Setting
from physmodel.discovery.settle import Schedule, Start, fixed, settle
from physmodel.models.fields.term_field import TermField
from physmodel.models.terms import TermLibrary
from physmodel.optimizers.subset.triangular import solve_support
from physmodel.problem.algebra.expression import Call, Expression
from physmodel.problem.algebra.parser import parse
from physmodel.progress import stage

Array = NDArray[np.float64]

SETTLED = Schedule((ENGINE.rough_slacks[0],), ENGINE.form_rounds)


def with_other_forms(ranked: list[Candidate]) -> list[Candidate]:
    """Candidates with the laws of other forms that explain the data about as well.

    Parameters
    ----------
    ranked : list of Candidate
        The winner first. Nothing is added where it leaves more than noise, has many variables,
        or coefficients that symmetries and laws tie together.

    Returns
    -------
    list of Candidate
        The same winner first.
    """
    best = ranked[0]
    field, law = best.field, best.law
    if not isinstance(field, TermField) or not law.complete:
        return ranked
    if field.n_states * field.order > ENGINE.rich_states or len(law.key) > ENGINE.form_terms:
        return ranked
    stage("other forms", 1.0)
    used = [divmod(column, len(field.library)) for column in law.key]
    terms = list(dict.fromkeys(field.library.terms[k] for _, k in used))
    states = np.concatenate(
        [tile.points(s).states for tile, s in zip(best.setting.tiles, law.latent, strict=True)]
    )
    values = field.coordinates.to_physical(states)
    others = {term: list(_others(term, field, values)) for term in terms}
    extra = list(dict.fromkeys(form for forms in others.values() for form in forms))
    wide = TermLibrary(field.library.variables, (*terms, *(f for f in extra if f not in terms)))
    place = {term: k for k, term in enumerate(wide.terms)}
    own = [e * len(wide) + place[field.library.terms[k]] for e, k in used]
    alternatives = {
        e * len(wide) + place[form] for e, k in used for form in others[field.library.terms[k]]
    }
    columns = np.array(sorted({*own, *alternatives}), dtype=np.intp)
    near = _near(best, replace(field, library=wide), own, columns)
    # A number inside a function is a number of the law like any other.
    price = law.criterion.penalty
    library = replace(best.library, terms=wide)
    more = [
        replace(
            best,
            library=replace(library, handicap=best.library.handicap + price * _inner(law, wide)),
            setting=setting,
            law=law,
        )
        for setting, law in near
    ]
    return against(best, [*ranked, *more])


def _near(
    best: Candidate, wide: TermField, own: list[int], columns: NDArray[np.intp]
) -> list[tuple[Setting, Law]]:
    """Laws near the winner that use other forms, each on its own trajectory."""
    law, setting = best.law, replace(best.setting, field=wide)
    weights = np.zeros(wide.n_coefficients)
    weights[own] = law.weights[list(law.key)]
    step = setting.at(weights, law.latent, law.errors, columns)
    winner = solve_support(step.factor, np.flatnonzero(np.isin(columns, own)))
    place = {int(column): k for k, column in enumerate(columns)}
    keys = [
        key
        for equation in range(wide.n_states)
        for key in _exchanged(own, equation, columns, len(wide.library))
    ]
    scored = []
    for key in keys:
        solution = solve_support(step.factor, np.array([place[c] for c in key], dtype=np.intp))
        scored.append((step.criterion.value(solution), key))
    limit = step.criterion.value(winner) + ENGINE.rival_range
    start = Start(weights, law.latent, law.errors)
    return [
        (setting, settle(setting, start, fixed(key), SETTLED))
        for value, key in sorted(scored)[: ENGINE.form_finalists]
        if value <= limit
    ]


def _exchanged(
    own: list[int], equation: int, columns: NDArray[np.intp], size: int
) -> Iterator[Support]:
    """Supports with one function in place of one or two terms of an equation."""
    terms = [column for column in own if column // size == equation]
    forms = [int(c) for c in columns if c // size == equation and c not in own]
    for count in (1, 2):
        for leaving in combinations(terms, count):
            rest = set(own) - set(leaving)
            for form in forms:
                yield tuple(sorted((*rest, form)))


def _inner(law: Law, wide: TermLibrary) -> int:
    """Numbers inside the functions of a law."""
    used = {column % len(wide) for column in law.key}
    return sum(
        any(
            isinstance(base, Call | Expression)
            for product, _ in wide.terms[k].summands
            for base, _ in product.factors
        )
        for k in used
    )


def _others(term: Expression, field: TermField, values: Array) -> Iterator[Expression]:
    """A term times functions of each state that a polynomial may stand in for."""
    names = field.library.variables
    for name, column in zip(names, values.T, strict=False):
        positive = bool(np.all(column > 0.0))
        size = name if positive else f"abs({name})"
        largest = float(np.abs(column).max())
        for part in ENGINE.form_sizes:
            inside = f"{part * largest:.3g}"
            yield parse(f"({term})/({inside} + {size})", names)
            yield parse(f"({term})*exp(-{size}/{inside})", names)
        if positive:
            yield parse(f"({term})*log({name}/{largest:.3g})", names)
            yield parse(f"({term})*sqrt({name})", names)
            yield parse(f"({term})/sqrt({name})", names)
        else:
            yield parse(f"({term})*abs({name})", names)
