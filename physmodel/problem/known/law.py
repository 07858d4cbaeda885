"""Laws that a vector field obeys, as plain data with the linear conditions that they pose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from physmodel.problem.algebra.expression import Expression

LawKind = Literal[
    "balance",
    "dissipation",
    "energy",
    "damped-energy",
    "hamiltonian",
    "lagrangian",
    "gradient-flow",
    "divergence-free",
    "positive",
    "equilibrium",
]

#: Orders in time in which a kind of law is posed.
ORDERS: dict[str, tuple[int, ...]] = {
    "balance": (1, 2),
    "dissipation": (1, 2),
    "energy": (2,),
    "damped-energy": (2,),
    "hamiltonian": (1,),
    "lagrangian": (2,),
    "gradient-flow": (1,),
    "divergence-free": (1, 2),
    "positive": (1,),
    "equilibrium": (1, 2),
}


@dataclass(frozen=True)
class Law:
    """Something that is known to hold.

    Attributes
    ----------
    kind : str
        ``balance``: the quantity changes only through its channels (without any it is
        conserved). ``dissipation``: the quantity never grows. ``energy``: there is an energy
        ``|v|^2/2 + V(x)`` with an unknown potential that is conserved. ``damped-energy``: the
        forces at rest have such a potential, those that depend on velocities never do work.
        ``hamiltonian``: ``q' = dH/dp, p' = -dH/dq`` with an unknown ``H``. ``lagrangian``:
        ``x'' = -grad V + (a field) x v``. ``gradient-flow``: ``x' = -grad V``.
        ``divergence-free``: volumes of phase space stay the same. ``positive``: some states
        cannot be negative. ``equilibrium``: nothing changes at a point.
    text : str
        As in ``laws = ["conserves:x^2+v^2"]``.
    quantity : Expression or None
        Of balance and dissipation.
    channels : tuple of Expression
        What the rate of change of the quantity is made of.
    pairs : tuple of (str, str)
        Coordinates and their momenta.
    names : tuple of str
        Positive states.
    point : tuple of (str, float)
        Where nothing changes; variables that are not named are free.
    """

    kind: LawKind
    text: str = field(compare=False)
    quantity: Expression | None = None
    channels: tuple[Expression, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    names: tuple[str, ...] = ()
    point: tuple[tuple[str, float], ...] = ()

    @property
    def orders(self) -> tuple[int, ...]:
        """Orders in time that the law can be posed in."""
        return ORDERS[self.kind]


def conserved(quantity: Expression) -> Law:
    """A quantity that is the same at all times."""
    return Law("balance", f"conserves:{quantity}", quantity)


def balance(quantity: Expression, channels: Sequence[Expression]) -> Law:
    """A quantity whose rate of change is a combination of given terms."""
    text = f"balance:{quantity}=" + ",".join(str(channel) for channel in channels)
    return Law("balance", text, quantity, tuple(channels))


def dissipated(quantity: Expression) -> Law:
    """A quantity that never grows."""
    return Law("dissipation", f"dissipates:{quantity}", quantity)


def energy(*, damped: bool = False) -> Law:
    """Conservation (or loss) of ``|v|^2/2 + V(x)`` with an unknown potential; second order."""
    if damped:
        return Law("damped-energy", "dissipates:energy")
    return Law("energy", "conserves:energy")


def hamiltonian(*pairs: tuple[str, str]) -> Law:
    """Canonical equations of pairs of coordinate and momentum."""
    text = "hamiltonian:" + ";".join(",".join(pair) for pair in pairs)
    return Law("hamiltonian", text, pairs=tuple(pairs))


def lagrangian() -> Law:
    """A Lagrangian with unit masses: potential and gyroscopic forces; second order."""
    return Law("lagrangian", "lagrangian")


def gradient_flow() -> Law:
    """Steepest descent of an unknown potential; first order."""
    return Law("gradient-flow", "gradient-flow")


def divergence_free() -> Law:
    """Phase-space volume is kept."""
    return Law("divergence-free", "divergence-free")


def positive(*names: str) -> Law:
    """States that cannot be negative."""
    return Law("positive", "positive:" + ",".join(names), names=tuple(names))


def equilibrium(point: dict[str, float]) -> Law:
    """Nothing changes where these variables have these values (at rest, in second order)."""
    text = "equilibrium:" + ",".join(f"{name}={value:g}" for name, value in point.items())
    return Law("equilibrium", text, point=tuple(point.items()))
