"""Conditions that hold exactly: a function that fulfils them, plus one that vanishes with them.

The field is ``lift + size mask N``, with any ``N``. The lift blends the values given at the ends of
each coordinate (a Coons patch), the mask is zero there.

References
----------
Lagaris, Likas, Fotiadis (1998), Artificial neural networks for solving ordinary and partial
differential equations, IEEE Trans. Neural Netw. 9, 987; Gordon, Hall (1973), Transfinite element
methods, Numer. Math. 21, 109.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import Chebyshev
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.fields.problem import PdeProblem
from physmodel.fields.terms import Index, Pointwise

Array = NDArray[np.float64]

#: Degrees tried for given values, and what the last coefficients may be beside the largest.
DEGREES, SMALL = (16, 64, 256, 1024), 1e-13
#: How far values may be apart where two conditions meet, relative to their size.
CORNER = 1e-8


@dataclass(frozen=True, eq=False)
class HardConditions:
    """What makes a field fulfil its conditions.

    `lift`: products of one series per coordinate, to be added up. `mask`: the factor of each
    coordinate. `size`: of the given values; one if all are zero.
    """

    lift: tuple[tuple[Chebyshev, ...], ...]
    mask: tuple[Chebyshev, ...]
    size: float

    def lift_jet(self, points: Array, wanted: Collection[Index]) -> dict[Index, Array]:
        """Derivatives ``(n,)`` of the lift at points ``(n, d)``."""
        return {
            index: sum(
                (_product(parts, points, index) for parts in self.lift), np.zeros(len(points))
            )
            for index in wanted
        }

    def mask_jet(self, points: Array, wanted: Collection[Index]) -> dict[Index, Array]:
        """Derivatives ``(n,)`` of the mask, times the size."""
        return {index: self.size * _product(self.mask, points, index) for index in wanted}


def hard_conditions(problem: PdeProblem) -> HardConditions:
    """Lift and mask of a problem.

    Raises ProblemError for conditions other than values at both ends, or at the beginning, of each
    coordinate, and for values that contradict each other in a corner.
    """
    ends = [_ends(problem, axis) for axis in range(len(problem.coordinates))]
    blends = [_blends(problem.domain[axis], len(ends[axis])) for axis in range(len(ends))]
    mask = tuple(
        _bump(problem.domain[axis], len(ends[axis])) for axis in range(len(problem.coordinates))
    )
    if len(ends) == 1:
        lift = [(value * blend,) for value, blend in zip(ends[0], blends[0], strict=True)]
        sizes = [abs(float(value(0.0))) for value in ends[0]]
        return HardConditions(tuple(lift), mask, max(sizes) or 1.0)
    sizes = [_largest(value) for axis in ends for value in axis]
    size = max(sizes) or 1.0
    pairs = [(blend, value) for blend, value in zip(blends[0], ends[0], strict=True)]
    pairs += [(value, blend) for blend, value in zip(blends[1], ends[1], strict=True)]
    for place, first, value in zip(problem.domain[0], blends[0], ends[0], strict=False):
        for when, second, other in zip(problem.domain[1], blends[1], ends[1], strict=False):
            corner = float(value(when))
            _require_agreement(problem, (place, when), corner, float(other(place)), size)
            pairs.append((-corner * first, second))
    return HardConditions(tuple(pairs), mask, size)


def _ends(problem: PdeProblem, axis: int) -> list[Chebyshev]:
    """Values given at the lower and, if there are any, the upper end, as series."""
    sides = (problem.lower[axis], problem.upper[axis])
    along = 1 - axis if len(problem.coordinates) == 2 else axis
    plain = all(part.indices == {(0,) * len(problem.coordinates)} for s in sides for part in s)
    if not plain or len(sides[0]) != 1 or len(sides[1]) > 1 or (problem.periodic and axis == 0):
        raise ProblemError(
            f"networks fulfil values of {problem.field} at the ends of {problem.coordinates[axis]} "
            "only, one at each end or at the beginning",
            why="derivatives given at an end, and periodic fields, are not built into the network",
            fix="solve this problem with elements, which is the default",
        )
    found = []
    for end, side in zip(problem.domain[axis], sides, strict=True):
        for part in side:
            found.append(_series(_given(part, axis, float(end)), problem.domain[along], part.text))
    return found


def _given(part: Pointwise, axis: int, end: float) -> Callable[[Array], Array]:
    """What a condition asks of the field, as a function of the other coordinate."""
    zero: Index = (0,) * len(part.coordinates)

    def value(along: Array) -> Array:
        flat = np.ravel(along)
        columns = [flat] * len(part.coordinates)
        columns[axis] = np.full(flat.size, end)
        points = np.stack(columns, axis=1)
        rest, slopes, _ = part.linearised(points, {zero: np.zeros(flat.size)}, np.empty(0))
        return np.asarray((-rest / slopes[zero]).reshape(np.shape(along)))

    return value


def _series(function: Callable[[Array], Array], domain: Array, text: str) -> Chebyshev:
    """Chebyshev series of a function to rounding."""
    for degree in DEGREES:
        found = Chebyshev.interpolate(function, degree, domain=domain)
        largest = float(np.abs(found.coef).max())
        if not np.isfinite(largest):
            break
        if np.abs(found.coef[-3:]).max() <= SMALL * largest:
            return found.trim(SMALL * largest)
    raise ProblemError(
        f"the condition {text!r} is not finite or not smooth",
        why="networks fulfil conditions through series of the given values",
        fix="solve this problem with elements, which is the default",
    )


def _blends(domain: Array, count: int) -> list[Chebyshev]:
    """One at its end and zero at the other; one everywhere, if there is one end."""
    if count == 1:
        return [Chebyshev([1.0], domain=domain)]
    return [Chebyshev([0.5, -0.5], domain=domain), Chebyshev([0.5, 0.5], domain=domain)]


def _bump(domain: Array, count: int) -> Chebyshev:
    """Zero at the ends with values, and one at most."""
    if count == 1:
        return Chebyshev([0.5, 0.5], domain=domain)
    return Chebyshev([0.5, 0.0, -0.5], domain=domain)  # 1 - s^2


def _product(parts: tuple[Chebyshev, ...], points: Array, index: Index) -> Array:
    found = np.ones(len(points))
    for axis, part in enumerate(parts):
        found = found * (part.deriv(index[axis]) if index[axis] else part)(points[:, axis])
    return found


def _largest(series: Chebyshev) -> float:
    return float(np.abs(series.linspace(2 * len(series.coef) + 1)[1]).max())


def _require_agreement(
    problem: PdeProblem, at: tuple[float, float], first: float, second: float, size: float
) -> None:
    if abs(first - second) > CORNER * size:
        x, y = problem.coordinates
        raise ProblemError(
            f"two conditions ask for {first:g} and {second:g} in one corner",
            where=f"{x} = {at[0]:g}, {y} = {at[1]:g}",
            fix="change one of them: no continuous field fulfils both",
        )
