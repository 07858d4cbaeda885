"""Integrators of given equations: adaptive, symplectic, of a field, of particles on rods."""

from physmodel.models.geometric import implicit_midpoint
from physmodel.models.integrate import integrate, leapfrog, rk4, yoshida4, yoshida6
from physmodel.models.rattle import rattle
from physmodel.models.vector_field import simulate

__all__ = [
    "implicit_midpoint",
    "integrate",
    "leapfrog",
    "rattle",
    "rk4",
    "simulate",
    "yoshida4",
    "yoshida6",
]
