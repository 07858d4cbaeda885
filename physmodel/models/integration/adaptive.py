"""SciPy's adaptive methods with a budget, and what is said where they give up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from physmodel.errors import PhysmodelError, ProblemError

Array = NDArray[np.float64]
RightHandSide = Callable[[float, Array], Array]


class _TooLongError(Exception):
    """Raised inside SciPy's loop to leave it; never leaves this module."""


def solved(
    rhs: RightHandSide, t: Array, x: Array, method: str, tolerances: dict[str, Any], most: int
) -> Array:
    """The solution by a method, or by LSODA where that takes too many evaluations."""
    reached = [t[0]]
    count = [0]

    def counted(now: float, values: Array) -> Array:
        count[0] += 1
        reached[0] = now
        if count[0] > most:
            raise _TooLongError
        return rhs(now, values)

    message = ""
    for name in (method, "LSODA") if method != "LSODA" else (method,):
        count[0] = 0
        try:
            solution = solve_ivp(counted, (t[0], t[-1]), x, method=name, t_eval=t, **tolerances)
        except _TooLongError:
            continue
        if solution.success and np.isfinite(solution.y).all():
            result: Array = solution.y.T
            return result
        message = str(solution.message)
        break
    if not message:
        raise ProblemError(
            f"{most} evaluations were not enough for times up to {t[-1]:.6g}",
            where=f"reached t = {reached[0]:.6g}",
            fix="simulate a shorter time, or with a larger rtol",
        )
    raise PhysmodelError(
        f"the simulation stopped at t = {reached[0]:.6g} of {t[-1]:.6g}",
        why=f"the solution blows up or is too stiff ({message.rstrip('.')})",
        fix="simulate a shorter time, or start inside the range of the data",
    )
