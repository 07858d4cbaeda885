"""How far a vector field is from a symmetry or a law, as one number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.models.fields.linear_field import Points
from physmodel.models.fields.sparse_field import SparseField
from physmodel.models.fields.vector_field import VectorField
from physmodel.problem.algebra.calculus import derivative, evaluate, names_in
from physmodel.problem.algebra.expression import Expression, add, constant, product
from physmodel.problem.known.conditions import Condition, Part, phase_variables, velocities_of
from physmodel.problem.known.law import Law
from physmodel.problem.known.law_conditions import law_conditions
from physmodel.problem.known.symmetry import Symmetry

Array = NDArray[np.float64]

#: Amounts by which the flows of a generator are tried: of order one, of both signs, unrelated.
AMOUNTS = (0.4, -0.7)

#: Central differences of sixth order for fields that are no expressions: a step of this size
#: leaves about eleven digits of a first derivative and eight of a second.
STENCIL = ((1, 0.75), (2, -0.15), (3, 1.0 / 60.0))
STEP = 5e-3


def symmetry_defect(symmetry: Symmetry, field: VectorField, points: Points) -> float:
    """Largest difference between the field at moved points and the moved field.

    Returns
    -------
    float
        Relative to the largest value of each equation; rounding for a symmetric field. A symmetry
        that holds only near some points shows at others.

    Raises
    ------
    ProblemError
        If the symmetry moves a variable that the field does not have.
    """
    whole = symmetry.on((*field.states, *field.inputs))
    moves = [*whole.elements]
    moves += [one.flow(amount) for one in whole.generators for amount in AMOUNTS]
    d, worst = len(field.states), 0.0
    here = field.rate(points.time, points.states, points.velocities, points.inputs)
    for one in moves:
        moved, time = one.act(np.column_stack([points.states, points.inputs]), points.time)
        own = type(one)(np.delete(np.delete(one.matrix, np.s_[d:-2], 0), np.s_[d:-2], 1))
        velocities = None if points.velocities is None else own.carry(points.velocities)
        there = field.rate(time, moved[:, :d], velocities, moved[:, d:])
        carried = own.carry_rate(here, field.order)
        worst = max(worst, _relative(there - carried, np.abs(there) + np.abs(carried)))
    return worst


def law_defect(law: Law, field: VectorField, points: Points) -> float:
    """Largest violation of a law.

    Returns
    -------
    float
        Relative to the size of what should cancel, and of the field itself. Of laws that are
        inequalities, only what points the wrong way counts. Exact derivatives for a
        `SparseField`, differences of sixth order for others. A given energy of a second-order
        field, which poses no linear condition, is followed along the motion.

    Raises
    ------
    ProblemError
        If the law cannot be posed for a field of this order.
    """
    sampled = _Sampled(field, points)
    quantity = law.quantity or Expression()
    if law.kind == "balance" and field.order == 2 and _is_of(quantity, field):
        rate, size = sampled.rate_of(quantity)
        return _relative(sampled.beyond(law.channels, rate), size)
    conditions = law_conditions(law, field.states, field.inputs, field.order)
    worst = max((sampled.defect(condition) for condition in conditions), default=0.0)
    if law.kind == "dissipation":
        growth, size = sampled.rate_of(quantity)
        worst = max(worst, _relative(np.maximum(growth, 0.0), size))
    if law.kind == "damped-energy":
        power, size = sampled.power_beyond_rest()
        worst = max(worst, _relative(np.maximum(power, 0.0), size))
    if law.kind == "positive":
        for name in law.names:
            inflow = sampled.values(Part(name, at=((name, Expression()),)))
            size = np.abs(sampled.values(Part(name)))
            worst = max(worst, _relative(np.maximum(-inflow, 0.0), size + np.abs(inflow)))
    return worst


@dataclass(frozen=True)
class _Sampled:
    """A field at points, with the derivatives of it that conditions ask for."""

    field: VectorField
    points: Points

    @property
    def _here(self) -> dict[str, Array]:
        names = phase_variables(self.field.states, self.field.inputs, self.field.order)
        columns = [self.points.states]
        columns += [] if self.points.velocities is None else [self.points.velocities]
        columns += [self.points.inputs, self.points.time[:, None]]
        return dict(zip(names, np.concatenate(columns, axis=1).T, strict=True))

    def defect(self, condition: Condition) -> float:
        """Violation of one condition."""
        parts = np.array([self.values(part) for part in condition.parts])
        total = self.beyond(condition.channels, parts.sum(axis=0))
        size = np.sum([self._size(part) for part in condition.parts], axis=0)
        return _relative(total, np.abs(parts).sum(axis=0) + size)

    def beyond(self, channels: tuple[Expression, ...], rate: Array) -> Array:
        """What no combination of the channels explains of a rate (n,)."""
        if not channels:
            return rate
        table = np.column_stack(
            [_spread(evaluate(one, dict(self._here)), len(rate)) for one in channels]
        )
        return np.asarray(rate - table @ np.linalg.lstsq(table, rate, rcond=None)[0])

    def _size(self, part: Part) -> Array:
        """What a part would be if the field changed by all of itself over the spread of points."""
        here = self._here
        spans = [np.sqrt(np.mean(here[name] ** 2)) for name in part.slopes]
        whole = np.abs(self._slope(part.equation, (), here)).max()
        factor = _spread(evaluate(part.factor, dict(here)), len(here["t"]))
        return np.abs(factor) * whole / np.prod([span if span > 0.0 else 1.0 for span in spans])

    def values(self, part: Part) -> Array:
        """One part of a condition at all points."""
        here = self._here
        count = len(self.points.time)
        moved = here | {n: _spread(evaluate(form, dict(here)), count) for n, form in part.at}
        factor = _spread(evaluate(part.factor, dict(here)), count)
        return factor * self._slope(part.equation, part.slopes, moved)

    def rate_of(self, quantity: Expression) -> tuple[Array, Array]:
        """Rate of change of a quantity along the motion, and the size of its parts."""
        states, here = self.field.states, self._here
        by = velocities_of(states, self.field.order)
        parts = [
            self.values(Part(e, derivative(quantity, v)))
            for e, v in zip(states, by or states, strict=True)
        ]
        for state, velocity in zip(states, by, strict=False):
            slope = evaluate(derivative(quantity, state), dict(here))
            parts.append(_spread(slope, len(here["t"])) * here[velocity])
        return np.sum(parts, axis=0), np.sum(np.abs(parts), axis=0)

    def power_beyond_rest(self) -> tuple[Array, Array]:
        """Work done per time by what velocities add to the forces, and the size of its parts."""
        states, here = self.field.states, self._here
        by = velocities_of(states, 2)
        rest = tuple((name, Expression()) for name in by)
        parts = [
            here[v] * sign * self.values(Part(e, at=at))
            for e, v in zip(states, by, strict=True)
            for sign, at in ((1.0, ()), (-1.0, rest))
        ]
        return np.sum(parts, axis=0), np.sum(np.abs(parts), axis=0)

    def _slope(self, equation: str, by: tuple[str, ...], here: dict[str, Array]) -> Array:
        count = len(here["t"])
        if isinstance(self.field, SparseField):
            return _spread(evaluate(_differentiated(self.field, equation, by), dict(here)), count)
        if not by:
            return self._rate(equation, here)
        name, rest = by[0], by[1:]
        size = np.sqrt(np.mean(self._here[name] ** 2))
        step = STEP * (size if size > 0.0 else 1.0)
        total = np.zeros(count)
        for distance, weight in STENCIL:
            for sign in (1.0, -1.0):
                there = here | {name: here[name] + sign * distance * step}
                total += sign * weight * self._slope(equation, rest, there) / step
        return total

    def _rate(self, equation: str, here: dict[str, Array]) -> Array:
        d, m = len(self.field.states), len(self.field.inputs)
        table = np.column_stack(list(here.values()))
        velocities = table[:, d : 2 * d] if self.field.order == 2 else None
        inputs = table[:, -1 - m : -1]
        rate = self.field.rate(here["t"], table[:, :d], velocities, inputs)
        return rate[:, self.field.states.index(equation)]


def _differentiated(field: SparseField, equation: str, by: tuple[str, ...]) -> Expression:
    """Derivative of the right-hand side of one equation."""
    row = field.coefficients[field.states.index(equation)]
    pairs = zip(field.terms, row, strict=True)
    whole = add(*(product(constant(float(weight)), term) for term, weight in pairs if weight))
    for name in by:
        whole = derivative(whole, name)
    return whole


def _is_of(quantity: Expression, field: VectorField) -> bool:
    """Whether a quantity changes through the motion alone."""
    names = set(names_in(quantity))
    return bool(names) and names <= {*field.states, *velocities_of(field.states, field.order)}


def _spread(value: object, count: int) -> Array:
    return np.broadcast_to(np.asarray(value, dtype=np.float64), (count,))


def _relative(difference: Array, size: Array) -> float:
    """Largest difference over the largest size, equation by equation."""
    largest = np.max(size, axis=0)
    ratio = np.max(np.abs(difference), axis=0) / np.where(largest > 0.0, largest, 1.0)
    return float(np.max(ratio))
