"""Linear conditions on a field as rows over the coefficients of its terms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from physmodel.errors import ProblemError
from physmodel.problem.algebra.calculus import derivative, evaluate
from physmodel.problem.algebra.expression import Expression
from physmodel.problem.algebra.polynomial import (
    Polynomial,
    coordinate,
    plus,
    polynomial,
    slope,
    substituted,
    times,
)
from physmodel.problem.known.conditions import Condition, Part

Array = NDArray[np.float64]
Terms = Sequence[Sequence[Expression]]

#: Random points for each unknown that a condition on other functions than polynomials holds.
POINTS_PER_UNKNOWN = 3

#: Share of points at which a term may be undefined before it counts as meeting no condition.
UNDEFINED = 0.5

#: Size relative to what it is the sum of below which a number is rounding.
ROUNDING = 1e-12

#: Part outside the others below which a sampled row is made of their rounding.
DEPENDENT = 1e-10


def condition_rows(
    terms: Terms, states: Sequence[str], variables: Sequence[str], conditions: Sequence[Condition]
) -> Array:
    """Rows that vanish on the coefficients that meet some conditions.

    `terms`: candidate terms of each equation, ``d`` lists of ``p``. Returns ``(m, d p)``: for
    polynomials, one row for each monomial of each condition, with exact coefficients; for other
    functions, values at random points of order one where all terms are defined. Raises ProblemError
    if the terms of a condition are defined at too few points.
    """
    names = tuple(variables)
    blocks = [np.zeros((0, sum(map(len, terms))))]
    for condition in conditions:
        rows = _exact(terms, states, names, condition)
        blocks.append(_sampled(terms, states, names, condition) if rows is None else rows)
    return np.concatenate(blocks)


def _exact(
    terms: Terms, states: Sequence[str], names: tuple[str, ...], condition: Condition
) -> Array | None:
    """Rows by monomial; None if something is no polynomial."""
    columns: list[Polynomial] = [{} for one in terms for _ in one]
    sizes: list[Polynomial] = [{} for _ in columns]
    offsets = np.cumsum([0, *map(len, terms)])
    for part in condition.parts:
        equation = list(states).index(part.equation)
        factor, forms = polynomial(part.factor, names), _forms(part, names)
        if factor is None or forms is None:
            return None
        for k, term in enumerate(terms[equation]):
            table = polynomial(term, names)
            if table is None:
                return None
            for name in part.slopes:
                table = slope(table, names.index(name))
            if part.at:
                table = substituted(table, forms)
            place, added = offsets[equation] + k, times(factor, table)
            columns[place] = plus(columns[place], added)
            sizes[place] = plus(sizes[place], {key: abs(value) for key, value in added.items()})
    channels = [polynomial(channel, names) for channel in condition.channels]
    if any(channel is None for channel in channels):
        return None
    # Entries such as cos(2 pi / 3) + 1/2 are rounding, and would become rows of their own.
    kept = [
        {key: value for key, value in column.items() if abs(value) > ROUNDING * size[key]}
        for column, size in zip(columns, sizes, strict=True)
    ]
    tables = [*kept, *(channel or {} for channel in channels)]
    monomials = {key: row for row, key in enumerate(sorted({k for t in tables for k in t}))}
    matrix = np.zeros((len(monomials), len(tables)))
    for column, entries in enumerate(tables):
        for key, value in entries.items():
            matrix[monomials[key], column] = value
    return _outside(matrix[:, : len(columns)], matrix[:, len(columns) :])


def _forms(part: Part, names: tuple[str, ...]) -> list[Polynomial] | None:
    moved = dict(part.at)
    forms = [
        polynomial(moved[name], names) if name in moved else coordinate(j, len(names))
        for j, name in enumerate(names)
    ]
    known = [form for form in forms if form is not None]
    return known if len(known) == len(forms) else None


def _sampled(
    terms: Terms, states: Sequence[str], names: tuple[str, ...], condition: Condition
) -> Array:
    """Rows by random point. Terms that are not defined at the points get rows of their own."""
    total = sum(map(len, terms))
    count = POINTS_PER_UNKNOWN * total + 20
    rng = np.random.default_rng(0)
    # Away from zero, where logarithms and negative powers are, and from large arguments.
    size = rng.uniform(0.5, 1.5, (count, len(names)))
    sign = np.where(np.arange(count)[:, None] % 2, rng.choice([-1.0, 1.0], size.shape), 1.0)
    here = dict(zip(names, (size * sign).T, strict=True))
    _require_defined(terms, here, count)
    matrix = np.zeros((count, total))
    offsets = np.cumsum([0, *map(len, terms)])
    for part in condition.parts:
        equation = list(states).index(part.equation)
        moved = here | {name: _values(form, here, count) for name, form in part.at}
        factor = _values(part.factor, here, count)
        for k, term in enumerate(terms[equation]):
            for name in part.slopes:
                term = derivative(term, name)
            matrix[:, offsets[equation] + k] += factor * _values(term, moved, count)
    channels = np.column_stack(
        [np.empty((count, 0)), *(_values(channel, here, count) for channel in condition.channels)]
    )
    lost = np.mean(~np.isfinite(matrix), axis=0) > UNDEFINED
    matrix[:, lost] = 0.0
    good = np.isfinite(matrix).all(axis=1) & np.isfinite(channels).all(axis=1)
    if good.sum() < total + channels.shape[1]:
        raise ProblemError(
            "no symmetry or law can be imposed on these terms together",
            why="there are hardly any points at which all of them are defined",
            fix="leave out logarithms, roots or negative powers",
        )
    rows = _independent(_outside(matrix[good], channels[good]))
    return np.concatenate([rows, np.eye(total)[lost]])


def _require_defined(terms: Terms, here: dict[str, Array], count: int) -> None:
    for term in dict.fromkeys(term for one in terms for term in one):
        if np.mean(np.isfinite(_values(term, here, count))) < UNDEFINED:
            raise ProblemError(
                f"no symmetry or law can be imposed on the term {term}",
                why="it is undefined for most numbers of order one, at which terms are compared",
                fix="leave it out, or measure its argument from another origin or in another unit",
            )


def _independent(rows: Array) -> Array:
    """As few rows as span the same space."""
    scale = np.linalg.norm(rows, axis=0)
    scale = np.where(scale > ROUNDING * scale.max(initial=0.0), scale, np.inf)
    triangle, order = qr(rows / scale, mode="r", pivoting=True)
    diagonal = np.abs(np.diag(triangle))
    rank = int(np.sum(diagonal > DEPENDENT * diagonal.max(initial=0.0)))
    found = np.empty((rank, rows.shape[1]))
    found[:, order] = triangle[:rank]
    return found * np.where(np.isfinite(scale), scale, 0.0)


def _values(expression: Expression, here: dict[str, Array], count: int) -> Array:
    values = np.asarray(evaluate(expression, dict(here)), dtype=np.float64)
    return np.broadcast_to(values, (count,))


def _outside(matrix: Array, channels: Array) -> Array:
    """Rows of a matrix that say what is left outside the range of the channels."""
    if not channels.shape[1]:
        return matrix
    left, sizes, _ = np.linalg.svd(channels)
    rank = int(np.sum(sizes > ROUNDING * sizes.max(initial=0.0)))
    rest = left[:, rank:].T @ matrix
    return np.where(np.abs(rest) > ROUNDING * np.abs(matrix).max(initial=0.0), rest, 0.0)
