"""Symplectic steps for particles held together by rods: no drift of lengths or energy.

References
----------
Andersen (1983), Rattle: a velocity version of the Shake algorithm, J. Comput. Phys. 52, 24;
Reich (1996), Symplectic integration of constrained Hamiltonian systems by composition methods,
SIAM J. Numer. Anal. 33, 475; Hairer, Lubich, Wanner (2006), Geometric Numerical Integration,
section VII.1.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.errors import PhysmodelError, ProblemError
from physmodel.models.integration.integrate import YOSHIDA4, YOSHIDA6, Force
from physmodel.models.integration.stepping import finite, times_and_start
from physmodel.problem.known.rods import Rods

Array = NDArray[np.float64]

#: Steps of order two that make one of a higher order, as parts of it.
FRACTIONS = {2: (1.0,), 4: YOSHIDA4, 6: YOSHIDA6}
#: Newton steps to the given lengths at most; they converge quadratically or not at all.
MOST_ITERATIONS = 50
#: Relative error of the squares of lengths that may be rounding, far from the origin.
CLOSE = 1e-9


def rattle(
    force: Force,
    rods: Rods,
    masses: ArrayLike,
    time: ArrayLike,
    position: ArrayLike,
    velocity: ArrayLike,
    *,
    order: int = 4,
) -> Array:
    """Leapfrog on the manifold of given lengths: symplectic, reversible, one step per time.

    `force`: forces ``F(q)``, ``(d,)``, without those of the rods. `masses` ``(n_particles,)``,
    `time` ``(n,)``. `position` ``(d,)``: says how long the rods are. `velocity` ``(d,)``: what of
    it stretches rods, is taken away first. `order` ``{2, 4, 6}``: A step of order two is one
    evaluation of the forces; four takes three, six takes seven. Returns ``(n, 2 d)``: positions,
    then velocities. Raises ProblemError if the times are not monotone, a start value is not finite,
    or sizes do not fit. Raises PhysmodelError if no positions with these lengths are near, or
    states grow beyond all numbers; the message names the time reached.
    """
    t, q = times_and_start(time, position)
    v = times_and_start(time, velocity)[1]
    heavy = np.asarray(masses, dtype=float)
    if order not in FRACTIONS:
        raise ProblemError(f"there are no steps of order {order}", fix="take 2, 4 or 6")
    if q.shape != (rods.n_coordinates,) or v.shape != q.shape:
        raise ProblemError(
            f"{len(q)} positions and {len(v)} velocities for {rods.n_coordinates} coordinates",
            fix="list the coordinates particle by particle",
        )
    if heavy.shape != (rods.n_particles,) or not np.all((heavy > 0.0) & np.isfinite(heavy)):
        raise ProblemError(
            f"the masses of {rods.n_particles} particles are {heavy}",
            fix="give a positive number for each",
        )
    system = _System(rods, 1.0 / heavy, rods.lengths(q) ** 2)
    out, i = np.empty((len(t), 2 * len(q))), 0
    try:
        with np.errstate(all="ignore"):  # what overflows is reported at the end
            v = system.without_stretch(q, v)
            out[0] = np.concatenate([q, v])
            pull = system.accelerations(force(q))
            for i, step in enumerate(np.diff(t)):
                for fraction in FRACTIONS[order]:
                    h = step * fraction
                    v = v + h / 2 * pull
                    back = system.to_lengths(q, q + h * v)
                    q, v = q + h * v + back, v + back / h
                    pull = system.accelerations(force(q))
                    v = system.without_stretch(q, v + h / 2 * pull)
                out[i + 1] = np.concatenate([q, v])
    except np.linalg.LinAlgError:
        raise PhysmodelError(
            f"the simulation stopped at t = {t[i]:.6g} of {t[-1]:.6g}",
            why="no positions with the lengths of the rods are near, or rods in line hold the same "
            "direction twice",
            fix="take shorter steps, or start elsewhere",
        ) from None
    return finite(t, out)


@dataclass(frozen=True, eq=False)
class _System:
    """Rods with inverse masses ``(n_particles,)`` and squares of lengths ``(k,)``."""

    rods: Rods
    lighter: Array
    squares: Array

    @cached_property
    def coupling(self) -> Array:
        """How a pull of each rod moves each other, but for directions, ``(k, k)``."""
        return self.rods.incidence * self.lighter @ self.rods.incidence.T

    def accelerations(self, forces: Array) -> Array:
        """Accelerations ``(d,)`` by forces ``(d,)``."""
        return forces * np.repeat(self.lighter, self.rods.dimension)

    def without_stretch(self, q: Array, v: Array) -> Array:
        """The nearest velocities ``(d,)``, in the kinetic energy, that stretch no rod."""
        along = self.rods.along(q)
        stretch = (along * self.rods.turning(v)).sum(axis=1)
        sizes = np.linalg.solve(self.coupling * (along @ along.T), stretch)
        return v + self.accelerations(self.rods.pulls(along, sizes))

    def to_lengths(self, q: Array, moved: Array) -> Array:
        """What to add to positions to have the lengths again, by pulls along the rods at `q`."""
        before, sizes = self.rods.along(q), np.zeros(self.rods.count)
        best, error = np.zeros_like(q), np.inf
        for _ in range(MOST_ITERATIONS):
            back = self.accelerations(self.rods.pulls(before, sizes))
            along = self.rods.along(moved + back)
            excess = (along**2).sum(axis=1) - self.squares
            left = float(np.max(np.abs(excess / self.squares), initial=0.0))
            # To where it no longer gets better: an error that is left in each step adds up.
            if not left < error:
                break
            best, error = back, left
            sizes = sizes + np.linalg.solve(self.coupling * (along @ before.T), excess / 2.0)
        if error > CLOSE:
            raise np.linalg.LinAlgError
        return best
