"""Exact linear algebra on small tables of fractions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, lcm

Row = list[Fraction]


def row_echelon(table: Sequence[Sequence[Fraction]]) -> tuple[list[Row], list[int]]:
    """Reduced row echelon form.

    Returns
    -------
    rows : list of list of Fraction (r, n)
        Rows of zeros are left out.
    pivots : list of int (r,)
    """
    rows = [list(row) for row in table]
    pivots: list[int] = []
    for column in range(len(rows[0]) if rows else 0):
        done = len(pivots)
        found = next((k for k in range(done, len(rows)) if rows[k][column]), None)
        if found is None:
            continue
        rows[done], rows[found] = rows[found], rows[done]
        rows[done] = [value / rows[done][column] for value in rows[done]]
        for k, row in enumerate(rows):
            if k != done and row[column]:
                factor = row[column]
                rows[k] = [a - factor * b for a, b in zip(row, rows[done], strict=True)]
        pivots.append(column)
    return rows[: len(pivots)], pivots


def null_basis(table: Sequence[Sequence[Fraction]], columns: int) -> list[Row]:
    """Basis of the vectors that a table sends to zero, one for each column without a pivot.

    `columns`: ``n``, as a table may have no rows.
    """
    rows, pivots = row_echelon(table)
    basis = []
    for free in sorted(set(range(columns)) - set(pivots)):
        vector = [Fraction(0)] * columns
        vector[free] = Fraction(1)
        for row, pivot in zip(rows, pivots, strict=True):
            vector[pivot] = -row[free]
        basis.append(vector)
    return basis


def remainder(vector: Sequence[Fraction], basis: Sequence[Row]) -> Row:
    """What is left of a vector when multiples of others are taken off; zero if they give it.

    Parameters
    ----------
    vector : sequence of Fraction (n,)
    basis : sequence of list of Fraction (m, n)
        Each a remainder over those before it.
    """
    rest = list(vector)
    for row in basis:
        lead = next(k for k, value in enumerate(row) if value)
        if rest[lead]:
            factor = rest[lead] / row[lead]
            rest = [a - factor * b for a, b in zip(rest, row, strict=True)]
    return rest


def primitive(vector: Sequence[Fraction]) -> list[int]:
    """The shortest multiple of a vector that is whole, its first entry positive.

    Parameters
    ----------
    vector : sequence of Fraction (n,)
        Not zero.
    """
    whole = lcm(*(value.denominator for value in vector))
    numbers = [int(value * whole) for value in vector]
    shared = gcd(*numbers)
    sign = 1 if next(value for value in numbers if value) > 0 else -1
    return [sign * value // shared for value in numbers]
