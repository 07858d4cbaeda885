"""Flows that lose one thing: gradient flows, whose potential never grows, and metriplectic ones.

Metriplectic (GENERIC) fields keep the energy while the entropy grows, for any parameters.

References
----------
Grmela, Oettinger (1997), Dynamics and thermodynamics of complex fluids I, Phys. Rev. E 56, 6620;
Lee, Trask, Stinis (2021), Machine learning structure preserving brackets for forecasting
irreversible processes, arXiv:2106.12619 (degeneracies by construction).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from physmodel.models.nets.blocks import lower, n_lower, n_skew, skew, times, unit_lower
from physmodel.models.nets.form import InPieces, Scalar


@dataclass(frozen=True)
class GradientFlow(InPieces):
    """Steepest descent of a potential in a constant metric ``M = L L'``.

    Attributes
    ----------
    potential : Scalar
    metric : bool
        Without it ``M`` is the unit matrix.
    """

    potential: Scalar
    metric: bool = True
    n_inputs: ClassVar[int] = 0
    order: ClassVar[int] = 1

    @property
    def n_states(self) -> int:
        """Number of states ``d``."""
        return self.potential.n_variables

    @property
    def sizes(self) -> tuple[int, int]:
        """Numbers of parameters: potential, ``L``."""
        return (self.potential.n_parameters, n_lower(self.n_states) if self.metric else 0)

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Random parameters ``(p,)``, the metric that of the variables."""
        metric = unit_lower(self.n_states) if self.metric else np.empty(0)
        return np.concatenate([self.potential.initial(seed), metric])

    def rate(self, parameters: Tensor, motion: Tensor, inputs: Tensor) -> Tensor:
        """Time derivative ``(..., d)``."""
        inner, metric = self.pieces(parameters)
        slope = self.potential.gradient(inner, motion)
        if not self.metric:
            return -slope
        root = lower(metric, self.n_states)
        return -times(root, times(root.mT, slope))


@dataclass(frozen=True)
class Metriplectic(InPieces):
    """``x' = Q_S A Q_S grad E + Q_E B B' Q_E grad S`` with ``A`` antisymmetric.

    ``Q_S = (|s|^2 - s s') / (1 + |s|^2)`` with ``s = grad S`` takes the direction of the entropy
    out, ``Q_E`` that of the energy; unlike a projection it is smooth where the slope vanishes. So
    ``L grad S = 0`` and ``M grad E = 0``.

    Attributes
    ----------
    energy, entropy : Scalar
    """

    energy: Scalar
    entropy: Scalar
    n_inputs: ClassVar[int] = 0
    order: ClassVar[int] = 1

    @property
    def n_states(self) -> int:
        """Number of states ``d``."""
        return self.energy.n_variables

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """Numbers of parameters: energy, entropy, ``A``, ``B``."""
        d = self.n_states
        return (self.energy.n_parameters, self.entropy.n_parameters, n_skew(d), n_lower(d))

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Random parameters ``(p,)`` to start from."""
        rng = np.random.default_rng(seed)
        brackets = rng.normal(size=self.sizes[2] + self.sizes[3])
        return np.concatenate([self.energy.initial(seed), self.entropy.initial(seed + 1), brackets])

    def rate(self, parameters: Tensor, motion: Tensor, inputs: Tensor) -> Tensor:
        """Time derivative ``(..., d)``."""
        first, second, turning, friction = self.pieces(parameters)
        by_energy = self.energy.gradient(first, motion)
        by_entropy = self.entropy.gradient(second, motion)
        root = lower(friction, self.n_states)
        turned = times(skew(turning, self.n_states), _without(by_entropy, by_energy))
        damped = times(root, times(root.mT, _without(by_energy, by_entropy)))
        return _without(by_entropy, turned) + _without(by_energy, damped)


def _without(direction: Tensor, vector: Tensor) -> Tensor:
    """A vector times ``(|s|^2 - s s') / (1 + |s|^2)``."""
    square = (direction * direction).sum(-1, keepdim=True)
    along = (direction * vector).sum(-1, keepdim=True)
    return (square * vector - along * direction) / (1.0 + square)
