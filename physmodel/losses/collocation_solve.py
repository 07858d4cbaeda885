"""Solve a partial differential equation: state it, get the solution and how good it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import qmc

from physmodel.errors import PhysmodelError, ProblemError
from physmodel.losses.collocation_box import solve_box
from physmodel.losses.collocation_field import ElementField, MarchedField, n_coefficients
from physmodel.losses.collocation_march import march
from physmodel.losses.collocation_problem import PdeProblem, read_problem
from physmodel.losses.collocation_terms import Index, Known, read_pointwise
from physmodel.optimizers.residuals import REMEDIES, Ending

Array = NDArray[np.float64]

#: Accuracy asked of an evolution, and of a boundary value problem, which costs little.
EVOLUTION, ROUNDING = 1e-8, 1e-14
#: How much looser the solution is that tells the error.
LOOSER = 30.0
#: Points at which the residual is held against the equation; a power of two (Sobol).
HELD_OUT = 1024


@dataclass(frozen=True, eq=False)
class PdeSolution:
    """A solution of a partial differential equation.

    Attributes
    ----------
    problem : PdeProblem
    field : ElementField or MarchedField
    reached : float
        Last value of the marched coordinate; the end of the domain unless the march broke off.
    residual : float
        Root mean square of the equation at points that were not collocated, over that of its
        largest terms.
    error : float
        Distance to a coarser solution, in units of the field (root mean square): an upper
        estimate of the error where the two converge.
    ending : Ending
    n_coefficients : int
        Numbers that describe the solution.
    """

    problem: PdeProblem
    field: ElementField | MarchedField
    reached: float
    residual: float
    error: float
    ending: Ending
    n_coefficients: int

    def __call__(self, *coordinates: ArrayLike) -> Array:
        """The field at points, the coordinates in the order of the domain."""
        return self.derivative(self.problem.field, *coordinates)

    def derivative(self, name: str, *coordinates: ArrayLike) -> Array:
        """A derivative such as ``"u_xx"`` at points.

        Raises
        ------
        ProblemError
            For points outside the domain, or past the place where the march broke off.
        """
        part = read_pointwise(name, self.problem.coordinates, self.problem.field, {})
        (index,) = part.indices
        arrays = np.broadcast_arrays(*(np.asarray(c, dtype=float) for c in coordinates))
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
        If the equation cannot be read or the conditions do not fit it.
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
    goal = (EVOLUTION if problem.marches else ROUNDING) if tolerance is None else tolerance
    if not 0.0 < goal < 1.0:
        raise ProblemError(f"the tolerance {goal:g} is not between 0 and 1")
    solution: ElementField | MarchedField | None
    coarse: ElementField | MarchedField | None
    if problem.marches:
        limit = None if time_limit is None else time_limit / 2.0
        fine = march(problem, np.empty(0), goal, time_limit=limit)
        rough = march(problem, np.empty(0), min(LOOSER * goal, 0.1), time_limit=limit)
        reached, ending = fine.reached, fine.ending
        slabs = list(fine.field.slabs)
        solution, coarse = (
            (fine.field, rough.field) if slabs and rough.field.slabs else (None, None)
        )
        compared = min(reached, rough.reached)
    else:
        solution, coarse, ending = solve_box(problem, goal)
        slabs = [solution] if isinstance(solution, ElementField) else []
        reached = compared = float(problem.domain[-1, 1])
    if solution is None:
        raise PhysmodelError(
            f"no solution of {equation!r} was found near the conditions",
            why="the conditions contradict each other where they meet, the solution is not unique, "
            "or the equation is ill-posed in this direction (a diffusion that runs backwards)",
            fix="check signs, and that initial and boundary conditions agree in the corners",
        )
    points = _held_out(problem, compared)
    error = np.inf if coarse is None else _rms(solution(points) - coarse(points))
    return PdeSolution(
        problem,
        solution,
        reached,
        relative_residual(problem, solution, points, np.empty(0)),
        float(error),
        ending,
        n_coefficients(slabs),
    )


def relative_residual(
    problem: PdeProblem, field: ElementField | MarchedField, points: Array, unknown: Array
) -> float:
    """Root mean square of the equation over that of its terms, at points ``(n, d)``."""
    jet: dict[Index, Array] = {index: field(points, index) for index in problem.equation.indices}
    value, slopes, _ = problem.equation.linearised(points, jet, unknown)
    terms = np.sqrt(sum(_rms(slope * jet[index]) ** 2 for index, slope in slopes.items()))
    return _rms(value) / float(terms) if terms > 0.0 else _rms(value)


def _held_out(problem: PdeProblem, reached: float) -> Array:
    """Points of a low-discrepancy sequence, the same in each run."""
    unit = qmc.Sobol(len(problem.given), seed=0).random(HELD_OUT)
    high = problem.domain[:, 1].copy()
    high[-1] = reached
    return problem.domain[:, 0] + unit * (high - problem.domain[:, 0])


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))
