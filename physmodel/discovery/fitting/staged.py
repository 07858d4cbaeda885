"""Multiple shooting from bad starts: loose joints first, then tight; noise from the residuals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import DataError
from physmodel.losses.shooting import MultipleShooting, Record
from physmodel.models.parametric_field import ParametricField
from physmodel.optimizers.bordered_least_squares import bordered_least_squares
from physmodel.optimizers.residuals import Minimum

Array = NDArray[np.float64]

#: First noise, and least noise that is told from none, as parts of the spread of a state.
FIRST_NOISE, LEAST_NOISE = 1e-2, 1e-7
#: First slack of the joints as a part of the spread, and the last as a part of the noise: the
#: square of the last is what a step of the trajectory may leave of the variance.
FIRST_SLACK, LAST_SLACK = 1.0, 1e-4
#: Stages from the first slack to the last.
STAGES = 5
#: Error per interval that the steps may have before they are extrapolated, which leaves a small
#: part of it, over the noise; and the order of the steps.
STEP_ERROR, ORDER = 1.0, 4
#: Most integration steps per interval.
MOST_STEPS = 512
#: Rounds of noise and steps, and the relative change of the noise that settles them.
ROUNDS, SETTLED = 6, 0.05


def staged(
    field: ParametricField, records: Sequence[Record]
) -> tuple[MultipleShooting, Array, Minimum]:
    """Fit motions and parameters.

    Parameters
    ----------
    field : ParametricField
        At the start values of its parameters.
    records : sequence of Record

    Returns
    -------
    problem : MultipleShooting
        With the noise and steps it ended with.
    local : ndarray
        Motions at all samples.
    found : Minimum
        Parameters.

    Raises
    ------
    DataError
        If a state was never measured.
    """
    _require_measured(field, records)
    spread = typical_size(records)
    motion = np.vstack([_first_motion(record, field.order) for record in records])
    local, shared = motion.ravel(), field.parameters
    width = motion.shape[1]
    scale = np.concatenate([spread, _speed(records, spread)])[:width]
    noise, steps = FIRST_NOISE * spread, 1
    problem = MultipleShooting(field, records, noise, FIRST_SLACK * scale, steps)
    last = LAST_SLACK * FIRST_NOISE
    for share in np.geomspace(FIRST_SLACK, last, STAGES):
        problem = problem.with_slack(noise, share * scale, steps)
        most = 200 if share == last else 30
        ended = bordered_least_squares(problem, local, shared, max_iterations=most)
        local, shared = ended.local, ended.shared.parameters
    for _ in range(ROUNDS):
        new = np.maximum(_noise(problem, local, len(shared)), LEAST_NOISE * spread)
        allowed = STEP_ERROR * new
        error = problem.step_error(local, shared)[: len(spread)]
        finer = float(np.max(error / allowed)) ** (1.0 / ORDER)
        rough = finer > 1.0 and steps < MOST_STEPS
        if np.all(np.abs(new / noise - 1.0) <= SETTLED) and not rough:
            break
        if rough:
            # An order is what short steps have; at most four times as many are trusted at once.
            steps = min(int(np.ceil(steps * min(finer, 4.0))), MOST_STEPS)
        noise = new
        tight = LAST_SLACK * (noise / spread).max() * scale
        problem = problem.with_slack(noise, tight, steps)
        ended = bordered_least_squares(problem, local, shared)
        local, shared = ended.local, ended.shared.parameters
    return problem, local, ended.shared


def typical_size(records: Sequence[Record]) -> Array:
    """Spread of each state, or its size where it stays the same, ``(d,)``."""
    states = np.vstack([record.states for record in records])
    spread, size = np.nanstd(states, axis=0), np.nanmax(np.abs(states), axis=0)
    spread = np.where(spread > 0.0, spread, size)
    return np.where(spread > 0.0, spread, 1.0)


def _require_measured(field: ParametricField, records: Sequence[Record]) -> None:
    states = np.vstack([record.states for record in records])
    for name, column in zip(field.states, states.T, strict=True):
        if not np.isfinite(column).any():
            raise DataError(
                f"the state {name!r} was never measured",
                why="its first course cannot be guessed",
                fix="measure it, or write the equations without it, with order = 2",
            )


def _first_motion(record: Record, order: int) -> Array:
    """States as measured, straight across what was not; velocities from neighbours."""
    columns = []
    for column in record.states.T:
        known = np.isfinite(column)
        if not known.any():
            columns.append(np.zeros(len(column)))
            continue
        columns.append(np.interp(record.time, record.time[known], column[known]))
    motion = np.column_stack(columns)
    if order == 2:
        motion = np.hstack([motion, np.gradient(motion, record.time, axis=0)])
    return motion


def _speed(records: Sequence[Record], spread: Array) -> Array:
    """Typical speed of each state, ``(d,)``."""
    speeds = np.vstack(
        [np.gradient(_first_motion(record, 1), record.time, axis=0) for record in records]
    )
    longest = max(record.time[-1] - record.time[0] for record in records)
    return np.maximum(np.sqrt(np.mean(speeds**2, axis=0)), spread / longest)


def _noise(problem: MultipleShooting, local: Array, n_parameters: int) -> Array:
    """Root mean square of the deviations, corrected for what was fitted, ``(d,)``."""
    deviations = problem.deviations(local)
    counts = problem.measured.sum(axis=0)
    fitted = n_parameters + problem.width * len(problem.records)
    left = counts * max(1.0 - fitted / counts.sum(), 1.0 / counts.sum())
    return np.sqrt(np.nansum(deviations**2, axis=0) / left)
