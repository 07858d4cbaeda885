"""Boundary value problems: one patch, refined until its last coefficients are rounding."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physmodel.fields.elements.field import ElementField, split, tails
from physmodel.fields.elements.newton import newton, newton_by_homotopy
from physmodel.fields.elements.patch import Patch, condition
from physmodel.fields.problem import PdeProblem
from physmodel.optimizers.least_squares.residuals import Ending

Array = NDArray[np.float64]

#: Degree in an element and, to begin with, in the second coordinate; how the latter grows.
DEGREE, FIRST, GROWTH = 14, 10, 1.5
#: Most coefficients of a patch with two coordinates, where factors fill in, and with one.
LARGEST = {1: 60_000, 2: 12_000}


def solve_box(
    problem: PdeProblem, tolerance: float
) -> tuple[ElementField | None, ElementField | None, Ending]:
    """Solve on finer and finer elements.

    Returns `field`: None if not even the coarsest patch could be solved; `before`: the solution one
    refinement earlier: its distance tells the error; `ending`.
    """
    plane = len(problem.coordinates) == 2
    left, right = map(float, problem.domain[0])
    breaks = np.linspace(left, right, 3)
    q = FIRST if plane else 0
    span = (float(problem.domain[1, 0]), float(problem.domain[1, 1])) if plane else (-1.0, 1.0)
    lower = tuple(condition(c) for c in problem.lower[1]) if plane else ()
    upper = tuple(condition(c) for c in problem.upper[1]) if plane else ()
    nothing = np.empty(0)
    field, before, best = None, None, np.inf
    while True:
        patch = Patch(problem, breaks, span, (DEGREE, q), lower, upper)
        size = (len(breaks) - 1) * (q + 1) * (DEGREE + 1)
        if size > LARGEST[len(problem.coordinates)]:
            return field, before, Ending.ITERATIONS
        follow = newton_by_homotopy if field is None else newton
        solved = follow(patch, _start(field, patch), nothing, max(tolerance, 1e-13))
        if solved is None:
            return field, before, Ending.STALLED
        new = patch.field(solved.coefficients)
        across, along = tails(new)
        worst = max(across.max(), along)
        if (
            before is not None and worst > best / 2.0 and best <= 1e3 * tolerance
        ):  # rounding: the last was as good
            return field, before, Ending.CONVERGED
        field, before, best = new, field, min(worst, best)
        if worst <= tolerance and before is not None:
            return field, before, Ending.CONVERGED
        if along > tolerance:
            q = round(GROWTH * q)
        coarse = across > tolerance
        breaks = split(breaks, coarse if worst > tolerance else across >= 0.0)


def _start(field: ElementField | None, patch: Patch) -> Array:
    """The field before on the new elements; zero, if there is none."""
    p, q = patch.shape
    shape = (len(patch.breaks) - 1, q + 1, p + 1)
    if field is None:
        return np.zeros(np.prod(shape))
    wide = np.zeros(shape)
    for row in range(field.table.shape[1]):
        alone = ElementField(field.breaks, field.span, field.table[:, row : row + 1], 1)
        wide[:, row] = alone.moved(patch.breaks)
    return wide.ravel()
