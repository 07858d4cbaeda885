"""What symmetries and laws ask of a vector field: linear equations between its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from physmodel.problem.algebra.expression import Expression, constant

_ONE = constant(1.0)


@dataclass(frozen=True)
class Part:
    """``factor(z) * (d f_equation / d z_j ...)(moved z)`` at the point ``z``.

    `equation`: state whose highest time derivative ``f_equation`` is meant. `slopes`: variables by
    which it is differentiated. `at`: where: variables that are replaced after differentiation; the
    others stay.
    """

    equation: str
    factor: Expression = _ONE
    slopes: tuple[str, ...] = ()
    at: tuple[tuple[str, Expression], ...] = ()


@dataclass(frozen=True)
class Condition:
    """The sum of some parts is zero everywhere, or some combination of channels.

    `channels`: the sum may be any linear combination of these, with unknown coefficients.
    """

    parts: tuple[Part, ...]
    channels: tuple[Expression, ...] = ()


def phase_variables(states: Sequence[str], inputs: Sequence[str], order: int) -> tuple[str, ...]:
    """What a field of some order depends on: states, velocities ``x_t``, inputs, ``t``.

    `order` ``{1, 2}``.
    """
    return (*states, *velocities_of(states, order), *inputs, "t")


def velocities_of(states: Sequence[str], order: int) -> tuple[str, ...]:
    """Names of the velocities of a second-order equation; none for first order."""
    return tuple(f"{state}_t" for state in states) if order == 2 else ()
