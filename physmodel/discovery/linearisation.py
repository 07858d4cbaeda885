"""The regression problem of one round: whitened rows around a trajectory, and their triangle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from physmodel.constants import ENGINE
from physmodel.losses.weak_form.latent import whiten
from physmodel.losses.weak_form.tile import Tile, quadrature_error
from physmodel.losses.weak_form.whitened import WhitenedRows
from physmodel.models.fields.linear_field import LinearField
from physmodel.optimizers.subset.selection import InformationCriterion
from physmodel.optimizers.subset.triangular import TriangularFactor, triangular_factor

Array = NDArray[np.float64]


#: Minus twice the logarithm of its normalising constant, less that of a normal distribution.
STUDENT = 2.0 * (
    gammaln(ENGINE.student_freedom / 2.0) - gammaln((ENGINE.student_freedom + 1.0) / 2.0)
) + np.log(ENGINE.student_freedom / 2.0)


@dataclass(frozen=True, eq=False)
class Errors:
    """What the data and the equation may be off by.

    Attributes
    ----------
    noise : ndarray (d,)
        Standard deviation of the measurement noise, in computing units.
    slack : ndarray (d,) or float
        Standard deviation of the equation error per sampling interval, in units of the noise
        times `Setting.looseness`.
    tails : sequence of ndarray (r, d), optional
        Factor of the equation error in each row of each tile; one by default.
    """

    noise: Array
    slack: Array | float
    tails: Sequence[Array] | None = None

    @property
    def typical(self) -> Array | float:
        """Root mean square of the equation error, in the units of `slack`."""
        if self.tails is None:
            return self.slack
        return self.slack * np.sqrt(np.mean(np.concatenate(self.tails) ** 2, axis=0))

    @property
    def price_of_tails(self) -> float:
        """Minus twice the log density of a Student distribution over that of its normal core.

        Rows whitened with a large error of their own look likely; this is what that costs.
        """
        if self.tails is None:
            return 0.0
        squares = np.concatenate(self.tails) ** 2
        size = (ENGINE.student_freedom + 1.0) * squares - ENGINE.student_freedom
        cost = STUDENT + (ENGINE.student_freedom + 1.0) * np.log1p(size / ENGINE.student_freedom)
        cost -= np.log(squares) + size / squares
        return float(np.sum(np.where(squares == 1.0, 0.0, cost)))

    def loose(self, tile: int) -> Array | float:
        """Equation error in each row of a tile, in the units of `slack`."""
        return self.slack if self.tails is None else self.slack * self.tails[tile]


class LogVolume:
    """Part of minus twice the log density of the data that the residual leaves out.

    Computed when first asked for, as few rounds need it; what it comes from is then let go.
    """

    def __init__(self, rows: Sequence[WhitenedRows]) -> None:
        self._rows = rows

    @cached_property
    def value(self) -> float:
        """Sum over all tiles, see `WhitenedRows.log_volume`."""
        value = sum(row.log_volume for row in self._rows)
        self._rows = ()
        return value


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

    @cached_property
    def log_volume(self) -> LogVolume:
        """Part of minus twice the log density of the data that the residual leaves out."""
        return LogVolume(self.rows)

    def latent(self, weights: Array) -> list[Array]:
        """Posterior mean of the clean states ``(n, d)`` of each tile."""
        return [row.latent(weights) for row in self.rows]

    def residuals(self, weights: Array) -> list[Array]:
        """Whitened residual ``(r, d)`` of each tile, in time order."""
        return [row.residual(weights).reshape(-1, row.n_states) for row in self.rows]


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
    rough : ndarray (d,)
        Measurement noise that the data show without any model, in computing units.
    """

    tiles: Sequence[Tile]
    field: LinearField
    n_terms: int
    looseness: float
    rough: Array

    @property
    def n_samples(self) -> int:
        """Measured samples in all tiles."""
        return sum(int(tile.observed.sum()) for tile in self.tiles)

    @property
    def n_data(self) -> int:
        """Residuals that carry information."""
        return sum(tile.n_data for tile in self.tiles)

    @property
    def least(self) -> Array:
        """Rounding of the states ``(d,)``: nothing is known better."""
        largest = np.max([np.abs(tile.measured).max(axis=0) for tile in self.tiles], axis=0)
        return np.asarray(2.0 * np.finfo(float).eps * largest)

    def criterion(self, total: float) -> InformationCriterion:
        """Price of the terms, given the squared norm of the whitened left-hand side."""
        return InformationCriterion.of(self.n_data, self.n_samples, self.n_terms, total)

    def at(
        self,
        weights: Array | None,
        latent: Sequence[Array],
        errors: Errors,
        columns: NDArray[np.intp] | None = None,
        off: Sequence[Array] | None = None,
    ) -> Linearisation:
        """Linearise around a trajectory.

        Parameters
        ----------
        weights : ndarray (K,) or None
            None before there is an estimate.
        latent : sequence of ndarray (n, d)
            Present estimate of the clean trajectory of each tile.
        errors : Errors
        columns : ndarray of int (k,), optional
            Coefficients that are free; all by default.
        off : sequence of ndarray (r, d), optional
            Quadrature error of each tile with these weights there, where it is known.
        """
        rows = [
            white_rows(
                tile,
                self.field,
                weights,
                states,
                errors.noise,
                self.looseness * errors.loose(number),
                columns,
                None if off is None else off[number],
            )
            for number, (tile, states) in enumerate(zip(self.tiles, latent, strict=True))
        ]
        factor = triangular_factor((row.matrix, row.target) for row in rows)
        return Linearisation(rows, factor, self.criterion(factor.total))


def white_rows(
    tile: Tile,
    field: LinearField,
    weights: Array | None,
    states: Array,
    noise: Array,
    slack: float | Array,
    columns: NDArray[np.intp] | None = None,
    off: Array | None = None,
) -> WhitenedRows:
    """Whiten one tile; its equation is off by the quadrature error and a slack.

    Parameters
    ----------
    tile : Tile
    field : LinearField
    weights : ndarray (K,) or None
        None before there is an estimate.
    states : ndarray (n, d)
        Present estimate of the clean trajectory.
    noise : ndarray (d,)
    slack : float, ndarray (d,) or (r, d)
        Random motion per sampling interval, in units of the noise.
    columns : ndarray of int (k,), optional
        Coefficients that are free; all by default.
    off : ndarray (r, d), optional
        Quadrature error, where it is known.
    """
    if off is not None:
        error = off
    elif weights is None:
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
    return whiten(tile, field, weights, states, noise, np.hypot(error, loose), columns)
