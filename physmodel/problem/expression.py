"""Expressions in canonical form: immutable trees that can be evaluated, differentiated, printed.

A tree is a sum of products of powers. Two expressions that differ only in the order of factors or
summands are equal, and `str` gives the canonical name of a term: ``x*y``, ``x^2*z``, ``sin(x)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Value = float | NDArray[np.float64]

FUNCTIONS = {
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


@dataclass(frozen=True)
class Variable:
    """A named quantity."""

    name: str


@dataclass(frozen=True)
class Call:
    """A function of an expression."""

    function: str
    argument: Expression




@dataclass(frozen=True)
class Product:
    """Powers of bases, in canonical order; the empty product is one."""

    factors: tuple[tuple[Variable | Call | Expression, Fraction], ...] = ()


@dataclass(frozen=True)
class Expression:
    """A sum of products with numeric coefficients, in canonical order; the empty sum is zero."""

    summands: tuple[tuple[Product, float], ...] = ()

    def __str__(self) -> str:
        from physmodel.problem.printing import to_text

        return to_text(self)


def constant(value: float) -> Expression:
    """A number."""
    return Expression(((Product(), float(value)),)) if value else Expression()


def variable(name: str) -> Expression:
    """A variable."""
    return _single(Variable(name))


def call(function: str, argument: Expression) -> Expression:
    """A function from `FUNCTIONS` of an expression."""
    if function == "sqrt":
        return power(argument, Fraction(1, 2))
    return _single(Call(function, argument))


def monomial(powers_of: Mapping[str, float | Fraction]) -> Expression:
    """Product of powers of variables, ``{"x": 2, "y": 1}``, in the order given."""
    return product(
        *(power(variable(name), Fraction(exponent)) for name, exponent in powers_of.items())
    )


def add(*terms: Expression) -> Expression:
    """Sum, with like terms collected."""
    collected: dict[Product, float] = {}
    for term in terms:
        for factor, coefficient in term.summands:
            collected[factor] = collected.get(factor, 0.0) + coefficient
    return Expression(tuple((p, c) for p, c in collected.items() if c != 0.0))


def product(*terms: Expression) -> Expression:
    """Product; single terms merge their powers, sums of several terms stay factors."""
    coefficient = 1.0
    factors: dict[Variable | Call | Expression, Fraction] = {}
    for term in terms:
        if not term.summands:
            return Expression()
        if len(term.summands) == 1:
            (inner, number), = term.summands
            coefficient *= number
            pieces = inner.factors
        else:
            pieces = ((term, Fraction(1)),)
        for base, exponent in pieces:
            factors[base] = factors.get(base, Fraction(0)) + exponent
    kept = tuple((base, exponent) for base, exponent in factors.items() if exponent)
    if len(kept) == 1 and isinstance(kept[0][0], Expression) and kept[0][1] == 1:
        inner_sum = kept[0][0]
        return Expression(tuple((p, c * coefficient) for p, c in inner_sum.summands))
    return Expression(((Product(tuple(sorted(kept, key=_rank))), coefficient),))


def power(base: Expression, exponent: float | Fraction) -> Expression:
    """Power with a constant exponent."""
    exact = Fraction(exponent).limit_denominator(1000)
    if exact == 0:
        return constant(1.0)
    if exact == 1:
        return base
    if not base.summands:
        return Expression()
    if len(base.summands) == 1:
        (inner, number), = base.summands
        whole = exact.denominator == 1
        if whole or (number > 0 and len(inner.factors) <= 1 and _odd_inner(inner)):
            scaled = tuple((b, e * exact) for b, e in inner.factors)
            return Expression(((Product(scaled), float(number ** float(exact))),))
    return Expression(((Product(((base, exact),)), 1.0),))


def evaluate(expression: Expression, values: Mapping[str, Value]) -> Value:
    """Value at numbers or arrays; undefined points (log of a negative) become NaN.

    Parameters
    ----------
    expression : Expression
    values : mapping of str to float or ndarray

    Returns
    -------
    float or ndarray
    """
    with np.errstate(all="ignore"):
        return _evaluate(expression, values)


def derivative(expression: Expression, name: str) -> Expression:
    """Partial derivative by a variable, simplified.

    Parameters
    ----------
    expression : Expression
    name : str

    Returns
    -------
    Expression
    """
    terms = []
    for inner, coefficient in expression.summands:
        for position, (base, exponent) in enumerate(inner.factors):
            slope = _base_slope(base, name)
            if not slope.summands:
                continue
            rest = Product(inner.factors[:position] + inner.factors[position + 1 :])
            lowered = power(_wrap(base), exponent - 1)
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


def powers(expression: Expression) -> dict[str, Fraction] | None:
    """Exponents of a monomial with coefficient one; None for anything else."""
    if len(expression.summands) != 1:
        return None
    (inner, coefficient), = expression.summands
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

    Parameters
    ----------
    expression : Expression
    names : tuple of str
        Variables first come first; functions and sums follow the variables.

    Returns
    -------
    Expression
    """
    position = {name: k for k, name in enumerate(names)}

    def key(factor: tuple[Variable | Call | Expression, Fraction]) -> tuple[int, int, str]:
        base = factor[0]
        if isinstance(base, Variable):
            return 0, position.get(base.name, len(position)), base.name
        return _rank(factor)

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


def _single(base: Variable | Call | Expression) -> Expression:
    return Expression(((Product(((base, Fraction(1)),)), 1.0),))


def _wrap(base: Variable | Call | Expression) -> Expression:
    return base if isinstance(base, Expression) else _single(base)


def _odd_inner(inner: Product) -> bool:
    """Whether a fractional power may be merged: not over an even one, which has lost its sign."""
    return all(e.numerator % 2 != 0 or e.denominator != 1 for _, e in inner.factors)


def _rank(factor: tuple[Variable | Call | Expression, Fraction]) -> tuple[int, int, str]:
    base = factor[0]
    if isinstance(base, Variable):
        return 0, 0, base.name
    if isinstance(base, Call):
        return 1, 0, f"{base.function}({base.argument})"
    return 2, 0, str(base)


def _evaluate(expression: Expression, values: Mapping[str, Value]) -> Value:
    total: Value = 0.0
    for inner, coefficient in expression.summands:
        term: Value = coefficient
        for base, exponent in inner.factors:
            if isinstance(base, Variable):
                value = values[base.name]
            elif isinstance(base, Call):
                value = FUNCTIONS[base.function](_evaluate(base.argument, values))
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
