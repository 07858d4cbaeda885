"""Multiple shooting from bad starts: loose joints first, then tight; noise from the residuals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physmodel.fitting.opening import first_motion, typical_size, typical_speed
from physmodel.fitting.stage import Stage
from physmodel.losses.flow import ORDER
from physmodel.losses.shooting import MultipleShooting, Record
from physmodel.losses.shooting_exact import ExactStep, exact_step
from physmodel.models.fields.parametric_field import ParametricField
from physmodel.optimizers.least_squares.bordered import bordered_least_squares
from physmodel.optimizers.least_squares.residuals import Minimum

Array = NDArray[np.float64]

#: First noise, and least noise that is told from none, as parts of the spread of a state.
FIRST_NOISE, LEAST_NOISE = 1e-2, 1e-7
#: First slack of the joints as a part of the spread, and the last as a part of the noise: the
#: square of the last is what a step of the trajectory may leave of the variance.
FIRST_SLACK, LAST_SLACK = 1.0, 1e-4
#: Stages from the first slack to the last.
STAGES = 5
#: Estimated error per interval that the steps may have, over the noise.
STEP_ERROR = 1e-3
#: Most integration steps per interval.
MOST_STEPS = 512
#: Part of the cost that ten iterations have to gain while the noise is not known yet, and what they
#: have to gain after that, where the cost is in units in which the noise of one number is a half.
ROUGHLY, GAIN = 1e-2, 1e-2
#: Rounds of noise and steps, and the relative change of the noise that settles them.
ROUNDS, SETTLED = 6, 0.05
#: First values of states that were not measured, in units of the typical size of the others.
GUESSES = (1.0, 0.0, -1.0, 0.3, 3.0)
#: Most exact steps at the end, and the miss of a joint, over the motion, that is rounding.
MOST_EXACT, CLOSED = 4, 1e-14


@dataclass(frozen=True, eq=False)
class Staged:
    """Where the stages ended.

    Attributes
    ----------
    problem : MultipleShooting
        With the noise and steps it ended with.
    local : ndarray (n D,)
        Motions at all samples.
    found : Minimum
        Parameters.
    scale : ndarray (D,)
        Typical size of the motion.
    last : ExactStep or None
        From near the end, with what is known about the parameters; None if there is no such step.
    stages : tuple of Stage
        One after another.
    """

    problem: MultipleShooting
    local: Array
    found: Minimum
    scale: Array
    last: ExactStep | None
    stages: tuple[Stage, ...]


def staged(
    field: ParametricField,
    records: Sequence[Record],
    unmeasured: float = 0.0,
    start: Array | None = None,
    slack: float | None = None,
) -> Staged:
    """Fit motions and parameters.

    Parameters
    ----------
    field : ParametricField
        At the start values of its parameters.
    records : sequence of Record
    unmeasured : float
        First value of states that were not measured, in units of the typical size of the others.
    start : ndarray, optional
        Motions at all samples near the answer, where the parameters of the field are near it too:
        the stages with loose joints, which would lead away from it, are left out.
    slack : float, optional
        First slack of the joints, as a part of the spread; without it the last where there are
        motions to start from, and `FIRST_SLACK` where there are not.
    """
    d, width = len(field.states), field.order * len(field.states)
    table = np.vstack([record.motion for record in records])
    seen: NDArray[np.bool_] = np.logical_or.reduce(np.isfinite(table), axis=0)
    # What was not measured has no size of its own before there is a course of it.
    common = float(np.exp(np.mean(np.log(typical_size(table[:, :d][:, seen[:d]])))))
    spread = typical_size(table[:, :d], unknown=common)
    courses = [first_motion(record, d, unmeasured * common) for record in records]
    speed = typical_speed(records, [course[:, :d] for course in courses], spread)
    scale = np.concatenate([spread, speed])[:width]
    local, shared = np.vstack(courses).ravel(), field.parameters
    noise, rate_noise, steps = FIRST_NOISE * scale, _first_rate_noise(records), 1
    problem = MultipleShooting(field, records, noise, FIRST_SLACK * scale, steps, rate_noise)
    last, local = LAST_SLACK * FIRST_NOISE, local if start is None else start
    first = slack or (FIRST_SLACK if start is None else last)
    done: list[Stage] = []
    for share in _slacks(first, last):
        scale = np.where(seen, scale, _fitted_size(local.reshape(-1, width), scale))
        problem = replace(problem, slack=share * scale)
        most = 200 if share == last else 30
        ended = bordered_least_squares(problem, local, shared, max_iterations=most, worth=ROUGHLY)
        local, shared = ended.local, ended.shared.parameters
        done.append(Stage(float(share), ended.shared.history, ended.shared.ending))
    worth = GAIN / (np.isfinite(table).sum() / 2.0)
    for _ in range(ROUNDS):
        new, new_rates = _noise(problem, local, shared, scale)
        error = problem.step_error(local, shared)
        finer = float(np.max(error / _allowed(problem, new, new_rates))) ** (1.0 / ORDER)
        rough = finer > 1.0 and steps < MOST_STEPS
        if _settled(new[seen], noise[seen]) and _settled(new_rates, rate_noise) and not rough:
            break
        if rough:
            # An order is what short steps have; at most four times as many are trusted at once.
            steps = min(int(np.ceil(steps * min(finer, 4.0))), MOST_STEPS)
        noise, rate_noise = new, new_rates
        tight = LAST_SLACK * float((noise / scale)[seen].max())
        problem = replace(
            problem, noise=noise, slack=tight * scale, steps=steps, rate_noise=rate_noise
        )
        ended = bordered_least_squares(problem, local, shared, worth=worth)
        local, shared = ended.local, ended.shared.parameters
        done.append(Stage(tight, ended.shared.history, ended.shared.ending))
    return _exact(Staged(problem, local, ended.shared, scale, None, tuple(done)))


def _slacks(first: float, last: float) -> Array:
    """From loose to tight, each by about the same factor."""
    stages = 1 + round((STAGES - 1) * np.log(first / last) / np.log(FIRST_SLACK / last))
    return np.geomspace(last, first, stages)[::-1]


def _allowed(problem: MultipleShooting, noise: Array, rate_noise: Array | None) -> Array:
    """Integration errors ``(D,)`` that are far below the noise, also that of rates."""
    allowed = np.where(problem.known, STEP_ERROR * noise, np.inf)
    if rate_noise is not None:
        d = len(rate_noise)
        measured = np.logical_or.reduce(problem.measured_rates, axis=0)
        drift = STEP_ERROR * rate_noise * problem.typical_interval
        allowed[-d:] = np.where(measured, np.minimum(allowed[-d:], drift), allowed[-d:])
    return allowed


def _exact(loose: Staged) -> Staged:
    """Take away what the joints miss, as long as that is a small change."""
    problem, scale, best = loose.problem, loose.scale, loose
    local, shared = loose.local, loose.found.parameters
    gap, cost = _gap(problem, local, shared, scale), _cost(problem, local, shared)
    for _ in range(MOST_EXACT):
        step = exact_step(problem, local, shared, scale)
        best = replace(best, last=step)
        if step is None or gap <= CLOSED:
            break
        local, shared = local + step.local, shared + step.shared
        new, new_cost = _gap(problem, local, shared, scale), _cost(problem, local, shared)
        if not (new < gap / 2.0 and new_cost < 2.0 * cost + problem.n_unknowns):
            break
        gap, found = new, replace(loose.found, parameters=shared)
        best = replace(best, local=local, found=found)
    return best


def _gap(problem: MultipleShooting, local: Array, shared: Array, scale: Array) -> float:
    """Largest miss of a joint, over the size of the motion."""
    motion, joined = local.reshape(-1, problem.width), problem.joined
    missed = problem.pieces(local, shared)[0].end - motion[joined + 1]
    return float(np.max(np.abs(missed / scale), initial=0.0))


def _cost(problem: MultipleShooting, local: Array, shared: Array) -> float:
    """Sum of the squared residuals of what was measured."""
    total = float(np.nansum((problem.deviations(local) / problem.noise) ** 2))
    if problem.rate_noise is not None:
        rates = problem.rate_deviations(local, shared) / problem.rate_noise
        total += float(np.nansum(rates**2))
    return total


def _fitted_size(motion: Array, scale: Array) -> Array:
    """Root mean square of the present motion, not far below what it was thought to be."""
    size = np.sqrt(np.mean(motion**2, axis=0))
    return np.maximum(size, FIRST_NOISE * scale)


def _first_rate_noise(records: Sequence[Record]) -> Array | None:
    tables = [record.rates for record in records if record.rates is not None]
    return FIRST_NOISE * typical_size(np.vstack(tables)) if tables else None


def _settled(new: Array | None, old: Array | None) -> bool:
    if new is None or old is None:
        return True
    return bool(np.all(np.abs(new / old - 1.0) <= SETTLED))


def _noise(
    problem: MultipleShooting, local: Array, shared: Array, scale: Array
) -> tuple[Array, Array | None]:
    """Root mean squares of the deviations, corrected for what was fitted, ``(D,)`` and ``(d,)``."""
    deviations, counts = problem.deviations(local), problem.measured.sum(axis=0)
    rate_counts = problem.measured_rates.sum(axis=0)
    total = int(counts.sum() + rate_counts.sum())
    free = max(1.0 - problem.n_unknowns / total, 1.0 / total)
    noise = np.sqrt(np.nansum(deviations**2, axis=0) / np.maximum(counts * free, free))
    noise = np.maximum(noise, LEAST_NOISE * scale)
    if problem.rate_noise is None:
        return noise, None
    rates = problem.rate_deviations(local, shared)
    spread = np.sqrt(np.nansum(rates**2, axis=0) / np.maximum(rate_counts * free, free))
    least = LEAST_NOISE * typical_size(
        np.vstack([r.rates for r in problem.records if r.rates is not None])
    )
    return noise, np.maximum(spread, least)
