"""Rigid distances between particles: the holonomic constraints of pendulums and rigid bodies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rods:
    """Which distances stay the same: ``|x_i - x_j|`` between particles, ``|x_i - a|`` to a point.

    How long the rods are is no part of it: the positions say that.

    `dimension`: coordinates of a particle; positions are listed particle by particle. `between`:
    pairs of particles. `fixed`: A particle and the point that it is tied to. Raises ProblemError if
    a rod names no particle or no point of the space, or holds what others hold already.
    """

    n_particles: int
    dimension: int
    between: tuple[tuple[int, int], ...] = ()
    fixed: tuple[tuple[int, tuple[float, ...]], ...] = ()

    def __post_init__(self) -> None:
        if self.n_particles < 1 or self.dimension < 1:
            raise ProblemError(
                f"{self.n_particles} particles in {self.dimension} dimensions",
                fix="give at least one particle and one dimension",
            )
        ends = [end for pair in self.between for end in pair] + [i for i, _ in self.fixed]
        for end in ends:
            if not 0 <= end < self.n_particles:
                raise ProblemError(
                    f"a rod ends at particle {end} of {self.n_particles}",
                    fix="count particles from zero",
                )
        for particle, point in self.fixed:
            if len(point) != self.dimension or not np.isfinite(point).all():
                raise ProblemError(
                    f"particle {particle} is tied to the point {point}",
                    fix=f"give the {self.dimension} coordinates of the point",
                )
        self._require_independent()

    @property
    def count(self) -> int:
        """Number of rods ``k``."""
        return len(self.between) + len(self.fixed)

    @property
    def n_coordinates(self) -> int:
        """Number of coordinates ``d`` of all particles."""
        return self.n_particles * self.dimension

    @cached_property
    def incidence(self) -> Array:
        """Which particles the rods tie, with signs, ``(k, n_particles)``."""
        found = np.zeros((self.count, self.n_particles))
        for row, (i, j) in enumerate(self.between):
            found[row, i] += 1.0
            found[row, j] -= 1.0
        for row, (i, _) in enumerate(self.fixed, start=len(self.between)):
            found[row, i] = 1.0
        return found

    @cached_property
    def points(self) -> Array:
        """Where the rods are tied to the space, ``(k, dimension)``; zeros for the others."""
        found = np.zeros((self.count, self.dimension))
        for row, (_, point) in enumerate(self.fixed, start=len(self.between)):
            found[row] = point
        return found

    def along(self, positions: Array) -> Array:
        """The rods as vectors ``(..., k, dimension)`` at positions ``(..., d)``."""
        return self.incidence @ self._particles(positions) - self.points

    def turning(self, velocities: Array) -> Array:
        """Rates of change ``(..., k, dimension)`` of the rods at velocities ``(..., d)``."""
        return self.incidence @ self._particles(velocities)

    def lengths(self, positions: Array) -> Array:
        """Lengths of the rods ``(..., k)`` at positions ``(..., d)``."""
        return np.asarray(np.linalg.norm(self.along(positions), axis=-1))

    def pulls(self, along: Array, sizes: Array) -> Array:
        """Forces ``(..., d)`` on the particles of pulls along the rods, times their lengths.

        `along` ``(..., k, dimension)``: see `along`. `sizes` ``(..., k)``: positive where a rod
        pulls its ends together.
        """
        forces = -self.incidence.T @ (sizes[..., None] * along)
        return np.asarray(forces.reshape(*forces.shape[:-2], self.n_coordinates))

    def _particles(self, values: Array) -> Array:
        return values.reshape(*values.shape[:-1], self.n_particles, self.dimension)

    def _require_independent(self) -> None:
        """Rods in general position hold one direction each, or one of them is too many."""
        place = np.random.default_rng(0).normal(size=self.n_coordinates)
        slopes = self.incidence[:, :, None] * self.along(place)[:, None, :]
        # Positions of order one without any order: a rank is lost to rounding or not at all.
        if self.count and np.linalg.matrix_rank(slopes.reshape(self.count, -1)) < self.count:
            raise ProblemError(
                f"{self.count} rods hold less than {self.count} directions of motion",
                why="the pull of each would not be determined",
                fix="leave out rods between ends that others keep apart already",
            )
