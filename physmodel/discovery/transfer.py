"""A law of one library written in another: it is the same law, and need not be settled again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from physmodel.discovery.law import Law, Support
from physmodel.discovery.linearisation import Setting
from physmodel.models.fields.term_field import TermField
from physmodel.problem.algebra.expression import Expression


def placed(law: Law, old: Setting, support: Support, new: Setting) -> Law | None:
    """A law in a support of another library on the same tiles.

    Parameters
    ----------
    law : Law
    old : Setting
        With the library of the law.
    support : tuple of int
        Columns of the other library.
    new : Setting

    Returns
    -------
    Law or None
        None if the support holds other terms, or if coefficients are tied together.
    """
    if len(law.key) != len(support):
        return None
    theirs, places = _places(old, law.key), _places(new, support)
    if not places or theirs.keys() != places.keys():
        return None
    columns = [theirs[term] for term in places]
    weights = np.zeros(new.field.n_coefficients)
    root = np.zeros((len(weights), law.root.shape[1]))
    weights[[*places.values()]], root[[*places.values()]] = law.weights[columns], law.root[columns]
    return replace(law, weights=weights, root=root, criterion=new.criterion(law.total))


def _places(setting: Setting, support: Support) -> dict[tuple[int, Expression], int]:
    """Columns by equation and term; none where coefficients are tied together."""
    if not isinstance(setting.field, TermField):
        return {}
    terms = setting.field.library.terms
    return {(k // len(terms), terms[k % len(terms)]): k for k in support}
