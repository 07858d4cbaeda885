"""Whether white noise explains what a fit leaves: residuals that go together from sample to sample.

A law that is not the right one leaves residuals that stay above or below zero for several samples.
Sums of residuals over windows of neighbours are then larger than those of noise, and their
differences smaller. How large those are, after a fit with its parameters and starts, is drawn:
white noise is put through the linearised fit itself. So the test keeps its level for few samples
and for noise of unknown size.

References
----------
Durbin, Watson (1950), Testing for serial correlation in least squares regression, Biometrika 37,
409; Dufour (2006), Monte Carlo tests with nuisance parameters, J. Econometrics 133, 443.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from physmodel.data.measurement.noise import quantisation_step
from physmodel.fitting.opening import typical_size
from physmodel.fitting.staged import LEAST_NOISE, Staged
from physmodel.losses.shooting_exact import left_by_noise

Array = NDArray[np.float64]
#: Number of a column of residuals, and the rows of it that were measured, of each record.
Column = tuple[int, list[NDArray[np.intp]]]

#: Probability below which noise alone is not believed, as by `physmodel.hybrid`.
REFUSED = 0.01
#: Draws of noise, and the numbers that are drawn at a time.
DRAWS, BATCH = 999, 4_000_000
#: Part of a record that the longest window covers; windows grow by factors of two.
LONGEST = 1.0 / 3.0
#: Orders of differences, which are small where a misfit is much larger than the noise.
ORDERS = (2, 4)
#: Noise over its floor, or over that of rounding to a grid, up to which it is taken for that.
ROUNDED = 1.2


def p_value(found: Staged, seed: int = 0) -> float:
    """Probability that white noise leaves residuals that go together as much as those of a fit.

    Parameters
    ----------
    found : Staged
    seed : int
        Of the draws.

    Returns
    -------
    float
        One where the residuals are rounding, or too few to tell.
    """
    residuals = _residuals(found)
    columns = _columns(found, residuals)
    if not columns:
        return 1.0
    # The fit's own residuals take the same way: a descent along a flat valley ends a little early.
    rows = [
        _gathered(left, columns) for left in _left(found, [residuals[None], *_draws(found, seed)])
    ]
    table = np.vstack(rows)
    spread = table.std(axis=0)
    standard = (table - table.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
    largest = standard.max(axis=1)
    return float(np.mean(largest >= largest[0]))


def _residuals(found: Staged) -> Array:
    """Deviations ``(n, D)`` or, with those of measured rates, ``(n, D + d)``, over their noise."""
    problem = found.problem
    states = problem.deviations(found.local) / problem.noise
    if problem.rate_noise is None:
        return states
    rates = problem.rate_deviations(found.local, found.found.parameters) / problem.rate_noise
    return np.hstack([states, rates])


def _draws(found: Staged, seed: int) -> Iterator[Array]:
    """White noise of unit size, in batches ``(m, n, D + d)``."""
    rng, shape = np.random.default_rng(seed), _residuals(found).shape
    most = max(1, BATCH // int(np.prod(shape)))
    for first in range(0, DRAWS, most):
        yield rng.standard_normal((min(most, DRAWS - first), *shape))


def _left(found: Staged, errors: Iterable[Array]) -> Iterator[Array]:
    """What the linearised fit leaves of errors ``(m, n, D + d)``, all over their noise."""
    problem, rates = found.problem, found.problem.rate_noise
    for batch in errors:
        states, rest = np.split(batch, [problem.width], axis=2)
        left = left_by_noise(
            problem,
            found.local,
            found.found.parameters,
            found.scale,
            states * problem.noise,
            None if rates is None else rest * rates,
        )
        if left is None:  # nothing is taken out of the noise: the test errs to `explained`
            yield batch
        elif rates is None or left[1] is None:
            yield left[0] / problem.noise
        else:
            yield np.concatenate([left[0] / problem.noise, left[1] / rates], axis=2)


def _columns(found: Staged, residuals: Array) -> list[Column]:
    """Judged columns that have two neighbours somewhere."""
    edges = np.cumsum([0, *(len(record.time) for record in found.problem.records)])
    made: list[Column] = []
    for column in _judged(found, residuals):
        kept = np.flatnonzero(np.isfinite(residuals[:, column]))
        runs = [kept[(kept >= a) & (kept < b)] for a, b in pairwise(edges)]
        if max(len(run) for run in runs) > 1:
            made.append((column, runs))
    return made


def _judged(found: Staged, residuals: Array) -> list[int]:
    """Columns whose residuals are more than rounding: of numbers, or of measurements to a grid."""
    records = found.problem.records
    table = np.vstack([record.motion for record in records])
    least, noise = LEAST_NOISE * found.scale, found.problem.noise
    if found.problem.rate_noise is not None:
        rates = np.vstack([record.rates for record in records if record.rates is not None])
        table = np.hstack([table, rates])
        least = np.concatenate([least, LEAST_NOISE * typical_size(rates)])
        noise = np.concatenate([noise, found.problem.rate_noise])
    kept = []
    for column, values in enumerate(table.T):
        seen = np.isfinite(values)
        if seen.sum() > 2:
            grid = quantisation_step(values[seen]) / np.sqrt(12.0)
            if noise[column] > ROUNDED * max(float(least[column]), grid):
                kept.append(column)
    return kept


def _gathered(residuals: Array, columns: Sequence[Column]) -> Array:
    """Logarithms of mean squares of sums and differences, over that of the values.

    They are ``(m, windows)``: of each column, sums over windows of two neighbours, four, and so
    on, which noise leaves small, and differences of each order, with the sign turned round.
    """
    made, tiny = [], np.finfo(float).tiny
    for column, runs in columns:
        values = [residuals[:, run, column] for run in runs]
        whole = np.fmax(_mean_square(values), tiny)
        sums, length = values, 2
        while length <= max(2.0, LONGEST * max(len(run) for run in runs)):
            # A window of neighbours is two windows of half its length.
            half = length // 2
            sums = [part[:, half:] + part[:, :-half] for part in sums if part.shape[1] > half]
            made.append(np.log(np.fmax(_mean_square(sums), tiny) / whole))
            length *= 2
        for order in ORDERS:
            long = [np.diff(part, order, axis=1) for part in values if part.shape[1] > order]
            if long:
                made.append(-np.log(np.fmax(_mean_square(long), tiny) / whole))
    return np.column_stack(made)


def _mean_square(tables: Sequence[Array]) -> Array:
    """Mean squares ``(m,)`` of all columns of tables ``(m, n_i)``."""
    total = sum(np.einsum("ij,ij->i", table, table) for table in tables)
    return np.asarray(total) / sum(table.shape[1] for table in tables)
