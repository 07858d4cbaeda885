"""Branch and bound over supports of one size.

References
----------
Furnival and Wilson (1974), Technometrics 16, 499.
"""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

Array = NDArray[np.float64]

#: Relative difference of residual sums of squares that is rounding.
ROUNDING = 1e-10


def branch_and_bound(
    gram: Array,
    correlation: Array,
    energy: float,
    incumbent: NDArray[np.intp],
    size: int,
    max_nodes: int,
) -> tuple[NDArray[np.intp], float, int]:
    """Improve a support of a given size, or prove that no other is better.

    `gram` ``(p, p)``: unit diagonal. `correlation` ``(p,)``, `incumbent` ``(size,)``. Returns
    `support`; `bound`: no support of this size has a smaller residual sum of squares; `nodes`:
    branches that were looked at.

    Notes
    -----
    A branch keeps some columns and may drop others. Its residual with all of them is a bound;
    having to drop ``d`` columns costs at least the ``d``-th smallest price of dropping one, and
    at least the smallest eigenvalue of the Gram times the sum of the ``d`` smallest squares.
    """
    if size == 0:
        return np.empty(0, dtype=np.intp), energy, 0
    p = len(gram)
    best, value = incumbent, _rss(gram, correlation, energy, incumbent)
    slack = ROUNDING * energy
    root = (_bound(gram, correlation, energy, np.arange(p), np.empty(0, np.intp), size), 0)
    heap = [(root[0][0], 0, np.arange(p), np.empty(0, dtype=np.intp), root[0][1])]
    nodes = count = 0
    while heap and nodes < max_nodes:
        bound, _, columns, kept, weakest = heapq.heappop(heap)
        if bound >= value - slack:
            return best, min(value, bound), nodes
        nodes += 1
        children = (
            (np.setdiff1d(columns, weakest), kept),
            (columns, np.append(kept, weakest)),
        )
        for have, keep in children:
            if len(keep) == size or len(have) == size:
                leaf = np.sort(keep if len(keep) == size else have)
                rss = _rss(gram, correlation, energy, leaf)
                if rss < value:
                    best, value = leaf, rss
                continue
            below, branch = _bound(gram, correlation, energy, have, keep, size)
            below = max(below, bound)
            if below < value - slack:
                count += 1
                heapq.heappush(heap, (below, count, have, keep, branch))
    return best, min([value, *(entry[0] for entry in heap)]), nodes


def _rss(gram: Array, correlation: Array, energy: float, support: NDArray[np.intp]) -> float:
    if not len(support):
        return energy
    target = correlation[support]
    block = gram[np.ix_(support, support)]
    return max(energy - float(target @ np.linalg.lstsq(block, target, rcond=None)[0]), 0.0)


def _bound(
    gram: Array,
    correlation: Array,
    energy: float,
    have: NDArray[np.intp],
    kept: NDArray[np.intp],
    size: int,
) -> tuple[float, int]:
    """A lower bound of a branch and the column on which to split it."""
    free = ~np.isin(have, kept)
    block, target = gram[np.ix_(have, have)], correlation[have]
    try:
        factor = cho_factor(block)
    except LinAlgError:
        factor = None
    if factor is None or np.abs(np.diag(factor[0])).min() < 1e-7:
        # Dependent columns: all of them together prove nothing. Split on the strongest.
        pool = have[free]
        return 0.0, int(pool[np.abs(correlation[pool]).argmax()])
    weights = cho_solve(factor, target)
    rss = max(energy - float(target @ weights), 0.0)
    if len(have) == size:
        return rss, int(have[0])
    prices = weights**2 / np.diag(cho_solve(factor, np.eye(len(have))))
    drops = len(have) - size
    cheap = np.partition(prices[free], drops - 1)[:drops].max()
    smallest = float(np.linalg.eigvalsh(block)[0])
    squares = np.sort(weights[free] ** 2)[:drops].sum()
    split = int(have[free][prices[free].argmax()])
    return rss + max(float(cheap), 0.999 * smallest * float(squares)), split
