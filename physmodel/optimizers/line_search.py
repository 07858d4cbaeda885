"""A step along a line that fulfils the strong Wolfe conditions, down to the last digits.

References
----------
Hager and Zhang (2005), A new conjugate gradient method with guaranteed descent and an efficient
line search, SIAM J. Optim. 16, 170-192: near a minimum the fall of a function drowns in rounding
at a distance of the root of ``eps``, its slope only at ``eps``. Where the values differ by rounding
the decrease is therefore judged by the slope (approximate Wolfe condition);
Nocedal and Wright (2006), Numerical Optimization, section 3.5 (bracket and cubic interpolation).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.optimizers.residuals import Objective

Array = NDArray[np.float64]

#: Part of the slope's promise that the decrease must keep, and part of the slope that may be left.
DECREASE, CURVATURE = 1e-4, 0.9
#: Part of the value that is rounding.
ROUNDING = 1e-14
#: Evaluations in one search; a bracket then is narrower than rounding.
EVALUATIONS = 60
#: Growth of the step while no bracket is found, and the least shrinking of a bracket in a trial.
EXPANSION, SHRINKING = 4.0, 0.66
#: Part of a bracket that a trial keeps off its ends.
MARGIN = 0.05


@dataclass(frozen=True, eq=False)
class Point:
    """A point on the line: its distance, parameters, value, gradient and slope along the line."""

    distance: float
    parameters: Array
    value: float
    gradient: Array
    slope: float

    @property
    def finite(self) -> bool:
        """Whether the objective could be evaluated here."""
        return bool(np.isfinite(self.value) and np.isfinite(self.slope))


def line_search(
    objective: Objective, start: Point, direction: Array, distance: float
) -> Point | None:
    """Find a point with enough decrease and little slope.

    `objective`: values that are not finite are taken for a step too far. `start`: at distance zero,
    with a negative slope. `direction` ``(p,)``. `distance`: first trial. Returns: None when
    rounding leaves no such point.
    """
    ceiling = start.value + ROUNDING * abs(start.value)
    low, high = start, None
    trial = distance
    for _ in range(EVALUATIONS):
        point = _at(objective, start, direction, trial)
        if point.finite and _fulfils(point, start, ceiling):
            return point
        width = np.inf if high is None else high.distance - low.distance
        if point.finite and point.value <= ceiling and point.slope < 0.0:
            enough = point.value <= start.value + DECREASE * trial * start.slope
            if enough or abs(point.value - start.value) <= ceiling - start.value:
                low = point
            else:
                high = point
        else:
            high = point
        if high is None:
            trial *= EXPANSION
            continue
        trial = _inside(low, high, ceiling - start.value)
        if high.distance - low.distance > SHRINKING * width:
            trial = (low.distance + high.distance) / 2.0
        if not low.distance < trial < high.distance:
            break
    return low if low.value < start.value - (ceiling - start.value) else None


def _at(objective: Objective, start: Point, direction: Array, distance: float) -> Point:
    parameters = start.parameters + distance * direction
    with np.errstate(all="ignore"):
        value, gradient = objective(parameters)
        return Point(distance, parameters, float(value), gradient, float(gradient @ direction))


def _fulfils(point: Point, start: Point, ceiling: float) -> bool:
    if abs(point.slope) > CURVATURE * abs(start.slope):
        return False
    armijo = point.value <= start.value + DECREASE * point.distance * start.slope
    return armijo or point.value <= ceiling


def _inside(low: Point, high: Point, rounding: float) -> float:
    """Minimum of the cubic through both ends, or the zero of the slope where values are rounding.

    An end that could not be evaluated is nearer than it seems by an unknown factor: halve.
    """
    width = high.distance - low.distance
    middle = low.distance + width / 2.0
    if not high.finite:
        return low.distance + width / 10.0
    fall = low.value - high.value
    if abs(fall) <= 100.0 * rounding:
        if high.slope <= 0.0:
            return middle
        return low.distance + width * low.slope / (low.slope - high.slope)
    with np.errstate(all="ignore"):
        d1 = low.slope + high.slope + 3.0 * np.float64(fall) / width
        d2 = np.sqrt(d1**2 - np.float64(low.slope) * high.slope)
        part = (high.slope + d2 - d1) / (high.slope - low.slope + 2.0 * d2)
    if not np.isfinite(part):  # no minimum, or out of range
        return middle
    return low.distance + width * float(np.clip(1.0 - part, MARGIN, 1.0 - MARGIN))
