"""A term library as a vector field that is linear in its coefficients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.models.coordinates import Coordinates
from physmodel.models.fields.linear_field import Points
from physmodel.models.terms import TermLibrary

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TermField:
    """Every equation may use every term of the library.

    `library`: over the states, then their velocities (second order only), then inputs, then ``t``.
    """

    library: TermLibrary
    coordinates: Coordinates
    order: int

    @property
    def n_states(self) -> int:
        """Number of equations ``d``."""
        return len(self.coordinates.scale)

    @property
    def n_coefficients(self) -> int:
        """Terms times equations."""
        return len(self.library) * self.n_states

    @property
    def n_choices(self) -> int:
        """Candidates per equation, for the price of one."""
        return len(self.library)

    @property
    def placement(self) -> NDArray[np.intp]:
        """Coefficient ``e p + f`` multiplies feature ``f`` in equation ``e`` only."""
        p, d = len(self.library), self.n_states
        placement = np.full((d, d * p), -1, dtype=np.intp)
        for equation in range(d):
            placement[equation, equation * p : (equation + 1) * p] = np.arange(p)
        return placement

    def features(self, points: Points) -> Array:
        """Library values ``(n, p)``."""
        return self.library.evaluate(self.values(points))

    def tangent(self, points: Points, states: Array, velocities: Array | None) -> Array:
        """Directional derivative ``(n, p)`` along a change of states (and velocities)."""
        by_state, by_velocity = self._slopes(points)
        along: Array = np.einsum("npj,nj->np", by_state, states)
        if by_velocity is not None and velocities is not None:
            along += np.einsum("npj,nj->np", by_velocity, velocities)
        return along

    def jacobian(self, points: Points, weights: Array) -> tuple[Array, Array | None]:
        """Derivatives ``(n, d, d)`` by states and by velocities."""
        table = weights.reshape(self.n_states, -1)
        by_state, by_velocity = self._slopes(points)
        state_part: Array = np.einsum("npj,ep->nej", by_state, table)
        if by_velocity is None:
            return state_part, None
        return state_part, np.einsum("npj,ep->nej", by_velocity, table)

    def velocity(self, points: Points, weights: Array) -> Array:
        """Right-hand side ``(n, d)`` in computing units."""
        with np.errstate(invalid="ignore", over="ignore"):  # beyond the domain of a term: NaN
            return self.features(points) @ weights.reshape(self.n_states, -1).T

    def physical(self, weights: Array) -> Array:
        """Coefficients ``(d, p)`` in user units (per-capita rates for positive states)."""
        table = weights.reshape(self.n_states, -1)
        return table * self.coordinates.rate_scale(self.order)[:, None]

    def spread(self, weights: Array) -> Array:
        """Coefficients ``(d p, ...)`` of all terms: here those of the field themselves."""
        return weights

    def gathered(self, coefficients: Array) -> Array:
        """Coefficients of the field from those of all terms, ``(d p,)``."""
        return coefficients

    def favouring(self, weights: Array, root: Array) -> None:
        """Every term stands alone already; see `ConstrainedField.favouring`."""

    def errors(self, root: Array) -> Array:
        """Standard errors of the terms in user units.

        `root` ``(K, k)``: A square root of the covariance of the coefficients, ``root @ root.T``.
        Returns ``(d, p)``.
        """
        return self.physical(np.sqrt(np.einsum("ij,ij->i", root, root)))

    def touched(self, support: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Terms ``(d p,)`` that some coefficients bring in."""
        used = np.zeros(self.n_coefficients, dtype=bool)
        used[support] = True
        return used

    def values(self, points: Points) -> Array:
        """Variables of the library ``(n, v)`` in user units."""
        where = self.coordinates
        columns = [where.to_physical(points.states)]
        if points.velocities is not None:
            columns.append(points.velocities * where.scale / where.step)
        time = where.origin + where.step * points.time
        return np.column_stack([*columns, points.inputs, time])

    def _slopes(self, points: Points) -> tuple[Array, Array | None]:
        d = self.n_states
        leading = d if points.velocities is None else 2 * d
        slopes = self.library.derivatives(self.values(points), leading)
        by_state = slopes[:, :, :d] * self.coordinates.stretch(points.states)[:, None, :]
        if points.velocities is None:
            return by_state, None
        return by_state, slopes[:, :, d:] * (self.coordinates.scale / self.coordinates.step)
