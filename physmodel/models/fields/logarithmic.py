"""Positive states are integrated through their logarithm, which cannot make them negative."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.models.fields.vector_field import VectorField

Array = NDArray[np.float64]

#: Logarithms below which the state itself is not a number of full precision any more.
SMALLEST_LOG = -700.0


@dataclass(frozen=True)
class LogarithmicField:
    """A first-order field, written for the logarithms of some of its states.

    `field`: of first order. `logs` ``(d,)``: states that are replaced by their logarithm.
    """

    field: VectorField
    logs: NDArray[np.bool_]

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the states."""
        return self.field.states

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return self.field.inputs

    @property
    def order(self) -> int:
        """Order in time, 1."""
        return 1

    def rate(self, time: Array, states: Array, velocities: Array | None, inputs: Array) -> Array:
        """Rates of the logarithms and of the other states, see `VectorField.rate`."""
        real = self.real(states)
        rate = self.field.rate(time, real, velocities, inputs)
        rate[:, self.logs] /= real[:, self.logs]
        return rate

    def real(self, states: Array) -> Array:
        """The states ``(n, d)`` themselves."""
        real = states.copy()
        real[:, self.logs] = np.exp(np.maximum(states[:, self.logs], SMALLEST_LOG))
        return real
