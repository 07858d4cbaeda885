"""Affine maps of states and time, and the generators of such maps, as one matrix each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.errors import ProblemError

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Affine:
    """``x -> A x + c t + b``, ``t -> s t + t0``: a matrix on the column ``(x, t, 1)``.

    A group element has one in the last corner of its matrix, a generator (the derivative of a
    one-parameter group at the identity) has zero there; products and exponentials are then those
    of matrices.

    `matrix` ``(d + 2, d + 2)``.
    """

    matrix: Array

    @property
    def linear(self) -> Array:
        """``A`` (d, d)."""
        return self.matrix[:-2, :-2]

    @property
    def boost(self) -> Array:
        """``c`` (d,): velocity added to the states."""
        return self.matrix[:-2, -2]

    @property
    def offset(self) -> Array:
        """``b`` (d,)."""
        return self.matrix[:-2, -1]

    @property
    def time(self) -> float:
        """``s``: factor of the time; its logarithmic rate in a generator."""
        return float(self.matrix[-2, -2])

    @property
    def shift(self) -> float:
        """``t0``: added to the time."""
        return float(self.matrix[-2, -1])

    def act(self, states: Array, time: Array) -> tuple[Array, Array]:
        """Image of points.

        `states` ``(n, d)``, `time` ``(n,)``. Returns `states` ``(n, d)``; `time` ``(n,)``.
        """
        moved: Array = states @ self.linear.T + time[:, None] * self.boost + self.offset
        return moved, self.time * time + self.shift

    def carry(self, velocities: Array) -> Array:
        """Image ``(n, d)`` of first time derivatives under a group element."""
        return np.asarray((velocities @ self.linear.T + self.boost) / self.time)

    def carry_rate(self, rates: Array, order: int) -> Array:
        """Image ``(n, d)`` of time derivatives of some order under a group element."""
        if order == 1:
            return self.carry(rates)
        return np.asarray(rates @ self.linear.T / self.time**order)

    def after(self, other: Affine) -> Affine:
        """The map that does `other` first, then this one."""
        return Affine(self.matrix @ other.matrix)

    def inverse(self) -> Affine:
        """The inverse of a group element."""
        return Affine(np.asarray(np.linalg.inv(self.matrix), dtype=np.float64))

    def flow(self, amount: float) -> Affine:
        """Group element ``exp(amount * generator)``."""
        from scipy.linalg import expm

        return Affine(np.asarray(expm(amount * self.matrix), dtype=np.float64))


def element(
    linear: ArrayLike,
    *,
    boost: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    time: float = 1.0,
    shift: float = 0.0,
) -> Affine:
    """A group element ``x -> linear x + boost t + offset``, ``t -> time t + shift``.

    `linear` ``(d, d)``, `boost`, `offset` ``(d,)``.
    """
    return _assembled(linear, boost, offset, time, shift, 1.0)


def generator(
    linear: ArrayLike,
    *,
    boost: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    time: float = 0.0,
    shift: float = 0.0,
) -> Affine:
    """A generator ``dx = linear x + boost t + offset``, ``dt = time t + shift``.

    `linear` ``(d, d)``, `boost`, `offset` ``(d,)``.
    """
    return _assembled(linear, boost, offset, time, shift, 0.0)


def placed(of: Affine, variables: Sequence[str], names: Sequence[str]) -> Affine:
    """The same map on more variables, which it leaves alone, or on the same in another order.

    `of`: on `variables`. Returns: on `names`. Raises ProblemError if a variable is not among the
    names.
    """
    for name in variables:
        if name not in names:
            raise ProblemError(
                f"a symmetry moves {name!r}, which is no variable of the model",
                fix="variables: " + ", ".join(names),
            )
    d = len(names)
    matrix = np.diag(np.full(d + 2, of.matrix[-1, -1]))
    place = [*(list(names).index(name) for name in variables), d, d + 1]
    matrix[np.ix_(place, place)] = of.matrix
    return Affine(matrix)


def _assembled(
    linear: ArrayLike,
    boost: ArrayLike | None,
    offset: ArrayLike | None,
    time: float,
    shift: float,
    corner: float,
) -> Affine:
    block = np.atleast_2d(np.asarray(linear, dtype=float))
    d = block.shape[1] if block.size else 0
    matrix = np.zeros((d + 2, d + 2))
    matrix[:d, :d] = block.reshape(d, d)
    matrix[:d, d] = 0.0 if boost is None else boost
    matrix[:d, d + 1] = 0.0 if offset is None else offset
    matrix[d, d], matrix[d, d + 1], matrix[d + 1, d + 1] = time, shift, corner
    if not np.isfinite(matrix).all():
        raise ProblemError("a symmetry has entries that are not finite numbers")
    return Affine(matrix)
