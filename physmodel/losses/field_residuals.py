"""Residuals that are linear in a field at points: measured rates, symmetries, laws.

All have the form ``sum_k M_k f(z_k) - target``, whitened, whatever the field: a network enters the
loss in the same way as an equation. What stands here is asked for; what has to hold exactly is
built in instead (`physmodel.models.constrain` for equations, `physmodel.models.nets` for networks).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.models.fields.linear_field import Points
from physmodel.models.fields.parametric_field import ParametricField
from physmodel.optimizers.least_squares.residuals import Residuals
from physmodel.problem.algebra.calculus import evaluate
from physmodel.problem.algebra.expression import Expression
from physmodel.problem.known.conditions import Condition, phase_variables
from physmodel.problem.known.law import Law
from physmodel.problem.known.law_conditions import law_conditions
from physmodel.problem.known.symmetry import Symmetry

Array = NDArray[np.float64]
#: Variables that are replaced, and by what; see `Part.at`.
Place = tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, eq=False)
class Piece:
    """What the field at some points adds to the residuals.

    Attributes
    ----------
    points : Points
        ``n`` of them.
    weights : ndarray (n, r, d)
        Row ``j`` of a point gives its residual ``j`` from the ``d`` rates there.
    """

    points: Points
    weights: Array


@dataclass(frozen=True, eq=False)
class FieldResiduals:
    """A block of residuals (`least_squares.residuals.Residuals`) over the parameters of a field.

    Attributes
    ----------
    field : ParametricField
    pieces : tuple of Piece
        All of the same number of points.
    target : ndarray (n, r)
    """

    field: ParametricField
    pieces: tuple[Piece, ...]
    target: Array

    def values(self, parameters: Array) -> Array:
        """Residuals ``(n r,)``."""
        field, total = self.field.with_parameters(parameters), -self.target
        for piece in self.pieces:
            rate = field.rate(*_arguments(piece.points))
            total = total + np.einsum("nrd,nd->nr", piece.weights, rate)
        return total.ravel()

    def linearised(self, parameters: Array) -> tuple[Array, Array]:
        """Residuals ``(n r,)`` and their derivatives ``(n r, p)``."""
        field, total = self.field.with_parameters(parameters), -self.target
        slopes = np.zeros((*self.target.shape, len(parameters)))
        for piece in self.pieces:
            here = field.linearised(*_arguments(piece.points))
            total = total + np.einsum("nrd,nd->nr", piece.weights, here.rate)
            slopes += piece.weights @ here.by_parameter
        return total.ravel(), slopes.reshape(-1, len(parameters))


@dataclass(frozen=True, eq=False)
class Stack:
    """Several blocks of residuals over the same parameters, below each other."""

    blocks: tuple[Residuals, ...]

    def values(self, parameters: Array) -> Array:
        """Residuals of all blocks."""
        return np.concatenate([block.values(parameters) for block in self.blocks])

    def linearised(self, parameters: Array) -> tuple[Array, Array]:
        """Residuals of all blocks with their derivatives."""
        parts = [block.linearised(parameters) for block in self.blocks]
        return np.concatenate([r for r, _ in parts]), np.vstack([j for _, j in parts])


def rate_residuals(
    field: ParametricField, points: Points, rates: Array, noise: Array
) -> FieldResiduals:
    """Measured rates against the field.

    Parameters
    ----------
    field : ParametricField
    points : Points
        Where they were measured; without noise (see `physmodel.losses.shooting` for states that
        have some).
    rates : ndarray (n, d)
    noise : ndarray (d,)
        Standard deviation of the rates.
    """
    weights = np.broadcast_to(np.diag(1.0 / noise), (len(rates), len(noise), len(noise)))
    return FieldResiduals(field, (Piece(points, weights),), rates / noise)


def symmetry_residuals(
    field: ParametricField, symmetry: Symmetry, points: Points, allowed: Array, *, draws: int = 4
) -> Stack:
    """The field at moved points against the moved field.

    Parameters
    ----------
    field : ParametricField
    symmetry : Symmetry
    points : Points
    allowed : ndarray (d,)
        Standard deviation by which the rates may be off the symmetry.
    draws : int
        Random elements of a continuous group; of a finite one all are taken.

    Returns
    -------
    Stack
        Zero for a symmetric field.

    Raises
    ------
    ProblemError
        If the symmetry moves a variable that the field does not have.
    """
    whole = symmetry.on((*field.states, *field.inputs))
    moves = whole.sample(draws) if whole.generators else whole.group()[1:]
    d, n = len(field.states), len(points.time)
    blocks = []
    for one in moves:
        moved, time = one.act(np.column_stack([points.states, points.inputs]), points.time)
        own = type(one)(np.delete(np.delete(one.matrix, np.s_[d:-2], 0), np.s_[d:-2], 1))
        velocities = None if points.velocities is None else own.carry(points.velocities)
        there = Points(time, moved[:, :d], velocities, moved[:, d:])
        still = own.carry_rate(np.zeros((1, d)), field.order)
        carried = (own.carry_rate(np.eye(d), field.order) - still).T
        pieces = (
            Piece(there, np.broadcast_to(np.diag(1.0 / allowed), (n, d, d))),
            Piece(points, np.broadcast_to(-carried / allowed[:, None], (n, d, d))),
        )
        blocks.append(FieldResiduals(field, pieces, np.tile(still / allowed, (n, 1))))
    return Stack(tuple(blocks))


def law_residuals(
    field: ParametricField, law: Law, points: Points, allowed: float
) -> FieldResiduals:
    """What a law says must vanish, such as the rate of change of a conserved quantity.

    Parameters
    ----------
    field : ParametricField
    law : Law
    points : Points
    allowed : float
        Standard deviation by which it may be off, in the units of the law (of a quantity: its
        units per time).

    Returns
    -------
    FieldResiduals
        Zero for a field that obeys the law.

    Raises
    ------
    ProblemError
        If the law says more than which combination of rates vanishes.
    """
    conditions = law_conditions(law, field.states, field.inputs, field.order)
    if not conditions or any(_is_structure(condition) for condition in conditions):
        raise ProblemError(
            f"the law {law.text!r} is no residual of the rates at given points",
            why="it speaks of derivatives of the field, of unknown terms, or of inequalities",
            fix="build it in: constrain an equation, or take the network form that keeps it",
        )
    names = phase_variables(field.states, field.inputs, field.order)
    columns = [points.states, *([] if points.velocities is None else [points.velocities])]
    here = dict(zip(names, np.column_stack([*columns, points.inputs, points.time]).T, strict=True))
    n, r, d = len(points.time), len(conditions), len(field.states)
    by_place: dict[Place, Array] = {}
    for row, condition in enumerate(conditions):
        for part in condition.parts:
            weights = by_place.setdefault(part.at, np.zeros((n, r, d)))
            weights[:, row, field.states.index(part.equation)] += (
                evaluate(part.factor, dict(here)) / allowed
            )
    pieces = tuple(
        Piece(_moved(field, points, here, at), weights) for at, weights in by_place.items()
    )
    return FieldResiduals(field, pieces, np.zeros((n, r)))


def _is_structure(condition: Condition) -> bool:
    return bool(condition.channels) or any(part.slopes for part in condition.parts)


def _moved(field: ParametricField, points: Points, here: dict[str, Array], at: Place) -> Points:
    place = {name: evaluate(form, dict(here)) for name, form in at}
    table = {name: np.broadcast_to(place.get(name, here[name]), here["t"].shape) for name in here}
    d, values = len(field.states), np.column_stack(list(table.values()))
    velocities = None if points.velocities is None else values[:, d : 2 * d]
    return Points(values[:, -1], values[:, :d], velocities, values[:, field.order * d : -1])


def _arguments(points: Points) -> tuple[Array, Array, Array | None, Array]:
    return points.time, points.states, points.velocities, points.inputs
