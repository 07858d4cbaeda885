"""Equations with unknown numbers in them: ``x' = a x - b x y`` as a field that can be fitted."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.models.fields.parametric_field import Linearisation
from physmodel.models.fields.sparse_field import SparseField, term_variables, velocity_name
from physmodel.models.terms import TermLibrary
from physmodel.problem.algebra.calculus import derivative
from physmodel.problem.algebra.expression import (
    FUNCTIONS,
    Expression,
    Product,
    add,
    constant,
    product,
    to_text,
    variable,
)
from physmodel.problem.algebra.parser import identifiers, parse
from physmodel.problem.checks import names_list, table_of

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ExpressionField:
    """``d^order x_e / dt^order = expressions[e]``; a `ParametricField`.

    `order`: 1 or 2. `expressions`: one per state, over the states, their velocities (order 2), the
    inputs, ``t`` and the parameters. `names`: names of the parameters. `parameters` ``(p,)``: their
    present values.
    """

    states: tuple[str, ...]
    inputs: tuple[str, ...]
    order: int
    expressions: tuple[Expression, ...]
    names: tuple[str, ...]
    parameters: Array

    def with_parameters(self, parameters: Array) -> ExpressionField:
        """The same equations with other numbers, ``(p,)``."""
        changed = replace(self, parameters=np.array(parameters, dtype=float))
        for compiled in ("_rates", "_slopes"):  # they do not depend on the numbers
            if compiled in self.__dict__:
                changed.__dict__[compiled] = self.__dict__[compiled]
        return changed

    def rate(self, time: Array, states: Array, velocities: Array | None, inputs: Array) -> Array:
        """Highest time derivative, ``(n, d)``; see `VectorField.rate`."""
        return self._rates.values(self._columns(time, states, velocities, inputs))

    def linearised(
        self, time: Array, states: Array, velocities: Array | None, inputs: Array
    ) -> Linearisation:
        """Rate with its exact derivatives; see `ParametricField.linearised`."""
        d, motion = len(self.states), self.order * len(self.states)
        flat = self._slopes.values(self._columns(time, states, velocities, inputs))
        by_motion, by_parameter = np.split(flat[:, d:], [d * motion], axis=1)
        return Linearisation(
            flat[:, :d],
            by_motion.reshape(len(flat), d, motion),
            by_parameter.reshape(len(flat), d, len(self.names)),
        )

    def equations(self) -> dict[str, str]:
        """The equations as text, with the names of the parameters."""
        return {s: to_text(e) for s, e in zip(self.states, self.expressions, strict=True)}

    def _columns(
        self, time: Array, states: Array, velocities: Array | None, inputs: Array
    ) -> Array:
        blocks = [states, *([] if velocities is None else [velocities]), inputs, time[:, None]]
        numbers = np.broadcast_to(self.parameters, (len(time), len(self.parameters)))
        return np.concatenate([*blocks, numbers], axis=1)

    @property
    def _variables(self) -> tuple[str, ...]:
        return (*term_variables(self.states, self.inputs, self.order), *self.names)

    @cached_property
    def _rates(self) -> _Sums:
        return _Sums.of(self.expressions, self._variables)

    @cached_property
    def _slopes(self) -> _Sums:
        motion = self._variables[: self.order * len(self.states)]
        slopes = [
            [derivative(one, name) for one in self.expressions for name in names]
            for names in (motion, self.names)
        ]
        return _Sums.of([*self.expressions, *slopes[0], *slopes[1]], self._variables)


@dataclass(frozen=True, eq=False)
class _Sums:
    """Several expressions at once: the different products in them, each evaluated once."""

    products: TermLibrary
    numbers: Array

    @classmethod
    def of(cls, expressions: Iterable[Expression], variables: tuple[str, ...]) -> _Sums:
        place: dict[Product, int] = {}
        entries = [
            (place.setdefault(inner, len(place)), column, number)
            for column, expression in enumerate([*expressions])
            for inner, number in expression.summands
        ]
        numbers = np.zeros((len(place), len([*expressions])))
        for row, column, number in entries:
            numbers[row, column] = number
        terms = tuple(Expression(((inner, 1.0),)) for inner in place)
        return cls(TermLibrary(variables, terms), numbers)

    def values(self, columns: Array) -> Array:
        return self.products.evaluate(columns) @ self.numbers


def expression_field(
    equations: Mapping[str, str],
    *,
    inputs: Sequence[str] = (),
    order: int | None = None,
    start: Mapping[str, float] | None = None,
) -> ExpressionField:
    """Read equations with unknown numbers in them.

    `equations`: highest time derivative of each state: ``{"x": "a*x - b*x*y", "y": "-c*y +
    d*x*y"}``. A name that is no state, velocity (``x_t``), input, function or ``t`` is a parameter.
    `order` ``{1, 2}``: by default 2 if a velocity is named, otherwise 1. `start`: present values of
    parameters; the others are one. Returns: parameters in the order in which they are first named.
    Raises ProblemError if a text cannot be read, or `start` names what is no parameter.
    """
    if not isinstance(equations, Mapping) or not equations:
        raise ProblemError(
            f"equations are {equations!r}", fix='one text per state: {"x": "-k*x", "y": "x - y"}'
        )
    states = names_list("equations", list(equations))
    texts = {s: unicodedata.normalize("NFKC", str(text)) for s, text in equations.items()}
    used = dict.fromkeys(name for text in texts.values() for name in identifiers(text))
    if order is None:
        order = 2 if any(velocity_name(state) in used for state in states) else 1
    if order not in (1, 2):
        raise ProblemError(f"order is {order!r}", fix="1, 2, or leave it out")
    known = term_variables(states, tuple(inputs), order)
    for name in (*states, *inputs):
        if not name.isidentifier() or name in FUNCTIONS or known.count(name) > 1:
            raise ProblemError(
                f"{name!r} cannot be the name of a variable",
                why="names are letters, digits and underscores, each used once, and not the name "
                "of a function or `t`, which is the time",
            )
    names = tuple(name for name in used if name not in known and name not in FUNCTIONS)
    expressions = tuple(parse(text, (*known, *names)) for text in texts.values())
    return ExpressionField(
        states, tuple(inputs), order, expressions, names, _values(names, start or {})
    )


def as_expression_field(field: SparseField) -> ExpressionField:
    """A sparse field with its coefficients that are not zero as parameters, ``x[x*y]``.

    Returns: parameters by equation, then by term.
    """
    expressions, names, values = [], [], []
    for state, row in zip(field.states, field.coefficients, strict=True):
        terms = [constant(0.0)]
        for term, value in zip(field.terms, row, strict=True):
            if value:
                names.append(f"{state}[{term}]")
                values.append(value)
                terms.append(product(variable(names[-1]), term))
        expressions.append(add(*terms))
    numbers = np.array(values, dtype=float)
    return ExpressionField(
        field.states, field.inputs, field.order, tuple(expressions), tuple(names), numbers
    )


def _values(names: tuple[str, ...], start: Mapping[str, float]) -> Array:
    for name, value in table_of("start", start).items():
        if name not in names:
            raise ProblemError(
                f"{name!r} is no parameter of the equations",
                fix="parameters: " + (", ".join(names) or "none"),
            )
        if not (isinstance(value, int | float | np.number) and np.isfinite(value)):
            raise ProblemError(f"the start value of {name!r} is {value!r}", fix="a finite number")
    return np.array([float(start.get(name, 1.0)) for name in names])
