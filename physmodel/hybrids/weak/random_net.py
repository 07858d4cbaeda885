"""A network with one hidden layer that is drawn once: linear in what is fitted.

The units are drawn, the output layer is fitted. With a Gaussian prior on the output layer such a
network is a Gaussian process whose kernel the units sample; its fit is one linear solve without
local minima, its size is decided by the data, and whether it is needed at all can be tested
exactly (`physmodel.hybrids.weak.restricted`).

References
----------
Rahimi, Recht (2008), Random features for large-scale kernel machines;
Neal (1996), Bayesian learning for neural networks, chapter 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.models.fields.linear_field import Points

Array = NDArray[np.float64]

#: Units; at least these, and so many per variable.
LEAST_UNITS, UNITS_PER_VARIABLE = 48, 16

#: Range of the slopes of the units, on variables of unit spread: from nearly linear over the data
#: to several bends.
SLOPES = (0.2, 3.0)


@dataclass(frozen=True, eq=False)
class RandomNet:
    """``N_e(x) = sum_k w_ek tanh(a_k . z + b_k)`` with ``z`` the standardised variables.

    Attributes
    ----------
    slopes : ndarray (v, m)
    offsets : ndarray (m,)
    centre, spread : ndarray (v,)
        Of states, velocities (second order) and inputs, in computing units.
    order, n_states : int
    """

    slopes: Array
    offsets: Array
    centre: Array
    spread: Array
    order: int
    n_states: int

    @classmethod
    def over(cls, points: Points, seed: int = 0) -> RandomNet:
        """Draw the units of a network for some points.

        Parameters
        ----------
        points : Points
            Typical of where the network will be used.
        seed : int
        """
        values = _values(points)
        rng = np.random.default_rng(seed)
        v = values.shape[1]
        m = LEAST_UNITS + UNITS_PER_VARIABLE * v
        spread = values.std(axis=0)
        directions = rng.standard_normal((v, m))
        steepness = np.exp(rng.uniform(np.log(SLOPES[0]), np.log(SLOPES[1]), m))
        directions *= steepness / np.linalg.norm(directions, axis=0)
        # The bend of each unit lies among the points.
        among = (values - values.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
        places = among[rng.integers(len(among), size=m)]
        return cls(
            directions,
            -np.einsum("mv,vm->m", places, directions),
            values.mean(axis=0),
            np.where(spread > 0.0, spread, 1.0),
            1 if points.velocities is None else 2,
            points.states.shape[1],
        )

    @property
    def n_units(self) -> int:
        """Hidden units ``m``."""
        return len(self.offsets)

    @property
    def n_coefficients(self) -> int:
        """Output weights of all equations."""
        return self.n_states * self.n_units

    @property
    def placement(self) -> NDArray[np.intp]:
        """Every equation has its own output weights on the same units."""
        d, m = self.n_states, self.n_units
        placement = np.full((d, d * m), -1, dtype=np.intp)
        for equation in range(d):
            placement[equation, equation * m : (equation + 1) * m] = np.arange(m)
        return placement

    def features(self, points: Points) -> Array:
        """Values of the units, ``(n, m)``."""
        return np.tanh(self._arguments(points))

    def tangent(self, points: Points, states: Array, velocities: Array | None) -> Array:
        """Change of the units ``(n, m)`` along a change of the states."""
        change = states if velocities is None else np.concatenate([states, velocities], axis=1)
        v = change.shape[1]
        return self._gains(points) * ((change / self.spread[:v]) @ self.slopes[:v])

    def jacobian(self, points: Points, weights: Array) -> tuple[Array, Array | None]:
        """Derivatives ``(n, d, d)`` by states and by velocities."""
        d = self.n_states
        motion = self.slopes[: self.order * d] / self.spread[: self.order * d, None]
        table = weights.reshape(d, -1)
        slopes = np.einsum("nm,em,vm->nev", self._gains(points), table, motion, optimize=True)
        return slopes[:, :, :d], (slopes[:, :, d:] if self.order == 2 else None)

    def velocity(self, points: Points, weights: Array) -> Array:
        """Output ``(n, d)``."""
        return self.features(points) @ weights.reshape(self.n_states, -1).T

    def _arguments(self, points: Points) -> Array:
        return ((_values(points) - self.centre) / self.spread) @ self.slopes + self.offsets

    def _gains(self, points: Points) -> Array:
        return 1.0 - np.tanh(self._arguments(points)) ** 2


def _values(points: Points) -> Array:
    blocks = [points.states, *([] if points.velocities is None else [points.velocities])]
    return np.concatenate([*blocks, points.inputs], axis=1)
