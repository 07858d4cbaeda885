"""Coefficients, standard errors and inclusion probabilities of several laws in user units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.discovery.candidates import Candidate
from physmodel.laws.texts.coefficient_units import variable_units
from physmodel.models.libraries.constraints import per_state
from physmodel.problem.algebra.expression import Expression
from physmodel.problem.measures.units import unit_of
from physmodel.problem.problem import Problem

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Tables:
    """Laws written in one list of terms.

    Attributes
    ----------
    terms : list of Expression (p,)
        As users read them: a per-capita term times its positive state.
    values, errors : ndarray (c, d, p)
        Of each law; zero where a term is absent.
    inclusion : ndarray (d, p)
        Probability of each term among the laws.
    """

    terms: list[Expression]
    values: Array
    errors: Array
    inclusion: Array


def tables_of(problem: Problem, candidates: Sequence[Candidate], *, averaged: bool) -> Tables:
    """Write laws from several libraries in one list of terms.

    Parameters
    ----------
    problem : Problem
    candidates : sequence of Candidate
    averaged : bool
        Whether the errors count what the laws that keep a term say about it differently: that
        is more than each of them admits (law of total variance).

    References
    ----------
    Hoeting, Madigan, Raftery, Volinsky (1999), Statistical Science 14, 382, equation 3.
    """
    index: dict[Expression, int] = {}
    entries = []
    for number, candidate in enumerate(candidates):
        variables = candidate.library.terms.variables
        for equation, term, value, error in _written(candidate):
            whole = per_state(problem, problem.states[equation], term, variables)
            column = index.setdefault(whole, len(index))
            entries.append((number, equation, column, value, error))
    values = np.zeros((len(candidates), len(problem.states), len(index)))
    errors = np.zeros_like(values)
    for number, equation, column, value_, error_ in entries:
        values[number, equation, column] = value_
        errors[number, equation, column] = error_
    probability = np.array([candidate.probability for candidate in candidates])
    kept = values != 0.0
    inclusion = np.einsum("c,cdp->dp", probability, kept) / probability.sum()
    if averaged:
        errors = _averaged(values, errors, kept, probability)
    return Tables(list(index), values, errors, inclusion)


def numbers_inside(
    problem: Problem, candidate: Candidate
) -> dict[tuple[str, str], tuple[dict[str, Any], ...]]:
    """Numbers inside the terms of a law, with their errors, by equation and term."""
    law, found = candidate.law, {}
    known = variable_units(problem, candidate.library.order)
    for one in candidate.shaped:
        term, errors = one.stated(law.weights, law.covariance_root)
        state = problem.states[one.equation]
        names = candidate.library.terms.variables
        whole = str(per_state(problem, state, term.expression(), names))
        _, units = term.units(unit_of(term.argument, known))
        found[state, whole] = tuple(
            {"name": inner.name, "value": z, "std": float(error), "unit": str(unit or "")}
            for inner, z, error, unit in zip(term.free, term.numbers, errors, units, strict=True)
        )
    return found


def _written(candidate: Candidate) -> Iterator[tuple[int, Expression, float, float]]:
    """Equation, term, coefficient and error of every term, each with its numbers inside."""
    law, p = candidate.law, len(candidate.library.terms)
    values = candidate.field.physical(law.weights)
    errors = candidate.field.errors(law.covariance_root)
    terms = dict[tuple[int, int], Expression | None]()
    for one in candidate.shaped:
        term, _ = one.stated(law.weights, law.covariance_root)
        terms |= {(one.equation, column % p): None for column in one.columns}
        terms[one.equation, one.columns[0] % p] = term.expression()
    for k in np.flatnonzero((values != 0.0).any(axis=0)):
        for equation in np.flatnonzero(values[:, k]):
            whole = terms.get((int(equation), int(k)), candidate.library.terms.terms[k])
            if whole is not None:
                yield int(equation), whole, values[equation, k], errors[equation, k]


def _averaged(values: Array, errors: Array, kept: NDArray[np.bool_], probability: Array) -> Array:
    weight = probability[:, None, None] * kept
    share = weight.sum(axis=0)
    result = np.zeros_like(errors)
    for number, own in enumerate(values):
        spread = np.sum(weight * (errors**2 + (values - own) ** 2), axis=0)
        result[number] = np.sqrt(spread / np.where(share > 0.0, share, 1.0)) * kept[number]
    return result
