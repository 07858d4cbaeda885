"""How exact a solution is to be and how long it may take, and what is said if there is none."""

from __future__ import annotations

import numpy as np

from physmodel.errors import PhysmodelError, ProblemError
from physmodel.fields.problem import PdeProblem
from physmodel.fields.statement import real_number
from physmodel.optimizers.least_squares.residuals import Ending

#: Accuracy asked of an evolution, and of a boundary value problem, which costs little.
EVOLUTION, ROUNDING = 1e-8, 1e-14


def limits(
    problem: PdeProblem, tolerance: float | None, time_limit: float | None
) -> tuple[float, float | None]:
    """Tolerance and seconds, as they may be."""
    goal = EVOLUTION if problem.marches else ROUNDING
    if tolerance is not None:
        goal = real_number(tolerance, "the tolerance")
    if not 0.0 < goal < 1.0:
        raise ProblemError(f"the tolerance {goal:g} is not between 0 and 1")
    if time_limit is not None and time_limit != np.inf:
        time_limit = real_number(time_limit, "the time limit")
        if time_limit <= 0.0:
            raise ProblemError(f"a time limit of {time_limit:g} s leaves no time")
    return goal, time_limit


def unsolved(equation: str, ending: Ending, time_limit: float | None) -> PhysmodelError:
    """Why there is no solution at all."""
    if ending is Ending.TIME:
        return PhysmodelError(
            f"the time limit of {time_limit:g} s was over before the first step was solved",
            fix="give more time, or a larger tolerance",
        )
    return PhysmodelError(
        f"no solution of {equation!r} was found near the conditions",
        why="the conditions contradict each other where they meet, the solution is not unique, "
        "or Newton's method does not find the way to it from a field that is zero",
        fix="check signs, and that initial and boundary conditions agree in the corners",
    )
