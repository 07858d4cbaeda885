"""Forms of one equation with one more term that has numbers inside: which are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from physmodel.constants import ENGINE
from physmodel.losses.weak_form.shaped import EquationRows
from physmodel.models.libraries.shaped_terms import Form, Term

Array = NDArray[np.float64]


def grown(rows: EquationRows, terms: Sequence[Term], known: Sequence[Form]) -> list[Form]:
    """Forms of one equation with one term more than those known, and those, the best first."""
    most = max(len(form.terms) for form in known)
    leaders = [form for form in known if len(form.terms) == most]
    leaders = leaders[: ENGINE.form_leaders if most else 1]
    more = [f for one in leaders for f in rows.shaped(terms, one, ENGINE.form_monomials)]
    near = [rows.nearer(f, ENGINE.form_steps) for f in _different(more, ENGINE.form_first)]
    sound = sorted((form for form in near if form is not None), key=_order)
    some = _different(sound, ENGINE.form_proposals)
    refined = [rows.refined(form, ENGINE.form_monomials) for form in some]
    found = [form for form in refined if form is not None]
    return _distinct(rows, sorted([*known[: ENGINE.form_finalists], *found], key=_order))


def _distinct(rows: EquationRows, forms: Sequence[Form]) -> list[Form]:
    """Forms without those that say the same as one before in other words."""
    kept: list[tuple[Form, Array]] = []
    for form in forms:
        fitted = rows.fitted(form)
        same = (
            abs(form.value - other.value) < ENGINE.form_alike
            and np.linalg.norm(fitted - values) < ENGINE.form_alike * rows.left_over(other)
            for other, values in kept
        )
        if not any(same):
            kept.append((form, fitted))
    return [form for form, _ in kept]


def _different(forms: Sequence[Form], count: int) -> Iterator[Form]:
    """The best few forms of each number of monomials and of numbers inside."""
    kinds: dict[tuple[int, int], list[Form]] = {}
    for form in forms:
        kinds.setdefault((len(form.monomials), len(form.numbers)), []).append(form)
    for own in kinds.values():
        yield from sorted(own, key=_order)[:count]


def _order(form: Form) -> float:
    return form.value
