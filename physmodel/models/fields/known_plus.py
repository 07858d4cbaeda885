"""Sums of fields: what is known, plus a network or terms for what is missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.models.fields.parametric_field import Linearisation, ParametricField

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sum:
    """The sum of parametric fields, itself a `ParametricField`.

    `parts`: of the same states, inputs and order; their parameters follow one another. Raises
    ProblemError if the parts do not fit together.
    """

    parts: tuple[ParametricField, ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise ProblemError("a sum of fields needs at least one of them")
        first = self.parts[0]
        for other in self.parts[1:]:
            for what in ("states", "inputs", "order"):
                if getattr(other, what) != getattr(first, what):
                    raise ProblemError(
                        f"fields of different {what} cannot be added: "
                        f"{getattr(first, what)!r} and {getattr(other, what)!r}",
                        fix=f"give all parts the same {what}, in the same order",
                    )

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the states."""
        return self.parts[0].states

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return self.parts[0].inputs

    @property
    def order(self) -> int:
        """Order in time, 1 or 2."""
        return self.parts[0].order

    @property
    def parameters(self) -> Array:
        """Parameters of all parts, ``(p,)``."""
        return np.concatenate([part.parameters for part in self.parts])

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters; those without are numbered after their part, ``1[0]``."""
        found: list[str] = []
        for k, part in enumerate(self.parts):
            numbered = tuple(f"{k}[{j}]" for j in range(len(part.parameters)))
            found += getattr(part, "names", numbered)
        return tuple(found)

    def with_parameters(self, parameters: Array) -> Sum:
        """The same sum with other parameters, ``(p,)``."""
        edges = np.cumsum([len(part.parameters) for part in self.parts])[:-1]
        pieces = np.split(np.asarray(parameters, dtype=float), edges)
        return Sum(tuple(p.with_parameters(w) for p, w in zip(self.parts, pieces, strict=True)))

    def rate(self, time: Array, states: Array, velocities: Array | None, inputs: Array) -> Array:
        """Highest time derivative, ``(n, d)``; see `VectorField.rate`."""
        total: Array = np.sum(
            [p.rate(time, states, velocities, inputs) for p in self.parts], axis=0
        )
        return total

    def linearised(
        self, time: Array, states: Array, velocities: Array | None, inputs: Array
    ) -> Linearisation:
        """Rate and derivatives: those of the parts, added and side by side."""
        found = [part.linearised(time, states, velocities, inputs) for part in self.parts]
        return Linearisation(
            np.sum([one.rate for one in found], axis=0),
            np.sum([one.by_motion for one in found], axis=0),
            np.concatenate([one.by_parameter for one in found], axis=2),
        )
