"""Latent-trajectory residual: measured states are noisy, the equation is a soft constraint.

The clean trajectory is unknown. Linearised around the present estimate of it, the weak residual at
the *measured* states is ``rho = left y - right theta(y) w`` with noise ``A e``, where ``e`` is the
measurement noise and ``A = left - right J`` carries it through both sides of the equation. So

    rho ~ N(0, A S A' + Q)

with ``S`` the measurement variances and ``Q`` what the equation may be off by: the quadrature
error, and a slack that is annealed away. Whitening by the banded Cholesky factor of that
covariance gives ordinary least squares in ``w``, and the posterior mean of the trajectory is one
back-substitution. This is the Schur complement of Gauss-Newton in trajectory and coefficients,
taken the other way round, which stays well conditioned as the slack goes to zero.

References
----------
Bortz, Messenger, Dukic (2023), Bull. Math. Biol. 85, 110 (covariance of the weak residual);
Fung (2025), arXiv:2507.23426 (trajectory as unknown, equation as soft constraint).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from physmodel.constants import ENGINE
from physmodel.losses.weak_form.banded import (
    factorised,
    gram_of_blocks,
    gram_of_entries,
    triangular_solve,
)
from physmodel.losses.weak_form.smoothing import Smoothing
from physmodel.losses.weak_form.tile import Tile
from physmodel.losses.weak_form.whitened import WhitenedRows
from physmodel.models.fields.linear_field import LinearField

Array = NDArray[np.float64]


def placed(integrals: Array, field: LinearField, which: NDArray[np.intp] | None = None) -> Array:
    """Columns of the coefficients from integrals of the features.

    Parameters
    ----------
    integrals : ndarray (r, F)
    field : LinearField
    which : ndarray of int (k,), optional
        Coefficients whose columns are wanted; all by default.

    Returns
    -------
    ndarray (r d, k)
    """
    placement = field.placement if which is None else field.placement[:, which]
    d, k = placement.shape
    columns = np.zeros((len(integrals) * d, k))
    for equation, features in enumerate(placement):
        used = np.flatnonzero(features >= 0)
        columns[equation::d, used] = integrals[:, features[used]]
    return columns


def deviations(tile: Tile, field: LinearField, states: Array) -> Array:
    """What the columns of the coefficients change by, to first order, from the estimate to data.

    Parameters
    ----------
    tile : Tile
    field : LinearField
    states : ndarray (n, d)
        Present estimate of the clean trajectory.

    Returns
    -------
    ndarray (r d, K)
    """
    offset = tile.values(states) - states
    slope = None if tile.weak.slope is None else tile.weak.slope @ offset
    along = field.tangent(tile.points(states), offset[tile.weak.nodes], slope)
    return placed(tile.weak.right @ along, field)


def whiten(
    tile: Tile,
    field: LinearField,
    weights: Array | None,
    states: Array,
    noise: Array,
    slack: Array,
    columns: NDArray[np.intp] | None = None,
) -> WhitenedRows:
    """Linearise the weak residual around a trajectory and make its noise white.

    Parameters
    ----------
    tile : Tile
    field : LinearField
    weights : ndarray (k,) or None
        Present coefficients, for the noise that enters through the library; None before there
        are any.
    states : ndarray (n, d)
        Present estimate of the clean trajectory.
    noise : ndarray (d,)
        Standard deviation of the measurement noise.
    slack : ndarray (r, d)
        Standard deviation by which the equation itself may be off.
    columns : ndarray of int (k,), optional
        Coefficients that are free; all by default.
    """
    d = states.shape[1]
    points = tile.points(states)
    values = tile.values(states)
    weak = tile.weak
    target = weak.left @ values
    unit = np.broadcast_to(np.eye(d), (len(states), d, d))
    noise_map = _spread(weak.left, unit)
    if weights is not None:
        # The coefficients multiply the features of the estimate; what the data deviate from it
        # enters with the present coefficients. Features of the data themselves, to first order,
        # would correlate with the noise and shrink every coefficient.
        by_state, by_velocity = field.jacobian(points, weights)
        offset = values - states
        along = np.einsum("nej,nj->ne", by_state, offset[weak.nodes])
        by_sample = _spread(weak.right, by_state)
        gather = weak.gather
        noise_map = noise_map - (by_sample if gather is None else by_sample @ _spread(gather, unit))
        if by_velocity is not None and weak.slope is not None:
            along += np.einsum("nej,nj->ne", by_velocity, weak.slope @ offset)
            noise_map = noise_map - _spread(weak.right, by_velocity) @ _spread(weak.slope, unit)
        target = target - weak.right @ along
    variances = tile.variances(noise)
    bands, sources = _covariance(noise_map, variances, tile.smoothing)
    factor = factorised(bands, slack.ravel() ** 2)
    features = placed(weak.right @ field.features(points), field, columns)
    white = triangular_solve(factor, np.column_stack([features, target.ravel()]))
    return WhitenedRows(
        white[:, :-1],
        white[:, -1],
        tile.observed,
        values,
        noise_map,
        sources,
        tile.smoothing,
        factor,
        variances,
    )


def _covariance(
    noise_map: sparse.bsr_array, variances: Array, smoothing: Smoothing | None
) -> tuple[Array, sparse.csr_array | sparse.bsr_array]:
    """Lower bands of the covariance, and the map from independent errors to the residual."""
    few = np.count_nonzero(noise_map.data) < ENGINE.sparse_share * noise_map.nnz
    if smoothing is None and not few:
        data = noise_map.data * np.sqrt(variances)[noise_map.indices][:, None, :]
        scaled = sparse.bsr_array((data, noise_map.indices, noise_map.indptr), noise_map.shape)
        return gram_of_blocks(scaled), noise_map
    # Of many states each equation holds few.
    sources = noise_map.tocsr()
    sources.eliminate_zeros()
    sources = sources if smoothing is None else sources @ smoothing.sources
    of_sources = np.tile(np.sqrt(variances).ravel(), sources.shape[1] // variances.size)
    return gram_of_entries(sources.multiply(of_sources).tocsr()), sources


def _spread(rule: sparse.csr_array, blocks: Array) -> sparse.bsr_array:
    """Apply a rule to samples after a matrix of each sample: ``rule (x) 1`` times their blocks.

    Parameters
    ----------
    rule : csr_array (r, n)
    blocks : ndarray (n, d, d)

    Returns
    -------
    bsr_array (r d, n d)
    """
    d = blocks.shape[1]
    data = rule.data[:, None, None] * blocks[rule.indices]
    shape = (rule.shape[0] * d, rule.shape[1] * d)
    return sparse.bsr_array((data, rule.indices, rule.indptr), shape=shape)
