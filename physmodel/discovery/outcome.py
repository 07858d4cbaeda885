"""Turn fits into results: user units, error bars, rivals and an honest status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.findings import Finding
from physmodel.discovery.constraints import in_vain, not_obeyed, per_state
from physmodel.discovery.identification import Identification
from physmodel.discovery.selection import CONFIDENT, TIE, Candidate
from physmodel.discovery.uncertainty import term_errors
from physmodel.laws.coefficient_units import coefficient_units
from physmodel.laws.invariants import Invariant, invariants_of
from physmodel.laws.parts import coefficient_table, start_of
from physmodel.laws.result import Result, Status
from physmodel.laws.scores import states_and_velocities
from physmodel.models.linear_field import Points
from physmodel.models.sparse_field import SparseField
from physmodel.models.vector_field import VectorField
from physmodel.problem.expression import Expression
from physmodel.problem.problem import Problem

Array = NDArray[np.float64]

#: Rivals that are reported.
MAX_RIVALS = 5


def terms_result(
    data: xr.Dataset,
    problem: Problem,
    found: Identification,
    findings: Sequence[Finding],
) -> Result:
    """Result of a regression on a term library.

    Parameters
    ----------
    data : xarray.Dataset
    problem : Problem
    found : Identification
    findings : sequence of Finding

    Returns
    -------
    Result
    """
    fit, prepared = found.fit, found.prepared
    ranked = fit.ranked
    inclusion = np.zeros(found.field.touched(ranked[0].solution.support).shape)
    for candidate in ranked:
        inclusion[found.field.touched(candidate.solution.support)] += candidate.probability
    inclusion /= sum(candidate.probability for candidate in ranked)
    status = _status(found, ranked)
    # Where one model stands out, its errors are its own.
    equals = ranked if status == "ambiguous" else []
    rivals = [
        _one(problem, found, rival, equals, inclusion, "ambiguous")
        for rival in ranked[1 : 1 + MAX_RIVALS]
    ]
    best = _one(problem, found, ranked[0], equals, inclusion, status)
    noise = dict(zip(problem.states, prepared.physical_noise(fit.noise).tolist(), strict=True))
    model = best.model
    scores = {
        "misfit": found.misfit,
        "explained": found.explained,
        "advantage_over_random_motion": found.advantage,
        "probability": ranked[0].probability,
    }
    start = start_of(data, model, prepared.coordinates.to_physical(fit.latent[0][:1])[0])
    notes = [*findings, Finding("I-LIBRARY", "info", "", f"library: {found.library.label}")]
    lawful = status != "no-law"
    notes += not_obeyed(problem, model, _points(data, model)) if lawful else in_vain(problem)
    return _completed(
        best,
        data=data,
        rivals=tuple(rivals),
        noise_std=noise,
        fit_scores=scores,
        conserved=_conserved(best, data),
        warnings=tuple(notes),
        start=start,
    )


def _one(
    problem: Problem,
    found: Identification,
    candidate: Candidate,
    equals: Sequence[Candidate],
    inclusion: Array,
    status: Status,
) -> Result:
    """A bare result of the one of several supports: model, coefficients, errors."""
    field, fit = found.field, found.fit
    terms, place = _physical_terms(problem, found)
    shape = (len(problem.states), len(terms))
    values, spread, share = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for table, source in (
        (values, field.physical(fit.weights(candidate.solution))),
        (spread, term_errors(field, fit, candidate.solution, equals)),
        (share, inclusion.reshape(len(problem.states), -1)),
    ):
        for equation in range(len(problem.states)):
            table[equation, place[equation]] = source[equation]
    used = np.flatnonzero((values != 0.0).any(axis=0) | (share > 0.01).any(axis=0))
    kept = tuple(terms[k] for k in used)
    # In the memory order that a loaded model has: sums then agree to the last bit.
    values, spread, share = (np.ascontiguousarray(t[:, used]) for t in (values, spread, share))
    model = SparseField(problem.states, problem.inputs, found.library.order, kept, values)
    make = coefficient_table(problem.states, [str(term) for term in kept])
    return Result(
        status,
        "converged" if fit.converged else "stalled",
        problem.replace(order=found.library.order),
        model,
        make(values),
        make(spread),
        make(share),
        units=coefficient_units(problem, model),
        delta=candidate.delta,
    )


def _physical_terms(
    problem: Problem, found: Identification
) -> tuple[list[Expression], list[list[int]]]:
    """Terms of the equations as users read them: per-capita terms times a positive state."""
    names = found.library.terms.variables
    terms: list[Expression] = []
    index: dict[Expression, int] = {}
    place: list[list[int]] = []
    for state in problem.states:
        row = []
        for term in found.library.terms.terms:
            whole = per_state(problem, state, term, names)
            if whole not in index:
                index[whole] = len(terms)
                terms.append(whole)
            row.append(index[whole])
        place.append(row)
    return terms, place


def _status(found: Identification, ranked: Sequence[Candidate]) -> Status:
    if not found.lawful or not found.adequate:
        return "no-law"
    size = len(ranked[0].solution.support)
    for rival in ranked[1:]:
        if rival.delta < TIE and len(rival.solution.support) == size:
            return "not-identifiable"
    if ranked[0].probability < CONFIDENT or not found.fit.converged:
        return "ambiguous"
    return "identified"


def _points(data: xr.Dataset, model: VectorField) -> Points:
    """Measured states as points."""
    return Points(*states_and_velocities(data, model))


def _conserved(result: Result, data: xr.Dataset) -> tuple[Invariant, ...]:
    if result.status == "no-law":
        return ()
    return invariants_of(result.model, data, result.std_errors.values)


def _completed(result: Result, **changes: object) -> Result:
    return replace(result, **changes)  # type: ignore[arg-type]
