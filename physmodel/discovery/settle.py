"""The loop: linearise, solve, move the trajectory, estimate the errors again, until nothing moves.

There are two kinds of errors, and both are estimated by maximum likelihood: noise of the samples,
and an error of the equation itself, which is what solvers, filters, held inputs and physics that
nobody wrote down leave in data. For a law that holds exactly the second goes to zero; for data
without noise but with a law that holds to five digits only, the first does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physmodel.constants import ENGINE
from physmodel.discovery.law import Law, Support
from physmodel.discovery.linearisation import Errors, Linearisation, Setting
from physmodel.losses.weak_form.tile import quadrature_error
from physmodel.optimizers.subset.triangular import Solution, solve_support, unscaled

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Schedule:
    """How a law is settled.

    Attributes
    ----------
    slacks : tuple of float
        Equation error of the first rounds, in which the errors stay as they are: a large one
        lets the trajectory follow the data while the terms are still wrong.
    rounds : int
        Rounds at most after these; in them both kinds of errors follow their likelihood.
    """

    slacks: tuple[float, ...] = ()
    rounds: int = 0

    def repeats(self, number: int) -> bool:
        """Whether a round is like the one before, so that nothing may move any more."""
        if number >= len(self.slacks):
            return number > len(self.slacks)
        return number > 0 and self.slacks[number] == self.slacks[number - 1]


@dataclass(frozen=True)
class Choice:
    """Which columns take part, and which of them are used.

    Attributes
    ----------
    columns : ndarray of int or None
        None for all.
    solve : callable
        ``solve(step) -> Solution`` on the columns that take part.
    """

    columns: NDArray[np.intp] | None
    solve: Callable[[Linearisation], Solution]


@dataclass(frozen=True, eq=False)
class Start:
    """Where a fit starts when there is no law yet.

    Attributes
    ----------
    weights : ndarray (K,) or None
    latent : list of ndarray (n, d)
    errors : Errors
    """

    weights: Array | None
    latent: list[Array]
    errors: Errors


def fixed(support: Support) -> Choice:
    """Use these columns and no others."""
    everything = np.arange(len(support))
    return Choice(
        np.array(support, dtype=np.intp), lambda step: solve_support(step.factor, everything)
    )


def settle(setting: Setting, start: Start | Law, choice: Choice, schedule: Schedule) -> Law:
    """Fit a law around a trajectory of its own.

    Returns
    -------
    Law
        Everything in it belongs to one round.
    """
    weights, latent, errors = start.weights, start.latent, start.errors
    law = start if isinstance(start, Law) else None
    given = len(schedule.slacks)
    total = given + schedule.rounds
    for number in range(total):
        if number < given:
            errors = Errors(errors.noise, schedule.slacks[number])
        step = setting.at(weights, latent, errors, choice.columns, law.off if law else None)
        solution = choice.solve(step)
        before, law = law, law_of(setting, step, choice.columns, solution, errors)
        still = before is not None and schedule.repeats(number) and _still(law, before)
        law = replace(law, converged=still)
        if still or number == total - 1:
            break
        weights, latent = law.weights, law.latent
        if number >= given - 1 and schedule.rounds:
            errors = _estimated(setting, step, choice, law)
    assert law is not None  # noqa: S101
    _ = law.deviance  # of the last round only: its rows need not be kept
    return law


def _still(law: Law, before: Law) -> bool:
    """Whether no coefficient moved by more than a part of its standard error, or rounding."""
    if law.key != before.key:
        return False
    moved = np.abs(law.weights - before.weights)
    error = ENGINE.settled_move * np.sqrt(np.sum(law.root**2, axis=1))
    rounding = ENGINE.settle_rounding * np.abs(law.weights).max(initial=0.0)
    if not np.all(moved <= np.maximum(error, rounding)):
        return False
    # Laws that leave only noise are compared by evidence, others by what they leave.
    change = np.abs(np.log(law.unexplained / before.unexplained))
    if not np.any(change > ENGINE.settled_move) and not law.complete:
        return True
    return not abs(law.evidence() - before.evidence()) > ENGINE.settled_evidence


def _estimated(setting: Setting, step: Linearisation, choice: Choice, law: Law) -> Errors:
    """Errors one step closer to the maximum of their likelihood."""
    short = law.weights if choice.columns is None else law.weights[choice.columns]
    unit = setting.looseness * law.errors.slack * law.noise * np.ones_like(law.noise)
    sizes = [
        unit * np.sqrt(tile.durations) * np.ones((tile.weak.n_rows, 1)) for tile in setting.tiles
    ]
    tails = law.errors.tails or [np.ones_like(size) for size in sizes]
    scores, off = np.zeros((2, 2, len(unit))), []
    for row, size, tail in zip(step.rows, sizes, tails, strict=True):
        scores += row.variance_scores(short, size * tail)
        off.append(row.equation_error(short, size * tail))
    dof = max(law.n_data - len(law.key), 1) / law.n_data
    ratio = np.sqrt(scores[:, 0] / np.maximum(scores[:, 1], np.finfo(float).tiny) / dof)
    # An equation error that is not there shrinks by a constant factor: go several steps at once.
    vanishing = np.array(law.slack <= ENGINE.small_slack) & (ratio[1] < 1.0)
    ratio[1] **= np.where(vanishing, ENGINE.haste, 1.0)
    change = np.clip(ratio, 1.0 / ENGINE.largest_change, ENGINE.largest_change)
    noise = law.noise * change[0]
    if law.noise_free:
        # Noise below the quadrature error may not show in the residual: then it would go to zero.
        noise = np.maximum(noise, law.noise)
    noise = np.maximum(noise, setting.least)
    slack = np.maximum(unit * change[1] / (setting.looseness * noise), ENGINE.least_slack)
    # Where the equation error is small its tails are not known, and make no difference.
    shown = slack > ENGINE.small_slack
    heavier = [
        np.sqrt(
            (ENGINE.student_freedom + (error / (size * change[1])) ** 2)
            / (ENGINE.student_freedom + 1.0)
        )
        for error, size in zip(off, sizes, strict=True)
    ]
    return Errors(noise, slack, [np.where(shown, tail, 1.0) for tail in heavier])


def law_of(
    setting: Setting,
    step: Linearisation,
    columns: NDArray[np.intp] | None,
    solution: Solution,
    errors: Errors,
) -> Law:
    """The law that a solution of one linearisation states, with its trajectory.

    Parameters
    ----------
    setting : Setting
    step : Linearisation
    columns : ndarray of int or None
        Columns of the field that `step` holds; None for all.
    solution : Solution
        On the columns of `step`.
    errors : Errors
        With which `step` was whitened.
    """
    scale = step.factor.scale
    short = unscaled(step.factor, solution)
    where = np.arange(len(short)) if columns is None else columns
    weights = np.zeros(setting.field.n_coefficients)
    weights[where] = short
    root = np.zeros((len(weights), len(solution.support)))
    root[where[solution.support]] = solution.inverse / scale[solution.support, None]
    latent = step.latent(short)
    quadrature = [
        quadrature_error(tile, setting.field, weights, states)
        for tile, states in zip(setting.tiles, latent, strict=True)
    ]
    return Law(
        weights,
        root,
        errors,
        latent,
        step.residuals(short),
        step.factor.total,
        step.log_volume,
        quadrature,
        *_sizes(setting, latent, errors),
        step.criterion,
        setting.rough,
    )


def _sizes(setting: Setting, latent: Sequence[Array], errors: Errors) -> tuple[Array, Array]:
    """Root mean squares of the left-hand sides along a trajectory, and of the equation error."""
    pairs = list(zip(setting.tiles, latent, strict=True))
    rates = np.concatenate([tile.weak.left @ states for tile, states in pairs])
    spans = np.concatenate([tile.durations for tile in setting.tiles])
    size = setting.looseness * errors.typical * errors.noise * np.sqrt(spans.mean())
    return np.sqrt(np.mean(rates**2, axis=0)), np.asarray(size)
