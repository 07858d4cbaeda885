"""Equations between a field and its derivatives, read from text and evaluated point by point."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.fields.statement import values_of
from physmodel.problem.algebra.calculus import derivative, evaluate, names_in
from physmodel.problem.algebra.expression import FUNCTIONS, Expression, add, constant, product
from physmodel.problem.algebra.parser import parse

Array = NDArray[np.float64]
#: Orders of differentiation, one per coordinate: ``(2, 0)`` is ``u_xx`` in coordinates x, t.
Index = tuple[int, ...]
#: A number, or a function of the coordinates (one array each).
Known = float | Callable[..., Array]
#: Derivatives of the field at some points.
Jet = Mapping[Index, Array]

#: Names that every equation may use.
CONSTANTS: dict[str, Known] = {"pi": math.pi}
#: Highest total order of differentiation.
MAX_ORDER = 6


@dataclass(frozen=True, eq=False)
class Pointwise:
    """An expression in a field, its derivatives and the coordinates, to be made zero.

    `names`: derivatives of the field in it. `slopes`: partial derivatives of the expression by each
    of them. `unknown`: coefficients whose values are given at each evaluation. `by_unknown`:
    partial derivatives by those.
    """

    text: str
    coordinates: tuple[str, ...]
    expression: Expression
    names: dict[str, Index]
    slopes: dict[Index, Expression]
    known: Mapping[str, Known]
    unknown: tuple[str, ...]
    by_unknown: tuple[Expression, ...]

    @property
    def indices(self) -> frozenset[Index]:
        """Derivatives of the field in the expression."""
        return frozenset(self.slopes)

    @property
    def linear(self) -> bool:
        """Whether the field enters to the first power only."""
        return not any(names_in(slope) & set(self.names) for slope in self.slopes.values())

    def order(self, axis: int) -> int:
        """Highest derivative by one coordinate."""
        return max((index[axis] for index in self.slopes), default=0)

    def environment(self, points: Array, jet: Jet, unknown: Array) -> dict[str, float | Array]:
        """Values of all names at points ``(n, d)``."""
        columns = list(points.T)
        values: dict[str, float | Array] = dict(zip(self.coordinates, columns, strict=True))
        used = names_in(self.expression)
        for name, meaning in self.known.items():
            if name in used:
                values[name] = (
                    values_of(name, meaning, columns) if callable(meaning) else float(meaning)
                )
        values |= {name: jet[index] for name, index in self.names.items()}
        return values | dict(zip(self.unknown, map(float, unknown), strict=True))

    def values(self, points: Array, jet: Jet, unknown: Array) -> Array:
        """The expression at points ``(n, d)``: ``(n,)``.

        `points` ``(n, d)``. `jet`: holds at least `indices`. `unknown` ``(k,)``.
        """
        return _full(evaluate(self.expression, self.environment(points, jet, unknown)), points)

    def linearised(
        self, points: Array, jet: Jet, unknown: Array
    ) -> tuple[Array, dict[Index, Array], Array]:
        """`values`, their derivatives by each of `indices`, and by the unknown ``(n, k)``."""
        names = self.environment(points, jet, unknown)
        value = _full(evaluate(self.expression, names), points)
        slopes = {i: _full(evaluate(e, names), points) for i, e in self.slopes.items()}
        columns = [_full(evaluate(e, names), points) for e in self.by_unknown]
        return value, slopes, np.array(columns).reshape(len(columns), len(points)).T


def read_pointwise(
    text: str,
    coordinates: Sequence[str],
    field: str,
    known: Mapping[str, Known],
    unknown: Sequence[str] = (),
) -> Pointwise:
    """Read ``u_t + u*u_x = nu*u_xx`` or an expression that is to be zero.

    `text`: derivatives are written ``u_xx``, ``u_xt``; the order of the letters does not matter.
    `field`: name of the field, ``u``. `known`: constants, and functions of the coordinates.
    `unknown`: coefficients to be found. Raises ProblemError for unreadable text and unknown names.
    """
    pattern = re.compile(rf"\b{re.escape(field)}_(\w+)")
    spelled = {
        match.group(0): _orders(match.group(1), coordinates) for match in pattern.finditer(text)
    }
    names = {name: index for name, index in spelled.items() if index is not None}
    if re.search(rf"\b{re.escape(field)}\b", text):
        names[field] = (0,) * len(coordinates)
    allowed = [*coordinates, *names, *unknown, *known]
    sides = text.split("=")
    if len(sides) > 2 or not all(side.strip() for side in sides):
        raise ProblemError(
            f"{text!r} is not an equation",
            fix="write one '=' between two expressions, or an expression that is to be zero",
        )
    left, *right = (parse(side, allowed) for side in sides)
    expression = add(left, *(product(constant(-1.0), side) for side in right))
    slopes: dict[Index, Expression] = {}
    for name, index in names.items():
        slope = derivative(expression, name)
        if slope.summands:
            slopes[index] = add(slopes.get(index, Expression()), slope)
    for index in slopes:
        if sum(index) > MAX_ORDER:
            raise ProblemError(
                f"{text!r} has a derivative of order {sum(index)}; the highest is {MAX_ORDER}"
            )
    if not slopes:
        raise ProblemError(
            f"{text!r} does not contain the field {field!r}",
            fix=f"write the equation in {field} and its derivatives, as {field}_{coordinates[0]}",
        )
    by_unknown = tuple(derivative(expression, name) for name in unknown)
    return Pointwise(
        text, tuple(coordinates), expression, names, slopes, known, tuple(unknown), by_unknown
    )


def require_names(
    coordinates: Sequence[str], field: str, known: Mapping[str, Known], unknown: Sequence[str]
) -> None:
    """Refuse names that clash."""
    every = [*coordinates, field, *known, *unknown, *FUNCTIONS]
    twice = sorted({name for name in every if every.count(name) > 1})
    bad = [name for name in every if not name.isidentifier()]
    if twice or bad:
        raise ProblemError(
            f"the names {', '.join(twice + bad)} are used twice or are not identifiers",
            fix="give coordinates, field and constants different names",
        )


def _orders(suffix: str, coordinates: Sequence[str]) -> Index | None:
    """Orders of differentiation in a suffix such as ``xxt``; None if it does not spell any."""
    counts, rest = [0] * len(coordinates), suffix
    while rest:
        fits = [k for k, name in enumerate(coordinates) if rest.startswith(name)]
        if not fits:
            return None
        longest = max(fits, key=lambda k: len(coordinates[k]))
        counts[longest] += 1
        rest = rest[len(coordinates[longest]) :]
    return tuple(counts)


def _full(value: float | Array, points: Array) -> Array:
    return np.broadcast_to(np.asarray(value, dtype=float), len(points)).astype(float)
