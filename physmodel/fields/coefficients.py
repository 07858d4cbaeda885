"""Coefficients of a partial differential equation from measurements of its solution.

The equation is solved for trial coefficients and its solution compared with the measurements; the
derivatives come from the same factors that solved it. Nothing has to be balanced: the equation
holds, the measurements scatter.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.errors import DataError, ProblemError
from physmodel.fields.elements.march import March, march
from physmodel.fields.found_coefficients import PdeCoefficients
from physmodel.fields.growth import unbounded_growth
from physmodel.fields.problem import PdeProblem, read_problem
from physmodel.fields.statement import real_number
from physmodel.fields.terms import Known
from physmodel.optimizers.least_squares.covariance import covariance
from physmodel.optimizers.least_squares.levenberg_marquardt import levenberg_marquardt
from physmodel.optimizers.least_squares.residuals import Ending
from physmodel.optimizers.reading import finite_numbers

Array = NDArray[np.float64]

#: Tolerances of the solutions: for the choice of a start, to come near, for the answer.
SURVEY, NEAR, FINAL = 1e-3, 1e-5, 1e-8
#: Sizes of the coefficients tried, in units in which all terms are alike.
SIZES = (1.0, 0.1)
#: Elements that a survey solution may cost, one after the other until some trial is solved, and
#: how many times the work of the start later solutions may cost: trial coefficients for which the
#: equation is ill-posed end there.
PATIENCE, LATER = (400.0, 4000.0, 40_000.0), 20.0


@dataclass(frozen=True, eq=False)
class SolutionResiduals:
    """Measurements minus the solution of an equation, as a function of its coefficients.

    `points` ``(n, d)``, `values` ``(n,)``. `deviations` ``(n,)``: standard deviations of the
    measurements. `tolerance`: of the solution. `most_elements`: after which a solution is given up.
    """

    problem: PdeProblem
    points: Array
    measured: Array
    deviations: Array
    tolerance: float
    most_elements: float = np.inf
    _last: dict[bytes, tuple[Array, Array]] = dataclass_field(default_factory=dict)

    def run(self, parameters: Array) -> March:
        """The solution for some coefficients."""
        return march(self.problem, parameters, self.tolerance, most_elements=self.most_elements)

    def values(self, parameters: Array) -> Array:
        """Whitened residuals ``(n,)``; not finite where there is no solution."""
        return self.linearised(parameters)[0]

    def linearised(self, parameters: Array) -> tuple[Array, Array]:
        """Residuals ``(n,)`` and their derivatives ``(n, k)``."""
        key = parameters.tobytes()  # a step that was tried is linearised next
        if key not in self._last:
            self._last.clear()
            self._last[key] = self._solved(parameters)
        return self._last[key]

    def _solved(self, parameters: Array) -> tuple[Array, Array]:
        bad = np.full((len(self.points), len(parameters)), np.nan)
        if not np.isfinite(parameters).all():
            return bad[:, 0], bad
        run = self.run(parameters)
        if run.ending is not Ending.CONVERGED:
            return bad[:, 0], bad
        residuals = (run.field(self.points) - self.measured) / self.deviations
        columns = [slope(self.points) / self.deviations for slope in run.by_unknown]
        return residuals, np.stack(columns, axis=1)


def fit_pde(
    equation: str,
    domain: Mapping[str, tuple[float, float]],
    conditions: Mapping[str, str | Sequence[str]],
    unknown: Sequence[str],
    points: Sequence[ArrayLike],
    measured: ArrayLike,
    *,
    noise_std: float | None = None,
    known: Mapping[str, Known] | None = None,
    field: str = "u",
) -> PdeCoefficients:
    """Find coefficients of an evolution equation from scattered measurements.

    Parameters
    ----------
    equation : str
        ``"u_t + a*u*u_x = b*u_xx"``.
    domain, conditions, known, field
        See `physmodel.fields.solve.solve_pde`.
    unknown : sequence of str
        ``["a", "b"]``.
    points : sequence of array_like (n,)
        Coordinates of the measurements, in the order of the domain.
    measured : array_like (n,)
    noise_std : float, optional
        Standard deviation of the measurements; estimated from the residuals if not given.

    Returns
    -------
    PdeCoefficients

    Raises
    ------
    ProblemError
        If the problem is ill-posed, no trial coefficients give a solution, or coordinates or
        measurements are no finite numbers.
    DataError
        If the measurements are too few, or all zero.
    """
    problem = read_problem(equation, domain, conditions, known=known, unknown=unknown, field=field)
    _require_unknown(problem, equation, unknown)
    table, y = _measurements(problem, points, measured, len(unknown))
    if noise_std is not None and not real_number(noise_std, "the noise") > 0.0:
        raise DataError(f"a noise of {noise_std:g} is no standard deviation")
    size = float(np.abs(y).max())
    size *= float(np.sqrt(np.mean((y / size) ** 2)))
    deviations = np.full(len(y), size if noise_std is None else noise_std)

    def block(tolerance: float, most_elements: float = np.inf) -> SolutionResiduals:
        return SolutionResiduals(problem, table, y, deviations, tolerance, most_elements)

    start = _start(block, size)
    most = LATER * block(NEAR).run(start).work
    near = levenberg_marquardt(block(NEAR, most), start, tolerance=NEAR)
    answer = block(FINAL)
    if not np.isfinite(answer.values(near.parameters)).all():
        raise _unsolvable(unknown, near.parameters)
    final = levenberg_marquardt(answer, near.parameters, tolerance=FINAL)
    residuals, jacobian = answer.linearised(final.parameters)
    freedom = len(y) - len(unknown)
    spread = 1.0 if noise_std is not None else float(np.sqrt(residuals @ residuals / freedom))
    return PdeCoefficients(
        tuple(unknown),
        final.parameters,
        spread * np.sqrt(np.diag(covariance(jacobian))),
        float(spread * deviations[0]),
        final.ending,
    )


def _unsolvable(unknown: Sequence[str], parameters: Array) -> ProblemError:
    found = ", ".join(f"{n} = {v:.3g}" for n, v in zip(unknown, parameters, strict=True))
    return ProblemError(
        f"the measurements ask for {found}, and with these the equation cannot be solved",
        why="it is ill-posed there, or its solution blows up before the end of the domain",
        fix="check the signs of its terms, the conditions and the order of the coordinates",
    )


def _require_unknown(problem: PdeProblem, equation: str, unknown: Sequence[str]) -> None:
    if not problem.marches or not unknown:
        raise ProblemError(
            "coefficients are found for evolution equations with at least one unknown",
            fix="give conditions at the beginning of one coordinate, and names in unknown=",
        )
    for name, slope in zip(unknown, problem.equation.by_unknown, strict=True):
        if not slope.summands:
            raise ProblemError(
                f"the equation {equation!r} does not contain the unknown {name!r}",
                why="its solution says nothing about that coefficient",
                fix=f"leave {name!r} out of unknown=, or write the term that it belongs to",
            )


def _measurements(
    problem: PdeProblem, points: Sequence[ArrayLike], measured: ArrayLike, unknowns: int
) -> tuple[Array, Array]:
    """Points ``(n, d)`` and values ``(n,)`` that can determine so many coefficients."""
    if not isinstance(points, Sequence | np.ndarray) or isinstance(points, str):
        raise DataError(
            f"the points are {points!r}",
            fix="give one list of numbers per coordinate, in the order of the domain",
        )
    table = problem.points([finite_numbers(column, "coordinates").ravel() for column in points])
    y = finite_numbers(measured, "measurements").ravel()
    if len(y) != len(table) or not np.isfinite(y).all() or len(y) <= unknowns:
        raise DataError(
            f"{len(y)} measurements at {len(table)} points cannot give {unknowns} coefficients",
            why="there must be one finite measurement per point, and more than coefficients",
        )
    if not y.any():
        raise DataError(
            "all measurements are zero",
            why="there is nothing in them to find coefficients from",
            fix="measure the field where it is not at rest",
        )
    return table, y


def _start(block: Callable[[float, float], SolutionResiduals], size: float) -> Array:
    """The best of coefficients that make the terms alike, or smaller, with either sign."""
    problem = block(SURVEY, PATIENCE[0]).problem
    half = np.ptp(problem.domain, axis=1) / 2.0
    jet = {
        index: np.array([size / float(np.prod(half ** np.array(index)))])
        for index in problem.equation.indices
    }
    middle = problem.domain.mean(axis=1)[None]
    alone = np.zeros(len(problem.unknown))
    _, slopes, by_unknown = problem.equation.linearised(middle, jet, alone)
    order = problem.equation.order(1)
    rate = sum(abs(float((s * jet[i])[0])) for i, s in slopes.items() if i[1] == order)
    unit = rate / np.where(by_unknown[0] == 0.0, rate or 1.0, np.abs(by_unknown[0]))
    every = [np.array(signs) * unit for signs in itertools.product((1, -1), repeat=len(unit))]
    forwards = [s for s in every if not unbounded_growth(problem, middle, jet, s)[0].any()]
    for patience, factor in itertools.product(PATIENCE, SIZES):
        residuals = block(SURVEY, patience)
        trials = [factor * signed for signed in forwards or every]
        costs = [float(np.sum(residuals.values(trial) ** 2)) for trial in trials]
        if np.isfinite(costs).any():
            return trials[int(np.nanargmin(costs))]
    raise ProblemError(
        f"no trial coefficients {', '.join(problem.unknown)} give a solution",
        fix="check the signs of the known terms and the conditions",
    )
