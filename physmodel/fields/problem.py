"""A boundary or initial value problem: an equation, a box, and what holds on its sides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.fields.statement import interval, require_statement
from physmodel.fields.terms import (
    CONSTANTS,
    Known,
    Pointwise,
    read_pointwise,
    require_names,
)
from physmodel.problem.algebra.calculus import evaluate
from physmodel.problem.algebra.parser import parse

Array = NDArray[np.float64]

#: What is written in place of conditions where both ends of a coordinate are the same place.
PERIODIC = "periodic"
#: Relative distance within which a place is an end of its coordinate.
PLACE = 1e-9


@dataclass(frozen=True, eq=False)
class PdeProblem:
    """An equation for a field on a box, with its conditions.

    `coordinates`: one or two. If one of two is marched in, it is the second. `given`: the same in
    the order of the domain. `domain` ``(d, 2)``. `lower`, `upper`: conditions at the lower and the
    upper end of each coordinate. `periodic`: whether the first coordinate closes on itself.
    """

    field: str
    coordinates: tuple[str, ...]
    given: tuple[str, ...]
    domain: Array
    equation: Pointwise
    lower: tuple[tuple[Pointwise, ...], ...]
    upper: tuple[tuple[Pointwise, ...], ...]
    periodic: bool
    unknown: tuple[str, ...]

    def points(self, values: Sequence[Array]) -> Array:
        """Values of the coordinates in the order of the domain as points ``(n, d)``.

        Raises ProblemError if there are more or fewer than coordinates, or points outside the
        domain.
        """
        if len(values) != len(self.given):
            raise ProblemError(
                f"{len(values)} arguments for the coordinates {', '.join(self.given)}",
                fix=f"give {len(self.given)} arrays of one shape",
            )
        if len({value.shape for value in values}) > 1:
            shapes = ", ".join(str(value.shape) for value in values)
            raise ProblemError(
                f"the coordinates have the shapes {shapes}", fix="give arrays of one shape"
            )
        table = np.stack([values[self.given.index(name)] for name in self.coordinates], axis=-1)
        table = table.reshape(-1, len(self.given))
        slack = PLACE * np.ptp(self.domain, axis=1)
        outside = ~((table >= self.domain[:, 0] - slack) & (table <= self.domain[:, 1] + slack))
        if outside.any():
            row, axis = map(int, np.argwhere(outside)[0])
            raise ProblemError(
                f"the point {self.coordinates[axis]} = {table[row, axis]:g} is outside the domain",
                where=f"row {row}",
                why="nothing is known about the field there",
            )
        return np.clip(table, self.domain[:, 0], self.domain[:, 1])

    @property
    def marches(self) -> bool:
        """Whether the second coordinate has conditions at its beginning only."""
        return len(self.coordinates) == 2 and not self.upper[1]

    @property
    def linear(self) -> bool:
        """Whether equation and conditions are linear in the field."""
        conditions = [c for ends in (*self.lower, *self.upper) for c in ends]
        return all(part.linear for part in (self.equation, *conditions))


def read_problem(
    equation: str,
    domain: Mapping[str, tuple[float, float]],
    conditions: Mapping[str, str | Sequence[str]],
    *,
    known: Mapping[str, Known] | None = None,
    unknown: Sequence[str] = (),
    field: str = "u",
) -> PdeProblem:
    """Read a problem and check that it can have one solution.

    `equation`: ``"u_t + u*u_x = nu*u_xx"``. `domain`: ends of each coordinate; one or two
    coordinates. `conditions`: what holds where: ``{"t = 0": "u = -sin(pi*x)", "x = -1": "u", "x =
    1": "u_x = 0"}``; ``{"x": "periodic"}`` for a coordinate that closes on itself. `known`:
    constants, and functions of the coordinates; ``pi`` is known already. `unknown`: coefficients of
    the equation that are to be found. Raises ProblemError for unreadable or ill-posed problems.
    """
    require_statement(equation, domain, conditions, known or {}, unknown, field)
    names = {**CONSTANTS, **(known or {})}
    if not 1 <= len(domain) <= 2:
        raise ProblemError(
            f"the domain has {len(domain)} coordinates", fix="give one or two coordinates"
        )
    require_names(list(domain), field, names, unknown)
    ends = {name: interval(name, pair) for name, pair in domain.items()}
    closed, at = _places(ends, conditions, names)
    order = sorted(domain, key=lambda name: (bool(at[name][0]) and not at[name][1], name != closed))
    places = [order.index(name) for name in domain]
    names = {n: _in_order(v, places) if callable(v) else v for n, v in names.items()}
    sides = [
        [
            tuple(read_pointwise(text, order, field, names, unknown) for text in at[name][side])
            for name in order
        ]
        for side in (0, 1)
    ]
    problem = PdeProblem(
        field,
        tuple(order),
        tuple(domain),
        np.array([ends[name] for name in order]),
        read_pointwise(equation, order, field, names, unknown),
        tuple(sides[0]),
        tuple(sides[1]),
        closed is not None,
        tuple(unknown),
    )
    _require_well_posed(problem)
    return problem


def _in_order(function: Callable[..., Array], places: Sequence[int]) -> Callable[..., Array]:
    """A function of the coordinates as they are stated as one of them as they are solved."""
    return lambda *columns: function(*(columns[place] for place in places))


def _places(
    ends: Mapping[str, tuple[float, float]],
    conditions: Mapping[str, str | Sequence[str]],
    names: Mapping[str, Known],
) -> tuple[str | None, dict[str, tuple[list[str], list[str]]]]:
    """The periodic coordinate, and the conditions at both ends of each."""
    found: dict[str, tuple[list[str], list[str]]] = {name: ([], []) for name in ends}
    numbers = {name: float(v) for name, v in names.items() if not callable(v)}
    closed = None
    for place, texts in conditions.items():
        name, equals, value = (piece.strip() for piece in place.partition("="))
        if name not in ends:
            raise ProblemError(
                f"the condition at {place!r} names no coordinate",
                fix=f"write it as '{next(iter(ends))} = 0'; coordinates: {', '.join(ends)}",
            )
        if not equals:
            if texts != PERIODIC or closed is not None:
                raise ProblemError(
                    f"the condition {texts!r} for all of {name} is not understood",
                    fix=f"only one coordinate can be {PERIODIC!r}; else name a place: '{name} = 0'",
                )
            closed = name
            continue
        at = float(evaluate(parse(value, list(numbers)), numbers))
        low, high = ends[name]
        side = [k for k, end in enumerate((low, high)) if abs(at - end) <= PLACE * (high - low)]
        if not side:
            raise ProblemError(
                f"{place} is not an end of the domain",
                where=f"coordinate {name} in [{low:g}, {high:g}]",
                fix="conditions hold at the ends of a coordinate",
            )
        found[name][side[0]].extend([texts] if isinstance(texts, str) else texts)
    return closed, found


def _require_well_posed(problem: PdeProblem) -> None:
    """As many conditions along each coordinate as the equation has derivatives."""
    for axis, name in enumerate(problem.coordinates):
        order = problem.equation.order(axis)
        given = len(problem.lower[axis]) + len(problem.upper[axis])
        closed = problem.periodic and axis == 0
        if closed and given:
            raise ProblemError(f"{name} is periodic and has conditions at its ends as well")
        if order == 0 or (given != order and not closed):
            raise ProblemError(
                f"the equation {problem.equation.text!r} has derivatives of order {order} by "
                f"{name} and {given} condition(s) at its ends",
                why="with too few the solution is not unique, with too many there is none",
                fix=f"give {max(order, 1)} condition(s) in all at the ends of {name}"
                + ("" if order else f", or leave {name} out of the domain"),
            )
        for condition in (*problem.lower[axis], *problem.upper[axis]):
            if condition.order(axis) >= order:
                raise ProblemError(
                    f"the condition {condition.text!r} has a derivative by {name} as high as "
                    "the equation's",
                    fix=f"use derivatives by {name} below order {order}",
                )
