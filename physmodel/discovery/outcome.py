"""Turn fits into results: user units, error bars, rivals and an honest status."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.bodies.orbits import unseen_of
from physmodel.bodies.pairwise import PairwiseFit
from physmodel.data.findings import Finding
from physmodel.discovery.constraints import in_vain, not_obeyed, per_state
from physmodel.discovery.identification import Identification
from physmodel.discovery.preparation import prepare
from physmodel.discovery.selection import CONFIDENT, RIVAL_RANGE, TIE, Candidate
from physmodel.discovery.uncertainty import term_errors
from physmodel.laws.coefficient_units import coefficient_units
from physmodel.laws.invariants import Invariant, invariants_of
from physmodel.laws.result import Result, Status
from physmodel.laws.scores import start_velocity, states_and_velocities
from physmodel.models.central_force import CentralForce
from physmodel.models.linear_field import Points
from physmodel.models.sparse_field import SparseField
from physmodel.models.vector_field import VectorField
from physmodel.problem.expression import Expression
from physmodel.problem.problem import Problem
from physmodel.problem.units import parse_unit

Array = NDArray[np.float64]

#: Rivals that are reported.
MAX_RIVALS = 5

#: Share of the variance of the accelerations below which central forces are no law of the data.
CENTRAL = 0.9


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
    start = _start(data, model, prepared.coordinates.to_physical(fit.latent[0][:1])[0])
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


def pairwise_result(
    data: xr.Dataset, problem: Problem, fit: PairwiseFit, findings: Sequence[Finding]
) -> Result:
    """Result of a fit of pairwise central forces.

    Parameters
    ----------
    data : xarray.Dataset
    problem : Problem
        With bodies.
    fit : PairwiseFit
        In computing units of `physmodel.discovery.preparation.prepare` with a common scale.
    findings : sequence of Finding

    Returns
    -------
    Result
    """
    where = prepare(data, problem, common_scale=True).coordinates
    length, step = float(where.scale[0]), where.step
    factor = length ** (1.0 - fit.exponent) / step**2
    bodies = tuple(problem.body_table)
    model = CentralForce(bodies, problem.states, fit.exponent, fit.strengths * factor)
    spread = fit.strengths_std * factor
    unit = _strength_unit(problem, fit.exponent)
    terms = [f"pull({body})" for body in bodies]
    owner = {axis: body for body, axes in problem.body_table.items() for axis in axes}
    acts = np.array([[owner[state] != body for body in bodies] for state in problem.states])
    used = acts & (model.strengths != 0.0)
    table = _table(problem.states, terms)
    law = {
        "kind": "pairwise-central",
        "equation": "r_i'' = sum_j strength_j * |r_j - r_i|^exponent * unit(r_j - r_i)",
        "exponent": fit.exponent,
        "exponent_free": fit.refined_exponent,
        "exponent_std": fit.exponent_std,
        "exponents_tried": {f"{p:g}": score for p, score in sorted(fit.scores.items())},
        "strengths": {
            body: {"value": float(value), "std": float(std), "unit": unit}
            for body, value, std in zip(bodies, model.strengths, spread, strict=True)
        },
        "unseen": [
            body.rescaled(length, step, where.origin, fit.exponent).to_mapping(unit)
            for body in fit.unseen
        ],
    }
    runner_up = sorted(fit.scores.values())[1]
    status: Status = "identified"
    if fit.explained < CENTRAL or not model.strengths.any():
        status = "no-law"
    elif runner_up < RIVAL_RANGE:
        status = "ambiguous"
    first = Result(
        status,
        "converged",
        problem,
        model,
        table(np.where(used, model.strengths, 0.0)),
        table(np.where(used, spread, 0.0)),
        table(used.astype(float)),
        units={(state, term): unit for state in problem.states for term in terms},
        laws=(law,),
    )
    scores = {"explained": fit.explained, "exponent_margin": runner_up}
    noise = dict(zip(problem.states, (fit.noise * where.scale).tolist(), strict=True))
    return _completed(
        first,
        data=data,
        noise_std=noise,
        fit_scores=scores,
        conserved=_conserved(first, data),
        warnings=(*findings, *not_obeyed(problem, model, _points(data, model))),
        start=_start(data, model, None),
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
    make = _table(problem.states, [str(term) for term in kept])
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


def _strength_unit(problem: Problem, exponent: float) -> str:
    units = {unit for _, unit in problem.units}
    length = parse_unit(units.pop()) if len(units) == 1 else None
    time = parse_unit(problem.time_unit)
    if length is None or time is None:
        return ""
    return str(length ** (1.0 - exponent) / time**2)


def _table(states: Sequence[str], terms: Sequence[str]) -> Callable[[Array], xr.DataArray]:
    coords = {"equation": list(states), "term": list(terms)}
    shape = (len(states), len(terms))
    blank = xr.DataArray(np.zeros(shape), dims=("equation", "term"), coords=coords)
    return lambda values: blank.copy(data=values)


def _points(data: xr.Dataset, model: VectorField) -> Points:
    """Measured states as points."""
    return Points(*states_and_velocities(data, model))


def _start(data: xr.Dataset, model: VectorField, latent: Array | None) -> dict[str, Array]:
    """State (and velocity) at the first sample."""
    first = int(data["row_size"].values[0])
    time = data["time"].values[:first]
    states = np.column_stack([data[name].values[:first] for name in model.states])
    start = {
        "time": np.array(time[0]),
        "states": states[0] if latent is None else latent,
    }
    velocity = start_velocity(model, time, states, 0)
    if velocity is not None:
        start["velocities"] = velocity
    return start


def _conserved(result: Result, data: xr.Dataset) -> tuple[Invariant, ...]:
    if result.status == "no-law":
        return ()
    return invariants_of(result.model, data, result.std_errors.values, unseen_of(result.laws))


def _completed(result: Result, **changes: object) -> Result:
    return replace(result, **changes)  # type: ignore[arg-type]
