"""Successive rows of the weak form of one equation, for regressions along one trajectory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from physmodel.constants import ENGINE
from physmodel.losses.weak_form.banded import factorised, gram_of_entries, triangular_solve
from physmodel.losses.weak_form.tile import Tile
from physmodel.problem.algebra.calculus import evaluate
from physmodel.problem.algebra.expression import Expression

Array = NDArray[np.float64]

#: Values that are multiplied, squared and summed without overflow.
LARGEST = 1e60


@dataclass(frozen=True)
class Stretch:
    """Successive rows of the weak form of one equation, and how to whiten them.

    `right` ``(r, m)``: integrals from values at points. `factor`: Cholesky factor of the covariance
    of the rows. `target` ``(r,)``: whitened left-hand side. `variables`: values ``(m,)``, by name.
    """

    right: sparse.csr_array
    factor: Array
    target: Array
    variables: dict[str, Array]

    @classmethod
    def of(
        cls,
        tile: Tile,
        rows: slice,
        equation: int,
        states: Array,
        spread: tuple[float, float],
        variables: dict[str, Array],
    ) -> Stretch:
        """Some rows of a tile around a trajectory.

        The noise enters through the left-hand side only: features are taken of the trajectory.
        `spread`: standard deviations of the noise, and of the equation over one interval.
        """
        left, right = tile.weak.left[rows], tile.weak.right[rows]
        noise = np.sqrt(tile.variances(np.full(states.shape[1], spread[0]))[:, equation])
        bands = gram_of_entries(left.multiply(noise).tocsr())
        size = spread[1] * np.sqrt(tile.durations[rows, 0])
        factor = factorised(bands, size**2)
        points = np.unique(right.indices)
        target = left @ tile.values(states)[:, equation]
        return cls(
            right[:, points],
            factor,
            triangular_solve(factor, target[:, None])[:, 0],
            {name: values[points] for name, values in variables.items()},
        )

    def values(self, expression: Expression) -> Array:
        """Values ``(m, 1)`` of an expression."""
        return np.broadcast_to(evaluate(expression, self.variables), self.right.shape[1])[:, None]

    def columns(self, integrands: Array) -> Array:
        """Whitened columns ``(r, C)`` of integrands ``(m, C)``."""
        return triangular_solve(self.factor, self.right @ integrands)


def windows(count: int, total: int) -> Iterator[slice]:
    """Rows of a tile that are looked at: all, or stretches spread evenly.

    `count`, `total`: rows of the tile, and of all tiles.
    """
    pieces = max(count // ENGINE.form_stretch, 1)
    length = count // pieces
    kept = max(round(length * min(ENGINE.form_rows / total, 1.0)), min(length, ENGINE.form_least))
    for k in range(pieces):
        yield slice(k * length, k * length + kept if kept < length or k < pieces - 1 else count)


def sound_values(values: Array) -> NDArray[np.bool_]:
    """Numbers whose squares are numbers as well; NaN is not."""
    return np.abs(values) < LARGEST
