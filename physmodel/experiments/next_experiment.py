"""Which experiment next: the start, among those allowed, that best separates the rivals.

Every start is tried on paper: the winner is simulated from it, and the simulated record goes
through the same whitened weak form as real data (`physmodel.losses.weak_form.latent`). Rivals
differ there by what they say about each sampling interval, not by where a free run ends up: that
two chaotic runs diverge tells nothing, and a difference that other coefficient values absorb does
not count.
Joined with what the data so far leave open, this gives each rival a Gaussian prediction, and the
expected entropy of the model probabilities after the experiment orders the starts. The best ones
are judged again, each rival in turn being taken for true and simulated itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from physmodel.constants import ENGINE
from physmodel.errors import ProblemError
from physmodel.experiments.discrimination import entropy
from physmodel.experiments.experiment import NextExperiment
from physmodel.experiments.hypotheses import Hypotheses, hypotheses_of
from physmodel.experiments.judgement import NEAR, Option, distinct, judged, tried
from physmodel.experiments.starts import (
    Bounds,
    around,
    spread,
    start_box,
    start_names,
    start_table,
    to_computing,
)
from physmodel.experiments.trial import plan
from physmodel.laws.result import Result
from physmodel.models.fields.vector_field import InputSignal
from physmodel.models.signals import Signal
from physmodel.problem.known.knowledge import conditions_of

Array = NDArray[np.float64]

#: Starts of the first look; the best few share as many again around them.
STARTS, REFINED = 64, 4

#: Starts that are judged with every rival as the truth, and how many of them are reported.
FINALISTS, REPORTED = 6, 4

#: Sampling intervals below which a default record is not shortened further.
SHORTEST = 20

#: Name of the inputs of the record where no others are offered.
RECORDED = "as recorded"


def next_experiment(
    law: Result,
    *,
    bounds: Bounds | None = None,
    starts: Sequence[Mapping[str, float]] | None = None,
    duration: float | None = None,
    step: float | None = None,
    inputs: Mapping[str, InputSignal] | None = None,
    seed: int = 0,
) -> NextExperiment:
    """The experiment, among those allowed, that best separates the rivals.

    Parameters
    ----------
    law : Result
        With the data that it was found in.
    bounds : mapping of str to (low, high), optional
        Range of each start value, in its units; a velocity is called ``x_t``. By default
        that of the data, somewhat widened.
    starts : sequence of mapping of str to float, optional
        The only starts that are possible, instead of a range.
    duration, step : float, optional
        Length and sampling interval of the record to take; those of the data by default.
    inputs : mapping of label to callable, optional
        Signals ``u(t) -> (m,)`` to choose among; by default the recorded one.
    seed : int
        Of the starts that are tried.

    Returns
    -------
    NextExperiment
        Print it. Where nothing is to be separated it says so.

    Raises
    ------
    ProblemError
        If something that is allowed does not fit the law.
    """
    reason = _nothing(law)
    if reason:
        return NextExperiment.nothing(law.model.states, reason)
    with threadpool_limits(1, "blas"):  # as in `discover`
        models = hypotheses_of(law)
        if models.n_near < 2:
            return NextExperiment.nothing(
                law.model.states, "no other model is near: nothing to separate."
            )
        return _searched(law, models, bounds, starts, duration, step, inputs, seed)


def _nothing(law: Result) -> str:
    """Why there is nothing to plan, or nothing."""
    if law.status == "no-law":
        return "there is no law yet, so none to tell from others. " + law.remedy
    if not law.rivals and (law.status == "identified" or not law.laws):
        return "one model stands out and no rival is near: nothing to separate."
    if law.laws:
        return "only rivals of a term library can be separated so far, not exponents of a force."
    if conditions_of(law.problem, law.model.order):
        return (
            "rivals are separated only where every coefficient is free: discover without the "
            "symmetries and laws, and ask that result."
        )
    return ""


def _searched(
    law: Result,
    models: Hypotheses,
    bounds: Bounds | None,
    starts: Sequence[Mapping[str, float]] | None,
    duration: float | None,
    step: float | None,
    inputs: Mapping[str, InputSignal] | None,
    seed: int,
) -> NextExperiment:
    where = models.prepared.coordinates
    signals = _signals(law, models, inputs)
    length, interval = _timing(law, models, duration, step, recorded=RECORDED in signals)
    box = start_box(law, models, bounds) if starts is None else start_table(law, models, starts)
    first = (float(law.start["time"]) - where.origin) / where.step
    points = spread(box, STARTS, seed) if starts is None else box
    labels = [label for label in signals for _ in points]
    while True:
        trial = plan(models, first, length / where.step, interval / where.step, box)
        options = tried(trial, np.tile(points, (len(signals), 1)), labels, signals)
        # The winner of poor data may be right for a while only: a shorter record will do.
        if options or duration is not None or length < 2 * SHORTEST * interval:
            break
        length /= 2.0
    if not options:
        raise ProblemError(
            "every allowed start leads out of the range that the data and the starts span",
            why="no fit says what happens there",
            fix="allow starts nearer to the data, or a shorter duration",
        )
    options.sort(key=lambda option: option.remaining)
    if starts is None:
        options += tried(trial, *_around(box, options[:REFINED], seed), signals)
        options.sort(key=lambda option: option.remaining)
    options = distinct(options, box if starts is None else None)[:FINALISTS]
    repeated = tried(trial, _first_start(law, models), list(signals)[:1], signals)
    found = judged(law, trial, [*options, *repeated], signals, seed)
    again = found.pop() if repeated else None
    found.sort(key=lambda suggestion: suggestion.remaining)
    return NextExperiment(
        states=law.model.states,
        units=_units(law),
        time_unit=law.problem.time_unit,
        duration=(trial.n_samples - 1) * interval,
        step=interval,
        uncertainty=float(entropy(models.shares)),
        rivals=models.names[1:],
        shares=tuple(models.shares[: models.n_near].tolist()),
        best=found[0],
        runners_up=tuple(found[1:REPORTED]),
        repetition=again,
    )


def _around(box: Array, best: Sequence[Option], seed: int) -> tuple[Array, list[str]]:
    """Starts near the best ones so far, and their inputs."""
    count = STARTS // REFINED
    near = [around(box, o.start, NEAR, count, seed + 1 + k) for k, o in enumerate(best)]
    return np.concatenate(near), [option.label for option in best for _ in range(count)]


def _signals(
    law: Result, models: Hypotheses, inputs: Mapping[str, InputSignal] | None
) -> dict[str, InputSignal | None]:
    if not law.model.inputs:
        if inputs:
            raise ProblemError("the law has no inputs to choose", where="inputs")
        return {"": None}
    if inputs:
        return dict(inputs)
    where, (time, _, drive) = models.prepared.coordinates, models.prepared.pieces[0]
    recorded = Signal(where.origin + where.step * time, drive, models.prepared.hold)
    return {RECORDED: recorded}


def _timing(
    law: Result, models: Hypotheses, duration: float | None, step: float | None, *, recorded: bool
) -> tuple[float, float]:
    """Duration and sampling interval in user units, those of the record by default."""
    unit = models.prepared.coordinates.step
    interval = unit if step is None else float(step)
    spans = [time[-1] - time[0] for time, _, _ in models.prepared.pieces]
    length = (
        min(unit * max(spans), interval * ENGINE.tile_samples)
        if duration is None
        else float(duration)
    )
    if recorded:
        length = min(length, unit * spans[0])
    for name, value in (("duration", length), ("step", interval)):
        if not 0.0 < value < np.inf:
            raise ProblemError(f"{name} is {value:g}", fix="a positive number")
    if length < (law.model.order + 3) * interval:
        raise ProblemError(
            f"a record of {length:g} with a sample every {interval:g} is too short",
            fix=f"record at least {law.model.order + 4} samples",
        )
    return length, interval


def _first_start(law: Result, models: Hypotheses) -> Array:
    """Start of the record that was fitted, ``(1, D)`` in computing units."""
    start = [law.start["states"], *([law.start["velocities"]] if law.model.order == 2 else [])]
    return to_computing(models.prepared.coordinates, np.concatenate(start)[None])


def _units(law: Result) -> dict[str, str]:
    units = dict(law.problem.units)
    time = law.problem.time_unit
    names = start_names(law)
    found = {name: units.get(name, "") for name in names[: len(law.model.states)]}
    for state, name in zip(law.model.states, names[len(law.model.states) :], strict=False):
        found[name] = f"{units[state]}/{time}" if units.get(state) and time else ""
    return found
