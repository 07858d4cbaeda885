"""What a method answers, and how an answer is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from physmodel.bench.chaotic import Equations

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
