"""Evolution problems: slabs of spectral elements, each continuing the one before.

Within a slab the rows in time are those of the Radau IIA method (first order in time) or of Gauss
collocation (second order): implicit, so that stiff equations cost no small steps. Elements and
steps follow the last coefficients of the solution.

References
----------
Hairer & Wanner (1996), Solving Ordinary Differential Equations II, chapter IV.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from physmodel.fields.elements.field import ElementField, MarchedField, joined, split, tails
from physmodel.fields.elements.newton import newton
from physmodel.fields.elements.patch import Patch, SideCondition, condition, continued
from physmodel.fields.problem import PdeProblem
from physmodel.optimizers.least_squares.residuals import Ending

Array = NDArray[np.float64]

#: Degrees in an element and in a slab.
SHAPE = (12, 5)
#: Elements and share of the whole time to begin with.
ELEMENTS, FIRST_STEP = 4, 1.0 / 64.0
#: Newton's last step relative to the tolerance.
EXACT = 1e-2
#: Elements, smallest step relative to the whole, and tries for one slab before the march ends.
MOST_ELEMENTS, SMALLEST_STEP, TRIES = 2000, 1e-9, 60
#: Factors by which a step may shrink and grow.
SHRINK, GROW, CAUTION = 0.25, 2.0, 0.8


@dataclass(frozen=True, eq=False)
class March:
    """How far a march came.

    `by_unknown`: derivatives by the unknown coefficients of the equation. `reached`: last value of
    the second coordinate. `work`: elements solved, refused tries included.
    """

    field: MarchedField
    by_unknown: tuple[MarchedField, ...]
    reached: float
    ending: Ending
    work: float


def march(
    problem: PdeProblem,
    unknown: Array,
    tolerance: float,
    *,
    shape: tuple[int, int] = SHAPE,
    time_limit: float | None = None,
    most_elements: float = np.inf,
) -> March:
    """Solve an evolution problem.

    `unknown` ``(k,)``: values of the unknown coefficients. `tolerance`: last coefficients that are
    left out, relative to the size of the field. `shape`: degrees in an element and in a slab.
    `time_limit`: seconds. `most_elements`: elements solved, refused tries included, after which the
    march is given up.
    """
    clock = perf_counter()
    begin, end = map(float, problem.domain[1])
    now, step = begin, FIRST_STEP * (end - begin)
    left, right = map(float, problem.domain[0])
    breaks = np.linspace(left, right, ELEMENTS + 1)
    slabs: list[ElementField] = []
    slopes: list[tuple[ElementField, ...]] = []
    ending, work = Ending.CONVERGED, [0.0, most_elements]
    while end - now > SMALLEST_STEP * (end - begin):
        late = time_limit is not None and perf_counter() - clock > time_limit
        before = (slabs[-1], slopes[-1]) if slabs else None
        if before is not None:
            breaks = joined(before[0], breaks, problem.domain[0], tolerance)
        found = None
        if not late:
            found = _slab(problem, before, breaks, now, step, end, unknown, tolerance, shape, work)
        if found is None:
            spent = Ending.ITERATIONS if work[0] > work[1] else Ending.STALLED
            ending = Ending.TIME if late else spent
            break
        field, sensitivity, step = found
        breaks, now = field.breaks, field.span[1]
        slabs.append(field)
        slopes.append(sensitivity)
    by_unknown = tuple(MarchedField(fields) for fields in zip(*slopes, strict=True))
    return March(MarchedField(tuple(slabs)), by_unknown, now, ending, work[0])


def _slab(
    problem: PdeProblem,
    before: tuple[ElementField, tuple[ElementField, ...]] | None,
    breaks: Array,
    now: float,
    step: float,
    end: float,
    unknown: Array,
    tolerance: float,
    shape: tuple[int, int],
    work: list[float],
) -> tuple[ElementField, tuple[ElementField, ...], float] | None:
    """One slab, its sensitivities and the next step; None where the march cannot go on.

    ``work`` holds the elements solved so far, to which its own are added, and the most allowed.
    """
    if before is None:
        lower: tuple[SideCondition, ...] = tuple(map(condition, problem.lower[1]))
    else:
        orders = range(problem.equation.order(1))
        lower = tuple(continued(before[0], order, before[1]) for order in orders)
    p, q = shape
    whole = float(np.ptp(problem.domain[1]))
    for _ in range(TRIES):
        step = min(step, end - now) if end - now > 1.01 * step else end - now
        work[0] += len(breaks) - 1
        if len(breaks) > MOST_ELEMENTS or step < SMALLEST_STEP * whole or work[0] > work[1]:
            return None
        patch = Patch(problem, breaks, (now, now + step), shape, lower, ())
        start = np.zeros((len(breaks) - 1, q + 1, p + 1))
        if before is not None:
            start[:, 0] = before[0].moved(breaks)
        solved = newton(patch, start.ravel(), unknown, EXACT * tolerance)
        if solved is None:
            step *= SHRINK
            continue
        field = patch.field(solved.coefficients)
        across, along = tails(field)
        factor = CAUTION * (tolerance / max(along, 1e-300)) ** (1.0 / q)
        coarse = across > tolerance
        if along <= tolerance and not coarse.any():
            slopes = tuple(patch.field(column) for column in solved.by_unknown.T)
            return field, slopes, step * float(np.clip(factor, SHRINK, GROW))
        if coarse.any():
            breaks = split(breaks, coarse)
        if along > tolerance:
            step *= float(np.clip(factor, SHRINK, 1.0))
    return None
