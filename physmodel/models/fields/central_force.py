"""Pairwise central forces: every body pulls on every other along the line between them.

``r_i'' = sum_j m_j |r_j - r_i|^p (r_j - r_i) / |r_j - r_i|`` with one unknown strength ``m_j`` per
body; ``p = -2`` is Newton's law of gravity, ``p = 1`` a spring of zero rest length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.models.fields.linear_field import Points

Array = NDArray[np.float64]


def pair_separations(positions: Array) -> tuple[Array, Array]:
    """Vectors and distances between bodies.

    `positions` ``(..., bodies, axes)``. Returns `separation` ``(..., bodies, bodies, axes)``: ``r_j
    - r_i`` at ``[..., i, j, :]``; `distance` ``(..., bodies, bodies)``: its length; one on the
    diagonal, where no force acts.
    """
    separation = positions[..., None, :, :] - positions[..., :, None, :]
    distance = np.sqrt(np.einsum("...k,...k->...", separation, separation))
    return separation, distance + np.eye(positions.shape[-2])


def accelerations(positions: Array, strengths: Array, exponent: float) -> Array:
    """Accelerations of all bodies.

    `positions` ``(..., bodies, axes)``, `strengths` ``(bodies,)``. Returns ``(..., bodies, axes)``.
    """
    separation, distance = pair_separations(positions)
    pull: Array = np.einsum(
        "...ijk,...ij,j->...ik", separation, distance ** (exponent - 1.0), strengths
    )
    return pull


@dataclass(frozen=True)
class CentralForceField:
    """Unknown strengths of the bodies for one exponent, linear in the strengths."""

    n_bodies: int
    n_axes: int
    exponent: float

    @property
    def n_coefficients(self) -> int:
        """One strength per body."""
        return self.n_bodies

    @property
    def placement(self) -> NDArray[np.intp]:
        """Strength ``j`` multiplies feature ``(e, j)`` in every equation ``e``."""
        n_states = self.n_bodies * self.n_axes
        return np.arange(n_states * self.n_bodies, dtype=np.intp).reshape(n_states, self.n_bodies)

    def features(self, points: Points) -> Array:
        """Unit-strength pulls ``(n, bodies * axes * bodies)``, source body last."""
        separation, distance = pair_separations(self._positions(points.states))
        pull = separation * distance[..., None] ** (self.exponent - 1.0)
        return self._flat(pull)

    def tangent(self, points: Points, states: Array, velocities: Array | None) -> Array:
        """Directional derivative of the pulls along a change of the positions."""
        separation, distance = pair_separations(self._positions(points.states))
        change, _ = pair_separations(self._positions(states))
        along = np.einsum("...k,...k->...", separation, change) / distance**2
        slope = change + (self.exponent - 1.0) * along[..., None] * separation
        return self._flat(slope * distance[..., None] ** (self.exponent - 1.0))

    def jacobian(self, points: Points, weights: Array) -> tuple[Array, Array | None]:
        """Derivatives ``(n, d, d)`` of the accelerations by the positions."""
        separation, distance = pair_separations(self._positions(points.states))
        unit = separation / distance[..., None]
        outer = np.einsum("...k,...l->...kl", unit, unit)
        pair = np.eye(self.n_axes) + (self.exponent - 1.0) * outer
        pair = pair * (weights * distance ** (self.exponent - 1.0))[..., None, None]
        diagonal = np.arange(self.n_bodies)
        pair[:, diagonal, diagonal] = 0.0
        blocks = pair.copy()
        blocks[:, diagonal, diagonal] = -pair.sum(axis=2)
        n, size = len(points.states), self.n_bodies * self.n_axes
        return np.swapaxes(blocks, 2, 3).reshape(n, size, size), None

    def velocity(self, points: Points, weights: Array) -> Array:
        """Accelerations ``(n, d)`` in computing units."""
        pull = accelerations(self._positions(points.states), weights, self.exponent)
        return pull.reshape(points.states.shape)

    def _positions(self, states: Array) -> Array:
        return states.reshape(len(states), self.n_bodies, self.n_axes)

    def _flat(self, pairs: Array) -> Array:
        """Reorder ``(n, i, j, axis)`` to ``(n, (i, axis), j)`` and flatten."""
        return np.swapaxes(pairs, 2, 3).reshape(len(pairs), -1)


@dataclass(frozen=True, eq=False)
class CentralForce:
    """A fitted central-force law as a vector field of second order.

    `states`: coordinates, body by body. `strengths` ``(bodies,)``: in units of ``length^(1 -
    exponent) / time^2``.
    """

    bodies: tuple[str, ...]
    states: tuple[str, ...]
    exponent: float
    strengths: Array

    @property
    def inputs(self) -> tuple[str, ...]:
        """No inputs."""
        return ()

    @property
    def order(self) -> int:
        """Forces give accelerations: second order."""
        return 2

    @property
    def n_axes(self) -> int:
        """Number of space dimensions."""
        return len(self.states) // len(self.bodies)

    def positions(self, states: Array) -> Array:
        """Reshape states ``(n, d)`` to ``(n, bodies, axes)``."""
        return states.reshape(len(states), len(self.bodies), self.n_axes)

    def rate(self, time: Array, states: Array, velocities: Array | None, inputs: Array) -> Array:
        """Accelerations ``(n, d)``; see `VectorField.rate`."""
        pull = accelerations(self.positions(states), self.strengths, self.exponent)
        return pull.reshape(states.shape)

    def conserved(self, states: Array, velocities: Array) -> dict[str, Array]:
        """Energy, momentum and angular momentum along a trajectory.

        Strengths play the part of masses (action equals reaction), so energy and momenta come in
        units of strength times the usual ones.

        `states`, `velocities` ``(n, d)``. Returns: ``energy`` (n,), ``momentum`` (n, axes),
        ``angular momentum`` (n, 1 or 3).
        """
        r, v = self.positions(states), self.positions(velocities)
        mass = self.strengths
        _, distance = pair_separations(r)
        power = self.exponent + 1.0
        potential = np.log(distance) if power == 0.0 else distance**power / power
        upper = np.triu(np.outer(mass, mass), 1)
        kinetic = 0.5 * np.einsum("j,njk,njk->n", mass, v, v)
        quantities = {
            "energy": kinetic + np.einsum("nij,ij->n", potential, upper),
            "momentum": np.einsum("j,njk->nk", mass, v),
        }
        if self.n_axes > 1:
            cross = np.cross(r, v) if self.n_axes == 3 else _planar_cross(r, v)
            quantities["angular momentum"] = np.einsum("j,njk->nk", mass, cross)
        return quantities


def _planar_cross(a: Array, b: Array) -> Array:
    return (a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])[..., None]
