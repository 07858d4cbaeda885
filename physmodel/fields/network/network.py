"""Collocation of a small network: the equation at some points, with conditions that hold exactly.

References
----------
Raissi, Perdikaris, Karniadakis (2019), Physics-informed neural networks, J. Comput. Phys. 378, 686.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physmodel.fields.network.jets import JetNet, lower_set, multiplied
from physmodel.fields.network.lift import HardConditions
from physmodel.fields.problem import PdeProblem
from physmodel.fields.terms import Index

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NetworkField:
    """``lift + mask N`` with a network of the coordinates, each mapped to [-1, 1].

    `domain` ``(d, 2)``, `parameters` ``(p,)``. `parity`: 1 or -1 for ``N(x, ...) +- N(-x, ...)``,
    even or odd in the first coordinate; 0 for ``N``.
    """

    domain: Array
    conditions: HardConditions
    net: JetNet
    parameters: Array
    parity: int = 0

    @property
    def n_coefficients(self) -> int:
        """Numbers that describe the field."""
        return len(self.parameters)

    def with_parameters(self, parameters: Array) -> NetworkField:
        """The same field with other weights ``(p,)``."""
        return replace(self, parameters=parameters)

    def __call__(self, points: Array, index: Index | None = None) -> Array:
        """Field or one of its derivatives at points ``(n, d)``: ``(n,)``."""
        wanted = (0,) * self.domain.shape[0] if index is None else index
        return self.jet(points, [wanted])[wanted]

    def jet(self, points: Array, wanted: Collection[Index]) -> dict[Index, Array]:
        """Derivatives ``(n,)`` at points ``(n, d)``."""
        every = lower_set(wanted)
        inner = self.net.jets(self.parameters, self._inside(points), every)
        scaled = {index: self._slope(index) * inner[index] for index in every}
        if self.parity:
            mirrored = self.net.jets(self.parameters, self._mirrored(points), every)
            scaled = {i: scaled[i] + self._mirror(i) * mirrored[i] for i in every}
        return self._joined(points, scaled, wanted)

    def linearised(
        self, points: Array, wanted: Collection[Index]
    ) -> tuple[dict[Index, Array], dict[Index, Array]]:
        """Derivatives ``(n,)``, and those by the weights ``(n, p)``."""
        every = lower_set(wanted)
        inner = self.net.linearised(self.parameters, self._inside(points), every)
        scaled = {index: self._slope(index) * inner[index][0] for index in every}
        slopes = {index: self._slope(index) * inner[index][1] for index in every}
        if self.parity:
            mirrored = self.net.linearised(self.parameters, self._mirrored(points), every)
            scaled = {i: scaled[i] + self._mirror(i) * mirrored[i][0] for i in every}
            slopes = {i: slopes[i] + self._mirror(i) * mirrored[i][1] for i in every}
        mask = self.conditions.mask_jet(points, every)
        by_weight = multiplied(mask, slopes)
        return self._joined(points, scaled, wanted), {index: by_weight[index] for index in wanted}

    def _joined(
        self, points: Array, inner: Mapping[Index, Array], wanted: Collection[Index]
    ) -> dict[Index, Array]:
        masked = multiplied(self.conditions.mask_jet(points, list(inner)), inner)
        lift = self.conditions.lift_jet(points, wanted)
        return {index: masked[index] + lift[index] for index in wanted}

    def _inside(self, points: Array) -> Array:
        low, high = self.domain.T
        return (2.0 * points - low - high) / (high - low)

    def _mirrored(self, points: Array) -> Array:
        inside = self._inside(points)
        inside[:, 0] *= -1.0
        return inside

    def _mirror(self, index: Index) -> float:
        """Factor of a derivative of the mirrored network, in units of the coordinates."""
        return float(self.parity * (-1) ** index[0]) * self._slope(index)

    def _slope(self, index: Index) -> float:
        return float(np.prod((2.0 / np.ptp(self.domain, axis=1)) ** np.array(index)))


@dataclass(frozen=True, eq=False)
class NetworkCollocation:
    """The equation at some points as a function of the weights of a network.

    `problem`: without unknown coefficients. `points` ``(n, d)``. `weights` ``(n,)``: factor of each
    residual. `stronger`: factors of terms with these derivatives; 1 where none is named. See
    `physmodel.fields.network.continuation`.
    """

    problem: PdeProblem
    field: NetworkField
    points: Array
    weights: Array
    stronger: Mapping[Index, float]

    def values(self, parameters: Array) -> Array:
        """Residuals ``(n,)``."""
        wanted = self.problem.equation.indices
        jet = self.field.with_parameters(parameters).jet(self.points, wanted)
        if not self.stronger:  # the slopes are not needed then
            return self.weights * self.problem.equation.values(self.points, jet, np.empty(0))
        value, slopes, _ = self.problem.equation.linearised(self.points, jet, np.empty(0))
        for index, factor in self.stronger.items():
            value = value + (factor - 1.0) * slopes[index] * jet[index]
        return self.weights * value

    def linearised(self, parameters: Array) -> tuple[Array, Array]:
        """Residuals ``(n,)`` and their derivatives ``(n, p)``."""
        wanted = self.problem.equation.indices
        jet, by_weight = self.field.with_parameters(parameters).linearised(self.points, wanted)
        value, slopes, _ = self.problem.equation.linearised(self.points, jet, np.empty(0))
        jacobian = np.zeros((len(self.points), len(parameters)))
        for index, slope in slopes.items():
            factor = self.stronger.get(index, 1.0)
            if factor != 1.0:
                value = value + (factor - 1.0) * slope * jet[index]
            jacobian += (self.weights * factor * slope)[:, None] * by_weight[index]
        return self.weights * value, jacobian
