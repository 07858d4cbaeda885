"""Hamiltonian fields: ``q' = dH/dp, p' = -dH/dq``.

References
----------
Greydanus, Dzamba, Yosinski (2019), Hamiltonian neural networks, arXiv:1906.01563.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physmodel.errors import ProblemError
from physmodel.models.nets.form import Scalar


@dataclass(frozen=True)
class Hamiltonian:
    """Canonical equations of any scalar: the energy is kept and the flow is symplectic.

    Attributes
    ----------
    energy : Scalar
        Of all states, in their order.
    pairs : tuple of (int, int) or None
        Places of each coordinate and its momentum among the states. By default the first half are
        coordinates and the second half their momenta.
    """

    energy: Scalar
    pairs: tuple[tuple[int, int], ...] | None = None
    n_inputs: ClassVar[int] = 0
    order: ClassVar[int] = 1

    def __post_init__(self) -> None:
        _ = canonical_order(self.energy.n_variables, self.pairs)

    @property
    def n_states(self) -> int:
        """Number of states ``d``."""
        return self.energy.n_variables

    @property
    def n_parameters(self) -> int:
        """Length ``p`` of the parameter vector."""
        return self.energy.n_parameters

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Random parameters ``(p,)`` to start from."""
        return self.energy.initial(seed)

    def rate(self, parameters: Tensor, motion: Tensor, inputs: Tensor) -> Tensor:
        """Time derivative ``(..., d)``."""
        return canonical(self.energy.gradient(parameters, motion), self.pairs)


@dataclass(frozen=True)
class Separable:
    """A scalar ``T(p) + V(q)`` of two scalars: explicit symplectic steps exist for it.

    Attributes
    ----------
    kinetic : Scalar
        Of the momenta; `p . M^-1 p / 2` is a `physmodel.models.nets.blocks.PositiveQuadratic`.
    potential : Scalar
        Of the coordinates, which are the first half of the variables.
    """

    kinetic: Scalar
    potential: Scalar

    def __post_init__(self) -> None:
        if self.kinetic.n_variables != self.potential.n_variables:
            raise ProblemError(
                f"a kinetic energy of {self.kinetic.n_variables} momenta and a potential of "
                f"{self.potential.n_variables} coordinates",
                fix="give both the same number",
            )

    @property
    def n_variables(self) -> int:
        """Number of variables ``D``."""
        return 2 * self.potential.n_variables

    @property
    def n_parameters(self) -> int:
        """Length ``p`` of the parameter vector: the kinetic energy's first."""
        return self.kinetic.n_parameters + self.potential.n_parameters

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Random parameters ``(p,)`` to start from."""
        return np.concatenate([self.kinetic.initial(seed), self.potential.initial(seed + 1)])

    def value(self, parameters: Tensor, point: Tensor) -> Tensor:
        """Values ``(...)`` at points ``(..., D)``."""
        (first, second), q, p = self._parts(parameters, point)
        return self.kinetic.value(first, p) + self.potential.value(second, q)

    def gradient(self, parameters: Tensor, point: Tensor) -> Tensor:
        """Derivatives ``(..., D)`` by the point."""
        (first, second), q, p = self._parts(parameters, point)
        return torch.cat(
            [self.potential.gradient(second, q), self.kinetic.gradient(first, p)], dim=-1
        )

    def _parts(
        self, parameters: Tensor, point: Tensor
    ) -> tuple[tuple[Tensor, Tensor], Tensor, Tensor]:
        sizes = [self.kinetic.n_parameters, self.potential.n_parameters]
        first, second = torch.split(parameters, sizes, dim=-1)
        q, p = torch.chunk(point, 2, dim=-1)
        return (first, second), q, p


def canonical_order(
    n_states: int, pairs: tuple[tuple[int, int], ...] | None
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The matrix ``J`` of ``x' = J grad H``: the partner of each state, ``(d,)``, and its sign.

    Raises ProblemError if the states are not paired one by one.
    """
    half = n_states // 2
    chosen = tuple((k, k + half) for k in range(half)) if pairs is None else pairs
    if sorted(place for pair in chosen for place in pair) != list(range(n_states)):
        raise ProblemError(
            f"{n_states} states are not pairs of coordinates and momenta: {chosen}",
            why="Hamilton's equations couple each coordinate with one momentum",
            fix="pair every state with one other",
        )
    partner, sign = np.empty(n_states, dtype=np.intp), np.empty(n_states)
    for q, p in chosen:
        partner[q], partner[p], sign[q], sign[p] = p, q, 1.0, -1.0
    return partner, sign


def canonical(gradient: Tensor, pairs: tuple[tuple[int, int], ...] | None) -> Tensor:
    """``J grad H`` for gradients ``(..., d)``."""
    if pairs is None:
        by_q, by_p = torch.chunk(gradient, 2, dim=-1)
        return torch.cat([by_p, -by_q], dim=-1)
    partner, sign = canonical_order(gradient.shape[-1], pairs)
    return gradient[..., torch.as_tensor(partner, device=gradient.device)] * torch.as_tensor(
        sign, dtype=gradient.dtype, device=gradient.device
    )
