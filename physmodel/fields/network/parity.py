"""Whether a problem is its own mirror image, so that its solution is even or odd."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physmodel.fields.network.lift import HardConditions
from physmodel.fields.problem import PdeProblem
from physmodel.fields.terms import Index

Array = NDArray[np.float64]

#: Points and fields at which both sides are compared; known functions may be rounded.
TRIALS, ROUNDING = 64, 1e-10


def parity_of(problem: PdeProblem, conditions: HardConditions) -> int:
    """1 or -1 if ``+-u(-x, ...)`` solves the problem whenever ``u`` does, otherwise 0.

    The mirror stands in the middle of the first coordinate. Of two solutions that are mirror
    images of each other and fulfil the same conditions there is only one, if the problem is
    well-posed; hence the solution has the symmetry of the problem.

    `problem`: without unknown coefficients.
    """
    rng = np.random.default_rng(0)
    low, high = problem.domain.T
    points = low + rng.random((TRIALS, len(low))) * (high - low)
    mirrored = points.copy()
    mirrored[:, 0] = low[0] + high[0] - points[:, 0]
    zero: Index = (0,) * len(low)
    lift = conditions.lift_jet(points, [zero])[zero]
    image = conditions.lift_jet(mirrored, [zero])[zero]
    jet = {index: rng.normal(size=TRIALS) for index in problem.equation.indices}
    value = problem.equation.values(points, jet, np.empty(0))
    for sign in (1, -1):
        turned = {index: sign * (-1.0) ** index[0] * entry for index, entry in jet.items()}
        other = problem.equation.values(mirrored, turned, np.empty(0))
        if _same(image, sign * lift) and (_same(other, value) or _same(other, -value)):
            return sign
    return 0


def _same(first: Array, second: Array) -> bool:
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return False
    return bool(np.abs(first - second).max() <= ROUNDING * max(np.abs(second).max(), 1e-300))
