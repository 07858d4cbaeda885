"""From fits to a result: one more fit of everything by shooting, error bars, an honest status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.findings import Finding
from physmodel.discovery.hybrid.assembled import assembled
from physmodel.discovery.hybrid.hidden import hidden_terms, rivals
from physmodel.discovery.hybrid.joined import Tangent
from physmodel.discovery.hybrid.least_squares_step import least_sizes
from physmodel.discovery.hybrid.leftover import REFUSED
from physmodel.discovery.hybrid.record import HybridResult, Parameter
from physmodel.discovery.hybrid.refit import refitted
from physmodel.discovery.hybrid.rounds import Settled, fit_penalised
from physmodel.discovery.hybrid.search import Search, Steps
from physmodel.discovery.hybrid.weak_fit import State
from physmodel.discovery.identification import MARGIN, MISFIT
from physmodel.discovery.selection import CONFIDENT, TIE
from physmodel.models.expression_field import ExpressionField
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

    Returns
    -------
    HybridResult
    """
    best = steps.searches[0]
    whole = assembled(best)
    values, spread, notes = refitted(data, steps, best, whole)
    q = len(field.names)
    errors = np.sqrt(np.diag(spread))
    beside = steps.with_net.std_errors[:q]
    parameters = tuple(
        Parameter(name, float(v), float(s), float(b))
        for name, v, s, b in zip(field.names, values[:q], errors[:q], beside, strict=True)
    )
    model = whole.field.with_parameters(values)
    if _advantage(steps, best) <= MARGIN:
        message = "random motion explains the data as well as these equations"
        notes.append(Finding("W-RANDOM", "warning", "", message))
    noise = steps.prepared.physical_noise(best.found.fit.state.noise)
    suffices = not len(best.found.fit.free) and not best.found.heard[0].shape
    return HybridResult(
        status=_status(steps, best, values, errors),
        solver_code="converged" if best.found.fit.converged else "stalled",
        problem=problem,
        known=texts,
        parameters=parameters,
        residual=hidden_terms(problem, best, whole, values, spread),
        model=model,
        hidden_share=0.0 if suffices and best.left.nothing else _share(steps, steps.with_net),
        unexplained_fraction=_unexplained(steps, best, whole.field),
        p_known=steps.alone.p_value,
        p_left=best.left.p_value,
        rivals=tuple(rivals(problem, best, whole)),
        noise_std=dict(zip(problem.states, noise.tolist(), strict=True)),
        network=_network(steps),
        warnings=(
            *findings,
            *notes,
            Finding("I-LIBRARY", "info", "", f"hidden terms from {best.library.label}"),
        ),
        data=data,
    )


def _status(steps: Steps, best: Search, values: Array, errors: Array) -> str:
    fit, left = best.found.fit, best.left
    level = fit.state.noise / steps.prepared.noise
    samples = steps.prepared.n_samples
    explains = bool(np.all(level <= MISFIT * (1.0 + 2.0 / np.sqrt(samples))))
    exact = left.unexplained_fraction <= EXACT
    if _advantage(steps, best) <= MARGIN:
        return "no-law"
    if not (left.nothing or exact) or not (explains or exact):
        return "no-law"
    if np.any(~np.isfinite(errors) | (errors > UNDETERMINED * np.abs(values))):
        return "not-identifiable"
    first, others = best.found.heard[0], best.found.heard[1:]
    if any(one.delta < TIE and len(one.columns) == len(first.columns) for one in others):
        return "not-identifiable"
    if not first.columns and not first.shape and (steps.alone.p_value >= REFUSED or exact):
        # Terms that might be added come close by chance, each of many a little; nothing asks for
        # any of them.
        return "known-suffices"
    if first.probability < CONFIDENT or not fit.converged:
        return "ambiguous"
    return "identified"


def _network(steps: Steps) -> xr.Dataset:
    """What the network says where the trajectories have been."""
    fit, where = steps.with_net, steps.prepared.coordinates
    points = steps.searches[0].terms.points(fit.state.latent)
    field = fit.state.known.field
    output = steps.net.velocity(points, fit.state.weights) * where.rate_scale(field.order)
    states = where.to_physical(points.states)
    table = {name: ("sample", states[:, e]) for e, name in enumerate(field.states)}
    table |= {f"hidden_{name}": ("sample", output[:, e]) for e, name in enumerate(field.states)}
    time = where.origin + where.step * points.time
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
