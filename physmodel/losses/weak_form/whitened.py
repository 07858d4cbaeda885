"""Rows of a regression whose noise is white, and what else follows from their covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from physmodel.constants import ENGINE
from physmodel.losses.weak_form.banded import log_abs_determinant, triangular_solve
from physmodel.losses.weak_form.smoothing import Smoothing

Array = NDArray[np.float64]


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
    _noise_map: sparse.csr_array | sparse.bsr_array
    _sources: sparse.csr_array | sparse.bsr_array
    _smoothing: Smoothing | None
    _cholesky: Array
    _variances: Array

    @property
    def n_states(self) -> int:
        """Number of equations ``d``."""
        return self._values.shape[1]

    @property
    def log_volume(self) -> float:
        """What to add to the squared residual for minus twice the log density of the data.

        The residual ``rho`` is a function of the data, and its density is theirs only after
        division by the volume by which it stretches them: ``log det C - 2 log |det B|``, with
        ``B`` the columns of the noise map after those of the start, which has a flat prior.
        Without ``B`` a model gains by contracting its phase space. Nodes without measurement
        have a nearly flat prior, whose width is divided out. Constants in the number of data
        are left out.
        """
        stretch = log_abs_determinant(self._noise_map)
        flat = np.log(self._variances[~self._observed]).sum()
        return float(2.0 * np.log(self._cholesky[0]).sum() - 2.0 * stretch - flat)

    def whitened(self, columns: Array) -> Array:
        """Whiten further columns ``(r d, k)`` of the same weak form."""
        return triangular_solve(self._cholesky, columns)

    def residual(self, weights: Array) -> Array:
        """Whitened residual of a coefficient vector."""
        return self.target - self.matrix @ weights

    def latent(self, weights: Array) -> Array:
        """Posterior mean of the clean states ``(n, d)``, given the coefficients ``(k,)``."""
        half = self.residual(weights)
        full = triangular_solve(self._cholesky, half[:, None], transposed=True)[:, 0]
        n, d = self._values.shape
        pulled = (self._sources.T @ full).reshape(-1, n, d)
        errors: Array = (self._variances * pulled).reshape(-1, d)
        noise = errors if self._smoothing is None else self._smoothing.noise(errors)
        return self._values - noise

    def equation_error(self, weights: Array, equation: Array) -> Array:
        """Posterior mean ``(r, d)`` of what the equation is off by in each row.

        Parameters
        ----------
        weights : ndarray (k,)
        equation : ndarray (r, d)
            Assumed standard deviation of it.
        """
        full = triangular_solve(self._cholesky, self.residual(weights)[:, None], transposed=True)
        return np.asarray(equation**2 * full.reshape(-1, self.n_states))

    def variance_scores(self, weights: Array, equation: Array) -> Array:
        """Sums that tell whether two kinds of errors are as large as assumed.

        At the maximum of the likelihood ``|s_j A_j' C^-1 rho|^2`` equals ``tr(A_j' C^-1 A_j)
        s_j^2`` for the measurement noise of each state, where ``A_j`` are the columns of the noise
        map that belong to it, and likewise with ``A_j`` replaced by unit columns for the error of
        each equation. Traces are estimated with random signs (Hutchinson 1989, Commun. Stat.
        Simul. 18, 1059).

        Parameters
        ----------
        weights : ndarray (k,)
        equation : ndarray (r, d) or (1, d)
            Assumed standard deviation of the error of each equation in each row.

        Returns
        -------
        ndarray (2, 2, d)
            Measurement noise, then equation error: the left and the right side for each state.
        """
        full = triangular_solve(self._cholesky, self.residual(weights)[:, None], transposed=True)
        _, d = self._values.shape
        own = np.sqrt(self._variances) * self._observed[:, None]
        deviations = np.tile(own, (self._sources.shape[1] // own.size, 1))
        pull = deviations * (self._sources.T @ full[:, 0]).reshape(-1, d)
        equation = np.broadcast_to(equation, (len(full) // d, d))
        push = equation * full.reshape(-1, d)
        # The same signs for every state: nothing depends on the order of the states.
        noise = self.whitened(self._sources @ _probes(deviations))
        error = self.whitened(_probes(equation))
        return np.stack(
            [
                [np.sum(pull**2, axis=0), _squares(noise, d)],
                [np.sum(push**2, axis=0), _squares(error, d)],
            ]
        )


def _probes(deviations: Array) -> Array:
    """Random signs times standard deviations ``(n, d)``, one state at a time."""
    n, d = deviations.shape
    count = max(ENGINE.probes // d, 1)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (n, count))
    probes = np.zeros((n, d, d * count))
    for j in range(d):
        probes[:, j, j * count : (j + 1) * count] = deviations[:, j, None] * signs
    return probes.reshape(n * d, -1)


def _squares(white: Array, d: int) -> Array:
    return np.asarray(np.sum(white**2, axis=0).reshape(d, -1).mean(axis=1))
