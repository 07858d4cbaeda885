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

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import cholesky_banded, lapack

from physmodel.losses.weak import WeakForm
from physmodel.models.linear_field import LinearField, Points

Array = NDArray[np.float64]

#: Prior standard deviation of a state at a node without measurement, in units of the noise.
FREE_TO_NOISE = 1e5

#: Random sign vectors per state in the estimate of a trace.
PROBES = 4


@dataclass(frozen=True)
class Tile:
    """One segment of data in computing units, with its weak form.

    Attributes
    ----------
    time : ndarray (n,)
        In units of the typical sampling interval.
    measured : ndarray (n, d)
        States as measured, in computing coordinates; interpolated where nothing was measured.
    observed : ndarray of bool (n,)
        False at nodes between samples, where the trajectory is known from the equation only.
    inputs : ndarray (n, m)
        Inputs, taken as exact.
    weak : WeakForm
    """

    time: Array
    measured: Array
    observed: NDArray[np.bool_]
    inputs: Array
    weak: WeakForm

    @property
    def n_data(self) -> int:
        """Residuals that carry information."""
        return (int(self.observed.sum()) - self.weak.order) * self.measured.shape[1]

    @property
    def durations(self) -> Array:
        """Span of each test function ``(r, 1)``, half the support of a hat."""
        span = self.time[self.weak.order :] - self.time[: -self.weak.order]
        return span[:, None] / self.weak.order

    def values(self, states: Array) -> Array:
        """Measured states, with the present estimate where nothing was measured."""
        return np.where(self.observed[:, None], self.measured, states)

    def variances(self, noise: Array) -> Array:
        """Prior variances ``(n, d)``: the noise, or next to nothing known at free nodes.

        The free variance is bounded by what float64 can eliminate again.
        """
        free = np.minimum(1.0, FREE_TO_NOISE * noise)
        return np.where(self.observed[:, None], noise**2, free**2)

    def points(self, states: Array, *, coarse: bool = False) -> Points:
        """Evaluation points at given states, velocities included when the order asks for them."""
        slope = self.weak.coarse_slope if coarse else self.weak.slope
        velocities = None if slope is None else slope @ states
        return Points(self.time, states, velocities, self.inputs)


@dataclass(frozen=True)
class WhitenedRows:
    """Rows of a least-squares problem with unit, independent noise.

    Attributes
    ----------
    matrix : ndarray (r d, k)
        Whitened derivative of the residual with respect to the coefficients.
    target : ndarray (r d,)
        Whitened left-hand side.
    """

    matrix: Array
    target: Array
    _observed: NDArray[np.bool_]
    _values: Array
    _noise_map: sparse.csr_array
    _cholesky: Array
    _variances: Array

    @property
    def log_determinant(self) -> float:
        """Logarithm of the determinant of the covariance that was whitened."""
        return 2.0 * float(np.log(self._cholesky[-1]).sum())

    def whitened(self, columns: Array) -> Array:
        """Whiten further columns ``(r d, k)`` of the same weak form."""
        return _triangular_solve(self._cholesky, columns, transposed=True)

    def residual(self, weights: Array) -> Array:
        """Whitened residual of a coefficient vector."""
        return self.target - self.matrix @ weights

    def latent(self, weights: Array) -> Array:
        """Posterior mean of the clean states ``(n, d)``, given the coefficients ``(k,)``."""
        half = self.residual(weights)
        full = _triangular_solve(self._cholesky, half[:, None], transposed=False)[:, 0]
        shift: Array = self._variances * (self._noise_map.T @ full).reshape(self._values.shape)
        return self._values - shift

    def noise_evidence(self, weights: Array) -> Array:
        """Sums that tell whether the noise of each state is as large as assumed.

        At the maximum of the likelihood ``|A_j' C^-1 rho|^2`` equals ``tr(A_j' C^-1 A_j)`` for
        the columns ``A_j`` of the noise map that belong to state ``j``. The trace is estimated
        with random signs (Hutchinson 1989, Commun. Stat. Simul. 18, 1059).

        Parameters
        ----------
        weights : ndarray (k,)

        Returns
        -------
        ndarray (2, d)
            The left and the right side.
        """
        full = _triangular_solve(self._cholesky, self.residual(weights)[:, None], transposed=False)
        pull = (self._noise_map.T @ full[:, 0]).reshape(self._values.shape)[self._observed]
        n, d = self._values.shape
        signs = np.random.default_rng(0).choice([-1.0, 1.0], (n, PROBES))
        signs = signs * self._observed[:, None]
        probes = np.zeros((n, d, d * PROBES))
        for j in range(d):
            # The same signs for every state: nothing depends on the order of the states.
            probes[:, j, j * PROBES : (j + 1) * PROBES] = signs
        white = self.whitened(self._noise_map @ probes.reshape(n * d, -1))
        trace = np.sum(white**2, axis=0).reshape(d, PROBES).mean(axis=1)
        return np.stack([np.sum(pull**2, axis=0), trace])


def quadrature_error(tile: Tile, field: LinearField, weights: Array, states: Array) -> Array:
    """Estimate how far off the weak form is because samples are finite in number.

    Parameters
    ----------
    tile : Tile
    field : LinearField
    weights : ndarray (k,)
    states : ndarray (n, d)

    Returns
    -------
    ndarray (r, d)
        Difference of two interpolation orders, largest over neighbouring rows: an interpolant
        that fails at a spike fails around it too.
    """
    fine = tile.weak.right @ field.velocity(tile.points(states), weights)
    coarse = tile.weak.coarse @ field.velocity(tile.points(states, coarse=True), weights)
    error = np.abs(fine - coarse)
    padded = np.pad(error, ((3, 3), (0, 0)), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, 7, axis=0).max(axis=-1)


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
    tangent = field.tangent(points, offset, None if slope is None else slope @ offset)
    integrals = tile.weak.right @ (field.features(points) + tangent)
    identity = sparse.identity(d, format="csr")
    noise_map = sparse.kron(tile.weak.left, identity, format="csr")
    if weights is not None:
        by_state, by_velocity = field.jacobian(points, weights)
        inner = _block_diagonal(by_state)
        if by_velocity is not None and slope is not None:
            inner = inner + _block_diagonal(by_velocity) @ sparse.kron(slope, identity)
        noise_map = noise_map - sparse.kron(tile.weak.right, identity, format="csr") @ inner
    variances = tile.variances(noise)
    covariance = noise_map @ sparse.diags_array(variances.ravel()) @ noise_map.T
    factor = cholesky_banded(_banded(covariance, slack.ravel() ** 2), check_finite=False)
    target = (tile.weak.left @ values).reshape(-1, 1)
    columns = np.column_stack([placed(integrals, field), target])
    white = _triangular_solve(factor, columns, transposed=True)
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
    bands[-1] += extra_diagonal
    return bands


def _triangular_solve(factor: Array, right: Array, *, transposed: bool) -> Array:
    solution, info = lapack.dtbtrs(factor, right, uplo="U", trans="T" if transposed else "N")
    if info:
        raise np.linalg.LinAlgError("singular covariance of the weak residual")
    result: Array = solution
    return result
