"""Turn fits into results: user units, error bars, rivals and a status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.conserved.of_law import law_invariants
from physmodel.constants import ENGINE
from physmodel.data.measurement.filters import UNFILTERED, NoiseFilter
from physmodel.discovery.candidates import Candidate, against
from physmodel.discovery.hidden import Hidden, hidden_term
from physmodel.discovery.identification import Identification
from physmodel.discovery.tables import Tables, numbers_inside, tables_of
from physmodel.findings import Finding
from physmodel.laws.parts import coefficient_table, start_of
from physmodel.laws.record import Status
from physmodel.laws.result import Result
from physmodel.laws.runs.scores import free_run_scores, states_and_velocities
from physmodel.laws.texts.coefficient_units import coefficient_units
from physmodel.models.fields.linear_field import Points
from physmodel.models.fields.sparse_field import SparseField
from physmodel.models.libraries.constraints import in_vain, not_obeyed
from physmodel.problem.problem import Problem
from physmodel.progress import stage

Array = NDArray[np.float64]


def terms_result(
    data: xr.Dataset,
    problem: Problem,
    answer: Identification,
    findings: Sequence[Finding],
) -> Result:
    """Result of a regression on a term library.

    A law that cannot predict its own record loses to the best of another library or order that
    does it better.
    """
    result = _result(data, problem, answer, findings)
    own = result.scores.get("free_run_r2")
    own = _predicts(data, problem, answer.best) if own is None else own
    if own >= (ENGINE.identified_score if result.status == "identified" else ENGINE.good_score):
        return result
    stage("other laws", 1.0)
    laws: dict[object, Candidate] = {}  # libraries may agree on a law, and the winner has run
    for other in answer.others:
        laws.setdefault((other.library.order, other.terms), other)
    laws.pop((answer.library.order, answer.best.terms), None)
    runs = [(_predicts(data, problem, other), other) for other in laws.values()]
    most, winner = max(runs, key=lambda run: run[0], default=(-np.inf, answer.best))
    if most > own + ENGINE.better_score:
        # Densities of different orders do not compare.
        rivals = answer.candidates if winner.library.order == answer.library.order else []
        chosen = replace(answer, candidates=against(winner, rivals))
        return _result(data, problem, chosen, findings)
    return replace(result, status="approximate") if result.status == "identified" else result


def _predicts(data: xr.Dataset, problem: Problem, candidate: Candidate) -> float:
    """Share of the variance that free runs of a law explain."""
    tables = tables_of(problem, [candidate], averaged=False)
    model = _one(problem, candidate, tables, 0, "ambiguous").model
    noise = candidate.prepared.physical_noise(candidate.law.level)
    return free_run_scores(model, data, noise)["free_run_r2"]


def _result(
    data: xr.Dataset, problem: Problem, answer: Identification, findings: Sequence[Finding]
) -> Result:
    law, prepared = answer.law, answer.prepared
    status = status_of(answer.candidates)
    bounded = answer.best.exact and status in {"identified", "ambiguous"}
    hidden = hidden_term(answer.best) if bounded else None
    if hidden is not None and hidden.share > ENGINE.unseen_share:
        status = "ambiguous"
        findings = [*findings, _unseen(problem, hidden)]
    tables = tables_of(problem, answer.candidates, averaged=status == "ambiguous")
    results = [
        _one(problem, candidate, tables, k, status if k == 0 else "ambiguous")
        for k, candidate in enumerate(answer.candidates[: 1 + ENGINE.max_rivals])
    ]
    best = results[0]
    noise = dict(zip(problem.states, prepared.physical_noise(law.level).tolist(), strict=True))
    scores = {
        "misfit": law.misfit,
        "explained": 1.0 - law.rss / law.total if law.total else 0.0,
        "advantage_over_random_motion": answer.best.advantage,
        "probability": answer.best.probability,
        "unexplained": law.share_left,
    }
    model = best.model
    stage("start and scores", 1.0)
    start = start_of(data, model, noise)
    notes = [*findings, Finding("I-LIBRARY", "info", "", f"library: {answer.library.label}")]
    notes += _filtered(answer.best.prepared.noise_filter)
    lawful = status != "no-law"
    if status == "approximate":
        notes.append(_where(problem, answer))
    notes += (
        not_obeyed(problem, model, Points(*states_and_velocities(data, model))) if lawful else []
    )
    notes += in_vain(problem) if status in {"approximate", "no-law"} else []
    return replace(
        best,
        data=data,
        rivals=tuple(results[1:]),
        noise_std=noise,
        fit_scores=scores,
        warnings=tuple(notes),
        start=start,
        conserves=law_invariants,
    )


def _unseen(problem: Problem, hidden: Hidden) -> Finding:
    """A term that may be there although nothing shows it."""
    return Finding(
        "I-UNSEEN",
        "info",
        "",
        f"a term {hidden.term} in the equation of {problem.states[hidden.equation]} of up to "
        f"{min(hidden.share, 9.99):.0%} of the rates of change would not have shown",
        "measure more, or over a wider range, or state what you know, such as degree=2",
    )


def _filtered(noise_filter: NoiseFilter) -> list[Finding]:
    """What the noise went through, where the data show a filter."""
    if noise_filter == UNFILTERED:
        return []
    told = f"{noise_filter}, seen in the spectrum of the noise and taken into account"
    return [Finding("I-FILTER", "info", "", told, "give the data as measured, if you have them")]


def _where(problem: Problem, answer: Identification) -> Finding:
    """Where in state space a law leaves most of what is not noise."""
    law, candidate = answer.law, answer.best
    tiles = candidate.setting.tiles
    size = [np.sum(part**2, axis=1) for part in law.residual]
    tails = law.errors.tails or [np.ones_like(part) for part in law.residual]
    size = [part * np.mean(tail**2, axis=1) for part, tail in zip(size, tails, strict=True)]
    width = max(round(candidate.prepared.memory / 20.0), 1)
    smooth = [np.convolve(part, np.ones(width) / width, "same") for part in size]
    worst = int(np.argmax([part.max() for part in smooth]))
    row = int(np.argmax(smooth[worst]))
    there = candidate.prepared.coordinates.to_physical(law.latent[worst][row][None])[0]
    time = candidate.prepared.coordinates.origin + (
        candidate.prepared.coordinates.step * tiles[worst].time[row]
    )
    at = ", ".join(f"{s} = {v:.3g}" for s, v in zip(problem.states, there, strict=True))
    return Finding(
        "I-UNEXPLAINED",
        "info",
        "",
        f"what the law leaves is largest near {at} (time {time:.4g}), and correlated over "
        f"{law.n_data / law.n_effective:.2g} samples",
    )


def _one(
    problem: Problem, candidate: Candidate, tables: Tables, number: int, status: Status
) -> Result:
    """A bare result of one candidate: model, coefficients, errors."""
    values, errors, share = tables.values[number], tables.errors[number], tables.inclusion
    used = np.flatnonzero(
        (values != 0.0).any(axis=0) | (share > ENGINE.shown_probability).any(axis=0)
    )
    kept = tuple(tables.terms[k] for k in used)
    # In the memory order that a loaded model has: sums then agree to the last bit.
    values, errors, share = (np.ascontiguousarray(t[:, used]) for t in (values, errors, share))
    order = candidate.library.order
    model = SparseField(problem.states, problem.inputs, order, kept, values)
    make = coefficient_table(problem.states, [str(term) for term in kept])
    return Result(
        status,
        "converged" if candidate.law.converged else "stalled",
        problem.replace(order=order),
        model,
        make(values),
        make(errors),
        make(share),
        units=coefficient_units(problem, model),
        inside=numbers_inside(problem, candidate),
        delta=candidate.delta,
    )


def status_of(candidates: Sequence[Candidate]) -> Status:
    """What the data say of the winner among the candidates.

    Parameters
    ----------
    candidates : sequence of Candidate
        The winner first.
    """
    best = candidates[0]
    if not best.lawful:
        return "no-law"
    for rival in candidates[1:]:
        same = rival.setting is best.setting  # of another form, terms that differ tell it apart
        if same and rival.delta < ENGINE.tie and len(rival.law.key) == len(best.law.key):
            return "not-identifiable"
    against = sum(rival.probability for rival in candidates[1:] if not best.covers(rival))
    if best.probability < ENGINE.confident * (best.probability + against):
        return "ambiguous"
    return "identified" if best.exact else "approximate"
