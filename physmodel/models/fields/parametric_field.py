"""Vector fields with parameters that can be fitted: sparse equations, networks, sums of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from physmodel.models.fields.vector_field import VectorField

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Linearisation:
    """A field and its first derivatives at some points.

    The motion ``z`` of a field of second order holds the states, then their velocities; of a field
    of first order the states alone.

    `rate` ``(n, d)``: highest time derivative of the states. `by_motion` ``(n, d, order d)``,
    `by_parameter` ``(n, d, p)``.
    """

    rate: Array
    by_motion: Array
    by_parameter: Array


class ParametricField(Protocol):
    """A `physmodel.models.fields.vector_field.VectorField` whose parameters can be fitted.

    Everything that fits a field (`physmodel.losses`) asks for nothing else, so that equations and
    networks, and their sums, are fitted by the same code.
    """

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the states."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs."""

    @property
    def order(self) -> int:
        """Order in time, 1 or 2."""

    @property
    def parameters(self) -> Array:
        """Present values, ``(p,)``, float64."""

    def with_parameters(self, parameters: Array) -> Self:
        """The same field with other parameters, ``(p,)``."""

    def rate(self, time: Array, states: Array, velocities: Array | None, inputs: Array) -> Array:
        """Highest time derivative, ``(n, d)``; see `VectorField.rate`."""

    def linearised(
        self, time: Array, states: Array, velocities: Array | None, inputs: Array
    ) -> Linearisation:
        """Rate and its derivatives at the present parameters; arguments as of `rate`."""


def motion_rate(field: VectorField, time: Array, motion: Array, inputs: Array) -> Array:
    """Rate of change of the motion: velocities and accelerations for second order.

    `time` ``(n,)``, `motion` ``(n, order d)``, `inputs` ``(n, m)``. Returns ``(n, order d)``.
    """
    if field.order == 1:
        return field.rate(time, motion, None, inputs)
    states, velocities = np.split(motion, 2, axis=1)
    return np.hstack([velocities, field.rate(time, states, velocities, inputs)])


@dataclass(frozen=True)
class AsFirstOrder:
    """A field written as a system of first order, whose states are the motion.

    `field`: without inputs.
    """

    field: VectorField

    @property
    def states(self) -> tuple[str, ...]:
        """States and, for second order, velocities."""
        own = self.field.states
        return own if self.field.order == 1 else (*own, *(f"{name}_t" for name in own))

    @property
    def inputs(self) -> tuple[str, ...]:
        """No inputs."""
        return ()

    @property
    def order(self) -> int:
        """Order in time, 1."""
        return 1

    def rate(self, time: Array, states: Array, velocities: Array | None, inputs: Array) -> Array:
        """Rates of the motion, see `VectorField.rate`."""
        return motion_rate(self.field, time, states, inputs)


def linearised_motion(
    field: ParametricField, time: Array, motion: Array, inputs: Array
) -> Linearisation:
    """`motion_rate` with its derivatives: the field written as a system of first order.

    Returns: ``rate`` (n, D), ``by_motion`` (n, D, D), ``by_parameter`` (n, D, p) with ``D = order
    d``.
    """
    if field.order == 1:
        return field.linearised(time, motion, None, inputs)
    states, velocities = np.split(motion, 2, axis=1)
    inner = field.linearised(time, states, velocities, inputs)
    n, d = states.shape
    by_motion = np.zeros((n, 2 * d, 2 * d))
    by_motion[:, :d, d:] = np.eye(d)
    by_motion[:, d:] = inner.by_motion
    by_parameter = np.concatenate([np.zeros_like(inner.by_parameter), inner.by_parameter], axis=1)
    return Linearisation(np.hstack([velocities, inner.rate]), by_motion, by_parameter)
