"""Constants that a law may hold: their units, and their values where terms need them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from physmodel.errors import ProblemError
from physmodel.problem.algebra.calculus import names_in, ordered
from physmodel.problem.algebra.expression import (
    Call,
    Expression,
    Variable,
    add,
    call,
    constant,
    power,
    product,
    wrap,
)
from physmodel.problem.algebra.parser import parse
from physmodel.problem.measures.base_units import Measure, has_zero_of_its_own, measure
from physmodel.problem.measures.units import parse_unit
from physmodel.problem.statement import Statement

#: A number, then nothing or a space and a unit: ``1/s`` is a unit, ``1 /s`` is nothing.
_VALUE = re.compile(
    r"(?P<value>[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|nan|inf(inity)?))(\s+(?P<unit>\S.*))?"
)


@dataclass(frozen=True)
class Constant:
    """A quantity that is the same in all data.

    `measure`: the unit in base units. `value`: in `unit`; None where only the unit is known.
    """

    name: str
    unit: str
    measure: Measure
    value: float | None = None


def read_constant(name: str, text: Any) -> Constant:
    """Read a constant: ``"m/s^2"``, ``"9.81 m/s^2"`` or, for a pure number, ``"1"`` or ``"0.3"``.

    `text`: A unit, with or without a value before it. Raises ProblemError if it is neither.
    """
    where = f"constants.{name}"
    if not isinstance(text, str) or not text.strip():
        raise ProblemError(
            f"a constant needs its unit, not {text!r}", where=where, fix='"m/s^2" or "9.81 m/s^2"'
        )
    match = _VALUE.fullmatch(text.strip()) if text.strip() != "1" else None
    value = None if match is None else float(match["value"])
    unit_text = text.strip() if match is None else match["unit"] or "1"
    try:
        unit = parse_unit(unit_text)
    except ProblemError as error:
        error.where = where
        raise
    if unit is None or has_zero_of_its_own(unit):
        raise ProblemError(
            f"{unit_text!r} counts from a zero of its own",
            where=where,
            why="the products and quotients in which constants occur depend on it",
            fix="give an absolute temperature, in K",
        )
    if value is not None and not (math.isfinite(value) and value):
        raise ProblemError(
            f"the value is {match and match['value']}", where=where, fix="a number other than zero"
        )
    return Constant(name, unit_text, measure(unit), value)


def constants_of(problem: Statement) -> tuple[Constant, ...]:
    """The constants that a problem declares."""
    return tuple(read_constant(name, text) for name, text in problem.constants)


def read_term(problem: Statement, text: str, variables: Sequence[str]) -> Expression:
    """Read a term over variables and constants, the constants replaced by their values.

    `variables`: canonical order of factors. Returns: over the variables alone. Raises ProblemError
    if the term cannot be read or names a constant without a value.
    """
    known = constants_of(problem)
    written = parse(text, (*variables, *(one.name for one in known)))
    used = names_in(written)
    for one in known:
        if one.name in used and one.value is None:
            raise ProblemError(
                f"the term {text!r} needs the value of {one.name}",
                where=f"constants.{one.name}",
                fix=f'put a number before the unit: "2.5 {one.unit}"',
            )
    values = {one.name: one.value for one in known if one.value is not None}
    return ordered(_with_values(written, values), tuple(variables)) if known else written


def _with_values(expression: Expression, values: Mapping[str, float]) -> Expression:
    def base(of: Variable | Call | Expression) -> Expression:
        if isinstance(of, Expression):
            return _with_values(of, values)
        if isinstance(of, Call):
            return call(of.function, _with_values(of.argument, values))
        return constant(values[of.name]) if of.name in values else wrap(of)

    def raised(factor: tuple[Variable | Call | Expression, Fraction]) -> Expression:
        return power(base(factor[0]), factor[1])

    return add(
        *(
            product(constant(number), *(raised(factor) for factor in inner.factors))
            for inner, number in expression.summands
        )
    )
