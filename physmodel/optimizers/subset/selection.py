"""Which terms: an information criterion, the supports near its minimum, their probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physmodel.constants import ENGINE
from physmodel.optimizers.subset.elimination import backward_elimination
from physmodel.optimizers.subset.exchange import exchange_search, neighbours
from physmodel.optimizers.subset.nested import nested_descents
from physmodel.optimizers.subset.triangular import Solution, TriangularFactor, solve_support

Array = NDArray[np.float64]


@dataclass(frozen=True)
class InformationCriterion:
    """Extended Bayesian information criterion of a linear model with profiled noise level.

    ``n log(rss / n + floor) + k (log m + 2 log p)`` for ``n`` whitened rows from ``m`` samples
    and ``p`` candidate terms per equation: the second part of the penalty is the price of having
    searched among ``p`` terms (Chen and Chen 2008, Biometrika 95, 759, with gamma = 1).

    `penalty`: price of one term. `floor`: whitened residual variance below which a better fit means
    nothing. `share`: power of the likelihood: independent residuals as a share of all of them.
    Residuals that are correlated over long times count as few (Miller and Dunson 2019, J. Am. Stat.
    Assoc. 114, 1113, section 2: coarsened posterior).
    """

    n_rows: int
    penalty: float
    floor: float
    share: float = 1.0

    @classmethod
    def of(cls, n_rows: int, n_samples: int, n_terms: int, total: float) -> InformationCriterion:
        """Build the criterion of a library.

        `n_terms`: candidate terms per equation. `total`: squared norm of the whitened left-hand
        side.
        """
        penalty = float(np.log(n_samples) + 2.0 * np.log(max(n_terms, 1)))
        return cls(
            n_rows, penalty, ENGINE.floor_variance + ENGINE.negligible_misfit * total / n_rows
        )

    def __call__(self, rss: Array, k: int) -> Array:
        """Criterion of residual sums of squares at support size ``k``."""
        level = np.log(rss / self.n_rows + self.floor)
        return np.asarray(self.share * self.n_rows * level + self.penalty * k)

    @property
    def fewest(self) -> float:
        """Independent residuals of one equation at which a term pays by the factor `worth`."""
        return min(self.penalty / np.log(ENGINE.worth), float(self.n_rows))

    def coarsened(self, n_effective: float) -> InformationCriterion:
        """The criterion for residuals of which only so many are independent."""
        return replace(self, share=min(n_effective / self.n_rows, 1.0))

    def value(self, solution: Solution) -> float:
        """Criterion of one solution."""
        return float(self(np.array([solution.rss]), len(solution.support))[0])


def select(
    factor: TriangularFactor,
    criteria: Sequence[InformationCriterion],
    near: NDArray[np.intp] | None = None,
) -> list[Solution]:
    """Best support found by each of several criteria.

    The backward elimination is the same for all. `near`: search only by exchanges from this
    support; by default exchanges start from every size of a backward elimination up to its best.
    """
    if near is not None:
        start = solve_support(factor, near)
        return [exchange_search(factor, start, criterion) for criterion in criteria]
    eliminated = [solve_support(factor, np.empty(0, dtype=np.intp))] * len(criteria)
    supports = []
    for step in backward_elimination(factor):
        supports.append(step.support)
        eliminated = [
            min(least, step, key=criterion.value)
            for least, criterion in zip(eliminated, criteria, strict=True)
        ]
    return [
        _searched_from(factor, least, supports, criterion)
        for least, criterion in zip(eliminated, criteria, strict=True)
    ]


def _searched_from(
    factor: TriangularFactor,
    eliminated: Solution,
    supports: Sequence[NDArray[np.intp]],
    criterion: InformationCriterion,
) -> Solution:
    """Exchanges from the sizes of a backward elimination up to its best."""
    nested = supports[::-1][: len(eliminated.support) + 2]
    nested = nested[:: -(-len(nested) // ENGINE.path_sizes)]
    descended = solve_support(factor, nested_descents(factor, nested, criterion))
    # The tableau is quick, QR factors are exact: the search ends with them.
    start = min(eliminated, descended, key=criterion.value)
    return exchange_search(factor, start, criterion)


def candidates(
    factor: TriangularFactor, winner: Solution, criterion: InformationCriterion
) -> list[Solution]:
    """Supports near the minimum of the criterion, best first.

    Returns: all visited supports within `ENGINE.rival_range` of the best; the first is the best
    itself.
    """
    seen = {tuple(winner.support.tolist()): winner}
    frontier = [winner]
    for _ in range(2):
        ranked = [move for known in frontier for move in neighbours(factor, known, criterion)]
        frontier = []
        for _value, support in sorted(ranked, key=lambda move: move[0])[:40]:
            key = tuple(sorted(support.tolist()))
            if key not in seen:
                seen[key] = solve_support(factor, np.array(key, dtype=np.intp))
                frontier.append(seen[key])
        frontier = sorted(frontier, key=criterion.value)[:4]
    nearest = sorted(seen.values(), key=criterion.value)
    limit = criterion.value(nearest[0]) + ENGINE.rival_range
    return [solution for solution in nearest if criterion.value(solution) <= limit]
