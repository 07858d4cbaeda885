"""Whether waves grow the faster the shorter they are: then no march can follow the equation.

References
----------
Kreiss & Lorenz (1989), Initial-Boundary Value Problems and the Navier-Stokes Equations, chapter 2
(frozen coefficients).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.fields.problem import PdeProblem
from physmodel.fields.terms import Index

Array = NDArray[np.float64]

#: Waves in the domain that are compared: lower derivatives count for nothing in either.
WAVES = 1e4, 1e6
#: How much faster the shorter ones must grow: a hundred times the wave number gives ten for the
#: slowest growth there is, the square root.
FASTER = 3.0
#: Growth relative to the speed of all waves, above rounding of double roots.
GROWTH = 1e-6
#: Growth relative to the fastest anywhere: a factor may vanish at a place, and be rounded there.
TRACE = 1e-3


def require_bounded_growth(problem: PdeProblem, points: Array, jet: Mapping[Index, Array]) -> None:
    """Refuse to march against the direction of time.

    `problem`: marched in its second coordinate. `points` ``(n, 2)``. `jet`: derivatives of the
    field about which the equation is linearised. Raises ProblemError.
    """
    unbounded, growth = unbounded_growth(problem, points, jet, np.empty(0))
    if unbounded.any():
        place = points[int(np.argmax(np.where(unbounded, growth, -np.inf)))]
        names = problem.coordinates
        raise ProblemError(
            f"{problem.equation.text!r} is ill-posed towards larger {names[1]}",
            where=", ".join(f"{n} = {v:.3g}" for n, v in zip(names, place, strict=True)),
            why="waves grow the faster the shorter they are, so that no digit of the initial "
            f"values determines the field at any later {names[1]}",
            fix="check the sign of the highest derivatives, or give conditions at both ends of "
            f"{names[1]} if the equation is one of equilibrium",
        )


def unbounded_growth(
    problem: PdeProblem, points: Array, jet: Mapping[Index, Array], unknown: Array
) -> tuple[NDArray[np.bool_], Array]:
    """Where short waves grow the faster the shorter they are, ``(n,)``, and how fast.

    `problem`, `points`, `jet`: see `require_bounded_growth`. `unknown` ``(k,)``: values of the
    unknown coefficients.
    """
    _, slopes, _ = problem.equation.linearised(points, jet, unknown)
    length = float(np.ptp(problem.domain[0]))
    slow, fast = (_rates(slopes, waves * np.pi / length) for waves in WAVES)
    size = np.abs(fast).max(axis=1)
    growth, before = fast.real.max(axis=1), slow.real.max(axis=1)
    unbounded = (growth > GROWTH * size) & (growth > FASTER * np.abs(before))
    unbounded &= growth > TRACE * size.max(initial=0.0)
    return unbounded, growth


def _rates(slopes: Mapping[Index, Array], wave: float) -> NDArray[np.complex128]:
    """Roots ``s`` ``(n, order)`` of the equation for ``exp(i wave x + s t)``, frozen at points."""
    order = max(index[1] for index in slopes)
    n = len(next(iter(slopes.values())))
    series = np.zeros((n, order + 1), dtype=complex)
    for (along, later), slope in slopes.items():
        series[:, order - later] += slope * (1j, -1.0, -1j, 1.0)[(along - 1) % 4] * wave**along
    found = np.zeros((n, order), dtype=complex)
    for row, coefficients in enumerate(series):
        if np.isfinite(coefficients).all() and coefficients[0] != 0.0:
            found[row] = np.roots(coefficients)
    return found
