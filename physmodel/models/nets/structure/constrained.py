"""Particles in Cartesian coordinates held together by rods: the energy is simple, the rods exact.

In angles the mass matrix of a double pendulum depends on the place, and a network would have to
learn it. In Cartesian coordinates masses are numbers, and what is left to learn is a potential; the
pulls of the rods follow from a linear system.

References
----------
Finzi, Wang, Wilson (2020), Simplifying Hamiltonian and Lagrangian neural networks via explicit
constraints, arXiv:2010.13581.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from physmodel.errors import ProblemError
from physmodel.models.integration.rattle import rattle
from physmodel.models.nets.form import InPieces, Scalar, like
from physmodel.models.nets.net_field import NetField
from physmodel.problem.known.rods import Rods

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Constrained(InPieces):
    """``m_i x_i'' = -dV/dx_i + pulls of the rods``, such that no rod changes its length.

    For any parameters the accelerations of the lengths vanish; at velocities that stretch no rod,
    the rods do no work and the energy is kept. Without fixed points the rods change neither the
    momentum nor the angular momentum.

    Attributes
    ----------
    potential : Scalar
        Of all coordinates, particle by particle, in the user's units; see
        `physmodel.models.nets.scaled.ScaledScalar`.
    rods : Rods
    masses : tuple of (float or None)
        One for each particle; None where it is to be found. With a potential that is to be found
        too, the motion shows the ratios of the masses only: state one of them.

    Raises
    ------
    ProblemError
        If the potential or the masses do not fit the particles.
    """

    potential: Scalar
    rods: Rods
    masses: tuple[float | None, ...]
    n_inputs: ClassVar[int] = 0
    order: ClassVar[int] = 2

    def __post_init__(self) -> None:
        rods, given = self.rods, [one for one in self.masses if one is not None]
        if self.potential.n_variables != rods.n_coordinates:
            raise ProblemError(
                f"a potential of {self.potential.n_variables} variables for "
                f"{rods.n_coordinates} coordinates",
                fix="let it depend on the coordinates of all particles",
            )
        if len(self.masses) != rods.n_particles or not all(0.0 < m < np.inf for m in given):
            raise ProblemError(
                f"the masses of {rods.n_particles} particles are {self.masses}",
                fix="give a positive number for each, or None for one to be found",
            )

    @property
    def n_states(self) -> int:
        """Number of coordinates ``d``."""
        return self.rods.n_coordinates

    @property
    def unknown(self) -> tuple[int, ...]:
        """Particles whose masses are to be found."""
        return tuple(i for i, mass in enumerate(self.masses) if mass is None)

    @property
    def sizes(self) -> tuple[int, int]:
        """Numbers of parameters: potential, logarithms of masses."""
        return (self.potential.n_parameters, len(self.unknown))

    def initial(self, seed: int) -> NDArray[np.float64]:
        """Random parameters ``(p,)``; masses start as the geometric mean of those known."""
        known = [np.log(mass) for mass in self.masses if mass is not None]
        about = float(np.mean(known)) if known else 0.0
        return np.concatenate([self.potential.initial(seed), np.full(len(self.unknown), about)])

    def mass(self, parameters: Tensor) -> Tensor:
        """Masses ``(n_particles,)``."""
        _, logarithms = self.pieces(parameters)
        known = like([0.0 if mass is None else mass for mass in self.masses], parameters)
        # Products, because writing into a vector has no derivative under vmap.
        places = like(np.eye(len(self.masses))[list(self.unknown)], parameters)
        return known + torch.exp(logarithms) @ places

    def force(self, parameters: Tensor, coordinates: Tensor) -> Tensor:
        """Forces ``(..., d)`` of the potential alone."""
        inner, _ = self.pieces(parameters)
        return -self.potential.gradient(inner, coordinates)

    def energy(self, parameters: Tensor, motion: Tensor) -> Tensor:
        """``sum_i m_i |v_i|^2 / 2 + V`` ``(...)``."""
        inner, _ = self.pieces(parameters)
        x, v = torch.chunk(motion, 2, dim=-1)
        squares = (self._particles(v) ** 2).sum(-1)
        return squares @ self.mass(parameters) / 2.0 + self.potential.value(inner, x)

    def rate(self, parameters: Tensor, motion: Tensor, inputs: Tensor) -> Tensor:
        """Accelerations ``(..., d)``; not a number where rods in line hold one direction twice."""
        x, v = torch.chunk(motion, 2, dim=-1)
        lighter = 1.0 / self.mass(parameters)
        free = self._particles(self.force(parameters, x)) * lighter.unsqueeze(-1)
        if self.rods.count:
            ties = like(self.rods.incidence, x)
            along = ties @ self._particles(x) - like(self.rods.points, x)
            turning = ties @ self._particles(v)
            # Of |along|^2 / 2 the second derivative along . along'' + |along'|^2 has to vanish.
            missing = (along * (ties @ free)).sum(-1) + (turning * turning).sum(-1)
            stiffness = (ties * lighter @ ties.mT) * (along @ along.mT)
            pulls = _solved(stiffness, missing)
            free = free - (ties * lighter).mT @ (pulls.unsqueeze(-1) * along)
        return free.flatten(-2)

    def _particles(self, values: Tensor) -> Tensor:
        """Values ``(..., d)`` as ``(..., n_particles, dimension)``."""
        return values.reshape(*values.shape[:-1], self.rods.n_particles, self.rods.dimension)


def _solved(matrix: Tensor, right: Tensor) -> Tensor:
    """Solutions ``(..., k)`` for positive matrices ``(..., k, k)``; NaN where there is none."""
    # By Cholesky's factor, because under vmap torch.linalg.solve (2.13) may hand back wrong
    # derivatives.
    factor, failed = torch.linalg.cholesky_ex(matrix)
    found = torch.cholesky_solve(right.unsqueeze(-1), factor).squeeze(-1)
    return torch.where((failed == 0).unsqueeze(-1), found, torch.nan)


def simulate_rods(
    field: NetField, time: ArrayLike, start: ArrayLike, start_velocity: ArrayLike, *, order: int = 4
) -> Array:
    """Integrate a field of the form `Constrained` with RATTLE.

    Parameters
    ----------
    field : NetField
    time : array_like (n,)
        One step for each.
    start, start_velocity : array_like (d,)
    order : {2, 4, 6}

    Returns
    -------
    ndarray (n, 2 d)
        Positions, then velocities.

    Raises
    ------
    ProblemError
        If the field has another form, or times or starts make no sense.
    PhysmodelError
        If the steps are too long; the message names the time reached.
    """
    form = field.form
    if not isinstance(form, Constrained):
        raise ProblemError(
            f"a {type(form).__name__} has no rods to keep",
            fix="use physmodel.models.fields.vector_field.simulate",
        )
    theta = torch.tensor(field.parameters, dtype=torch.float64, device=field.device)

    def force(position: Array) -> Array:
        with torch.no_grad():
            found = form.force(theta, torch.tensor(position, device=field.device))
        return np.asarray(found.cpu().numpy())

    masses = form.mass(theta).cpu().numpy()
    return rattle(force, form.rods, masses, time, start, start_velocity, order=order)
