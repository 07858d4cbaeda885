"""Many starts of a local search over supports: from every size of a nested path."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from physmodel.optimizers.subset.tableau import Criterion, Tableau
from physmodel.optimizers.subset.triangular import TriangularFactor

#: Moves per descent at most; each lowers the criterion, so this only guards against rounding.
MAX_MOVES = 200


def nested_descents(
    factor: TriangularFactor, supports: Sequence[NDArray[np.intp]], criterion: Criterion
) -> NDArray[np.intp]:
    """Descend by additions, deletions and exchanges from each of several nested supports.

    A descent ends in a local minimum, or where an earlier one passed. Small supports start in
    basins that elimination from above never enters: there, many columns stand in for a few.

    `supports`: each holds the one before and one column more; the first is empty. `criterion`:
    ``criterion(rss, k)``, vectorised over ``rss``. Returns: the support with the smallest
    criterion, ascending.
    """
    allowed = np.abs(factor.r).max(axis=0, initial=0.0) > 0.0
    tableau = Tableau(factor)
    visited: set[bytes] = set()
    best, value = tableau.inside, np.inf
    for support in supports:
        for column in support[~tableau.inside[support]]:
            # Noise-free conserved quantities make columns that are sums of others.
            if tableau.can_enter(int(column)):
                tableau.toggle(int(column))
        end = tableau.copy()
        reached = _descend(end, criterion, allowed, visited)
        if reached < value:
            best, value = end.inside, reached
    return np.flatnonzero(best)


def _descend(
    tableau: Tableau, criterion: Criterion, allowed: NDArray[np.bool_], visited: set[bytes]
) -> float:
    value = float(criterion(np.array([tableau.rss]), int(tableau.inside.sum()))[0])
    for _ in range(MAX_MOVES):
        proposed, columns = tableau.best_move(criterion, allowed)
        if not proposed < value - 1e-9 * (1.0 + abs(value)):
            break
        for column in columns:
            tableau.toggle(column)
        value = proposed
        key = tableau.inside.tobytes()
        if key in visited:
            break
        visited.add(key)
    return value
