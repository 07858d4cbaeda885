"""Evaluate, differentiate and take apart expressions."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from physmodel.problem.algebra.expression import (
    Call,
    Expression,
    Product,
    Variable,
    add,
    call,
    constant,
    power,
    product,
    rank,
    wrap,
)

Value = float | NDArray[np.float64]

_NUMERIC = {
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "tanh": np.tanh,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "sign": np.sign,
}


def evaluate(expression: Expression, values: Mapping[str, Value]) -> Value:
    """Value at numbers or arrays; undefined points (log of a negative) become NaN."""
    with np.errstate(all="ignore"):
        return _evaluate(expression, values)


def derivative(expression: Expression, name: str) -> Expression:
    """Partial derivative by a variable, simplified."""
    terms = []
    for inner, coefficient in expression.summands:
        for position, (base, exponent) in enumerate(inner.factors):
            slope = _base_slope(base, name)
            if not slope.summands:
                continue
            rest = Product(inner.factors[:position] + inner.factors[position + 1 :])
            lowered = power(wrap(base), exponent - 1)
            outer = Expression(((rest, coefficient * float(exponent)),))
            terms.append(product(outer, lowered, slope))
    return add(*terms)


def names_in(expression: Expression) -> frozenset[str]:
    """Variables that occur."""
    found: set[str] = set()
    for inner, _ in expression.summands:
        for base, _exponent in inner.factors:
            if isinstance(base, Variable):
                found.add(base.name)
            else:
                found |= names_in(base.argument if isinstance(base, Call) else base)
    return frozenset(found)


def substituted(expression: Expression, values: Mapping[str, Expression]) -> Expression:
    """The expression with other expressions in place of some of its variables."""

    def replaced(base: Variable | Call | Expression) -> Expression:
        if isinstance(base, Variable):
            return values.get(base.name, wrap(base))
        if isinstance(base, Call):
            return call(base.function, substituted(base.argument, values))
        return substituted(base, values)

    return add(
        *(
            product(constant(number), *(power(replaced(b), e) for b, e in inner.factors))
            for inner, number in expression.summands
        )
    )


def powers(expression: Expression) -> dict[str, Fraction] | None:
    """Exponents of a monomial with coefficient one; None for anything else."""
    if len(expression.summands) != 1:
        return None
    ((inner, coefficient),) = expression.summands
    if coefficient != 1.0:
        return None
    exponents = {}
    for base, exponent in inner.factors:
        if not isinstance(base, Variable):
            return None
        exponents[base.name] = exponent
    return exponents


def ordered(expression: Expression, names: tuple[str, ...]) -> Expression:
    """The same expression with the factors of every product in the order of some names.

    `names`: variables first come first; functions and sums follow the variables.
    """
    position = {name: k for k, name in enumerate(names)}

    def key(factor: tuple[Variable | Call | Expression, Fraction]) -> tuple[int, int, str]:
        base = factor[0]
        if isinstance(base, Variable):
            return 0, position.get(base.name, len(position)), base.name
        return rank(factor)

    def reorder(base: Variable | Call | Expression) -> Variable | Call | Expression:
        if isinstance(base, Variable):
            return base
        if isinstance(base, Call):
            return Call(base.function, ordered(base.argument, names))
        return ordered(base, names)

    return Expression(
        tuple(
            (Product(tuple(sorted(((reorder(b), e) for b, e in p.factors), key=key))), c)
            for p, c in expression.summands
        )
    )


def _evaluate(expression: Expression, values: Mapping[str, Value]) -> Value:
    total: Value = 0.0
    for inner, coefficient in expression.summands:
        term: Value = coefficient
        for base, exponent in inner.factors:
            if isinstance(base, Variable):
                value = values[base.name]
            elif isinstance(base, Call):
                value = _NUMERIC[base.function](_evaluate(base.argument, values))
            else:
                value = _evaluate(base, values)
            term = term * _raise(value, exponent)
        total = total + term
    return total


def _raise(value: Value, exponent: Fraction) -> Value:
    if exponent == 1:
        return value
    if exponent == 2:
        return value * value
    if exponent.denominator == 1:
        return np.asarray(value, dtype=float) ** int(exponent)
    return np.asarray(value, dtype=float) ** float(exponent)


def _base_slope(base: Variable | Call | Expression, name: str) -> Expression:
    if isinstance(base, Variable):
        return constant(1.0) if base.name == name else Expression()
    if isinstance(base, Expression):
        return derivative(base, name)
    inner = derivative(base.argument, name)
    if not inner.summands:
        return inner
    u = base.argument
    minus = constant(-1.0)
    outer = {
        "sin": lambda: call("cos", u),
        "cos": lambda: product(minus, call("sin", u)),
        "tan": lambda: add(constant(1.0), power(call("tan", u), 2)),
        "exp": lambda: call("exp", u),
        "log": lambda: power(u, -1),
        "abs": lambda: call("sign", u),
        "tanh": lambda: add(constant(1.0), product(minus, power(call("tanh", u), 2))),
        "sinh": lambda: call("cosh", u),
        "cosh": lambda: call("sinh", u),
        "sign": lambda: Expression(),
    }[base.function]()
    return product(outer, inner)
