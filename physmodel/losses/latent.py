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
from scipy.linalg import cholesky_banded

from physmodel.constants import ENGINE
from physmodel.losses.tile import Tile
from physmodel.losses.whitened import WhitenedRows, triangular_solve
from physmodel.models.linear_field import LinearField

Array = NDArray[np.float64]


def placed(integrals: Array, field: LinearField) -> Array:
    """Columns of the coefficients from integrals of the features.

    Parameters
    ----------
    integrals : ndarray (r, F)
    field : LinearField

    Returns
    -------
    ndarray (r d, K)
    """
    d = len(field.placement)
    columns = np.zeros((len(integrals) * d, field.n_coefficients))
    for equation, features in enumerate(field.placement):
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
    slope, gather = tile.weak.slope, tile.weak.gather
    integrals = tile.weak.right @ field.features(points)
    target = (tile.weak.left @ values).ravel()
    unit = np.broadcast_to(np.eye(d), (len(states), d, d))
    noise_map = _spread(tile.weak.left, unit)
    if weights is not None:
        # The coefficients multiply the features of the estimate; what the data deviate from it
        # enters with the present coefficients. Features of the data themselves, to first order,
        # would correlate with the noise and shrink every coefficient.
        target = target - deviations(tile, field, states) @ weights
        by_state, by_velocity = field.jacobian(points, weights)
        by_sample = _spread(tile.weak.right, by_state)
        noise_map = noise_map - (by_sample if gather is None else by_sample @ _spread(gather, unit))
        if by_velocity is not None and slope is not None:
            noise_map = noise_map - _spread(tile.weak.right, by_velocity) @ _spread(slope, unit)
    variances = tile.variances(noise)
    flat = noise_map.tocsr()
    flat.eliminate_zeros()
    sources = flat if tile.smoothing is None else flat @ tile.smoothing.sources
    if tile.smoothing is not None or flat.nnz < ENGINE.sparse_share * noise_map.nnz:
        # Of many states each equation holds few.
        of_sources = np.tile(variances.ravel(), sources.shape[1] // variances.size)
        covariance = (sources.multiply(of_sources).tocsr() @ sources.T).tobsr((d, d))
    else:
        covariance = _scaled_columns(noise_map, variances) @ noise_map.T
    factor = cholesky_banded(_banded(covariance, slack.ravel() ** 2), check_finite=False)
    features = placed(integrals, field)
    features = features if columns is None else features[:, columns]
    white = triangular_solve(factor, np.column_stack([features, target]), transposed=True)
    return WhitenedRows(
        white[:, :-1],
        white[:, -1],
        tile.observed,
        values,
        flat,
        sources,
        tile.smoothing,
        factor,
        variances,
    )


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


def _scaled_columns(matrix: sparse.bsr_array, scale: Array) -> sparse.bsr_array:
    """Columns times ``scale`` (n, d)."""
    data = matrix.data * scale[matrix.indices][:, None, :]
    return sparse.bsr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def _banded(matrix: sparse.bsr_array, extra_diagonal: Array) -> Array:
    """Upper banded storage of a symmetric matrix of blocks plus a diagonal."""
    d, n = matrix.blocksize[0], matrix.shape[0]
    above = np.repeat(np.arange(n // d), np.diff(matrix.indptr))
    keep = matrix.indices >= above
    above, beside, blocks = above[keep], matrix.indices[keep].astype(np.intp), matrix.data[keep]
    width = d * (int((beside - above).max()) + 1) - 1
    # The lower corners of the blocks on the diagonal land below the bands, and are cut off.
    bands = np.zeros((width + d, n))
    first = (width + d * (above - beside)) * n + d * beside
    inside = np.subtract.outer(np.arange(d), np.arange(d)) * n + np.arange(d)
    bands.ravel()[first[:, None, None] + inside] = blocks
    bands = bands[: width + 1]
    bands[-1] += extra_diagonal + ENGINE.covariance_rounding * bands[-1]
    return bands
