"""The regression problem of one round: whitened rows around a trajectory, and their triangle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.discovery.selection import InformationCriterion
from physmodel.losses.latent import whiten
from physmodel.losses.tile import Tile, quadrature_error
from physmodel.losses.whitened import WhitenedRows
from physmodel.models.linear_field import LinearField
from physmodel.optimizers.triangular import Solution, TriangularFactor, triangular_factor

Array = NDArray[np.float64]

#: Samples used while searching; longer records are streamed once, at the end.
SEARCH_SAMPLES = 16_384


@dataclass(frozen=True)
class Linearisation:
    """Whitened rows of all tiles and what follows from them.

    Attributes
    ----------
    rows : list of WhitenedRows
    factor : TriangularFactor
    criterion : InformationCriterion
    """

    rows: list[WhitenedRows]
    factor: TriangularFactor
    criterion: InformationCriterion

    @property
    def log_volume(self) -> float:
        """Part of minus twice the log density of the data that the residual leaves out."""
        return sum(row.log_volume for row in self.rows)

    def evidence(self, solution: Solution) -> float:
        """Information criterion of the data, comparable between models: smaller is better."""
        return self.criterion.value(solution) + self.log_volume

    def latent(self, weights: Array) -> list[Array]:
        """Posterior mean of the clean states ``(n, d)`` of each tile."""
        return [row.latent(weights) for row in self.rows]

    def residual(self, weights: Array) -> Array:
        """Whitened residual ``(rows, d)``, in time order."""
        parts = [row.residual(weights).reshape(-1, row.n_states) for row in self.rows]
        return np.concatenate(parts)


@dataclass(frozen=True)
class Setting:
    """What stays the same from round to round.

    Attributes
    ----------
    tiles : sequence of Tile
    field : LinearField
    n_terms : int
        Candidate terms per equation, for the price of a term.
    looseness : float
        Scale of the slack, see `Prepared.looseness`.
    """

    tiles: Sequence[Tile]
    field: LinearField
    n_terms: int
    looseness: float

    @property
    def n_samples(self) -> int:
        """Measured samples in all tiles."""
        return sum(int(tile.observed.sum()) for tile in self.tiles)

    @property
    def n_data(self) -> int:
        """Residuals that carry information."""
        return sum(tile.n_data for tile in self.tiles)

    def criterion(self, factor: TriangularFactor) -> InformationCriterion:
        """Price of the terms of a triangle of these tiles."""
        return InformationCriterion.of(self.n_data, self.n_samples, self.n_terms, factor.total)

    def at(
        self,
        weights: Array | None,
        latent: Sequence[Array],
        noise: Array,
        slack: float,
        columns: NDArray[np.intp] | None = None,
    ) -> Linearisation:
        """Linearise around a trajectory.

        Parameters
        ----------
        weights : ndarray (K,) or None
            None before there is an estimate.
        latent : sequence of ndarray (n, d)
            Present estimate of the clean trajectory of each tile.
        noise : ndarray (d,)
        slack : float
            In units of the noise.
        columns : ndarray of int (k,), optional
            Coefficients that are free; all by default.

        Returns
        -------
        Linearisation
        """
        loose = self.looseness * slack
        rows = [
            white_rows(tile, self.field, weights, states, noise, loose, columns)
            for tile, states in zip(self.tiles, latent, strict=True)
        ]
        factor = triangular_factor((row.matrix, row.target) for row in rows)
        return Linearisation(rows, factor, self.criterion(factor))


def white_rows(
    tile: Tile,
    field: LinearField,
    weights: Array | None,
    states: Array,
    noise: Array,
    slack: float,
    columns: NDArray[np.intp] | None = None,
) -> WhitenedRows:
    """Whiten one tile, trusting its equation as far as its quadrature and a slack allow.

    Parameters
    ----------
    tile : Tile
    field : LinearField
    weights : ndarray (K,) or None
        None before there is an estimate.
    states : ndarray (n, d)
        Present estimate of the clean trajectory.
    noise : ndarray (d,)
    slack : float
        Random motion per sampling interval, in units of the noise.
    columns : ndarray of int (k,), optional
        Coefficients that are free; all by default.

    Returns
    -------
    WhitenedRows
    """
    if weights is None:
        # Before there is a model its quadrature error is unknown; nine digits is what the widest
        # rules reach on well sampled data.
        error = 1e-9 * np.std(tile.weak.left @ tile.measured, axis=0) + np.zeros(
            (tile.weak.n_rows, 1)
        )
        error = np.maximum(error, np.finfo(float).eps)
    else:
        error = quadrature_error(tile, field, weights, states)
    # The slack is a random motion: its variance grows with the time that a test function spans.
    loose = slack * noise * np.sqrt(tile.durations)
    return whiten(tile, field, weights, states, noise, np.maximum(error, loose), columns)


def search_tiles(tiles: Sequence[Tile]) -> list[Tile]:
    """Tiles spread evenly over the data, together about `SEARCH_SAMPLES` long.

    Parameters
    ----------
    tiles : sequence of Tile

    Returns
    -------
    list of Tile
        All of them if they are not longer than that.
    """
    total = sum(len(tile.time) for tile in tiles)
    return list(tiles[:: -(-total // SEARCH_SAMPLES)])
