"""The energy of identical bodies that act on each other in pairs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physmodel.errors import ProblemError
from physmodel.models.nets.form import ScalarAround, like
from physmodel.problem.checks import is_whole

#: Keeps logarithm and division finite where two bodies are in one place.
TINY = 1e-300


@dataclass(frozen=True)
class ManyBodies(ScalarAround):
    """``a sum_i |p_i|^2 + sum_(i<j) V(log |q_i - q_j|^2)``.

    Invariant under shifts, turns, mirror images and exchanges of the bodies, and under reversal of
    the time, for any weights; and ``V`` has one variable, however many bodies there are. The
    logarithm makes steep forces at small distances as easy as weak ones far away: a power of the
    distance is an exponential of it.

    Attributes
    ----------
    inner : Scalar
        ``V``, of one variable.
    n_bodies : int
        Two at least.
    n_axes : int
        The variables are the coordinates of the first body, of the second, and so on, and then
        their momenta.
    """

    n_bodies: int
    n_axes: int

    def __post_init__(self) -> None:
        if not (is_whole(self.n_bodies) and is_whole(self.n_axes)):
            raise ProblemError(
                f"{self.n_bodies!r} bodies in {self.n_axes!r} dimensions", fix="give whole numbers"
            )
        if self.inner.n_variables != 1 or self.n_bodies < 2 or self.n_axes < 1:
            raise ProblemError(
                f"{self.n_bodies} bodies in {self.n_axes} dimensions with a scalar of "
                f"{self.inner.n_variables} variables",
                why="pairs need two bodies, and their energy depends on one distance",
                fix="give a scalar of one variable, such as MLPScalar(1)",
            )

    @property
    def n_variables(self) -> int:
        """Number of variables ``D``."""
        return 2 * self.n_bodies * self.n_axes

    @property
    def n_parameters(self) -> int:
        """Length ``p`` of the parameter vector: those of ``V``, then ``a``."""
        return self.inner.n_parameters + 1

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Random parameters ``(p,)`` to start from, with bodies of unit mass."""
        return np.append(self.inner.initial(seed), 0.5)

    def value(self, parameters: Tensor, point: Tensor) -> Tensor:
        """Values ``(...)`` at points ``(..., D)``."""
        potential, share = torch.split(parameters, [self.inner.n_parameters, 1], dim=-1)
        q, p = torch.chunk(point, 2, dim=-1)
        _, square = self._apart(q)
        found = self.inner.value(potential, torch.log(square)).sum(-1)
        return found + share[..., 0] * (p * p).sum(-1)

    def gradient(self, parameters: Tensor, point: Tensor) -> Tensor:
        """Derivatives ``(..., D)`` by the point."""
        potential, share = torch.split(parameters, [self.inner.n_parameters, 1], dim=-1)
        q, p = torch.chunk(point, 2, dim=-1)
        apart, square = self._apart(q)
        push = 2.0 * self.inner.gradient(potential, torch.log(square)) * apart / square
        by_place = (like(self._pairs.T, point) @ push).flatten(-2)
        return torch.cat([by_place, 2.0 * share * p], dim=-1)

    def _apart(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Differences ``(..., pairs, n_axes)`` and squared distances ``(..., pairs, 1)``."""
        bodies = places.reshape(*places.shape[:-1], self.n_bodies, self.n_axes)
        apart = like(self._pairs, places) @ bodies
        return apart, (apart * apart).sum(-1, keepdim=True) + TINY

    @cached_property
    def _pairs(self) -> NDArray[np.float64]:
        """One and minus one at the bodies of each pair, ``(pairs, n_bodies)``."""
        chosen = list(combinations(range(self.n_bodies), 2))
        found = np.zeros((len(chosen), self.n_bodies))
        rows = np.arange(len(chosen))
        first, second = np.array(chosen).T
        found[rows, first], found[rows, second] = 1.0, -1.0
        return found
