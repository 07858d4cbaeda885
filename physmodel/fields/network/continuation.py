"""From an easy problem to the one that is asked: the highest derivative weakens by steps.

Where the highest derivative has a small factor, as viscosity in Burgers' equation, solutions have
steep layers that a network does not find from random weights; from the layers of a slightly
stronger viscosity it does.
"""

from __future__ import annotations

import numpy as np

from physmodel.fields.network.network import NetworkField
from physmodel.fields.problem import PdeProblem
from physmodel.fields.terms import Index

#: Strength of the highest derivative to begin with, beside all other terms together, in
#: coordinates of unit length; steps to the problem itself.
STRENGTH, STEPS = 0.1, 6


def continuation(problem: PdeProblem, field: NetworkField) -> list[dict[Index, float]]:
    """Factors of the highest derivative, one mapping per step; the last is without any.

    Empty factors only where that derivative is strong already, or its factor holds the field.
    """
    plain: list[dict[Index, float]] = [{}]
    dims = len(problem.coordinates)
    order = problem.equation.order(0)
    index: Index = (order, 0)[:dims]
    slopes = problem.equation.slopes
    if order < 2 or problem.linear or index not in slopes:
        return plain
    half = np.ptp(problem.domain, axis=1) / 2.0
    size = field.conditions.size
    jet = {
        one: np.array([size / float(np.prod(half ** np.array(one)))])
        for one in problem.equation.indices
    }
    middle = problem.domain.mean(axis=1)[None]
    _, found, _ = problem.equation.linearised(middle, jet, np.empty(0))
    doubled = {one: 2.0 * value for one, value in jet.items()}
    _, again, _ = problem.equation.linearised(middle, doubled, np.empty(0))
    if float(found[index][0]) != float(again[index][0]):
        return plain
    strength = abs(float((found[index] * jet[index])[0]))
    rest = sum(abs(float((found[one] * jet[one])[0])) for one in jet if one != index)
    if strength == 0.0 or strength >= STRENGTH * rest:
        return plain
    factors = np.geomspace(STRENGTH * rest / strength, 1.0, STEPS + 1)[:-1]
    return [{index: float(factor)} for factor in factors] + plain
