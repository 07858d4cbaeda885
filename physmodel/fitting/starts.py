"""Where the search for the unknown numbers of equations starts: a cheap fit of their integrals.

The measured course, smoothed, is put into the equations, whose integral over time has to follow the
measurements. That needs no motion of the equations, so no guess sends one away, and numbers that
the equations are linear in are eliminated; the others are tried over several decades around what
the size of the data suggests.

References
----------
Dattner, Klaassen (2015), Optimal rate of direct estimators in systems of ordinary differential
equations linear in functions of the parameters, Electron. J. Statist. 9, 1939;
Golub, Pereyra (1973), SIAM J. Numer. Anal. 10, 413 (elimination of linear parameters).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from physmodel.errors import ProblemError
from physmodel.fitting.courses import Pieces
from physmodel.fitting.magnitudes import magnitudes
from physmodel.models.fields.expression_field import ExpressionField
from physmodel.models.fields.sparse_field import term_variables
from physmodel.optimizers.least_squares.levenberg_marquardt import levenberg_marquardt
from physmodel.problem.algebra.calculus import derivative, names_in

Array = NDArray[np.float64]

#: Decades around the size that the data suggest, and guesses for each number inside functions.
DECADES, GUESSES = 2.0, 24
#: Most guesses of all such numbers together; those from which a descent is made; its iterations.
MOST_GUESSES, DESCENTS, ITERATIONS = 120, 6, 60
#: Minima that are returned at most, and cost over the least up to which one is.
MINIMA, COMPARABLE = 3, 4.0
#: Relative difference of two minima that are one.
SAME = 1e-2


def linear_names(field: ExpressionField) -> tuple[str, ...]:
    """Parameters that the equations are linear in, all at once, if the others are given."""
    linear: list[str] = []
    for name in field.names:
        inside = frozenset[str]().union(
            *(names_in(derivative(one, name)) for one in field.expressions)
        )
        if not inside & {name, *linear}:
            linear.append(name)
    return tuple(linear)


def searched_starts(
    field: ExpressionField, courses: Sequence[Pieces], given: Mapping[str, float]
) -> list[tuple[Array, Array]]:
    """Parameters ``(p,)`` near minima of the cheap fit with their courses ``(n, D)``, best first.

    Parameters
    ----------
    field : ExpressionField
    courses : sequence of Pieces
        Of the data, more and less smooth.
    given : mapping of str to float
        Start values that the user gave: the search for other numbers begins beside them.

    Returns
    -------
    list of (ndarray (p,), ndarray (n, D))
        Empty if no guess gives a finite cost.
    """
    minima = [
        (cost, parameters, pieces.motion)
        for pieces in courses
        for cost, parameters in _minima(_Integrals(field, pieces), given)
    ]
    minima.sort(key=lambda one: one[0])
    kept: list[tuple[Array, Array]] = []
    for cost, parameters, motion in minima:
        comparable = cost <= COMPARABLE * minima[0][0]
        if comparable and not any(_same(parameters, other) for other, _ in kept):
            kept.append((parameters, motion))
    return kept[:MINIMA]


def _minima(residuals: _Integrals, given: Mapping[str, float]) -> list[tuple[float, Array]]:
    """Costs and parameters of minima along one course."""
    guesses = _guesses(residuals.field, residuals.pieces, given)
    costs = [one for one in map(residuals.eliminated, guesses) if one is not None]
    minima: list[tuple[float, Array]] = []
    tried: list[Array] = []
    for cost, guess in sorted(costs, key=lambda one: one[0]):
        if len(tried) == DESCENTS:
            break
        if any(_same(guess, other) for other in tried):
            continue
        tried.append(guess)
        minima.append((cost, guess))
        try:
            ended = levenberg_marquardt(residuals, guess, max_iterations=ITERATIONS)
        except ProblemError:  # the equations have no finite slope there
            continue
        minima[-1] = (ended.cost, ended.parameters)
    return minima


def _same(one: Array, other: Array) -> bool:
    return bool(np.allclose(one, other, rtol=SAME, atol=0.0))


def _guesses(field: ExpressionField, pieces: Pieces, given: Mapping[str, float]) -> Array:
    """Guesses ``(g, p)``: numbers inside functions around their sizes, of either sign."""
    names = term_variables(field.states, field.inputs, field.order)
    sizes = dict(zip(names, pieces.sizes, strict=True)) | {n: abs(v) for n, v in given.items()}
    typical = magnitudes(field, sizes, dict(zip(field.states, pieces.rates, strict=True)))
    linear = linear_names(field)
    free = [k for k, name in enumerate(field.names) if name not in linear and name not in given]
    first = np.array([given.get(n, s) for n, s in zip(field.names, typical, strict=True)])
    if not free:
        return first[None]
    count = min(GUESSES * len(free), MOST_GUESSES)
    # Evenly spread in every coordinate, and the same each time.
    unit = qmc.Halton(len(free), scramble=False).random(count + 1)[1:]
    shares = np.linspace(0.0, 1.0, count)[:, None] if len(free) == 1 else unit
    guesses = np.tile(first, (count, 1))
    guesses[:, free] *= 10.0 ** (DECADES * (2.0 * shares - 1.0))
    mirrored = guesses.copy()
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (count, len(free)))
    mirrored[:, free] *= -1.0 if len(free) == 1 else signs
    return np.vstack([first, guesses, mirrored])


@dataclass(frozen=True, eq=False)
class _Integrals:
    """Integrals of the equations along the smoothed course, less the measurements: `Residuals`."""

    field: ExpressionField
    pieces: Pieces

    def values(self, parameters: Array) -> Array:
        """Residuals ``(m,)``."""
        rate = self.field.with_parameters(parameters).rate(*self.pieces.points)
        return self.pieces.integrated(rate[:, :, None])[:, 0] - self.pieces.target

    def linearised(self, parameters: Array) -> tuple[Array, Array]:
        """Residuals ``(m,)`` and their derivatives ``(m, p)``."""
        near = self.field.with_parameters(parameters).linearised(*self.pieces.points)
        table = np.concatenate([near.rate[:, :, None], near.by_parameter], axis=2)
        integrals = self.pieces.integrated(table)
        return integrals[:, 0] - self.pieces.target, integrals[:, 1:]

    def eliminated(self, guess: Array) -> tuple[float, Array] | None:
        """Cost and parameters with the best linear ones; None if the cost is not finite."""
        chosen = [self.field.names.index(name) for name in linear_names(self.field)]
        guess = guess.copy()
        with np.errstate(all="ignore"):  # a guess where the equations have no value is passed over
            residuals, slopes = self.linearised(guess)
        if not (np.isfinite(residuals).all() and np.isfinite(slopes).all()):
            return None
        columns = slopes[:, chosen]
        norm = np.linalg.norm(columns, axis=0)
        norm = np.where(norm > 0.0, norm, 1.0)
        step = np.linalg.lstsq(columns / norm, -residuals, rcond=1e-10)[0]
        left = residuals + columns / norm @ step
        guess[chosen] += step / norm
        return float(left @ left) / 2.0, guess
