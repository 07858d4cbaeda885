"""Pairwise central forces from trajectories of bodies: exponent and strengths, no hint given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.losses.weak_form.latent import placed, whiten
from physmodel.losses.weak_form.tile import Tile, quadrature_error
from physmodel.losses.weak_form.whitened import WhitenedRows
from physmodel.models.fields.central_force import CentralForceField
from physmodel.models.fields.linear_field import Points
from physmodel.models.kepler_orbits import UnseenBody
from physmodel.optimizers.subset.selection import InformationCriterion, select
from physmodel.optimizers.subset.triangular import (
    Solution,
    TriangularFactor,
    solve_support,
    triangular_factor,
    unscaled,
)

Array = NDArray[np.float64]

#: Exponents tried for the dependence of the force on distance.
EXPONENTS = tuple(float(p) for p in np.arange(-5.0, 2.01, 0.5))

#: Rounds of estimating the noise and the quadrature error anew, and the change of a strength, in
#: standard errors at unit noise, below which they end.
MAX_ROUNDS, STILL = 12, 0.03

#: Whitened rows are grouped into this many blocks for standard errors that do not assume
#: independent residuals.
BLOCKS = 60


@dataclass(frozen=True)
class PairwiseFit:
    """A central-force law in computing units.

    Attributes
    ----------
    exponent : float
        The best of `EXPONENTS`.
    refined_exponent, exponent_std : float
        Where a free exponent would settle, one Gauss-Newton step away, with its standard error.
    strengths, strengths_std : ndarray (bodies,)
    covariance : ndarray (bodies, bodies)
    scores : dict of float to float
        Criterion of each exponent minus the best.
    explained : float
        Share of the whitened variance of the accelerations explained.
    noise : ndarray (d,)
    unseen : tuple of UnseenBody
        Bodies that are not in the data; see `physmodel.bodies.balance`.
    """

    exponent: float
    refined_exponent: float
    exponent_std: float
    strengths: Array
    covariance: Array
    scores: dict[float, float]
    explained: float
    noise: Array
    unseen: tuple[UnseenBody, ...] = ()

    @property
    def strengths_std(self) -> Array:
        """Standard errors of the strengths."""
        return np.sqrt(np.diag(self.covariance))


def fit_pairwise(tiles: Sequence[Tile], n_bodies: int, n_axes: int, noise: Array) -> PairwiseFit:
    """Fit ``r_i'' = sum_j m_j r^p (r_j - r_i) / r`` over a range of exponents.

    Parameters
    ----------
    tiles : sequence of Tile
        Second-order tiles whose states are positions, body by body.
    n_bodies, n_axes : int
    noise : ndarray (d,)
        Measurement noise of the positions.
    """
    strengths, exponent = np.zeros(n_bodies), EXPONENTS[0]
    candidates, scores = EXPONENTS, dict.fromkeys(EXPONENTS, np.inf)
    for _ in range(MAX_ROUNDS):
        reference = CentralForceField(n_bodies, n_axes, exponent)
        rows = _rows(tiles, reference, noise, strengths)
        fits = {p: _strengths(tiles, rows, n_bodies, n_axes, p) for p in candidates}
        best = min(fits, key=lambda p: fits[p].value)
        if len(fits) > 1:
            scores = {p: fit.value - fits[best].value for p, fit in fits.items()}
            if strengths.any() and best == exponent:
                # The exponent is settled; what follows only sharpens the noise level.
                candidates = (best,)
        fit, before = fits[best], strengths
        exponent, strengths = best, unscaled(fit.factor, fit.solution)
        noise = _rescaled_noise(tiles, noise, exponent, strengths, n_bodies, n_axes)
        moved = np.abs(strengths - before) * fit.factor.scale
        if len(candidates) == 1 and (moved <= STILL).all():
            break
    final = select(fit.factor, [fit.criterion])[0]
    strengths = unscaled(fit.factor, final)
    field = CentralForceField(n_bodies, n_axes, exponent)
    covariance, step, step_std = _uncertainty(tiles, field, noise, strengths, final.support)
    return PairwiseFit(
        exponent,
        exponent + step,
        step_std,
        strengths,
        covariance,
        scores,
        1.0 - final.rss / fit.factor.total,
        noise,
    )


@dataclass(frozen=True)
class _ExponentFit:
    """Best strengths for one exponent."""

    solution: Solution
    factor: TriangularFactor
    criterion: InformationCriterion
    value: float


def _strengths(
    tiles: Sequence[Tile],
    rows: Sequence[WhitenedRows],
    n_bodies: int,
    n_axes: int,
    exponent: float,
) -> _ExponentFit:
    field = CentralForceField(n_bodies, n_axes, exponent)
    factor = triangular_factor(
        (row.whitened(_columns(tile, field)), row.target)
        for tile, row in zip(tiles, rows, strict=True)
    )
    samples = sum(len(tile.time) for tile in tiles)
    criterion = InformationCriterion.of(factor.n_rows, samples, n_bodies, factor.total)
    # All bodies pull until the noise level is known: a body that is dropped early would be
    # explained away as noise for good.
    solution = solve_support(factor, np.arange(n_bodies))
    return _ExponentFit(solution, factor, criterion, criterion.value(solution))


def _rows(
    tiles: Sequence[Tile],
    reference: CentralForceField,
    noise: Array,
    strengths: Array,
) -> list[WhitenedRows]:
    """Rows of a reference law; its noise model serves all exponents, so that they compare.

    Noise that enters through the force is left out: the band of the covariance would grow with
    the number of bodies, and positions are known far better than accelerations.
    """
    rows = []
    for tile in tiles:
        if not strengths.any():
            spread = np.std(tile.weak.left @ tile.measured, axis=0)
            slack = np.zeros((tile.weak.n_rows, 1)) + 1e-6 * spread
        else:
            slack = quadrature_error(tile, reference, strengths, tile.measured)
        # Differences of positions can not be known better than their own rounding.
        rounding = 4.0 * np.finfo(float).eps * np.abs(tile.measured).max(axis=0)
        slack = np.maximum(slack, rounding)
        rows.append(whiten(tile, reference, None, tile.measured, noise, slack))
    return rows


def _columns(tile: Tile, field: CentralForceField) -> Array:
    return placed(tile.weak.right @ field.features(tile.points(tile.measured)), field)


def _rescaled_noise(
    tiles: Sequence[Tile],
    noise: Array,
    exponent: float,
    strengths: Array,
    n_bodies: int,
    n_axes: int,
) -> Array:
    field = CentralForceField(n_bodies, n_axes, exponent)
    rows = _rows(tiles, field, noise, strengths)
    residual = np.concatenate([row.residual(strengths).reshape(-1, len(noise)) for row in rows])
    return noise * np.clip(np.sqrt(np.mean(residual**2, axis=0)), 0.1, 10.0)


def _uncertainty(
    tiles: Sequence[Tile],
    field: CentralForceField,
    noise: Array,
    strengths: Array,
    support: NDArray[np.intp],
) -> tuple[Array, float, float]:
    """Block-robust covariance of the strengths and the free step of the exponent."""
    size = len(support) + 1
    gram, cross, meat = np.zeros((size, size)), np.zeros(size), np.zeros((size, size))
    for tile, row in zip(tiles, _rows(tiles, field, noise, strengths), strict=True):
        integrals = tile.weak.right @ _exponent_slope(tile, field, strengths)
        slope = row.whitened(integrals.reshape(-1, 1))
        matrix = np.column_stack([row.matrix[:, support], slope])
        residual = row.residual(strengths)
        gram = gram + matrix.T @ matrix
        cross = cross + matrix.T @ residual
        for rows in np.array_split(np.arange(len(residual)), max(BLOCKS // len(tiles), 2)):
            score = matrix[rows].T @ residual[rows]
            meat = meat + np.outer(score, score)
    scale = np.sqrt(np.diag(gram))
    inverse = np.linalg.pinv(gram / np.outer(scale, scale)) / np.outer(scale, scale)
    joint = inverse @ meat @ inverse
    bread = np.linalg.pinv((gram / np.outer(scale, scale))[:-1, :-1])
    bread = bread / np.outer(scale[:-1], scale[:-1])
    covariance = np.zeros((len(strengths), len(strengths)))
    covariance[np.ix_(support, support)] = bread @ meat[:-1, :-1] @ bread
    return covariance, float((inverse @ cross)[-1]), float(np.sqrt(joint[-1, -1]))


def _exponent_slope(tile: Tile, field: CentralForceField, strengths: Array) -> Array:
    """Derivative of the accelerations by the exponent."""
    width = 1e-4
    points: Points = tile.points(tile.measured)
    above = CentralForceField(field.n_bodies, field.n_axes, field.exponent + width)
    below = CentralForceField(field.n_bodies, field.n_axes, field.exponent - width)
    change: Array = above.velocity(points, strengths) - below.velocity(points, strengths)
    return change / (2.0 * width)
