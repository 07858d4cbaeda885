"""Run a discovered law forward from a start that fits it, with inputs that were recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.contract import make_dataset, variable_names
from physmodel.data.inputs.holds import with_holds
from physmodel.data.segments import segments
from physmodel.errors import ProblemError
from physmodel.laws.runs.scores import input_signal
from physmodel.models.fields.logarithmic import LogarithmicField
from physmodel.models.fields.vector_field import InputSignal, VectorField, simulate
from physmodel.problem.problem import Problem

Array = NDArray[np.float64]

#: Evaluations of a law that one simulation may take: some seconds, not some hours.
MOST_EVALUATIONS = 250_000


def simulated(
    model: VectorField,
    problem: Problem,
    start: Mapping[str, Array],
    data: xr.Dataset | None,
    x0: Array | None,
    t: Array | None,
    *,
    v0: Array | None,
    inputs: InputSignal | None,
    rtol: float,
) -> xr.Dataset:
    """Integrate a law; see `FreeRuns.simulate` for what the arguments mean.

    Raises
    ------
    PhysmodelError
    """
    time = _checked_times(t)
    if x0 is None and not start:
        raise ProblemError("this result holds no start state", fix="pass x0=")
    begin = start["states"] if x0 is None else _per_state(model, "x0", x0)
    velocity = None
    if model.order == 2:
        if v0 is None and x0 is None:
            v0 = start.get("velocities")
        if v0 is None:
            raise ProblemError(
                "this law is of second order and x0 says no velocity", fix="pass v0="
            )
        velocity = _per_state(model, "v0", v0)
    if inputs is None and model.inputs:
        inputs = _recorded_inputs(model, problem, data, time)
    states = _integrated(model, problem.positive, time, begin, velocity, inputs, rtol)
    units = dict(problem.units)
    return make_dataset(
        [time],
        [states],
        model.states,
        units={name: units.get(name, "") for name in model.states},
        time_units=problem.time_unit,
        title="simulation",
    )


def require_variables(model: VectorField, data: xr.Dataset) -> None:
    """Refuse data that lack a variable of the law.

    Raises
    ------
    ProblemError
    """
    present = variable_names(data)
    for name in (*model.states, *model.inputs):
        if name not in present:
            raise ProblemError(
                f"the law needs {name!r}, which the data do not have",
                fix="variables of the data: " + ", ".join(present),
            )


def _integrated(
    model: VectorField,
    positive: tuple[str, ...],
    time: Array,
    begin: Array,
    velocity: Array | None,
    inputs: InputSignal | None,
    rtol: float,
) -> Array:
    logs = np.array([name in positive for name in model.states])
    for name, value in zip(model.states, begin, strict=True):
        if name in positive and not value > 0.0:
            raise ProblemError(f"{name} starts at {value:g}", why="it was declared positive")
    if model.order == 2 or not logs.any():
        return simulate(
            model,
            time,
            begin,
            start_velocity=velocity,
            inputs=inputs,
            rtol=rtol,
            max_evaluations=MOST_EVALUATIONS,
        )
    field = LogarithmicField(model, logs)
    start = np.log(begin, out=begin.copy(), where=logs)
    logarithms = simulate(
        field, time, start, inputs=inputs, rtol=rtol, max_evaluations=MOST_EVALUATIONS
    )
    states = field.real(logarithms)
    states[0] = begin
    return states


def _checked_times(t: Array | None) -> Array:
    if t is None:
        raise ProblemError("simulate needs the times t at which to report")
    time = np.asarray(t, dtype=float)
    if time.ndim != 1 or not time.size or not np.isfinite(time).all():
        raise ProblemError(f"t has shape {time.shape}", fix="a list of one or more finite times")
    if not (np.diff(time) > 0.0).all():
        raise ProblemError("the times t do not increase", fix="start at the earliest time")
    return time


def _per_state(model: VectorField, label: str, values: Any) -> Array:
    vector = np.asarray(values, dtype=float)
    if vector.shape != (len(model.states),):
        raise ProblemError(
            f"{label} has shape {vector.shape}; the model has {len(model.states)} states",
            fix="one number per state: " + ", ".join(model.states),
        )
    for name, value in zip(model.states, vector, strict=True):
        if not np.isfinite(value):
            raise ProblemError(f"{label} of {name} is {value}", fix="finite numbers")
    return vector


def _recorded_inputs(
    model: VectorField, problem: Problem, data: xr.Dataset | None, time: Array
) -> InputSignal | None:
    names = ", ".join(model.inputs)
    fix = "pass inputs=, a function of the time that gives " + names
    if data is None:
        raise ProblemError(f"the law is driven by {names} and no record of it is here", fix=fix)
    held = with_holds(data, dict(problem.hold))
    record = segments(held, (*model.states, *model.inputs))[0]
    start, end = float(record.time[0]), float(record.time[-1])
    if time[0] < start or time[-1] > end:
        raise ProblemError(
            f"the law is driven by {names}, recorded from {start:g} to {end:g} only",
            fix="simulate within the record, or " + fix,
        )
    return input_signal(record, len(model.states))
