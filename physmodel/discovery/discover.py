"""From a dataset to a law, with nothing to set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr
from threadpoolctl import threadpool_limits

from physmodel.bodies.balance import balanced
from physmodel.bodies.pairwise import PairwiseFit, fit_pairwise
from physmodel.bodies.result import pairwise_result
from physmodel.constants import ENGINE
from physmodel.data.checked import checked
from physmodel.data.doctor import constant_columns, duplicate_columns
from physmodel.data.inputs.holds import with_holds
from physmodel.data.segments import segments
from physmodel.data.stated_problem import stated_problem, stated_units
from physmodel.discovery.holds import with_best_hold
from physmodel.discovery.outcome import terms_result
from physmodel.errors import DataError, ProblemError
from physmodel.findings import Finding
from physmodel.laws.result import Result
from physmodel.losses.weak_form.preparation import prepare
from physmodel.models.fields.sparse_field import term_variables, velocity_name
from physmodel.models.libraries.constraints import still_named
from physmodel.models.libraries.dimensional import not_imposed
from physmodel.problem.algebra.calculus import names_in
from physmodel.problem.body_names import recognise_bodies
from physmodel.problem.measures.constants import read_term
from physmodel.problem.problem import Problem
from physmodel.progress import stage


def discover(
    data: Any,
    problem: Problem | None = None,
    *,
    states: Sequence[str] | None = None,
    inputs: Sequence[str] | None = None,
    units: Mapping[str, str] | None = None,
    time_unit: str | None = None,
    positive: Sequence[str] | None = None,
    order: int | None = None,
    degree: int | None = None,
    functions: Sequence[str] | None = None,
    terms: Sequence[str] | None = None,
    library: Sequence[str] | None = None,
    bodies: Mapping[str, Sequence[str]] | None = None,
    symmetries: Sequence[str] | None = None,
    laws: Sequence[str] | None = None,
    constants: Mapping[str, str] | None = None,
    hold: Mapping[str, str] | None = None,
    title: str | None = None,
) -> Result:
    """Find the law behind measured trajectories.

    Parameters
    ----------
    data : xarray.Dataset, path, DataFrame, list of records, or catalogue name
        A dataset as `physmodel.open` makes it, or anything that `physmodel.open` takes; arrays
        with their times are ``pm.open(x, time=t)``.
    problem : Problem, optional
        What is known beforehand. By default every column that is not an input is a state, and
        everything else is decided from the data.
    states, inputs, units, time_unit, positive, order, hold, title : optional
        Single fields of `Problem`, such as ``order=2`` or ``positive=("hare", "lynx")``.
    degree, functions, terms, library, bodies, symmetries, laws, constants : optional
        Likewise.

    Returns
    -------
    Result

    Raises
    ------
    DataError
        If the data cannot be used.
    ProblemError
        If the problem does not fit the data.
    """
    said = {"states": states, "inputs": inputs, "positive": positive, "title": title}
    measures = {"units": units, "time_unit": time_unit, "constants": constants, "hold": hold}
    family = {"order": order, "degree": degree, "functions": functions, "terms": terms}
    more = {"library": library, "bodies": bodies, "symmetries": symmetries, "laws": laws}
    known = {**said, **measures, **family, **more}
    # The matrices are small and many: threads cost more than they give, and one thread gives the
    # same bits on every machine with the same libraries.
    with threadpool_limits(1, "blas"):
        return _discover(data, problem, known)


def _discover(data: Any, problem: Problem | None, known: dict[str, Any]) -> Result:
    stage("reading and checking the data", 0.0)
    if not isinstance(problem, Problem | None):
        raise ProblemError(
            "discover looks for equations; here some are given",
            fix="pm.fit(data, {state: right-hand side, ...}) fits the numbers of equations whose "
            "form is known; pm.hybrid(data, known=...) finds what a known part leaves out",
        )
    dataset, findings = checked(data, stated_units(problem, known))
    asked = stated_problem(dataset, problem, known)
    bodies = asked.body_table or ({} if _fixes_terms(asked) else recognise_bodies(asked.states))
    if bodies:
        ordered = asked.replace(
            states=tuple(axis for axes in bodies.values() for axis in axes), bodies=bodies, order=2
        )
        fit = _pairwise(dataset, ordered)
        if asked.body_table or fit.explained > ENGINE.bodies_believed:
            told = [*_relevant(findings, ordered), *not_imposed(ordered)]
            return pairwise_result(dataset, ordered, fit, told)
    asked, notes = _without_idle_states(dataset, asked)
    best = with_best_hold(dataset, asked)
    asked, dataset = asked.replace(hold=best.hold), with_holds(dataset, best.hold)
    told = [*findings, *notes, *best.findings]
    return terms_result(dataset, asked, best.answer, told)


def _fixes_terms(problem: Problem) -> bool:
    return bool(
        problem.degree is not None
        or problem.functions
        or problem.terms
        or problem.library
        or problem.positive
        or problem.order == 1
        or problem.symmetries
        or problem.laws
    )


def _pairwise(data: xr.Dataset, problem: Problem) -> PairwiseFit:
    stage("bodies that pull on each other", 0.0)
    prepared = prepare(data, problem, common_scale=True)
    table = problem.body_table
    n_axes = len(next(iter(table.values())))
    fit = fit_pairwise(prepared.tiles(order=2), len(table), n_axes, prepared.noise)
    where = prepared.coordinates
    shape = (-1, len(table), n_axes)
    runs = [
        ((run.time - where.origin) / where.step, where.to_computing(run.values).reshape(shape))
        for run in segments(data, problem.states)
    ]
    return balanced(fit, runs, prepared.noise)


def _relevant(findings: list[Finding], problem: Problem) -> list[Finding]:
    """Findings about columns matter less for bodies: orbits may well lie in a plane."""
    return [f for f in findings if f.code not in {"W-COLLINEAR", "W-DEPENDENT", "I-NOISE"}]


def _without_idle_states(data: xr.Dataset, problem: Problem) -> tuple[Problem, list[Finding]]:
    """Leave out states that do not move or repeat another one: they determine nothing."""
    columns = data[[*problem.states, *problem.inputs, "row_size"]]
    idle = set(constant_columns(columns)) | set(duplicate_columns(columns))
    kept = tuple(name for name in problem.states if name not in idle)
    inputs = tuple(name for name in problem.inputs if name not in idle)
    if not kept:
        raise DataError(
            "no state moves on its own",
            where=", ".join(problem.states),
            why="constant columns and copies of other columns hold no law",
            fix="supply data that vary",
        )
    if len(kept) == len(problem.states) and len(inputs) == len(problem.inputs):
        return problem, []
    _require_moving(problem, idle)
    present = {*kept, *inputs}
    known = still_named(problem, kept, inputs)
    changed = problem.replace(
        **known,
        states=kept,
        inputs=inputs,
        units={name: unit for name, unit in problem.units if name in present},
        hold={name: kind for name, kind in problem.hold if name in present},
        positive=tuple(name for name in problem.positive if name in present),
        bodies={},
    )
    note = Finding(
        "W-LEFT-OUT", "warning", ", ".join(sorted(idle)), "not modelled: constant or a copy"
    )
    said = {*problem.symmetries, *problem.laws} - {*known["symmetries"], *known["laws"]}
    lost = [
        Finding("W-NOT-IMPOSED", "warning", name, "not imposed: it speaks of a column left out")
        for name in sorted(said)
    ]
    return changed, [note, *lost]


def _require_moving(problem: Problem, idle: set[str]) -> None:
    """Terms that were asked for cannot use a column that is left out."""
    variables = term_variables(problem.states, problem.inputs, 2)
    lost = idle | {velocity_name(name) for name in idle}
    for text in (*problem.terms, *problem.library):
        used = sorted(names_in(read_term(problem, text, variables)) & lost)
        if used:
            raise ProblemError(
                f"the term {text!r} uses {', '.join(used)}, which does not move on its own",
                why="a column that is constant or repeats another one is left out of the model",
                fix="leave these terms out, write the constant as a number, or supply data that "
                "vary",
            )
