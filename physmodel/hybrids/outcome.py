"""From fits to a result: one more fit of everything by shooting, error bars, an honest status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.constants import ENGINE
from physmodel.findings import Finding
from physmodel.hybrids.alone import fitted_alone, suffices, without_terms
from physmodel.hybrids.assembled import assembled
from physmodel.hybrids.hidden import hidden_terms, rivals
from physmodel.hybrids.refit import Refit, refitted
from physmodel.hybrids.results.hidden_field import HiddenField
from physmodel.hybrids.results.record import Parameter
from physmodel.hybrids.results.result import HybridResult
from physmodel.hybrids.search import Search, Steps
from physmodel.hybrids.weak.joined import Tangent
from physmodel.hybrids.weak.least_squares_step import least_sizes
from physmodel.hybrids.weak.leftover import REFUSED
from physmodel.hybrids.weak.rounds import Settled, fit_penalised
from physmodel.hybrids.weak.weak_fit import State
from physmodel.models.fields.expression_field import ExpressionField
from physmodel.models.fields.sparse_field import term_variables
from physmodel.problem.problem import Problem

Array = NDArray[np.float64]

#: Share of the rates below which a misfit means nothing, however small the noise.
EXACT = 1e-9

#: Standard error over the value from which a number is not determined at all.
UNDETERMINED = 1e3


def hybrid_result(
    data: xr.Dataset,
    problem: Problem,
    field: ExpressionField,
    texts: Mapping[str, str],
    steps: Steps,
    findings: Sequence[Finding],
) -> HybridResult:
    """Put everything together.

    Parameters
    ----------
    data : xarray.Dataset
    problem : Problem
    field : ExpressionField
        The known part as it was asked.
    texts : mapping of state to str
        Its equations as they were written.
    steps : Steps
    findings : sequence of Finding
    """
    best = steps.searches[0]
    whole = assembled(best)
    hopeless = _advantage(steps, best) <= ENGINE.margin
    refit = refitted(data, steps, best, whole, hopeless=hopeless)
    alone = fitted_alone(data, steps, field, hopeless=hopeless)
    complete = suffices(steps, alone, best, refit)
    if complete and alone is not None:
        best = without_terms(steps, field, best)
        whole, refit = assembled(best), Refit.of(alone)
    bare = not len(best.found.fit.free) and not best.found.heard[0].shape
    noise = steps.prepared.physical_noise(best.found.fit.state.noise)
    if refit.attempt is not None:
        noise = refit.attempt.found.problem.noise[: len(problem.states)]
    beside = steps.with_net.state
    return HybridResult(
        status=_status(steps, best, refit, complete=complete),
        solver_code="converged" if complete or best.found.fit.converged else "stalled",
        problem=problem,
        known=texts,
        known_numbers=_parameters(field.names, refit, steps.with_net),
        residual=hidden_terms(problem, best, whole, refit.values, refit.covariance),
        model=whole.field.with_parameters(refit.values),
        hidden_share=0.0
        if bare and (complete or best.left.nothing)
        else _share(steps, steps.with_net),
        unexplained_fraction=best.left.unexplained_fraction
        if complete
        else _unexplained(steps, best, whole.field),
        p_known=steps.alone.p_value,
        p_left=best.left.p_value,
        p_left_by_state=best.left.p_values,
        rivals=tuple(rivals(problem, best, whole)),
        noise_std=dict(zip(problem.states, noise.tolist(), strict=True)),
        net=HiddenField.of(
            steps.net, beside.weights, steps.prepared.coordinates, field.states, field.inputs
        ),
        net_parameters=beside.parameters,
        network=_network(steps),
        start=_start(steps, best, refit),
        stages=refit.stages,
        warnings=(*findings, *refit.findings, *_notes(steps, best, complete=complete)),
        data=data,
    )


def _parameters(names: Sequence[str], refit: Refit, with_net: Settled) -> tuple[Parameter, ...]:
    q, beside = len(names), with_net.std_errors
    columns = zip(names, refit.values[:q], refit.std_errors[:q], beside[:q], strict=True)
    return tuple(Parameter(name, float(v), float(s), float(b)) for name, v, s, b in columns)


def _notes(steps: Steps, best: Search, *, complete: bool) -> list[Finding]:
    notes = [Finding("I-LIBRARY", "info", "", f"hidden terms from {best.library.label}")]
    if not complete and _advantage(steps, best) <= ENGINE.margin:
        message = "random motion explains the data as well as these equations"
        notes.insert(0, Finding("W-RANDOM", "warning", "", message))
    return notes


def _start(steps: Steps, best: Search, refit: Refit) -> dict[str, Array]:
    """Where the motion of the first trajectory starts, in user units."""
    where, tile = steps.prepared.coordinates, best.terms.tiles[0]
    d = len(steps.prepared.coordinates.scale)
    first = where.origin + where.step * tile.time[np.flatnonzero(tile.observed)[0]]
    start = {"time": np.array(first), "states": refit.start[:d]}
    return start | ({"velocities": refit.start[d:]} if len(refit.start) > d else {})


def _status(steps: Steps, best: Search, refit: Refit, *, complete: bool) -> str:
    fit, left = best.found.fit, best.left
    level = fit.state.noise / steps.prepared.noise
    samples = steps.prepared.n_samples
    explains = bool(np.all(level <= ENGINE.misfit * (1.0 + 2.0 / np.sqrt(samples))))
    if refit.attempt is not None:
        explains = refit.attempt.adequate
    exact = left.unexplained_fraction <= EXACT
    if not complete and _advantage(steps, best) <= ENGINE.margin:
        return "no-law"
    if not complete and not ((left.nothing and explains) or exact):
        return "no-law"
    errors = refit.std_errors
    if np.any(~np.isfinite(errors) | (errors > UNDETERMINED * np.abs(refit.values))):
        return "not-identifiable"
    if complete:
        return "known-suffices"
    first, others = best.found.heard[0], best.found.heard[1:]
    if any(one.delta < ENGINE.tie and len(one.columns) == len(first.columns) for one in others):
        return "not-identifiable"
    if not first.columns and not first.shape and (steps.alone.p_value >= REFUSED or exact):
        # Terms that might be added come close by chance, each of many a little; nothing asks for
        # any of them.
        return "known-suffices"
    if first.probability < ENGINE.confident or not fit.converged:
        return "ambiguous"
    return "identified"


def _network(steps: Steps) -> xr.Dataset:
    """What the network says where the trajectories have been."""
    fit, where = steps.with_net, steps.prepared.coordinates
    points = steps.searches[0].terms.points(fit.state.latent)
    field, tangent = fit.state.known.field, fit.state.known
    output = steps.net.velocity(points, fit.state.weights) * where.rate_scale(field.order)
    time, states, velocities, inputs = tangent.arguments(points)
    blocks = [states, *([] if velocities is None else [velocities]), inputs, output]
    names = [
        *term_variables(field.states, field.inputs, field.order)[:-1],
        *(f"hidden_{name}" for name in field.states),
    ]
    columns = zip(names, np.concatenate(blocks, axis=1).T, strict=True)
    table = {name: ("sample", values) for name, values in columns}
    return xr.Dataset(table, coords={"time": ("sample", time)})


def _advantage(steps: Steps, best: Search) -> float:
    """Evidence in favour of the equations over random motion, their numbers priced as terms."""
    fit = best.found.fit
    criterion = fit.now.step.criterion
    price = criterion.penalty * len(fit.state.parameters)
    return steps.prepared.null_evidence * criterion.n_rows - fit.evidence - price


def _share(steps: Steps, fit: Settled) -> float:
    """Mean square of the network over that of network and equations, scaled by the states."""
    points = steps.searches[0].terms.points(fit.state.latent)
    output = steps.net.velocity(points, fit.state.weights)
    known = fit.state.known.velocity(points, fit.state.known.coefficients)
    hidden, said = (float(np.sum(np.mean(part**2, axis=0))) for part in (output, known))
    return hidden / (hidden + said) if hidden else 0.0


def _unexplained(steps: Steps, best: Search, field: ExpressionField) -> float:
    """Share of the rates that a network takes beside known part and hidden terms."""
    if best.left.nothing:
        return best.left.unexplained_fraction
    weak = replace(best.terms, parts=(steps.net,))
    known = Tangent(field, steps.prepared.coordinates)
    first = State(
        known,
        np.zeros(steps.net.n_coefficients),
        steps.with_net.state.latent,
        steps.with_net.state.noise,
    )
    return _share(steps, fit_penalised(weak, first, least_sizes(field)))
