"""Term libraries whose coefficients obey linear conditions, whatever their values.

Symmetries and laws are linear in the coefficients of a library. Their null space has a basis of
few terms each; a field with one coefficient for each basis vector obeys the conditions exactly,
and a regression that selects among the vectors selects whole groups of terms.

References
----------
Yang, Rao, Dehmamy, Walters, Yu (2024), Symmetry-informed governing equation discovery,
arXiv:2405.16756, section 4.2 (equivariance as a null space);
Loiseau, Brunton (2018), J. Fluid Mech. 838, 42 (energy-preserving nonlinearities).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from physmodel.models.fields.linear_field import Points
from physmodel.models.fields.term_field import TermField
from physmodel.models.terms import TermLibrary

Array = NDArray[np.float64]

#: Size relative to its row below which an entry of a new basis is rounding.
ROUNDING = 1e-9


@dataclass(frozen=True)
class ConstrainedField:
    """A term field whose coefficients are combinations of the columns of a basis.

    `basis` ``(d p, K)``: coefficients of all equations in user units, one column for each vector of
    a null space; see `physmodel.models.null_space.null_space`.
    """

    field: TermField
    basis: Array

    @property
    def library(self) -> TermLibrary:
        """The terms."""
        return self.field.library

    @property
    def order(self) -> int:
        """Order in time."""
        return self.field.order

    @property
    def n_states(self) -> int:
        """Number of equations ``d``."""
        return self.field.n_states

    @property
    def n_coefficients(self) -> int:
        """Vectors of the basis."""
        return self.basis.shape[1]

    @property
    def n_choices(self) -> int:
        """Candidates per equation, for the price of one: a vector may serve several equations."""
        return min(len(self.library), self.n_coefficients)

    @cached_property
    def _computing(self) -> Array:
        """The basis ``(d, p, K)`` in computing units, the largest entry of each vector one."""
        rates = self.field.coordinates.rate_scale(self.order)
        table = self.basis.reshape(self.n_states, -1, self.n_coefficients) / rates[:, None, None]
        largest = np.abs(table).max(axis=(0, 1), initial=0.0)
        return np.asarray(table / np.where(largest > 0.0, largest, 1.0))

    @cached_property
    def _mixtures(self) -> tuple[Array, NDArray[np.intp]]:
        """Combinations of terms that occur, as columns ``(p, F)``, and their `placement`."""
        d, p, count = self._computing.shape
        columns = self._computing.transpose(0, 2, 1).reshape(d * count, p)
        distinct, which = np.unique(columns, axis=0, return_inverse=True)
        placement = np.where(columns.any(axis=1), which.ravel(), -1).reshape(d, count)
        return np.ascontiguousarray(distinct.T), placement.astype(np.intp)

    @property
    def placement(self) -> NDArray[np.intp]:
        """Combination of terms of each equation and coefficient; see `LinearField`."""
        return self._mixtures[1]

    def features(self, points: Points) -> Array:
        """Values of the combinations, ``(n, F)``."""
        return self.field.features(points) @ self._mixtures[0]

    def tangent(self, points: Points, states: Array, velocities: Array | None) -> Array:
        """Directional derivative ``(n, F)`` along a change of states (and velocities)."""
        return self.field.tangent(points, states, velocities) @ self._mixtures[0]

    def jacobian(self, points: Points, weights: Array) -> tuple[Array, Array | None]:
        """Derivatives ``(n, d, d)`` by states and by velocities."""
        return self.field.jacobian(points, self.spread(weights))

    def velocity(self, points: Points, weights: Array) -> Array:
        """Right-hand side ``(n, d)`` in computing units."""
        return self.field.velocity(points, self.spread(weights))

    def physical(self, weights: Array) -> Array:
        """Coefficients ``(d, p)`` of the terms in user units."""
        return self.field.physical(self.spread(weights))

    def spread(self, weights: Array) -> Array:
        """Coefficients ``(d p,)`` of the term field from those of the basis, ``(K, ...)``."""
        flat = self._computing.reshape(-1, self.n_coefficients)
        return np.asarray(flat @ weights)

    def gathered(self, coefficients: Array) -> Array:
        """Coefficients ``(K,)`` of the basis from those of the term field, ``(d p,)``.

        Read off where no other vector of the basis has an entry, so that zeros stay zeros.
        """
        flat = self._computing.reshape(-1, self.n_coefficients)
        own = (flat != 0.0) & ((flat != 0.0).sum(axis=1) == 1)[:, None]
        leads = own.argmax(axis=0)
        return np.asarray(coefficients[leads] / flat[leads, np.arange(self.n_coefficients)])

    def favouring(self, weights: Array, root: Array) -> ConstrainedField | None:
        """The same space by a basis in which the least significant terms can be left out alone.

        Where several vectors share a term, which of them are in the basis decides which laws are
        sparse. The terms that stand alone (one in a vector, zero in all others) are chosen by
        their Wald statistics, smallest first: dropping a vector then drops its term.

        `weights` ``(K,)``: fitted coefficients. `root` ``(K, k)``: square root of their covariance.
        Returns: None if the basis has that property already.
        """
        flat = self._computing.reshape(-1, self.n_coefficients)
        value, error = np.abs(flat @ weights), np.linalg.norm(flat @ root, axis=1)
        doubt = np.where(error > 0.0, value / np.where(error > 0.0, error, 1.0), 0.0)
        alone = _independent_rows(flat, np.argsort(doubt, kind="stable"))
        basis = self.basis @ np.linalg.inv(self.basis[alone])
        largest = np.abs(self.basis).max(axis=1, keepdims=True)
        basis = np.where(np.abs(basis) > ROUNDING * largest, basis, 0.0)
        patterns = [{column.tobytes() for column in (b != 0.0).T} for b in (basis, self.basis)]
        return None if patterns[0] == patterns[1] else replace(self, basis=basis)

    def errors(self, root: Array) -> Array:
        """Standard errors ``(d, p)`` of the terms in user units.

        `root` ``(K, k)``: A square root of the covariance of the coefficients, ``root @ root.T``.
        Returns ``(d, p)``.
        """
        return self.field.physical(np.linalg.norm(self.spread(root), axis=1))

    def touched(self, support: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Terms ``(d p,)`` that some coefficients bring in."""
        return np.asarray(self.basis[:, support].any(axis=1))


def _independent_rows(matrix: Array, order: NDArray[np.intp]) -> NDArray[np.intp]:
    """The first rows in some order, as many as there are columns, that no others give."""
    chosen: list[int] = []
    directions = np.empty((0, matrix.shape[1]))
    for row in order:
        length = np.linalg.norm(matrix[row])
        rest = matrix[row] - directions.T @ (directions @ matrix[row])
        rest -= directions.T @ (directions @ rest)
        if np.linalg.norm(rest) > ROUNDING * length:
            directions = np.vstack([directions, rest / np.linalg.norm(rest)])
            chosen.append(int(row))
        if len(chosen) == matrix.shape[1]:
            break
    return np.sort(np.array(chosen, dtype=np.intp))
