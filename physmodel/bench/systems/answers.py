"""What a method answers, and how an answer is judged."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.bench.systems.chaotic import Equations
from physmodel.bench.systems.draws import Draw
from physmodel.data.arrays import from_arrays
from physmodel.discovery.discover import discover
from physmodel.errors import PhysmodelError
from physmodel.laws.result import Result

Array = NDArray[np.float64]

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


def ours(draw: Draw) -> Answer:
    """Discover the equations of a draw."""
    system = draw.system
    return our_answer(draw.times, draw.records, system.states, {"degree": system.library_degree})


def our_answer(
    times: Sequence[Array],
    records: Sequence[Array],
    states: Sequence[str],
    known: Mapping[str, Any],
) -> Answer:
    """Discover first-order equations.

    `times` ``(n_i,)``, `records` ``(n_i, d)``. `known`: as `discover` takes it: the library, and
    what is known beforehand.
    """
    begin = time.perf_counter()
    data = from_arrays(list(times), list(records), names=list(states))
    try:
        result = discover(data, order=1, **known)
    except PhysmodelError as error:
        return Answer({}, time.perf_counter() - begin, status=f"error: {error}")
    return as_answer(result, time.perf_counter() - begin)


def as_answer(result: Result, seconds: float) -> Answer:
    """What the benchmark keeps of a result.

    `result`: of first order.
    """
    return Answer(
        _table(result, "coefficient"),
        seconds,
        _table(result, "std"),
        [_table(rival, "coefficient") for rival in result.rivals],
        result.status,
        result.fit_scores.get("probability", 0.0),
    )


def _table(result: Result, value: str) -> Equations:
    return {
        state: {row["term"]: row[value] for row in result.terms(state)}
        for state in result.model.states
    }
