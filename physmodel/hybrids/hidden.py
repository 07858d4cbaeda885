"""Hidden terms of a search as tables: the winner's with numbers, the rivals' by name."""

from __future__ import annotations

from itertools import chain, count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.hybrids.assembled import Assembled
from physmodel.hybrids.distil import Heard
from physmodel.hybrids.names import INNER
from physmodel.hybrids.search import Search
from physmodel.laws.texts.coefficient_units import coefficient_units
from physmodel.models.constrain import ConstrainedField
from physmodel.models.fields.expression_field import ExpressionField
from physmodel.models.fields.sparse_field import SparseField, term_variables
from physmodel.models.fields.term_field import TermField
from physmodel.problem.problem import Problem

Array = NDArray[np.float64]

#: Rivals that are reported.
MAX_RIVALS = 5


def hidden_terms(
    problem: Problem, best: Search, whole: Assembled, values: Array, spread: Array
) -> dict[str, list[dict[str, Any]]]:
    """Hidden terms of each equation.

    Parameters
    ----------
    problem : Problem
    best : Search
    whole : Assembled
    values, spread : ndarray (q + k,), (q + k, q + k)
        Numbers of the field of `whole` with their covariance.

    Returns
    -------
    dict of state to list of dict
        ``term``, ``coefficient``, ``std``, ``inclusion``, ``unit``, and ``constant`` with
        ``value`` and ``std`` for a function with a number inside.
    """
    d, terms, q = len(problem.states), best.library.terms.terms, whole.q
    table = (whole.basis @ values[q:]).reshape(d, -1)
    variance = np.einsum("ij,jk,ik->i", whole.basis, spread[q:, q:], whole.basis)
    stds = np.sqrt(variance.clip(0.0)).reshape(d, -1)
    shares = np.zeros((d, len(terms)))
    for one in best.found.heard:
        shares += one.probability * _touched(best, one, d)
    shares /= sum(one.probability for one in best.found.heard)
    sparse = SparseField(problem.states, problem.inputs, best.library.order, terms, table)
    units = coefficient_units(problem, sparse)
    found: dict[str, list[dict[str, Any]]] = {
        state: [
            {
                "term": str(term),
                "coefficient": float(table[e, j]),
                "std": float(stds[e, j]),
                "inclusion": float(shares[e, j]),
                "unit": units.get((state, str(term)), ""),
            }
            for j, term in enumerate(terms)
            if table[e, j] != 0.0
        ]
        for e, state in enumerate(problem.states)
    }
    winner = best.found.heard[0]
    if winner.shape is not None:
        rows = _shape_rows(winner, whole, values, np.sqrt(np.diag(spread)))
        for equation, row in zip(winner.shape[0], rows, strict=True):
            found[problem.states[equation]].append(row)
    return found


def _shape_rows(
    winner: Heard, whole: Assembled, values: Array, errors: Array
) -> list[dict[str, Any]]:
    """A function with its factor in each of its equations and, where it has one, its constant."""
    if winner.shape is None:
        return []
    equations, text = winner.shape
    name, first = constant_name(whole.field), whole.q - whole.n_shape
    rows: list[dict[str, Any]] = [
        {
            "term": text.replace(INNER, name),
            "coefficient": float(values[k]),
            "std": float(errors[k]),
            "inclusion": winner.probability,
            "unit": "",
        }
        for k in range(first, first + len(equations))
    ]
    if whole.n_shape > len(equations):
        k = whole.q - 1
        inner = {"name": name, "value": float(values[k]), "std": float(errors[k])}
        rows = [{**row, "constant": inner} for row in rows]
    return rows


def constant_name(field: ExpressionField) -> str:
    """``K``, or what of ``K_1``, ``K_2``, ... is no name in the equations yet."""
    taken = {*term_variables(field.states, field.inputs, field.order), *field.names}
    names = chain(["K"], (f"K_{k}" for k in count(1)))
    return next(name for name in names if name not in taken)


def rivals(problem: Problem, best: Search, whole: Assembled) -> list[dict[str, Any]]:
    """What else explains the data about as well.

    Returns
    -------
    list of dict
        ``delta``, ``probability`` and, by state, ``residual``: names of terms.
    """
    terms, d = best.library.terms.terms, len(problem.states)
    found, inner = [], constant_name(whole.field)
    for one in best.found.heard[1 : 1 + MAX_RIVALS]:
        named = {
            state: [str(terms[j]) for j in np.flatnonzero(row)]
            for state, row in zip(problem.states, _touched(best, one, d), strict=True)
        }
        if one.shape is not None:
            for equation in one.shape[0]:
                named[problem.states[equation]].append(one.shape[1].replace(INNER, inner))
        found.append({"delta": one.delta, "probability": one.probability, "residual": named})
    return found


def _touched(best: Search, one: Heard, n_states: int) -> NDArray[np.bool_]:
    """Terms ``(d, p)`` that come in."""
    field = best.terms.parts[0]
    if not isinstance(field, TermField | ConstrainedField):
        raise TypeError(f"no library of terms: {field!r}")
    return field.touched(np.array(one.columns, dtype=np.intp)).reshape(n_states, -1)
