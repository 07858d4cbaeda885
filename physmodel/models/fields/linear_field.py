"""Vector fields that are linear in their coefficients: what sparse regression can fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Points:
    """Where a vector field is evaluated.

    `time` ``(n,)``, `states` ``(n, d)``. `velocities`: time derivatives of the states; only
    second-order equations have them. `inputs` ``(n, m)``.
    """

    time: Array
    states: Array
    velocities: Array | None
    inputs: Array


class LinearField(Protocol):
    """A family ``f(x) = sum_k w_k phi_k(x)`` with one coefficient vector for all equations.

    Every equation reads its column for coefficient ``k`` from feature ``placement[e, k]``, so one
    feature may serve several equations (a term library) and one coefficient several equations
    (the mass of a body that pulls on all others).
    """

    @property
    def n_coefficients(self) -> int:
        """Length ``K`` of the coefficient vector."""

    @property
    def placement(self) -> NDArray[np.intp]:
        """Feature of each equation and coefficient, ``(d, K)``; -1 where there is none."""

    def features(self, points: Points) -> Array:
        """Feature values ``(n, F)``."""

    def tangent(self, points: Points, states: Array, velocities: Array | None) -> Array:
        """Directional derivative of the features, ``(n, F)``, along a change of the states."""

    def jacobian(self, points: Points, weights: Array) -> tuple[Array, Array | None]:
        """Derivatives ``(n, d, d)`` of the field by states, and by velocities if it uses them."""

    def velocity(self, points: Points, weights: Array) -> Array:
        """The field itself, ``(n, d)``."""
