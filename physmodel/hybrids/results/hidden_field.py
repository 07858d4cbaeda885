"""The fitted network as a field of its own, in user units."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physmodel.hybrids.weak.random_net import RandomNet
from physmodel.models.coordinates import Coordinates
from physmodel.models.fields.linear_field import Points
from physmodel.models.fields.parametric_field import Linearisation

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class HiddenField:
    """A network with one hidden layer as a `ParametricField`; its output layer is what is fitted.

    Attributes
    ----------
    net : RandomNet
        Over states, velocities (second order) and inputs in user units.
    weights : ndarray (d, m)
        Output layer: highest time derivative of each state per unit, in user units.
    states, inputs : tuple of str
    """

    net: RandomNet
    weights: Array
    states: tuple[str, ...]
    inputs: tuple[str, ...]

    @classmethod
    def of(
        cls,
        net: RandomNet,
        weights: Array,
        where: Coordinates,
        states: tuple[str, ...],
        inputs: tuple[str, ...],
    ) -> HiddenField:
        """From computing units to those of the user.

        Parameters
        ----------
        net : RandomNet
            In computing units.
        weights : ndarray (d m,)
        where : Coordinates
            Without positive states.
        states, inputs : tuple of str
        """
        sizes = [where.scale, where.scale / where.step][: net.order]
        unit = np.concatenate([*sizes, np.ones(len(inputs))])
        scaled = replace(net, centre=net.centre * unit, spread=net.spread * unit)
        table = weights.reshape(net.n_states, -1) * where.rate_scale(net.order)[:, None]
        return cls(scaled, table, states, inputs)

    @property
    def order(self) -> int:
        """Order in time, 1 or 2."""
        return self.net.order

    @property
    def parameters(self) -> Array:
        """Weights of the output layer, ``(d m,)``."""
        return self.weights.ravel()

    def with_parameters(self, parameters: Array) -> HiddenField:
        """The same hidden layer with another output layer, ``(d m,)``."""
        table = np.array(parameters, dtype=float).reshape(self.weights.shape)
        return replace(self, weights=table)

    def rate(self, time: Array, states: Array, velocities: Array | None, inputs: Array) -> Array:
        """Highest time derivative, ``(n, d)``; see `VectorField.rate`."""
        return self.net.velocity(Points(time, states, velocities, inputs), self.parameters)

    def linearised(
        self, time: Array, states: Array, velocities: Array | None, inputs: Array
    ) -> Linearisation:
        """Rate with its exact derivatives; see `ParametricField.linearised`."""
        points = Points(time, states, velocities, inputs)
        features, (d, m) = self.net.features(points), self.weights.shape
        by_state, by_velocity = self.net.jacobian(points, self.parameters)
        by_motion = [by_state] if by_velocity is None else [by_state, by_velocity]
        by_weight = np.zeros((len(features), d, d * m))
        for equation in range(d):
            by_weight[:, equation, equation * m : (equation + 1) * m] = features
        return Linearisation(
            features @ self.weights.T, np.concatenate(by_motion, axis=2), by_weight
        )
