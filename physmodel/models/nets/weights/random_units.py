"""Networks whose hidden units stay as they were drawn: linear in what is fitted.

References
----------
Huang, Zhu, Siew (2006), Extreme learning machine, Neurocomputing 70, 489;
Rahimi, Recht (2008), Weighted sums of random kitchen sinks, NIPS 21.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physmodel.errors import ProblemError
from physmodel.models.nets.form import FormAround, Scalar, like
from physmodel.models.nets.mlp import MLPScalar
from physmodel.models.nets.structure.hamiltonian import Hamiltonian
from physmodel.models.nets.structure.many_bodies import ManyBodies
from physmodel.models.nets.symmetry.averaged import AveragedScalar
from physmodel.models.nets.symmetry.invariant import InvariantScalar


@dataclass(frozen=True, eq=False)
class RandomUnits(FormAround):
    """A form with its first parameters fixed: no local minima, one least-squares problem.

    `hidden` ``(h,)``: values of its first parameters. The rate is linear in the others.
    """

    hidden: NDArray[np.float64]

    @property
    def n_parameters(self) -> int:
        """Length ``p`` of the parameter vector."""
        return self.inner.n_parameters - len(self.hidden)

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Zeros ``(p,)``; the seed makes no difference."""
        return np.zeros(self.n_parameters)

    def rate(self, parameters: Tensor, motion: Tensor, inputs: Tensor) -> Tensor:
        """Highest time derivative ``(..., d)``."""
        fixed = like(self.hidden, parameters)
        return self.inner.rate(torch.cat([fixed, parameters]), motion, inputs)


def with_random_units(form: Hamiltonian, seed: int) -> RandomUnits:
    """Draw the hidden units of the energy, and fix them.

    `form`: of a network, which may have been made symmetric. Raises ProblemError if the energy is
    no network.
    """
    energy: Scalar = form.energy
    while isinstance(energy, AveragedScalar | InvariantScalar | ManyBodies):
        energy = energy.inner
    if not isinstance(energy, MLPScalar):
        raise ProblemError(
            f"an energy of the kind {type(energy).__name__} has no hidden units to draw",
            fix="make it of an MLPScalar",
        )
    return RandomUnits(form, form.initial(seed)[: energy.layers.n_parameters])
