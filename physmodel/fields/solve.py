"""Solve a partial differential equation: state it, get the solution and how good it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import qmc

from physmodel.errors import ProblemError
from physmodel.fields.elements.box import solve_box
from physmodel.fields.elements.march import march
from physmodel.fields.growth import require_bounded_growth
from physmodel.fields.limits import limits, unsolved
from physmodel.fields.problem import PdeProblem, read_problem
from physmodel.fields.terms import Index, Known, read_pointwise
from physmodel.optimizers.least_squares.residuals import REMEDIES, Ending
from physmodel.optimizers.reading import real_numbers

Array = NDArray[np.float64]

#: How much looser the solution is that tells the error, and its degrees: with the same ones both
#: would be the same where the first steps already are good enough.
LOOSER, COARSER = 30.0, (10, 4)
#: Points at which the residual is held against the equation; a power of two (Sobol).
HELD_OUT = 1024


class PdeField(Protocol):
    """A solution as a function of the coordinates."""

    @property
    def n_coefficients(self) -> int:
        """Numbers that describe the field."""

    def __call__(self, points: Array, index: Index | None = None) -> Array:
        """Field or one of its derivatives at points ``(n, d)``: ``(n,)``."""


@dataclass(frozen=True, eq=False)
class PdeSolution:
    """A solution of a partial differential equation.

    `reached`: last value of the marched coordinate; the end of the domain unless the march broke
    off. `residual`: root mean square of the equation at points that were not collocated, over that
    of its largest terms. `error`: distance to a coarser solution, in units of the field (root mean
    square): an upper estimate of the error where the two converge.
    """

    problem: PdeProblem
    field: PdeField
    reached: float
    residual: float
    error: float
    ending: Ending

    @property
    def n_coefficients(self) -> int:
        """Numbers that describe the solution."""
        return self.field.n_coefficients

    def __str__(self) -> str:
        """How far and how exact the solution is."""
        end = f"reached {self.reached:g}, " if self.problem.marches else ""
        return (
            f"{end}{self.n_coefficients} numbers; residual {self.residual:.2g} of the terms, "
            f"error {self.error:.2g}\n{self.remedy}"
        )

    def __repr__(self) -> str:
        from physmodel.laws.texts.render import compact

        return compact("PdeSolution", str(self.ending), str(self).splitlines()[:1])

    def _repr_html_(self) -> str:
        from physmodel.laws.texts.html import text_card

        return text_card("Solution of an equation", str(self))

    def __call__(self, *coordinates: ArrayLike) -> Array:
        """The field at points, the coordinates in the order of the domain."""
        return self.derivative(self.problem.field, *coordinates)

    def derivative(self, name: str, *coordinates: ArrayLike) -> Array:
        """A derivative such as ``"u_xx"`` at points.

        Raises ProblemError for points outside the domain, or past the place where the march broke
        off.
        """
        known = self.problem.field
        part = read_pointwise(str(name), self.problem.coordinates, known, {})
        if set(part.names) != {name}:
            raise ProblemError(f"{name!r} is no derivative", fix=f"ask for one such as {known}_x")
        (index,) = part.indices
        arrays = [real_numbers(values, "coordinates") for values in coordinates]
        with suppress(ValueError):  # of several shapes: refused below with what they are
            arrays = list(np.broadcast_arrays(*arrays))
        points = self.problem.points(arrays)
        if self.problem.marches and (points[:, 1] > self.reached).any():
            raise ProblemError(
                f"the solution ends at {self.problem.coordinates[1]} = {self.reached:g}",
                why=self.remedy,
            )
        return self.field(points, index).reshape(arrays[0].shape)

    @property
    def remedy(self) -> str:
        """What to do about the ending."""
        if self.ending is Ending.STALLED:
            return (
                "The solution could not be continued: it may blow up or form a jump there, or the "
                "conditions contradict each other where they meet."
            )
        return REMEDIES[self.ending]


def solve_pde(
    equation: str,
    domain: Mapping[str, tuple[float, float]],
    conditions: Mapping[str, str | Sequence[str]],
    *,
    known: Mapping[str, Known] | None = None,
    field: str = "u",
    tolerance: float | None = None,
    time_limit: float | None = None,
) -> PdeSolution:
    """Solve an equation for a field of one or two coordinates.

    Boundary value problems are solved on one patch of spectral elements that is refined down to
    rounding; a coordinate with conditions at its beginning only is marched in, with elements and
    steps that follow the solution. Linear equations cost one linear solve per patch, others a few.

    Parameters
    ----------
    equation : str
        ``"u_t + u*u_x = nu*u_xx"``.
    domain : mapping of str to (float, float)
        Ends of each coordinate.
    conditions : mapping of str to str or sequence of str
        ``{"t = 0": "u = -sin(pi*x)", "x = -1": "u = 0", "x = 1": "u_x + 2*u = 1"}``, as many at
        the ends of each coordinate as the equation has derivatives by it, or
        ``{"x": "periodic"}``.
    known : mapping of str to float or callable, optional
        Constants, and functions of the coordinates (vectorised, in the order of the domain).
    field : str
    tolerance : float, optional
        What may be left out relative to the size of the field; 1e-8 for an evolution, 1e-14 else.
    time_limit : float, optional
        Seconds, for an evolution.

    Returns
    -------
    PdeSolution

    Raises
    ------
    ProblemError
        If the equation cannot be read or the conditions do not fit it, or if it is ill-posed in
        the direction of the march.
    PhysmodelError
        If not even the first step can be solved.

    Examples
    --------
    >>> heat = solve_pde("u_t = u_xx", {"x": (0, 1), "t": (0, 1)},
    ...                  {"t = 0": "u = sin(pi*x)", "x = 0": "u = 0", "x = 1": "u = 0"})
    >>> bool(abs(heat(0.5, 0.1) - np.exp(-0.1 * np.pi**2)) < 1e-9)
    True
    """
    problem = read_problem(equation, domain, conditions, known=known, field=field)
    goal, time_limit = limits(problem, tolerance, time_limit)
    if problem.marches and problem.linear:
        start = _held_out(problem, float(problem.domain[-1, 1]))
        still = {index: np.zeros(HELD_OUT) for index in problem.equation.indices}
        require_bounded_growth(problem, start, still)
    found, coarse, reached, ending = _by_elements(problem, goal, time_limit)
    if found is None:
        raise unsolved(equation, ending, time_limit)
    points = _held_out(problem, reached)
    if problem.marches and not problem.linear:
        jet = {index: found(points, index) for index in problem.equation.indices}
        require_bounded_growth(problem, points, jet)
    error = np.inf if coarse is None else _rms(found(points) - coarse(points))
    residual = _relative_residual(problem, found, points)
    return PdeSolution(problem, found, reached, residual, float(error), ending)


#: A solution, a coarser one, the last value of the second coordinate that both reach, the ending.
_Found = tuple[PdeField | None, PdeField | None, float, Ending]


def _by_elements(problem: PdeProblem, goal: float, time_limit: float | None) -> _Found:
    if not problem.marches:
        field, coarse, ending = solve_box(problem, goal)
        return field, coarse, float(problem.domain[-1, 1]), ending
    limit = None if time_limit is None else time_limit / 2.0
    fine = march(problem, np.empty(0), goal, time_limit=limit)
    looser = min(LOOSER * goal, 0.1)
    rough = march(problem, np.empty(0), looser, shape=COARSER, time_limit=limit)
    if not fine.field.slabs or not rough.field.slabs:
        return None, None, fine.reached, fine.ending
    return fine.field, rough.field, fine.reached, fine.ending


def _held_out(problem: PdeProblem, reached: float) -> Array:
    """Points of a low-discrepancy sequence, the same in each run."""
    unit = qmc.Sobol(len(problem.given), seed=0).random(HELD_OUT)
    high = problem.domain[:, 1].copy()
    high[-1] = reached
    return problem.domain[:, 0] + unit * (high - problem.domain[:, 0])


def _relative_residual(problem: PdeProblem, field: PdeField, points: Array) -> float:
    """Root mean square of the equation over that of its terms, at points ``(n, d)``."""
    jet: dict[Index, Array] = {index: field(points, index) for index in problem.equation.indices}
    value, slopes, _ = problem.equation.linearised(points, jet, np.empty(0))
    terms = float(np.sqrt(sum(_rms(slope * jet[index]) ** 2 for index, slope in slopes.items())))
    return _rms(value) / terms if terms > 0.0 else _rms(value)


def _rms(values: Array) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(values**2)))
