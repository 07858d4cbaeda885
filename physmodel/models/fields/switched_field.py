"""Several fields and a gate that says, from the state, which of them holds.

References
----------
Jacobs, Jordan, Nowlan, Hinton (1991), Adaptive mixtures of local experts, Neural Computation 3, 79.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.models.fields.parametric_field import Linearisation, ParametricField

Array = NDArray[np.float64]
Labels = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Gate:
    """The regime with the largest score, a polynomial of the motion.

    Attributes
    ----------
    centre, scale : ndarray (D,)
        The motion is taken from its centre, in units of its scale.
    weights : ndarray (K, F)
        Of the features of `features`, one row per regime.
    degree : {1, 2}
        Of the polynomials: regimes meet at planes, or at quadrics.
    """

    centre: Array
    scale: Array
    weights: Array
    degree: int = 1

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        arrays = {"centre": self.centre, "scale": self.scale, "weights": self.weights}
        return {name: one.tolist() for name, one in arrays.items()} | {"degree": self.degree}

    def features(self, motion: Array) -> Array:
        """One, the scaled motion, and for degree 2 its products: ``(n, F)``."""
        z = (motion - self.centre) / self.scale
        parts = [np.ones((len(z), 1)), z]
        if self.degree == 2:
            rows, columns = np.triu_indices(z.shape[1])
            parts.append(z[:, rows] * z[:, columns])
        return np.hstack(parts)

    def scores(self, motion: Array) -> Array:
        """Scores ``(n, K)`` at motions ``(n, D)``."""
        return self.features(motion) @ self.weights.T

    def regime(self, motion: Array) -> Labels:
        """The regime of each motion, ``(n,)``."""
        return self.scores(motion).argmax(axis=1)


@dataclass(frozen=True, eq=False)
class SwitchedField:
    """``f_k(x)`` with ``k`` from a gate; a `ParametricField` whose gate stays as it is.

    Derivatives are those inside the regimes: a motion that crosses from one to another is
    continuous, and its slope jumps.

    Attributes
    ----------
    experts : tuple of ParametricField
        Of the same states, inputs and order.
    gate : Gate
        Of as many regimes.

    Raises
    ------
    ProblemError
        If experts and gate do not fit together.
    """

    experts: tuple[ParametricField, ...]
    gate: Gate

    def __post_init__(self) -> None:
        if len(self.experts) != len(self.gate.weights):
            raise ProblemError(
                f"{len(self.experts)} fields for a gate of {len(self.gate.weights)} regimes",
                fix="give one field per regime",
            )
        for what in ("states", "inputs", "order"):
            if len({getattr(one, what) for one in self.experts}) > 1:
                raise ProblemError(
                    f"the regimes have different {what}", fix="give all fields the same, in order"
                )

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the states."""
        return self.experts[0].states

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return self.experts[0].inputs

    @property
    def order(self) -> int:
        """Order in time, 1 or 2."""
        return self.experts[0].order

    @property
    def parameters(self) -> Array:
        """Parameters of all fields, one after the other, ``(p,)``."""
        return np.concatenate([one.parameters for one in self.experts])

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters with the number of their regime, ``k 0``."""
        return tuple(
            f"{name} {k}"
            for k, one in enumerate(self.experts)
            for name in getattr(one, "names", [f"[{j}]" for j in range(len(one.parameters))])
        )

    def with_parameters(self, parameters: Array) -> SwitchedField:
        """The same regimes with other parameters, ``(p,)``."""
        edges = np.cumsum([len(one.parameters) for one in self.experts])[:-1]
        pieces = np.split(np.asarray(parameters, dtype=float), edges)
        experts = tuple(
            one.with_parameters(piece) for one, piece in zip(self.experts, pieces, strict=True)
        )
        return SwitchedField(experts, self.gate)

    def rate(self, time: Array, states: Array, velocities: Array | None, inputs: Array) -> Array:
        """Highest time derivative, ``(n, d)``; see `VectorField.rate`."""
        found = np.empty_like(states)
        for one, rows, _ in self._split(states, velocities):
            found[rows] = one.rate(*_some(rows, time, states, velocities, inputs))
        return found

    def linearised(
        self, time: Array, states: Array, velocities: Array | None, inputs: Array
    ) -> Linearisation:
        """Rate and derivatives: those of the field that holds, and none by the others' numbers."""
        (n, d), p = states.shape, len(self.parameters)
        found = Linearisation(
            np.empty((n, d)), np.empty((n, d, self.order * d)), np.zeros((n, d, p))
        )
        for one, rows, first in self._split(states, velocities):
            here = one.linearised(*_some(rows, time, states, velocities, inputs))
            found.rate[rows], found.by_motion[rows] = here.rate, here.by_motion
            found.by_parameter[rows, :, first : first + len(one.parameters)] = here.by_parameter
        return found

    def _split(
        self, states: Array, velocities: Array | None
    ) -> Sequence[tuple[ParametricField, NDArray[np.intp], int]]:
        """Each field with the rows where it holds and the place of its first parameter."""
        motion = states if velocities is None else np.hstack([states, velocities])
        regime, first, found = self.gate.regime(motion), 0, []
        for k, one in enumerate(self.experts):
            found.append((one, np.flatnonzero(regime == k), first))
            first += len(one.parameters)
        return found


def _some(
    rows: NDArray[np.intp], time: Array, states: Array, velocities: Array | None, inputs: Array
) -> tuple[Array, Array, Array | None, Array]:
    moving = None if velocities is None else velocities[rows]
    return time[rows], states[rows], moving, inputs[rows]
