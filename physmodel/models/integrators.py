"""Integrators of given equations: adaptive, symplectic, of a field, of particles on rods."""

from physmodel.models.fields.vector_field import simulate
from physmodel.models.integration.geometric import implicit_midpoint
from physmodel.models.integration.integrate import integrate, leapfrog, rk4, yoshida4, yoshida6
from physmodel.models.integration.rattle import rattle

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
