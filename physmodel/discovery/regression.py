"""Sparse regression with an unknown clean trajectory: alternate weights, terms and trajectory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.discovery.selection import InformationCriterion, select
from physmodel.losses.latent import whiten
from physmodel.losses.tile import Tile, quadrature_error
from physmodel.losses.whitened import WhitenedRows
from physmodel.models.linear_field import LinearField
from physmodel.optimizers.triangular import Solution, TriangularFactor, triangular_factor

Array = NDArray[np.float64]

#: Slack of the equation in units of the measurement noise, round by round. The first rounds let
#: the trajectory follow the data while the terms are still wrong.
SLACK = (1.0, 0.3, 0.1, 0.03, 0.01)

#: Rounds after which a support that still changes is reported as it is.
MAX_ROUNDS = 14

#: Tiles used while searching; longer records are streamed once, at the end.
SEARCH_TILES = 32


@dataclass(frozen=True)
class Regression:
    """A sparse fit of a linear field.

    Attributes
    ----------
    field : LinearField
    solution : Solution
        Support and scaled weights.
    factor : TriangularFactor
        All candidate columns, whitened at the final trajectory.
    criterion : InformationCriterion
    noise : ndarray (d,)
        Measurement noise in computing units, after re-estimation.
    latent : list of ndarray (n, d)
        Estimated clean trajectories of the search tiles.
    residual : ndarray (rows, d)
        Whitened residual of the final fit, in time order.
    n_data : int
        Residuals that carry information: observed samples less the order, times states.
    quadrature : ndarray (d,)
        Root mean square quadrature error of each equation, in computing units.
    log_volume : float
        Part of minus twice the log density of the data that does not depend on the residual.
    converged : bool
        The support repeated itself.
    """

    field: LinearField
    solution: Solution
    factor: TriangularFactor
    criterion: InformationCriterion
    noise: Array
    latent: list[Array]
    residual: Array
    n_data: int
    quadrature: Array
    log_volume: float
    converged: bool

    @property
    def evidence(self) -> float:
        """Information criterion of the data, comparable between models: smaller is better."""
        return self.criterion.value(self.solution) + self.log_volume

    @property
    def evidence_per_datum(self) -> float:
        """`evidence` per residual that carries information."""
        return self.evidence / self.n_data

    @property
    def variance(self) -> float:
        """Residual variance per degree of freedom, one when the noise model is right."""
        dof = max(self.n_data - len(self.solution.support), 1)
        return self.solution.rss / dof

    def weights(self, solution: Solution | None = None) -> Array:
        """Coefficients ``(K,)`` of a solution (the fit's own by default)."""
        return expand(self.factor, solution or self.solution)

    def deviations(self, solution: Solution | None = None) -> Array:
        """Standard errors ``(K,)``; zero outside the support."""
        chosen = solution or self.solution
        out = np.zeros(self.factor.n_columns)
        spread = np.sqrt(chosen.variances * self.variance)
        out[chosen.support] = spread / self.factor.scale[chosen.support]
        return out


def expand(factor: TriangularFactor, solution: Solution) -> Array:
    """Unscaled coefficients of all columns, zero outside the support."""
    weights = np.zeros(factor.n_columns)
    weights[solution.support] = solution.weights / factor.scale[solution.support]
    return weights


def regress(
    tiles: Sequence[Tile],
    field: LinearField,
    noise: Array,
    n_terms: int,
    looseness: float = 1.0,
    start: Array | None = None,
) -> Regression:
    """Fit a linear field to segments of data, choosing its terms.

    Parameters
    ----------
    tiles : sequence of Tile
    field : LinearField
    noise : ndarray (d,)
        First estimate of the measurement noise, in computing units.
    n_terms : int
        Candidate terms per equation, for the price of a term.
    looseness : float
        Scale of the slack, see `Prepared.looseness`.
    start : ndarray (K,), optional
        Coefficients of a simpler fit; the search then stays near their support.

    Returns
    -------
    Regression
    """
    n_samples = sum(int(tile.observed.sum()) for tile in tiles)
    stride = -(-len(tiles) // SEARCH_TILES)
    used = list(tiles[::stride])
    latent = [tile.measured for tile in used]
    n_data = sum(tile.n_data for tile in used)
    weights = np.zeros(field.n_coefficients) if start is None else start
    near = None if start is None else np.flatnonzero(start)
    support: tuple[int, ...] | None = None
    converged = False
    for round_ in range(MAX_ROUNDS):
        slack = looseness * SLACK[min(round_, len(SLACK) - 1)]
        rows = [
            white_rows(
                tile, field, weights, states, noise, slack, known=round_ > 0 or start is not None
            )
            for tile, states in zip(used, latent, strict=True)
        ]
        factor = triangular_factor((row.matrix, row.target) for row in rows)
        criterion = InformationCriterion.of(n_data, n_samples // stride, n_terms, factor.total)
        solution = select(factor, criterion, near)
        near = near if near is None else solution.support
        previous, weights = weights, expand(factor, solution)
        residual = np.concatenate([row.residual(weights).reshape(-1, len(noise)) for row in rows])
        settled = round_ >= len(SLACK)
        converged = settled and support == tuple(solution.support)
        support = tuple(solution.support)
        if converged and _still(factor, solution, weights - previous):
            break
        latent = [row.latent(weights) for row in rows]
        if settled:
            evidence = np.sum([row.noise_evidence(weights) for row in rows], axis=0)
            noise = _rescaled(noise, evidence, n_data, len(support))
    errors = [
        quadrature_error(tile, field, weights, states)
        for tile, states in zip(used, latent, strict=True)
    ]
    quadrature = np.sqrt(np.mean(np.concatenate(errors) ** 2, axis=0))
    volume = sum(row.log_volume for row in rows)
    if stride > 1:
        factor, residual = _stream(tiles, field, weights, noise, looseness * SLACK[-1])
        n_data = sum(tile.n_data for tile in tiles)
        criterion = InformationCriterion.of(n_data, n_samples, n_terms, factor.total)
        solution = select(factor, criterion)
    return Regression(
        field,
        solution,
        factor,
        criterion,
        noise,
        latent,
        residual,
        n_data,
        quadrature,
        volume,
        converged,
    )


def white_rows(
    tile: Tile,
    field: LinearField,
    weights: Array,
    states: Array,
    noise: Array,
    slack: float,
    *,
    known: bool = True,
) -> WhitenedRows:
    """Whiten one tile, trusting its equation as far as its quadrature and a slack allow.

    Parameters
    ----------
    tile : Tile
    field : LinearField
    weights : ndarray (K,)
    states : ndarray (n, d)
        Present estimate of the clean trajectory.
    noise : ndarray (d,)
    slack : float
        Random motion per sampling interval, in units of the noise.
    known : bool
        Whether `weights` are an estimate yet.

    Returns
    -------
    WhitenedRows
    """
    if not known:
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
    return whiten(tile, field, weights if known else None, states, noise, np.maximum(error, loose))


def _still(factor: TriangularFactor, solution: Solution, change: Array) -> bool:
    """Whether the coefficients moved by less than a hundredth of their standard errors."""
    moved = np.abs(change * factor.scale)[solution.support]
    return bool(np.all(moved <= 0.01 * np.sqrt(solution.variances)))


def _rescaled(noise: Array, evidence: Array, n_data: int, k: int) -> Array:
    """Noise levels one step closer to the maximum of their likelihood."""
    dof = max(n_data - k, 1) / n_data
    return noise * np.clip(np.sqrt(evidence[0] / evidence[1] / dof), 0.5, 2.0)


def _stream(
    tiles: Sequence[Tile], field: LinearField, weights: Array, noise: Array, slack: float
) -> tuple[TriangularFactor, Array]:
    """One pass over a long record: clean each tile with the model, then accumulate its rows."""
    residuals = []

    def cleaned() -> Iterator[tuple[Array, Array]]:
        for tile in tiles:
            first = white_rows(tile, field, weights, tile.measured, noise, slack)
            states = first.latent(weights)
            row = white_rows(tile, field, weights, states, noise, slack)
            residuals.append(row.residual(weights).reshape(-1, len(noise)))
            yield row.matrix, row.target

    factor = triangular_factor(cleaned())
    return factor, np.concatenate(residuals)
