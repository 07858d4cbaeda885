"""Known physics and data in, the hidden term out: `physmodel.hybrid`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from physmodel.data.checked import checked
from physmodel.data.doctor import constant_columns, duplicate_columns
from physmodel.data.open import opened
from physmodel.data.stated_problem import stated_problem, stated_units
from physmodel.discovery.holds import stated_by_evidence
from physmodel.errors import DataError, ProblemError
from physmodel.findings import Finding
from physmodel.fitting.courses import Pieces
from physmodel.fitting.starts import linear_names, searched_starts
from physmodel.hybrids.of_law import residual_law
from physmodel.hybrids.outcome import hybrid_result
from physmodel.hybrids.results.result import HybridResult
from physmodel.hybrids.search import searched
from physmodel.laws.result import Result
from physmodel.laws.runs.scores import states_and_velocities
from physmodel.losses.records import records_of
from physmodel.models.fields.equations_text import closed_states, known_texts, read_known
from physmodel.models.fields.expression_field import ExpressionField
from physmodel.problem.problem import Problem


def hybrid(
    data: Any,
    known: str | Mapping[str, str] | Result,
    problem: Problem | None = None,
    *,
    start: Mapping[str, float] | None = None,
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
) -> HybridResult:
    """Find what known equations leave out of measured trajectories.

    Parameters
    ----------
    data : xarray.Dataset, path, DataFrame or catalogue name
        As of `physmodel.discover`.
    known : str, mapping or Result
        The known equations, such as ``"x' = a*x, y' = -d*y"`` or ``"theta'' = -k*sin(theta)"``.
        Names that are no columns are unknown parameters; ``==`` says that nothing is hidden in an
        equation, as in ``theta' == w``. Of states without an equation nothing is
        known. With a law that `discover` found, what the law leaves out is looked for in the data.
    problem : Problem, optional
        What else is known, for the terms that are tried: degree, functions, terms, symmetries.
    start : mapping of str to float, optional
        Where parameters inside functions start; without it starts are searched, as by
        `physmodel.fit`.
    states, inputs, units, time_unit, positive, order, hold, title : optional
        Single fields of `Problem`.
    degree, functions, terms, library, bodies, symmetries, laws, constants : optional
        Likewise.

    Returns
    -------
    HybridResult

    Raises
    ------
    DataError
        If the data cannot be used.
    ProblemError
        If the known equations cannot be read or do not fit the data.
    """
    said = {"states": states, "inputs": inputs, "positive": positive, "title": title}
    measures = {"units": units, "time_unit": time_unit, "constants": constants, "hold": hold}
    family = {"order": order, "degree": degree, "functions": functions, "terms": terms}
    more = {"library": library, "bodies": bodies, "symmetries": symmetries, "laws": laws}
    each = {**said, **measures, **family, **more}
    fields = {name: value for name, value in each.items() if value is not None}
    with threadpool_limits(1, "blas"):
        if not isinstance(known, Result):
            return _hybrid(data, known, problem, start, fields)
        if problem is not None or start is not None or fields:
            raise ProblemError(
                "a law says itself what its problem and numbers are",
                fix="leave problem, start and fields out, or give the equations as text",
            )
        return residual_law(replace(known, data=opened(data)))


def _hybrid(
    data: Any,
    known: str | Mapping[str, str],
    problem: Problem | None,
    start: Mapping[str, float] | None,
    fields: dict[str, Any],
) -> HybridResult:
    dataset, findings = checked(data, stated_units(problem, fields))
    # Known parts are added up in plain coordinates: no logarithms.
    asked = stated_problem(dataset, problem, {**fields, "positive": ()})
    texts = known_texts(known, asked.states)
    field = read_known(known, asked.states, asked.inputs, start)
    if asked.order not in (None, field.order):
        raise ProblemError(
            f"the known equations are of order {field.order} in time and the problem says "
            f"{asked.order}",
            fix="leave the order out: the known equations say it",
        )
    asked = asked.replace(order=field.order)
    _require_moving(dataset, asked)
    dataset, asked, told = stated_by_evidence(dataset, asked)
    field = _begun(dataset, field, start or {})
    _require_finite(dataset, field)
    silent = [state for state, text in texts.items() if text == "0"]
    notes = [
        Finding("W-NOTHING-KNOWN", "warning", name, "no equation is known: all of its rate is new")
        for name in silent
    ]
    steps = searched(dataset, asked, field, closed_states(known, asked.states))
    return hybrid_result(dataset, asked, field, texts, steps, [*findings, *told, *notes])


def _begun(data: xr.Dataset, field: ExpressionField, start: Mapping[str, float]) -> ExpressionField:
    """The known part at the start of its numbers: those inside functions are searched."""
    if not set(field.names) - {*linear_names(field), *start}:
        return field
    try:
        records = records_of(data, field)
    except DataError:  # too few samples for a fit of the known part alone
        return field
    courses = Pieces.of(records, len(field.states), field.order)
    found = searched_starts(field, courses, start)
    tried = [field.with_parameters(parameters) for parameters, _ in found]
    return next((one for one in tried if not _infinite(data, one).any()), field)


def _infinite(data: xr.Dataset, field: ExpressionField) -> NDArray[np.bool_]:
    """Measured states ``(n, d)`` at which an equation has no finite value or derivative."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        near = field.linearised(*states_and_velocities(data, field))
    parts = (near.rate[:, :, None], near.by_motion, near.by_parameter)
    return ~np.all([np.isfinite(part).all(axis=2) for part in parts], axis=0)


def _require_finite(data: xr.Dataset, field: ExpressionField) -> None:
    """Refuse known equations that have no finite value at a measured state."""
    wrong = _infinite(data, field)
    if not wrong.any():
        return
    time, states, _, _ = states_and_velocities(data, field)
    sample, equation = np.argwhere(wrong)[0]
    there = ", ".join(f"{s} = {v:.4g}" for s, v in zip(field.states, states[sample], strict=True))
    raise ProblemError(
        f"the known equation of {field.states[equation]!r} has no finite value, or no derivative",
        where=f"time {time[sample]:g}, {there}",
        why="it is evaluated at all measured states, noise included",
        fix="start numbers inside functions elsewhere (start={...}, --start NAME=VALUE), or write "
        "the equation so that it holds at all these states, such as sqrt(abs(x)) for sqrt(x)",
    )


def _require_moving(data: xr.Dataset, problem: Problem) -> None:
    columns = data[[*problem.states, *problem.inputs, "row_size"]]
    idle: Sequence[str] = [*constant_columns(columns), *duplicate_columns(columns)]
    stuck = [name for name in problem.states if name in idle]
    if stuck:
        raise DataError(
            f"the state {stuck[0]!r} is constant or repeats another column",
            why="a column that does not move on its own determines nothing",
            fix="leave it out of the states (states=[...])",
        )
