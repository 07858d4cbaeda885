"""Fields that are linear in their coefficients, put together: known part, network, terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physmodel.models.coordinates import Coordinates
from physmodel.models.fields.linear_field import LinearField, Points
from physmodel.models.fields.parametric_field import Linearisation, ParametricField

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tangent:
    """A parametric field near its present parameters, as a `LinearField`.

    The first coefficient belongs to what the field would be at parameters of zero if it were
    linear in them, and is always one; the others are the parameters. Directional derivatives and
    Jacobians are those at the present parameters, which must be the coefficients used with them.

    Attributes
    ----------
    field : ParametricField
        In user units.
    coordinates : Coordinates
        Without positive states.
    """

    field: ParametricField
    coordinates: Coordinates

    @property
    def n_coefficients(self) -> int:
        """One more than there are parameters."""
        return 1 + len(self.field.parameters)

    @property
    def placement(self) -> NDArray[np.intp]:
        """Every equation has its own features."""
        d, k = len(self.field.states), self.n_coefficients
        return np.arange(d * k, dtype=np.intp).reshape(d, k)

    @property
    def coefficients(self) -> Array:
        """The present ones, ``(K,)``."""
        return np.concatenate([[1.0], self.field.parameters])

    def at(self, coefficients: Array) -> Tangent:
        """The tangent at other parameters."""
        return replace(self, field=self.field.with_parameters(coefficients[1:]))

    def features(self, points: Points) -> Array:
        """Offset and derivatives by the parameters, ``(n, d K)``."""
        near = self._linearised(points)
        offset = near.rate - near.by_parameter @ self.field.parameters
        table = np.concatenate([offset[:, :, None], near.by_parameter], axis=2)
        return (table / self._unit[:, None]).reshape(len(offset), -1)

    def tangent(self, points: Points, states: Array, velocities: Array | None) -> Array:
        """Change of the field along a change of the states, all of it in the offset."""
        by_state, by_velocity = self.jacobian(points, self.coefficients)
        along = np.einsum("nej,nj->ne", by_state, states)
        if by_velocity is not None and velocities is not None:
            along += np.einsum("nej,nj->ne", by_velocity, velocities)
        table = np.zeros((*along.shape, self.n_coefficients))
        table[:, :, 0] = along
        return table.reshape(len(along), -1)

    def jacobian(self, points: Points, weights: Array) -> tuple[Array, Array | None]:
        """Derivatives ``(n, d, d)`` by states and by velocities."""
        d, where = len(self.field.states), self.coordinates
        slopes = self._linearised(points).by_motion / self._unit[:, None]
        by_state = slopes[:, :, :d] * where.scale
        if points.velocities is None:
            return by_state, None
        return by_state, slopes[:, :, d:] * (where.scale / where.step)

    def velocity(self, points: Points, weights: Array) -> Array:
        """The field itself, ``(n, d)``."""
        field = self.field.with_parameters(weights[1:])
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return field.rate(*self.arguments(points)) / self._unit

    def _linearised(self, points: Points) -> Linearisation:
        # Numbers inside functions may come to where these have no value: see `Weak.round`.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return self.field.linearised(*self.arguments(points))

    @property
    def _unit(self) -> Array:
        return self.coordinates.rate_scale(self.field.order)

    def arguments(self, points: Points) -> tuple[Array, Array, Array | None, Array]:
        """Time, states, velocities and inputs in user units."""
        where = self.coordinates
        time = where.origin + where.step * points.time
        speeds = points.velocities
        velocities = None if speeds is None else speeds * where.scale / where.step
        return time, where.to_physical(points.states), velocities, points.inputs


@dataclass(frozen=True, eq=False)
class Joined:
    """The sum of linear fields, their coefficients one after another; itself a `LinearField`.

    Attributes
    ----------
    parts : tuple of LinearField
    """

    parts: tuple[LinearField, ...]

    @property
    def n_coefficients(self) -> int:
        """Of all parts together."""
        return sum(part.n_coefficients for part in self.parts)

    @property
    def placement(self) -> NDArray[np.intp]:
        """That of each part, behind the features of those before it."""
        found, first = [], 0
        for part in self.parts:
            own = part.placement
            found.append(np.where(own >= 0, own + first, -1))
            first += int(own.max(initial=-1)) + 1
        return np.concatenate(found, axis=1)

    def features(self, points: Points) -> Array:
        """Features of all parts side by side."""
        return np.concatenate([part.features(points) for part in self.parts], axis=1)

    def tangent(self, points: Points, states: Array, velocities: Array | None) -> Array:
        """Directional derivatives of the features."""
        found = [part.tangent(points, states, velocities) for part in self.parts]
        return np.concatenate(found, axis=1)

    def jacobian(self, points: Points, weights: Array) -> tuple[Array, Array | None]:
        """Derivatives ``(n, d, d)`` by states and by velocities."""
        pairs = [
            part.jacobian(points, own)
            for part, own in zip(self.parts, self.split(weights), strict=True)
        ]
        by_state: Array = np.sum([first for first, _ in pairs], axis=0)
        if points.velocities is None:
            return by_state, None
        return by_state, np.sum([second for _, second in pairs if second is not None], axis=0)

    def velocity(self, points: Points, weights: Array) -> Array:
        """The field itself, ``(n, d)``."""
        values: Array = np.sum(
            [
                part.velocity(points, own)
                for part, own in zip(self.parts, self.split(weights), strict=True)
            ],
            axis=0,
        )
        return values

    def split(self, weights: Array) -> Sequence[Array]:
        """Coefficients of each part."""
        edges = np.cumsum([part.n_coefficients for part in self.parts])[:-1]
        return np.split(weights, edges)
