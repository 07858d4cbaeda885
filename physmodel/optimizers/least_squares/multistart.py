"""Levenberg-Marquardt from several starts, and how many of them agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import PhysmodelError, ProblemError
from physmodel.optimizers.least_squares.damped_descent import TOLERANCE
from physmodel.optimizers.least_squares.levenberg_marquardt import levenberg_marquardt
from physmodel.optimizers.least_squares.residuals import Minimum, Residuals

Array = NDArray[np.float64]

#: Two costs are one when they differ by less than this part of the smaller one, or of the best
#: cost at a start: residuals that fell to 1e-10 of what they were hold no information but rounding.
SAME_COST, VANISHED = 1e-6, 1e-20


@dataclass(frozen=True, eq=False)
class Multistart:
    """What several starts led to.

    `agreed`: number of starts, the best one included, that led to its cost. `minima`: one for each
    start that could be evaluated and that the time allowed.
    """

    best: Minimum
    agreed: int
    minima: tuple[Minimum, ...]


def multistart(
    problem: Residuals,
    starts: Iterable[Array],
    *,
    max_iterations: int = 200,
    tolerance: float = TOLERANCE,
) -> Multistart:
    """Minimise half the squared norm of residuals from each of several starts.

    Parameters
    ----------
    problem : Residuals
    starts : iterable of ndarray (p,)
        Those where the model cannot be evaluated are passed over.
    max_iterations : int
        Of each start.
    tolerance : float

    Raises
    ------
    ProblemError
        If there is no start from which a step can be made.
    """
    minima: list[Minimum] = []
    fault: PhysmodelError | None = None
    for start in starts:
        try:
            minima.append(
                levenberg_marquardt(
                    problem, start, max_iterations=max_iterations, tolerance=tolerance
                )
            )
        except ProblemError as error:
            fault = error
    if not minima:
        raise ProblemError(
            "there is no start from which a step can be made",
            why=str(fault) if fault else "no start was given",
            fix="start where the model can be evaluated",
        ) from fault
    best = min(minima, key=lambda minimum: minimum.cost)
    floor = VANISHED * min(minimum.history[0] for minimum in minima)
    agreed = sum(minimum.cost - best.cost <= SAME_COST * best.cost + floor for minimum in minima)
    return Multistart(best, agreed, tuple(minima))
