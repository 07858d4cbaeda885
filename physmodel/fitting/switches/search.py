"""Fields for regimes by alternation: assign each interval, fit each field, until nothing changes.

References
----------
Davis, Lee, Rodriguez-Yam (2006), Structural break estimation for nonstationary time series models,
J. Am. Stat. Assoc. 101, 223 (description length of a model with breaks);
Schwarz (1978), Ann. Stat. 6, 461.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.fitting.intervals import LEAST_NOISE, Course, costs, unknown_cost
from physmodel.fitting.switches.switching import BETWEEN, best_course, n_switches
from physmodel.models.fields.parametric_field import ParametricField

Array = NDArray[np.float64]
Labels = NDArray[np.intp]

#: Rounds of assigning and fitting at most; iterations of a fit in each, and of the first fits.
MOST_ROUNDS, ITERATIONS, FIRST_ITERATIONS = 50, 10, 30
#: Windows that first fields are fitted to: how many in a record, for each of several starts.
WINDOWS = (8, 24)


@dataclass(frozen=True, eq=False)
class Assigned:
    """Fields and which interval belongs to which.

    Attributes
    ----------
    experts : tuple of ParametricField
    labels : ndarray of int (n,)
        Regimes of the intervals, and `BETWEEN`.
    noise : ndarray (D,)
        Root mean square of what the fields miss, in units of the course.
    length : float
        Description length in nats: misfit, parameters, and the list of the changes.
    listed : float
        The part of it that lists the changes.
    """

    experts: tuple[ParametricField, ...]
    labels: Labels
    noise: Array
    length: float
    listed: float


def alternate(course: Course, experts: Sequence[ParametricField]) -> Assigned | None:
    """Assign and fit until the assignment stays the same.

    Parameters
    ----------
    course : Course
    experts : sequence of ParametricField
        To start from.

    Returns
    -------
    Assigned or None
        None if a regime has died out: then there are fewer.
    """
    fields, n = list(experts), len(course.change)
    missed = np.array([course.missed(one) for one in fields])
    nearest = (missed**2).sum(axis=2).argmin(axis=0)
    noise = _noise(missed, nearest)
    price = float(np.log(n) + np.log(max(len(fields) - 1, 1)))
    unknown, labels = unknown_cost(course), nearest
    for done in range(MOST_ROUNDS):
        new = best_course(costs(course, fields, noise), price, unknown, course.first)
        if done and np.array_equal(new, labels):
            break
        labels = new
        for k, field in enumerate(fields):
            better = course.fitted(field, labels == k, noise, ITERATIONS)
            if better is None:
                return None
            fields[k] = better
        noise = _noise(np.array([course.missed(one) for one in fields]), labels)
    cost = costs(course, fields, noise)
    inside = labels != BETWEEN
    listed = price * n_switches(labels, course.first)
    if len(fields) > 1:
        listed += float(len(course.records) * np.log(len(fields)))
    numbers = sum(len(one.parameters) for one in fields) + len(noise)
    length = cost[inside, labels[inside]].sum() + unknown[~inside].sum() + numbers * np.log(n) / 2.0
    return Assigned(tuple(fields), labels, noise, float(length) + listed, listed)


def search(course: Course, field: ParametricField, most: int) -> tuple[Course, dict[int, Assigned]]:
    """The shortest description with each number of regimes, until one more makes it longer.

    Parameters
    ----------
    course : Course
    field : ParametricField
        At the start values of its parameters.
    most : int

    Returns
    -------
    Course
        With as many integration steps as a field needs.
    dict of int to Assigned
        Of one regime at least.

    Raises
    ------
    ProblemError
        If the field cannot be fitted to the records.
    """
    everywhere = np.ones(len(course.change), dtype=bool)
    single = course.fitted(field, everywhere, np.ones(len(course.unit)), FIRST_ITERATIONS)
    if single is not None:
        course = course.refined(single)
    alone = None if single is None else alternate(course, [single])
    if single is None or alone is None:
        raise ProblemError(
            "the field cannot be fitted to these records",
            why="there are no more numbers than parameters, or it has no value at the start",
            fix="give more samples, or other start values",
        )
    found = {1: alone}
    pools = [_candidates(course, single, count) for count in WINDOWS]
    for k in range(2, most + 1):
        tried = [alternate(course, start) for start in _starts(course, found[k - 1], pools, k)]
        sound = [one for one in tried if one is not None]
        if not sound:
            break
        found[k] = min(sound, key=lambda one: one.length)
        if found[k].length >= found[k - 1].length:
            break
    return course, found


def _candidates(
    course: Course, field: ParametricField, count: int
) -> tuple[list[ParametricField], Array]:
    """Fields fitted to windows of neighbouring intervals, and what each misses everywhere."""
    n, needed = len(course.change), len(field.parameters) // course.change.shape[1] + 2
    size = max(n // count, needed)
    found = []
    for begin in range(0, n - size + 1, size):
        chosen = np.zeros(n, dtype=bool)
        chosen[begin : begin + size] = True
        one = course.fitted(field, chosen, np.ones(len(course.unit)), FIRST_ITERATIONS)
        if one is not None:
            found.append(one)
    return found, np.array([course.missed(one) for one in found])


def _starts(
    course: Course,
    before: Assigned,
    pools: Sequence[tuple[list[ParametricField], Array]],
    k: int,
) -> list[list[ParametricField]]:
    """First fields: the best few of each pool, and what was found with one fewer and one more."""
    starts: list[list[ParametricField]] = []
    old = np.array([course.missed(one) for one in before.experts])
    for fields, missed in pools:
        if len(fields) < k:
            continue
        # The noise is that of the windows that lie inside one regime: half of them at least.
        own = np.sort((missed**2).min(axis=0), axis=0)[: max(len(missed[0]) // 2, 1)]
        noise = np.maximum(np.sqrt(own.mean(axis=0)), LEAST_NOISE)
        cost, kept = _capped(course, missed, noise), _capped(course, old, noise)
        starts.append([fields[place] for place in _fewest(cost, k)])
        gain = np.minimum(kept.min(axis=0), cost).sum(axis=1)
        starts.append([*before.experts, fields[int(gain.argmin())]])
    return starts


def _capped(course: Course, missed: Array, noise: Array) -> Array:
    cost = ((missed / noise) ** 2).sum(axis=2) / 2.0 + np.log(noise).sum()
    return np.minimum(cost, unknown_cost(course))


def _fewest(cost: Array, k: int) -> list[int]:
    """``k`` rows whose least entries have the smallest sum: greedily, then by exchanges."""
    chosen: list[int] = []
    for _ in range(k):
        rest = cost[chosen].min(axis=0) if chosen else np.full(cost.shape[1], np.inf)
        chosen.append(int(np.minimum(cost, rest).sum(axis=1).argmin()))
    for place in [*range(k)] * 2:
        rest = cost[[c for j, c in enumerate(chosen) if j != place]].min(axis=0)
        chosen[place] = int(np.minimum(cost, rest).sum(axis=1).argmin())
    return chosen


def _noise(missed: Array, labels: Labels) -> Array:
    """Root mean squares ``(D,)`` of what the assigned field misses; ``missed`` is (K, n, D)."""
    inside = np.flatnonzero(labels != BETWEEN)
    own = missed[labels[inside], inside]
    if not len(own):
        return np.ones(missed.shape[2])
    return np.clip(np.sqrt((own**2).mean(axis=0)), LEAST_NOISE, 1.0)
