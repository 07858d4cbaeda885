"""Coefficients of a term library that meet linear conditions: a sparse basis of all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from physmodel.models.condition_rows import condition_rows
from physmodel.problem.algebra.expression import Expression
from physmodel.problem.known.conditions import Condition

Array = NDArray[np.float64]

#: Size relative to its row and column below which an entry is rounding. Conditions between
#: polynomials are sums of a few numbers of order one; sampled ones lose half of the digits to the
#: condition number of their functions.
ROUNDING = 1e-9

#: Rounds that bring rows and columns to one size: unit-free, as units multiply whole rows and
#: columns.
BALANCING = 8


def null_space(
    terms: Sequence[Sequence[Expression]],
    states: Sequence[str],
    variables: Sequence[str],
    conditions: Sequence[Condition],
) -> Array:
    """A sparse basis of the coefficients that meet all conditions.

    Returns ``(d p, K)``: every column has a coefficient of one that all others have not (a row
    echelon form), so that columns hold few terms each. ``K = 0`` if only zero meets the conditions.

    Parameters
    ----------
    terms : sequence of sequence of Expression
        Candidate terms of each equation, ``d`` lists of ``p``.
    states : sequence of str (d,)
        Whose equations they are.
    variables : sequence of str
        What the terms depend on.
    conditions : sequence of Condition
    """
    return sparse_null_space(condition_rows(terms, states, variables, conditions))


def sparse_null_space(matrix: Array) -> Array:
    """A sparse basis of the null space of a matrix.

    `matrix` ``(m, n)``. Returns ``(n, K)``: column by column: one at a free variable, zero at all
    other free variables.

    Notes
    -----
    Independent blocks are eliminated on their own by Gauss and Jordan with full pivoting, after
    rows and columns were brought to one size. Elimination decides the pattern; the numbers are
    then solved for by least squares on it, to the last digit.
    """
    columns = matrix.shape[1]
    basis: list[tuple[NDArray[np.intp], Array]] = []
    for rows, members in _blocks(matrix):
        vectors = _eliminated(matrix[np.ix_(rows, members)])
        basis += [(members, vector) for vector in vectors.T]
    found = np.zeros((columns, len(basis)))
    for k, (members, vector) in enumerate(basis):
        found[members, k] = vector
    leading = [int(np.flatnonzero(column)[0]) for column in found.T]
    return found[:, np.argsort(leading, kind="stable")]


def _blocks(matrix: Array) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Rows and columns that have nothing to do with each other."""
    m, n = matrix.shape
    graph = sparse.coo_array(matrix)
    joined = sparse.coo_array(
        (np.ones(graph.nnz), (graph.row, m + graph.col)), shape=(m + n, m + n)
    )
    count, label = sparse.csgraph.connected_components(joined, directed=False)
    found = []
    for k in range(count):
        members = np.flatnonzero(label[m:] == k)
        if len(members):
            found.append((np.flatnonzero(label[:m] == k), members))
    return found


def _eliminated(matrix: Array) -> Array:
    """Null space ``(n, K)`` of one block."""
    n = matrix.shape[1]
    if not len(matrix):
        return np.eye(n)
    scaled, column_scale = _balanced(matrix)
    work = scaled.copy()
    pivots: list[int] = []
    free_rows = np.ones(len(work), dtype=bool)
    free_columns = np.ones(n, dtype=bool)
    for _ in range(min(work.shape)):
        size = np.abs(work) * np.outer(free_rows, free_columns)
        best = size.max(initial=0.0)
        if best <= ROUNDING:
            break
        # Among pivots that are large enough the last column: later terms follow from earlier ones.
        column = int(np.flatnonzero(size.max(axis=0) > 0.1 * best)[-1])
        row = int(np.argmax(size[:, column]))
        work[row] /= work[row, column]
        others = np.arange(len(work)) != row
        work[others] -= np.outer(work[others, column], work[row])
        free_rows[row], free_columns[column] = False, False
        pivots.append(column)
    free = np.flatnonzero(free_columns)
    found = np.zeros((n, len(free)))
    found[free, np.arange(len(free))] = 1.0
    if pivots and len(free):
        solved = np.linalg.lstsq(scaled[:, pivots], -scaled[:, free], rcond=None)[0]
        found[pivots] = np.where(np.abs(solved) > ROUNDING, solved, 0.0)
    found = found / column_scale[:, None]
    return found / found[free, np.arange(len(free))]


def _balanced(matrix: Array) -> tuple[Array, Array]:
    """Rows and columns of largest entry one; what each column was multiplied by, inverted."""
    scale = np.ones(matrix.shape[1])
    work = matrix.copy()
    for _ in range(BALANCING):
        rows = np.abs(work).max(axis=1, keepdims=True)
        work /= np.where(rows > 0.0, rows, 1.0)
        columns = np.abs(work).max(axis=0)
        columns = np.where(columns > 0.0, columns, 1.0)
        work /= columns
        scale *= columns
    return work, scale
