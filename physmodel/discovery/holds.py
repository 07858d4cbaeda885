"""How inputs run between their samples, where nobody says it: the evidence decides."""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

from physmodel.constants import ENGINE
from physmodel.data.inputs.course import forms
from physmodel.data.inputs.holds import with_holds
from physmodel.discovery.identification import Identification, identify
from physmodel.findings import Finding
from physmodel.losses.weak_form.preparation import prepare
from physmodel.losses.weak_form.thinning import thinned
from physmodel.models.libraries.library import candidate_libraries
from physmodel.models.libraries.shape_choices import shaped_terms
from physmodel.problem.holds import BAND_LIMITED, LINEAR, ZERO
from physmodel.problem.problem import Problem
from physmodel.progress import stage

_SAID = {
    ZERO: "held between samples",
    LINEAR: "straight between samples",
    BAND_LIMITED: "smooth between samples",
}


@dataclass(frozen=True)
class Held:
    """A fit with the hold of its inputs.

    Attributes
    ----------
    answer : Identification
    hold : dict of str to str
        Of all inputs for which it makes a difference or was stated.
    findings : list of Finding
    """

    answer: Identification
    hold: dict[str, str]
    findings: list[Finding]


def stated_by_evidence(
    data: xr.Dataset, problem: Problem
) -> tuple[xr.Dataset, Problem, list[Finding]]:
    """Data and problem that say how all inputs run, for fits that do not compare the holds."""
    if len(forms(with_holds(data, dict(problem.hold)), problem.inputs)) == 1:
        return data, problem, []
    best = with_best_hold(data, problem)
    return with_holds(data, best.hold), problem.replace(hold=best.hold), best.findings


def with_best_hold(data: xr.Dataset, problem: Problem) -> Held:
    """Fit with inputs held between their samples and not, and keep what the data are evidence of.

    There are two fits, three where some inputs look smooth and others not, and one where the hold
    makes no difference, see `physmodel.data.inputs.course`, or leaves errors of the computation
    only.
    """
    answers: list[tuple[Identification, dict[str, str]]] = []
    possible = forms(with_holds(data, dict(problem.hold)), problem.inputs)
    several = len(possible) > 1
    for form in possible:
        if answers and answers[-1][0].law.exact:
            break
        answers.append((_identified(with_holds(data, form), problem, plain=several), form))
    if several and not any(answer.best.exact for answer, _ in answers):
        _, form = min(answers, key=lambda pair: _rank(pair[0]))
        again = _identified(with_holds(data, form), problem, plain=False)
        answers = [(again if one == form else answer, one) for answer, one in answers]
    (answer, form), *others = sorted(answers, key=lambda pair: _rank(pair[0]))
    if not several:
        return Held(answer, form, [])
    open_ = {name: kind for name, kind in form.items() if name not in dict(problem.hold)}
    return Held(answer, form, [_told(open_, answer, others[0][0] if others else None)])


def _identified(data: xr.Dataset, problem: Problem, *, plain: bool) -> Identification:
    """`plain`: without numbers inside terms, which are for where no hold is enough."""
    stage("preparing", 0.0)
    prepared = prepare(data, problem)
    libraries = candidate_libraries(problem, prepared.n_samples, prepared.input_levels)
    orders = {one.order for one in libraries if not plain}
    terms = {order: shaped_terms(problem, order) for order in orders}
    return identify(thinned(prepared), libraries, terms)


def _rank(answer: Identification) -> tuple[bool, int, float]:
    """Before any other: a law that explains the data, then one of first order, as in `identify`."""
    best = answer.best
    merit = -best.advantage if best.exact else best.law.merit(noisy=False)
    return not best.exact, answer.library.order, merit


def _told(form: dict[str, str], answer: Identification, other: Identification | None) -> Finding:
    fix = ""
    if other is None:
        told = "the law is then exact"
    elif answer.best.exact and not other.best.exact:
        told = "otherwise more than noise is left"
    elif answer.library.order < other.library.order:
        told = "a law of first order is then enough"
    elif answer.best.advantage - other.best.advantage > ENGINE.rival_range:
        told = f"evidence better by {answer.best.advantage - other.best.advantage:.0f}"
    else:
        told = "the data hardly tell"
        options = " ".join(f"--hold {name}={kind}" for name, kind in form.items())
        fix = f"say how they run if you know, such as hold={form} (command line: {options})"
    said = "; ".join(f"{name}: {_SAID[kind]}" for name, kind in form.items())
    return Finding("I-HOLD", "info", "inputs", f"{said} ({told})", fix)
