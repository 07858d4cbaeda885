"""What a method answers, and how an answer is judged: by its terms, and by its motion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import PhysmodelError
from physmodel.models.fields.vector_field import VectorField, simulate
from physmodel.systems.equations import Equations
from physmodel.systems.odes import OdeSystem

Array = NDArray[np.float64]

#: Evaluations of a model in one simulation, by each of two integrators; the most that a true
#: system takes is a quarter of this. The bound is on evaluations and not on seconds, so that
#: scores do not depend on the machine: both starts take at most some 15 seconds.
EVALUATIONS = 50_000
#: Half width of a central 90% interval of a normal distribution, in standard deviations.
NINETY = 1.6449


@dataclass(frozen=True)
class Answer:
    """Equations found by one method.

    `rivals`: other supports that the method reports, best first. `status`: empty if the method does
    not say how sure it is. `probability`: what the method claims to be the probability that all its
    terms are right.
    """

    equations: Equations
    seconds: float
    deviations: Equations = field(default_factory=dict)
    rivals: list[Equations] = field(default_factory=list)
    status: str = ""
    probability: float | None = None


def judge(answer: Answer, truth: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """Compare an answer with the truth.

    Returns: ``exact``: every equation has exactly the true terms; ``equations``: the share of them
    that do; ``error``: median relative error of the true coefficients, absent ones count with an
    error of one; ``listed``: the truth is the answer or one of the first three rivals; ``covered``,
    ``intervals``: 90% intervals that hold the truth, among terms that are rightly in; ``status``,
    ``probability`` and ``seconds``.
    """
    right = [set(answer.equations.get(s, {})) == set(terms) for s, terms in truth.items()]
    errors, covered, intervals = [], 0, 0
    for state, terms in truth.items():
        found, spread = answer.equations.get(state, {}), answer.deviations.get(state, {})
        for term, value in terms.items():
            miss = abs(found.get(term, 0.0) - value)
            errors.append(miss / abs(value))
            if term in found and spread.get(term, 0.0) > 0.0:
                intervals += 1
                covered += miss <= NINETY * spread[term]
    listed = any(same_support(rival, truth) for rival in [answer.equations, *answer.rivals[:3]])
    return {
        "exact": all(right),
        "equations": float(np.mean(right)),
        "error": float(np.median(errors)),
        "listed": listed,
        "covered": covered,
        "intervals": intervals,
        "status": answer.status,
        "probability": answer.probability,
        "seconds": answer.seconds,
    }


def same_support(found: Mapping[str, Any], truth: Mapping[str, Any]) -> bool:
    """Whether every equation of the truth has exactly its terms."""
    return all(set(found.get(state, {})) == set(terms) for state, terms in truth.items())


def scores(system: OdeSystem, field: VectorField | None) -> tuple[float, float]:
    """Determination coefficients of the model from the true starts, and the true trajectories.

    Returns `reconstruction, generalisation`: from the start of the record, and from the other one;
    zero for what cannot be integrated.
    """
    first, second = (_score(system, field, truth) for truth in system.exact)
    return first, second


def determination(truth: Array, simulated: Array) -> float:
    """Share of the variance of all states together that a simulation explains.

    `truth`, `simulated` ``(n, d)``. Returns: at most one; scikit-learn's ``r2_score(...,
    multioutput="variance_weighted")``.
    """
    missed = float(np.sum((simulated - truth) ** 2))
    spread = float(np.sum((truth - truth.mean(axis=0)) ** 2))
    return 1.0 - missed / spread if spread > 0.0 else float(missed == 0.0)


def _score(system: OdeSystem, field: VectorField | None, truth: Array) -> float:
    if field is None:
        return 0.0
    start = truth[0]
    kept = [system.states.index(name) for name in field.states]
    # A law of second order needs a velocity, which is the true one.
    velocity = None if field.order == 1 else system.rate(start)[kept]
    # A state that the method holds constant stays where it starts.
    simulated = np.tile(start, (len(truth), 1))
    try:
        simulated[:, kept] = simulate(
            field,
            system.time,
            start[kept],
            start_velocity=velocity,
            max_evaluations=EVALUATIONS,
        )
    except PhysmodelError:
        return 0.0
    with np.errstate(over="ignore"):
        value = determination(truth, simulated)
    return value if np.isfinite(value) else 0.0
