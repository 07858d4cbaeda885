"""Whether the state decides the regime: a gate fitted to an assignment, and what it would cost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from physmodel.fitting.intervals import Course, costs, unknown_cost
from physmodel.fitting.switches.search import Assigned
from physmodel.fitting.switches.switching import BETWEEN
from physmodel.models.fields.switched_field import Gate

Array = NDArray[np.float64]

#: Standard deviation of the weights before anything is known, for motions of unit size: borders
#: this sharp are steps, and keep the weights finite where regimes do not overlap.
SHARPEST = 100.0


def best_gate(course: Course, found: Assigned) -> tuple[Gate | None, float]:
    """The gate whose description of the regimes is shortest, if it is shorter than their list.

    Parameters
    ----------
    course : Course
    found : Assigned
        Of two regimes or more.

    Returns
    -------
    Gate or None
        None where listing the changes takes fewer nats: then the state does not decide.
    float
        Nats of the best gate beyond those of the list; negative where the gate is shorter.
    """
    cost, unknown = costs(course, found.experts, found.noise), unknown_cost(course)
    inside = found.labels != BETWEEN
    listed = float(cost[inside, found.labels[inside]].sum() + unknown[~inside].sum()) + found.listed
    tried = []
    for degree in (1, 2):
        gate = _fitted(course, cost, inside, degree)
        # One row of weights is no freedom: scores count up to a function of the motion.
        numbers = gate.weights[1:].size * np.log(len(cost)) / 2.0
        tried.append((_length(course, cost, unknown, gate) + float(numbers) - listed, gate))
    excess, best = min(tried, key=lambda one: one[0])
    return (best if excess <= 0.0 else None), excess


def _ends(course: Course) -> tuple[Array, Array]:
    """Motions at the starts and at the ends of all intervals, ``(n, D)``."""
    return (
        np.vstack([one.motion[:-1] for one in course.records]),
        np.vstack([one.motion[1:] for one in course.records]),
    )


def _fitted(course: Course, cost: Array, inside: NDArray[np.bool_], degree: int) -> Gate:
    """Most likely gate of a mixture of experts (Jacobs et al. 1991), the experts held fixed."""
    start, end = _ends(course)
    middle = (start + end) / 2.0
    n_regimes, width = cost.shape[1], middle.shape[1]
    spread = middle.std(axis=0)
    scale = np.where(spread > 0.0, spread, 1.0)
    empty = Gate(middle.mean(axis=0), scale, np.zeros((n_regimes, 1 + width)), degree)
    features, fits = empty.features(middle[inside]), -cost[inside]

    def objective(flat: Array) -> tuple[float, Array]:
        weights = flat.reshape(n_regimes, -1)
        scores = features @ weights.T
        share = scores - logsumexp(scores, axis=1, keepdims=True)
        both = share + fits
        total = logsumexp(both, axis=1, keepdims=True)
        slope = (np.exp(share) - np.exp(both - total)).T @ features
        value = float(-total.sum() + fits.max(axis=1).sum() + (flat @ flat) / (2.0 * SHARPEST**2))
        return value, slope.ravel() + flat / SHARPEST**2

    # Nothing is known at first: equal scores; the first step is that of a linear discriminant.
    start = np.zeros(n_regimes * features.shape[1])
    found = minimize(objective, start, jac=True, method="BFGS")
    return Gate(empty.centre, scale, found.x.reshape(n_regimes, -1), degree)


def _length(course: Course, cost: Array, unknown: Array, gate: Gate) -> float:
    """Nats of the misfit where the gate says which field holds; what crosses is known to cross."""
    start, end = (gate.regime(motion) for motion in _ends(course))
    rows = np.arange(len(cost))
    either = np.minimum(cost[rows, start], cost[rows, end])
    misgated = np.where(start == end, cost[rows, start], either)
    return float(np.minimum(misgated, unknown).sum())
