"""From a fit of pairwise central forces to a result: user units, error bars, an honest status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from physmodel.bodies.pairwise import PairwiseFit
from physmodel.conserved.of_law import law_invariants
from physmodel.constants import ENGINE
from physmodel.findings import Finding
from physmodel.laws.parts import coefficient_table, start_of
from physmodel.laws.record import Status
from physmodel.laws.result import Result
from physmodel.laws.runs.scores import states_and_velocities
from physmodel.losses.weak_form.preparation import prepare
from physmodel.models.fields.central_force import CentralForce
from physmodel.models.fields.linear_field import Points
from physmodel.models.libraries.constraints import not_obeyed
from physmodel.problem.measures.units import parse_unit
from physmodel.problem.problem import Problem

#: Share of the variance of the accelerations below which central forces are no law of the data.
CENTRAL = 0.9


def pairwise_result(
    data: xr.Dataset, problem: Problem, fit: PairwiseFit, findings: Sequence[Finding]
) -> Result:
    """Result of a fit of pairwise central forces.

    `problem`: with bodies. `fit`: in computing units of
    `physmodel.losses.weak_form.preparation.prepare` with a common scale.
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
    table = coefficient_table(problem.states, terms)
    force = {
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
    elif runner_up < ENGINE.rival_range:
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
        laws=(force,),
    )
    points = Points(*states_and_velocities(data, model))
    scores = {"explained": fit.explained, "exponent_margin": runner_up}
    noise = dict(zip(problem.states, (fit.noise * where.scale).tolist(), strict=True))
    return replace(
        first,
        data=data,
        noise_std=noise,
        fit_scores=scores,
        warnings=(*findings, *not_obeyed(problem, model, points)),
        start=start_of(data, model, noise),
        conserves=law_invariants,
    )


def _strength_unit(problem: Problem, exponent: float) -> str:
    units = {unit for _, unit in problem.units}
    length = parse_unit(units.pop()) if len(units) == 1 else None
    time = parse_unit(problem.time_unit)
    if length is None or time is None:
        return ""
    return str(length ** (1.0 - exponent) / time**2)
