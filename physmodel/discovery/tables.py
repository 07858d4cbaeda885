"""Coefficients, standard errors and inclusion probabilities of several laws in user units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.discovery.candidates import Candidate
from physmodel.models.libraries.constraints import per_state
from physmodel.problem.algebra.expression import Expression
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
        value = candidate.field.physical(candidate.law.weights)
        error = candidate.field.errors(candidate.law.covariance_root)
        library = candidate.library.terms
        for k in np.flatnonzero((value != 0.0).any(axis=0)):
            for equation in np.flatnonzero(value[:, k]):
                term = library.terms[k]
                whole = per_state(problem, problem.states[equation], term, library.variables)
                column = index.setdefault(whole, len(index))
                entries.append((number, equation, column, value[equation, k], error[equation, k]))
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


def _averaged(values: Array, errors: Array, kept: NDArray[np.bool_], probability: Array) -> Array:
    weight = probability[:, None, None] * kept
    share = weight.sum(axis=0)
    result = np.zeros_like(errors)
    for number, own in enumerate(values):
        spread = np.sum(weight * (errors**2 + (values - own) ** 2), axis=0)
        result[number] = np.sqrt(spread / np.where(share > 0.0, share, 1.0)) * kept[number]
    return result
