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

from physmodel.losses.tile import Tile
from physmodel.losses.whitened import WhitenedRows, triangular_solve
from physmodel.models.linear_field import LinearField

Array = NDArray[np.float64]

#: Part of its diagonal that is added to a covariance, above the rounding of its entries.
ROUNDING = 1e-14


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


def whiten(
    tile: Tile,
    field: LinearField,
    weights: Array | None,
    states: Array,
    noise: Array,
    slack: Array,
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

    Returns
    -------
    WhitenedRows
    """
    d = states.shape[1]
    points = tile.points(states)
    values = tile.values(states)
    offset = values - states
    slope = tile.weak.slope
    integrals = tile.weak.right @ field.features(points)
    target = (tile.weak.left @ values).ravel()
    identity = sparse.identity(d, format="csr")
    noise_map = sparse.kron(tile.weak.left, identity, format="csr")
    if weights is not None:
        # The coefficients multiply the features of the estimate; what the data deviate from it
        # enters with the present coefficients. Features of the data themselves, to first order,
        # would correlate with the noise and shrink every coefficient.
        tangent = field.tangent(points, offset, None if slope is None else slope @ offset)
        target = target - placed(tile.weak.right @ tangent, field) @ weights
        by_state, by_velocity = field.jacobian(points, weights)
        inner = _block_diagonal(by_state)
        if by_velocity is not None and slope is not None:
            inner = inner + _block_diagonal(by_velocity) @ sparse.kron(slope, identity)
        noise_map = noise_map - sparse.kron(tile.weak.right, identity, format="csr") @ inner
    variances = tile.variances(noise)
    covariance = noise_map @ sparse.diags_array(variances.ravel()) @ noise_map.T
    factor = cholesky_banded(_banded(covariance, slack.ravel() ** 2), check_finite=False)
    columns = np.column_stack([placed(integrals, field), target])
    white = triangular_solve(factor, columns, transposed=True)
    return WhitenedRows(
        white[:, :-1],
        white[:, -1],
        tile.observed,
        values,
        sparse.csr_array(noise_map),
        factor,
        variances,
    )


def _block_diagonal(blocks: Array) -> sparse.csr_array:
    n, d, _ = blocks.shape
    return sparse.csr_array(
        sparse.bsr_array((blocks, np.arange(n), np.arange(n + 1)), shape=(n * d, n * d))
    )


def _banded(matrix: sparse.csr_array, extra_diagonal: Array) -> Array:
    """Upper banded storage of a symmetric sparse matrix plus a diagonal."""
    entries = matrix.tocoo()
    upper = entries.col >= entries.row
    row, column, value = entries.row[upper], entries.col[upper], entries.data[upper]
    width = int((column - row).max())
    bands = np.zeros((width + 1, matrix.shape[0]))
    bands[width + row - column, column] = value
    bands[-1] += extra_diagonal + ROUNDING * bands[-1]
    return bands
