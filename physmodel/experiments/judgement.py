"""Starts tried on paper: what each would give, and what that would tell about the models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.constants import ENGINE
from physmodel.experiments.discrimination import (
    Predictions,
    entropy,
    overlaps,
    predictions,
    probabilities,
    remaining,
    separations,
    simulated_misfits,
)
from physmodel.experiments.experiment import Suggestion
from physmodel.experiments.hypotheses import LIKELY, Hypotheses
from physmodel.experiments.starts import start_names, to_physical
from physmodel.experiments.trial import Trial
from physmodel.laws.result import Result
from physmodel.models.fields.vector_field import InputSignal

Array = NDArray[np.float64]

#: Starts of one input nearer to each other than this share of the box count as one.
NEAR = 0.1

#: Simulated records per judged start; they give probabilities to two per cent.
DRAWS = 2000


@dataclass(frozen=True)
class Option:
    """A start whose run stays in range.

    Attributes
    ----------
    start : ndarray (D,)
        In computing units.
    label : str
        Of the input signal.
    triangle : ndarray (m, q)
        What the winner's run would add to the regression, see `Trial.triangle`.
    remaining : float
        Entropy that would remain if every model ran like the winner; the less the better.
    """

    start: Array
    label: str
    triangle: Array
    remaining: float


def tried(
    trial: Trial, points: Array, labels: Sequence[str], signals: Mapping[str, InputSignal | None]
) -> list[Option]:
    """Winner's runs that stay in range, whitened.

    Parameters
    ----------
    trial : Trial
    points : ndarray (c, D)
        In computing units.
    labels : sequence of str (c,)
        Input of each.
    signals : mapping of label to callable
    """
    states, stayed = _runs(trial, [0] * len(points), points, labels, signals)
    models, options = trial.models, []
    for c, label in enumerate(labels):
        if stayed[c]:
            triangle = trial.triangle(0, states[:, c], signals[label])
            expected = predictions(triangle, models.beliefs)
            left = remaining(models.shares, _distances(models, expected, {}))
            options.append(Option(points[c], label, triangle, left))
    return options


def _runs(
    trial: Trial,
    numbers: Sequence[int],
    points: Array,
    labels: Sequence[str],
    signals: Mapping[str, InputSignal | None],
) -> tuple[Array, NDArray[np.bool_]]:
    """All runs of one input at once: the cost is in the steps, not in the runs."""
    states = np.empty((len(trial.time), len(points), trial.models.field.n_states))
    stayed = np.zeros(len(points), dtype=bool)
    for label in dict.fromkeys(labels):
        mine = np.array([other == label for other in labels])
        models = [number for number, own in zip(numbers, mine, strict=True) if own]
        states[:, mine], stayed[mine] = trial.run(models, points[mine], signals[label])
    return states, stayed


def _distances(models: Hypotheses, common: Predictions, own: Mapping[int, Predictions]) -> Array:
    """Bhattacharyya distances of every model from every other.

    Row ``i`` uses the record that model ``i`` itself would give, where it was simulated. Which of
    two unlikely models it is does not matter yet.
    """
    count = len(models.beliefs)
    distances = np.full((count, count), np.inf)
    likely = [0, *_likely(models)]
    for true in likely:
        row = overlaps(true, own.get(true, common))
        distances[true] = row
        others = np.setdiff1d(np.arange(count), likely)
        distances[others, true] = row[others]
    return distances


def _likely(models: Hypotheses) -> list[int]:
    """Rivals worth a simulation of their own."""
    return [number for number in range(1, models.n_near) if models.shares[number] >= LIKELY]


def distinct(options: list[Option], box: Array | None) -> list[Option]:
    """Leave out what lies next to something better: alternatives should be alternatives."""
    if box is None:
        return options
    width = np.where(box[1] > box[0], box[1] - box[0], 1.0)
    kept: list[Option] = []
    for option in options:
        if all(
            option.label != other.label or np.abs((option.start - other.start) / width).max() > NEAR
            for other in kept
        ):
            kept.append(option)
    return kept


def judged(
    law: Result,
    trial: Trial,
    options: Sequence[Option],
    signals: Mapping[str, InputSignal | None],
    seed: int,
) -> list[Suggestion]:
    """Starts with every likely rival taken for true in turn.

    Parameters
    ----------
    law : Result
    trial : Trial
    options : sequence of Option
    signals : mapping of label to callable
    seed : int
        Of the simulated records.

    Returns
    -------
    list of Suggestion
        In the order of the options.
    """
    likely = _likely(trial.models)
    points = np.repeat([option.start for option in options], len(likely), axis=0)
    labels = [option.label for option in options for _ in likely]
    states, stayed = _runs(trial, likely * len(options), points, labels, signals)
    found = []
    for k, option in enumerate(options):
        runs = range(k * len(likely), (k + 1) * len(likely))
        triangles = {
            number: trial.triangle(number, states[:, run], signals[option.label])
            for number, run in zip(likely, runs, strict=True)
            if stayed[run]
        }
        found.append(_judged(law, trial, option, triangles, seed))
    return found


def _judged(
    law: Result, trial: Trial, option: Option, triangles: Mapping[int, Array], seed: int
) -> Suggestion:
    """One start, given what the runs of the likely rivals that stay in range would add."""
    models = trial.models
    shares, beliefs = models.shares, models.beliefs
    sizes = np.array([belief.size for belief in beliefs])
    deltas = np.array([belief.delta for belief in beliefs])
    growth = 1.0 + trial.n_samples / models.n_samples
    common = predictions(option.triangle, beliefs)
    own = {number: predictions(triangle, beliefs) for number, triangle in triangles.items()}
    rng = np.random.default_rng(seed)
    kept, decided = [], []
    for true, draws in enumerate(rng.multinomial(DRAWS, shares)):
        expected = own.get(true, common)
        misfits = deltas + simulated_misfits(true, expected, int(draws), rng)
        kept.append(entropy(probabilities(misfits + expected.log_volumes)))
        # A law is compared with others of the plainest library that holds it, see `identify`.
        rivals = models.plain if models.plain[true] else np.ones(len(beliefs), dtype=bool)
        after = probabilities((misfits + sizes * np.log(growth))[:, rivals])
        decided.append(after.max(axis=1) >= ENGINE.confident)
    where = models.prepared.coordinates
    start = to_physical(where, option.start[None])[0]
    seen = models.seen(option.start)
    names = start_names(law)
    leaving = sum(shares[number] for number in _likely(models) if number not in triangles)
    return Suggestion(
        start=dict(zip(names, start.tolist(), strict=True)),
        input=option.label,
        information=max(float(entropy(shares) - np.concatenate(kept).mean()), 0.0),
        remaining=remaining(shares, _distances(models, common, own)),
        decided=float(np.concatenate(decided).mean()),
        separation=tuple(separations(0, common, sizes, growth)[1 : models.n_near].tolist()),
        outside=tuple(name for name, within in zip(names, seen, strict=True) if not within),
        leaving=float(leaving),
    )
