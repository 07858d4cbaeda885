"""Port-Hamiltonian fields: ``x' = (J - R) grad H + B u`` with ``J`` antisymmetric, ``R >= 0``.

References
----------
van der Schaft, Jeltsema (2014), Port-Hamiltonian systems theory: an introductory overview;
Desai et al. (2021), Port-Hamiltonian neural networks, Phys. Rev. E 104, 034312.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from physmodel.models.nets.blocks import Entries, lower, n_lower, n_skew, skew, times
from physmodel.models.nets.form import InPieces, Scalar
from physmodel.models.nets.structure.hamiltonian import canonical, canonical_order

#: Friction at the start.
FIRST_FRICTION = 0.3


@dataclass(frozen=True)
class PortHamiltonian(InPieces):
    """Energy changes through friction ``R = L L'``, which takes it, and through the inputs.

    Attributes
    ----------
    energy : Scalar
        Also a known one: then the field keeps, or loses, just this quantity.
    n_inputs : int
    friction : bool
        Without it the energy is kept while the inputs are zero.
    hidden : tuple of int or None
        Layers of the networks of ``J`` and ``L``; None for constant matrices.
    canonical : bool
        ``J`` is that of Hamilton's equations, coordinates first, then their momenta.
    """

    energy: Scalar
    n_inputs: int = 0
    friction: bool = True
    hidden: tuple[int, ...] | None = None
    canonical: bool = False
    order: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if self.canonical:
            _ = canonical_order(self.n_states, None)

    @property
    def n_states(self) -> int:
        """Number of states ``d``."""
        return self.energy.n_variables

    @cached_property
    def turning(self) -> Entries:
        """Entries of ``J`` above the diagonal."""
        d = self.n_states
        return Entries(d, 0 if self.canonical else n_skew(d), self.hidden)

    @cached_property
    def braking(self) -> Entries:
        """Entries of ``L``."""
        d = self.n_states
        return Entries(d, n_lower(d) if self.friction else 0, self.hidden)

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """Numbers of parameters: energy, ``J``, ``L``, ``B``."""
        return (
            self.energy.n_parameters,
            self.turning.n_parameters,
            self.braking.n_parameters,
            self.n_states * self.n_inputs,
        )

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Random parameters ``(p,)`` to start from."""
        rng = np.random.default_rng(seed)
        parts = [
            self.energy.initial(seed),
            self.turning.initial(seed + 1, rng.normal(size=self.turning.count)),
            self.braking.initial(seed + 2, FIRST_FRICTION * rng.normal(size=self.braking.count)),
            rng.normal(size=self.sizes[3]),
        ]
        return np.concatenate(parts)

    def rate(self, parameters: Tensor, motion: Tensor, inputs: Tensor) -> Tensor:
        """Time derivative ``(..., d)``."""
        inner, turning, friction, ports = self.pieces(parameters)
        slope, d = self.energy.gradient(inner, motion), self.n_states
        if self.canonical:
            found = canonical(slope, None)
        else:
            found = times(skew(self.turning.value(turning, motion), d), slope)
        if self.friction:
            root = lower(self.braking.value(friction, motion), d)
            found = found - times(root, times(root.mT, slope))
        if self.n_inputs:
            found = found + inputs @ ports.reshape(d, self.n_inputs).mT
        return found
