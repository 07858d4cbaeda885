"""Sparse regression with an unknown clean trajectory: alternate weights, terms and trajectory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physmodel.discovery.linearisation import Linearisation, Setting, search_tiles
from physmodel.discovery.selection import (
    Candidate,
    InformationCriterion,
    candidates,
    select,
    weighed,
)
from physmodel.losses.tile import Tile, quadrature_error
from physmodel.models.linear_field import LinearField
from physmodel.optimizers.triangular import Solution, TriangularFactor, triangular_factor

Array = NDArray[np.float64]

#: Slack of the equation in units of the measurement noise, round by round. The first rounds let
#: the trajectory follow the data while the terms are still wrong.
SLACK = (1.0, 0.3, 0.1, 0.03, 0.01)

#: Parts of a standard error: a search has settled when no coefficient moves by more than the
#: first, a fit on a known support when none moves by more than the second.
ROUGHLY, FINELY = 0.1, 0.01

#: Part of the largest weight that rounding moves from round to round on smooth data without noise.
ROUNDING = 1e-12

#: Rounds after which a support that still changes is reported as it is.
MAX_ROUNDS = 14


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
    steady : bool
        The support was the same ever since the slack was a tenth of the noise.
    rivals : tuple of Candidate
        Other supports with the evidence that they reach on a trajectory of their own.
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
    steady: bool
    rivals: tuple[Candidate, ...] = ()

    @property
    def ranked(self) -> list[Candidate]:
        """The fit and the supports near it, best first.

        Where a support was fitted on its own, that counts; the linearisation at the trajectory
        of the winner flatters the winner.
        """
        near = candidates(self.factor, self.solution, self.criterion)
        known = {tuple(rival.solution.support.tolist()) for rival in self.rivals}
        others = [c for c in near[1:] if tuple(c.solution.support.tolist()) not in known]
        return weighed([near[0], *self.rivals, *others])

    @property
    def evidence(self) -> float:
        """Information criterion of the data, comparable between models: smaller is better."""
        return self.criterion.value(self.solution) + self.log_volume

    def evidence_per_datum(self, price: float | None = None) -> float:
        """`evidence` per residual that carries information.

        Parameters
        ----------
        price : float, optional
            Of one term; that of the criterion by default. Fits from libraries of different size
            compare at one price, or a term would be cheaper for not having looked at others.
        """
        own = self.criterion.penalty
        extra = 0.0 if price is None else (price - own) * len(self.solution.support)
        return (self.evidence + extra) / self.n_data

    @property
    def noise_free(self) -> bool:
        """Whether the data are the trajectory to all digits that count."""
        return bool(np.all(self.noise < self.quadrature))

    @property
    def variance(self) -> float:
        """Residual variance per degree of freedom, one when the noise model is right."""
        dof = max(self.n_data - len(self.solution.support), 1)
        return self.solution.rss / dof

    def weights(self, solution: Solution | None = None) -> Array:
        """Coefficients ``(K,)`` of a solution (the fit's own by default)."""
        return expand(self.factor, solution or self.solution)

    def covariance_root(self, solution: Solution | None = None) -> Array:
        """Square root ``(K, k)`` of the covariance of the coefficients; zero off the support."""
        chosen = solution or self.solution
        out = np.zeros((self.factor.n_columns, len(chosen.support)))
        scale = self.factor.scale[chosen.support, None]
        out[chosen.support] = np.sqrt(self.variance) * chosen.inverse / scale
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
    used = Setting(search_tiles(tiles), field, n_terms, looseness)
    latent: Sequence[Array] = [tile.measured for tile in used.tiles]
    weights = start
    near = None if start is None else np.flatnonzero(start)
    visited: list[tuple[int, ...]] = []
    for round_ in range(MAX_ROUNDS):
        step = used.at(weights, latent, noise, SLACK[min(round_, len(SLACK) - 1)])
        solution = select(step.factor, step.criterion, near)
        near = near if near is None else solution.support
        before = np.zeros(field.n_coefficients) if weights is None else weights
        weights = expand(step.factor, solution)
        settled = round_ >= len(SLACK)
        visited.append(tuple(solution.support))
        converged = settled and visited[-2] == visited[-1]
        if converged and still(step.factor, solution, weights - before, ROUGHLY):
            break
        latent = step.latent(weights)
        if settled:
            noise = rescaled_noise(step, noise, weights)
    steady = converged and len(set(visited[SLACK.index(0.1) :])) == 1
    return summarised(
        used, tiles, step, solution, latent, noise, converged=converged, steady=steady
    )


def summarised(
    used: Setting,
    tiles: Sequence[Tile],
    step: Linearisation,
    solution: Solution,
    latent: Sequence[Array],
    noise: Array,
    *,
    converged: bool,
    steady: bool = False,
) -> Regression:
    """Put the last round together, after one pass over all tiles where some were left out."""
    weights = expand(step.factor, solution)
    errors = [
        quadrature_error(tile, used.field, weights, states)
        for tile, states in zip(used.tiles, latent, strict=True)
    ]
    factor, criterion, residual = step.factor, step.criterion, step.residual(weights)
    whole = replace(used, tiles=tiles)
    if len(used.tiles) < len(tiles):
        factor, residual = _stream(whole, weights, noise)
        criterion = whole.criterion(factor)
        solution = select(factor, criterion)
    return Regression(
        used.field,
        solution,
        factor,
        criterion,
        noise,
        list(latent),
        residual,
        whole.n_data,
        np.sqrt(np.mean(np.concatenate(errors) ** 2, axis=0)),
        step.log_volume * whole.n_data / used.n_data,
        converged,
        steady,
    )


def still(factor: TriangularFactor, solution: Solution, change: Array, part: float) -> bool:
    """Whether no coefficient moved by more than a part of its standard error, or rounding."""
    # Only on the support: columns left out may be too large for a float to hold their norm.
    moved = np.abs(change[solution.support] * factor.scale[solution.support])
    rounding = ROUNDING * np.abs(solution.weights).max(initial=0.0)
    return bool(np.all(moved <= np.maximum(part * np.sqrt(solution.variances), rounding)))


def rescaled_noise(step: Linearisation, noise: Array, weights: Array) -> Array:
    """Noise levels ``(d,)`` one step closer to the maximum of their likelihood."""
    evidence = np.sum([row.noise_evidence(weights) for row in step.rows], axis=0)
    n_data = step.criterion.n_rows
    dof = max(n_data - int(np.count_nonzero(weights)), 1) / n_data
    return np.asarray(noise * np.clip(np.sqrt(evidence[0] / evidence[1] / dof), 0.5, 2.0))


def _stream(whole: Setting, weights: Array, noise: Array) -> tuple[TriangularFactor, Array]:
    """One pass over a long record: clean each tile with the model, then accumulate its rows."""
    residuals = []

    def cleaned() -> Iterator[tuple[Array, Array]]:
        for tile in whole.tiles:
            one = replace(whole, tiles=[tile])
            first = one.at(weights, [tile.measured], noise, SLACK[-1])
            step = one.at(weights, first.latent(weights), noise, SLACK[-1])
            residuals.append(step.residual(weights))
            yield step.rows[0].matrix, step.rows[0].target

    factor = triangular_factor(cleaned())
    return factor, np.concatenate(residuals)
