"""Equations as tables of terms, and the field that they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from physmodel.models.fields.sparse_field import SparseField, term_variables
from physmodel.problem.algebra.parser import parse

#: Coefficients of every equation: state -> canonical term -> value.
Equations = dict[str, dict[str, float]]


def field_of(states: Sequence[str], equations: Mapping[str, Mapping[str, float]]) -> SparseField:
    """The vector field of first-order equations, its terms in alphabetical order."""
    names = sorted({term for terms in equations.values() for term in terms})
    variables = term_variables(tuple(states), (), 1)
    table = [[equations[state].get(name, 0.0) for name in names] for state in states]
    terms = tuple(parse(name, variables) for name in names)
    return SparseField(tuple(states), (), 1, terms, np.array(table))
