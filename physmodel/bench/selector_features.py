"""What can be said of every candidate term before the search: numbers without units.

Two cheap looks at the data, at the measured trajectory and at one smoothed by the best model of the
first look, each with one backward elimination; and the share of four parts of the record in which
a term belongs to the best model (stability selection, Meinshausen and Buhlmann 2010).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from physmodel.discovery.libraries import Library
from physmodel.discovery.linearisation import Linearisation, Setting, search_tiles
from physmodel.discovery.preparation import Prepared
from physmodel.discovery.regression import SLACK, expand
from physmodel.discovery.selection import FLOOR, InformationCriterion
from physmodel.optimizers.elimination import backward_elimination
from physmodel.optimizers.triangular import (
    Solution,
    TriangularFactor,
    solve_support,
    triangular_factor,
)
from physmodel.problem.calculus import powers

Array = NDArray[np.float64]

#: Parts of the record, each left out once.
PARTS = 4
#: Numbers below this count as this in logarithms.
TINY = 1e-6


@dataclass(frozen=True, eq=False)
class Look:
    """The features ``(K, F)`` of all columns, and the size at which elimination drops each."""

    features: Array
    place: Array


@dataclass(frozen=True, eq=False)
class _Path:
    """A backward elimination: when each column leaves, what that costs, the best model."""

    place: Array
    cost: Array
    best: Solution


def look(prepared: Prepared, library: Library) -> Look:
    """Features of the columns of a library.

    Parameters
    ----------
    prepared : Prepared
    library : Library
        Without conditions on its coefficients.

    Returns
    -------
    Look
    """
    field = library.field(prepared.coordinates)
    tiles = search_tiles(prepared.tiles(library.order))
    setting = Setting(tiles, field, field.n_choices, prepared.looseness(library.order))
    measured = [tile.measured for tile in tiles]
    first = setting.at(None, measured, prepared.noise, SLACK[0])
    before = _path(first.factor, first.criterion)
    weights = expand(first.factor, before.best)
    second = setting.at(weights, first.latent(weights), prepared.noise, SLACK[1])
    factor, criterion = second.factor, second.criterion
    after = _path(factor, criterion)
    d, count = field.n_states, factor.n_columns
    everything = solve_support(factor, np.arange(count))
    left = max(factor.residual / max(factor.n_rows - count, 1), FLOOR)
    price = criterion.penalty
    inside = [np.isin(np.arange(count), path.best.support) for path in (before, after)]
    standing = np.zeros(count)
    standing[after.best.support] = _log(after.best.drop_costs / (left * price))
    per_equation = inside[1].reshape(d, -1).sum(axis=1)
    own = [
        _log(everything.drop_costs / (left * price)),
        before.place / count,
        after.place / count,
        _log(before.cost / price),
        _log(after.cost / (left * price)),
        _log((factor.r.T @ factor.c) ** 2 / factor.total),
        _log(everything.variances),
        *(one.astype(float) for one in inside),
        standing,
        _stability(setting, second),
        np.repeat(per_equation.astype(float), count // d),
        *_kinds(library, d),
    ]
    common = [
        len(after.best.support) / count,
        np.log(np.mean(prepared.noise) + TINY),
        np.log(prepared.memory),
        np.log(prepared.n_samples),
        float(d),
        np.log(price),
        np.log(left),
    ]
    table = np.column_stack([*own, *(np.full(count, value) for value in common)])
    return Look(table, after.place)


def _path(factor: TriangularFactor, criterion: InformationCriterion) -> _Path:
    place, cost = np.zeros(factor.n_columns), np.zeros(factor.n_columns)
    steps = list(backward_elimination(factor))
    for larger, smaller in pairwise(steps):
        gone = np.setdiff1d(larger.support, smaller.support)
        place[gone] = len(larger.support)
        cost[gone] = smaller.rss - larger.rss
    return _Path(place, cost, min(steps, key=criterion.value))


def _stability(setting: Setting, step: Linearisation) -> Array:
    """Share of the parts of the record, each left out once, whose best model has the column."""
    matrix = np.concatenate([row.matrix for row in step.rows])
    target = np.concatenate([row.target for row in step.rows])
    d = setting.field.placement.shape[0]
    parts = np.array_split(np.arange(len(target) // d), PARTS)
    share = np.zeros(matrix.shape[1])
    for out in range(PARTS):
        kept = np.concatenate([part for k, part in enumerate(parts) if k != out])
        rows = (d * kept[:, None] + np.arange(d)).ravel()
        factor = triangular_factor([(matrix[rows], target[rows])])
        criterion = replace(setting.criterion(factor), n_rows=len(rows))
        share[_path(factor, criterion).best.support] += 1.0 / PARTS
    return share


def _kinds(library: Library, d: int) -> list[Array]:
    """Degree, number of factors, and whether the term is constant, or holds its own state."""
    factors = [powers(term) or {} for term in library.terms.terms]
    degree = np.array([float(sum(one.values())) for one in factors])
    states = library.terms.variables[:d]
    own = np.array([[float(one.get(state, 0)) for one in factors] for state in states])
    return [
        np.tile(degree, d),
        np.tile([float(len(one)) for one in factors], d),
        np.tile((degree == 0.0).astype(float), d),
        (own > 0.0).astype(float).ravel(),
        ((own == 1.0) & (degree == 1.0)).astype(float).ravel(),
    ]


def _log(values: Array) -> Array:
    return np.log(np.maximum(values, TINY))
