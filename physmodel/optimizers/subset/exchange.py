"""Local search over supports: add, drop or exchange one column while the criterion falls."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from physmodel.optimizers.subset.tableau import Criterion
from physmodel.optimizers.subset.triangular import Solution, TriangularFactor, solve_support

Array = NDArray[np.float64]

#: A column whose part outside the support is this small relative to its length can not be
#: told from the support in float64.
COLLINEAR = 1e-9


def neighbours(
    factor: TriangularFactor, solution: Solution, criterion: Criterion
) -> list[tuple[float, NDArray[np.intp]]]:
    """Criterion of every support one move away: additions, deletions and exchanges.

    `solution`: the support whose neighbourhood is wanted. `criterion`: ``criterion(rss, k)``,
    vectorised over ``rss``. Returns ``(value, support)``: the best few of each kind of move, not
    sorted.
    """
    inside = solution.support
    outside = np.setdiff1d(np.flatnonzero(factor.r.any(axis=0)), inside)
    k = len(inside)
    moves: list[tuple[float, NDArray[np.intp]]] = []
    candidates = factor.r[:, outside]
    if k:
        q = qr(factor.r[:, inside], mode="economic", check_finite=False)[0]
        projected = q.T @ candidates
        candidates = candidates - q @ projected
        coupling = solution.inverse @ projected
    misfit = factor.c - factor.r[:, inside] @ solution.weights
    slope = candidates.T @ misfit
    length = np.einsum("ij,ij->j", candidates, candidates)
    free = length > COLLINEAR**2
    gain = np.where(free, slope**2 / np.where(free, length, 1.0), 0.0)
    rss = solution.rss
    if len(outside):
        values = criterion(np.maximum(rss - gain, 0.0), k + 1)
        moves += [(float(values[j]), np.append(inside, outside[j])) for j in np.argsort(values)[:8]]
    if k:
        costs, variances = solution.drop_costs, solution.variances
        values = criterion(rss + costs, k - 1)
        moves += [(float(values[i]), np.delete(inside, i)) for i in np.argsort(values)[:8]]
    if k and len(outside):
        # After column i left, the slope and the free length of candidate j grow by its coupling.
        slopes = slope + coupling * (solution.weights / variances)[:, None]
        lengths = length + coupling**2 / variances[:, None]
        gains = slopes**2 / np.maximum(lengths, COLLINEAR**2)
        values = criterion(np.maximum(rss + costs[:, None] - gains, 0.0), k)
        for flat in np.argsort(values, axis=None)[:8]:
            i, j = np.unravel_index(flat, values.shape)
            moves.append((float(values[i, j]), np.append(np.delete(inside, i), outside[j])))
    return moves


def exchange_search(
    factor: TriangularFactor, start: Solution, criterion: Criterion, *, max_moves: int = 200
) -> Solution:
    """Descend from a support by the best single move until none lowers the criterion.

    `max_moves`: A bound against cycling in round-off; each move strictly lowers the criterion.
    """
    current = start
    value = float(criterion(np.array([start.rss]), len(start.support))[0])
    for _ in range(max_moves):
        moves = neighbours(factor, current, criterion)
        if not moves:
            break
        _, support = min(moves, key=lambda move: move[0])
        proposal = solve_support(factor, np.sort(support))
        proposed = float(criterion(np.array([proposal.rss]), len(support))[0])
        if not proposed < value - 1e-9 * (1.0 + abs(value)):
            break
        current, value = proposal, proposed
    return current
