"""Is there anything in a group of columns? An exact test, and the size of what is there.

The weights of the columns are taken for draws of one size; the restricted likelihood decides
that size. Whether it is zero is a likelihood ratio whose distribution, when nothing is there, is
known for any number of rows and any columns: a function of independent normal numbers and of the
eigenvalues of the problem, drawn here as often as it takes.

References
----------
Crainiceanu, Ruppert (2004), Likelihood ratio tests in linear mixed models with one variance
component, J. R. Statist. Soc. B 66, 165, equation 9.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Draws of the null distribution, and sizes that are tried (relative to the noise).
DRAWS = 4000
RATIOS = np.concatenate([[0.0], np.logspace(-6.0, 6.0, 61)])


@dataclass(frozen=True, eq=False)
class Columns:
    """Penalised columns after projection on what is left by those that are free.

    Attributes
    ----------
    singular : ndarray (k,)
        Singular values of the projected columns.
    along : ndarray (k,)
        Target in the directions of the singular vectors.
    right : ndarray (k, m)
        Right singular vectors.
    rest : float
        Squared norm of the target outside of these directions.
    n_rest : int
        Their number of degrees of freedom.
    """

    singular: Array
    along: Array
    right: Array
    rest: float
    n_rest: int

    @classmethod
    def of(cls, matrix: Array, target: Array, residual: float, dof: int) -> Columns:
        """Decompose a reduced triangle.

        Parameters
        ----------
        matrix : ndarray (r, m)
        target : ndarray (r,)
        residual : float
            Squared norm of the target outside of these rows.
        dof : int
            Degrees of freedom of target and residual together.
        """
        left, singular, right = np.linalg.svd(matrix, full_matrices=False)
        kept = singular > 1e-10 * singular.max(initial=0.0)
        left, singular, right = left[:, kept], singular[kept], right[kept]
        along = left.T @ target
        rest = residual + max(float(target @ target - along @ along), 0.0)
        return cls(singular, along, right, rest, max(dof - len(singular), 1))

    @property
    def _scaled(self) -> Array:
        """Squared singular values, of mean one: ratios then mean the same for all columns."""
        squares = self.singular**2
        return np.asarray(squares / squares.mean()) if len(squares) else squares

    def gains(self, along: Array, rest: Array) -> Array:
        """Twice the restricted log likelihood above that of nothing, for each ratio.

        Parameters
        ----------
        along : ndarray (s, k)
            Squared targets along the singular vectors.
        rest : ndarray (s,)

        Returns
        -------
        ndarray (s, ratios)
        """
        growth = 1.0 + np.multiply.outer(self._scaled, RATIOS)
        quiet = along.sum(axis=1) + rest
        tiny = np.finfo(float).tiny
        left = np.maximum(along @ (1.0 / growth) + rest[:, None], tiny)
        n = len(self.singular) + self.n_rest
        ratio = np.maximum(quiet, tiny)[:, None] / left
        return np.asarray(n * np.log(ratio) - np.log(growth).sum(axis=0))

    def size(self) -> float:
        """Ratio of the variance of the weights to that of the noise."""
        if not len(self.singular):
            return 0.0
        own = self.gains(self.along[None] ** 2, np.array([self.rest]))[0]
        return float(RATIOS[own.argmax()] / np.mean(self.singular**2))

    def p_value(self, seed: int = 0) -> float:
        """Probability that noise alone looks like this much or more.

        Of nothing, when no size above zero is likelier than zero, one.
        """
        if not len(self.singular):
            return 1.0
        own = self.gains(self.along[None] ** 2, np.array([self.rest]))[0].max()
        if own <= 0.0:
            return 1.0
        rng = np.random.default_rng(seed)
        along = rng.chisquare(1.0, (DRAWS, len(self.singular)))
        drawn = self.gains(along, rng.chisquare(self.n_rest, DRAWS)).max(axis=1)
        return float((1 + np.count_nonzero(drawn >= own)) / (DRAWS + 1))

    def weights(self, size: float) -> tuple[Array, Array, float]:
        """Posterior of the weights given their size.

        Returns
        -------
        mean : ndarray (m,)
        shrinkage : ndarray (k,)
            Share of each direction that the data decide; its sum is the degrees of freedom used.
        variance : float
            Of the noise.
        """
        squares = self.singular**2
        shrinkage = size * squares / (1.0 + size * squares)
        mean = self.right.T @ (shrinkage * self.along / self.singular)
        left = float(np.sum((1.0 - shrinkage) * self.along**2)) + self.rest
        return mean, shrinkage, left / (len(squares) + self.n_rest)
