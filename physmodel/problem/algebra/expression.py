"""Expressions in canonical form: immutable trees that can be evaluated, differentiated, printed.

A tree is a sum of products of powers. Two expressions that differ only in the order of factors or
summands are equal, and `str` gives the canonical name of a term: ``x*y``, ``x^2*z``, ``sin(x)``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from physmodel.errors import ProblemError

#: Exponent of a square root.
HALF = Fraction(1, 2)

#: Functions of one argument that expressions may use.
FUNCTIONS = ("sin", "cos", "tan", "exp", "log", "sqrt", "abs", "tanh", "sinh", "cosh", "sign")

#: Largest denominator of an exponent: six decimals.
MAX_DENOMINATOR = 10**6


@dataclass(frozen=True)
class Variable:
    """A named quantity."""

    name: str


@dataclass(frozen=True)
class Call:
    """A function of an expression."""

    function: str
    argument: Expression


@dataclass(frozen=True, eq=False)
class Product:
    """Powers of different bases; the empty product is one."""

    factors: tuple[tuple[Variable | Call | Expression, Fraction], ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Product) and frozenset(self.factors) == frozenset(other.factors)

    def __hash__(self) -> int:
        return hash(frozenset(self.factors))


@dataclass(frozen=True, eq=False)
class Expression:
    """A sum of different products with numeric coefficients; the empty sum is zero."""

    summands: tuple[tuple[Product, float], ...] = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Expression):
            return False
        return frozenset(self.summands) == frozenset(other.summands)

    def __hash__(self) -> int:
        return hash(frozenset(self.summands))

    def __str__(self) -> str:
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
    return product(*(power(variable(name), exponent) for name, exponent in powers_of.items()))


def add(*terms: Expression) -> Expression:
    """Sum, with like terms collected."""
    collected: dict[Product, float] = {}
    for term in terms:
        for factor, coefficient in term.summands:
            collected[factor] = collected.get(factor, 0.0) + coefficient
    return _sum(collected.items())


def product(*terms: Expression) -> Expression:
    """Product; single terms merge their powers, sums of several terms stay factors."""
    if not all(term.summands for term in terms):
        return Expression()
    return _merged(1.0, [(term, Fraction(1)) for term in terms])


def power(base: Expression, exponent: float | Fraction) -> Expression:
    """Power with a constant exponent."""
    exact = exact_exponent(exponent)
    if exact == 0:
        return constant(1.0)
    if exact == 1:
        return base
    if not base.summands:
        return Expression()
    if len(base.summands) == 1:
        ((inner, number),) = base.summands
        whole = exact.denominator == 1
        if whole or (number > 0 and len(inner.factors) <= 1 and _odd_inner(inner)):
            return _merged(_raised(number, exact), [(b, e * exact) for b, e in inner.factors])
    return Expression(((Product(((base, exact),)), 1.0),))


def exact_exponent(exponent: float | Fraction) -> Fraction:
    """An exponent as a fraction: floats are read as the quotient they stand for."""
    if isinstance(exponent, Fraction):
        return exponent
    return Fraction(exponent).limit_denominator(MAX_DENOMINATOR)


def _merged(
    coefficient: float, pieces: Iterable[tuple[Variable | Call | Expression, Fraction]]
) -> Expression:
    """Product of powers in canonical form: no base twice, no single term left in parentheses."""
    factors: dict[Variable | Call | Expression, Fraction] = {}
    waiting = [*reversed([*pieces])]
    while waiting:
        base, exponent = waiting.pop()
        if not _opens(base, exponent):
            exponent += factors.pop(base, Fraction(0))
        if isinstance(base, Expression) and _opens(base, exponent):
            ((inner, number),) = base.summands
            coefficient *= _raised(number, exponent)
            waiting += [(b, e * exponent) for b, e in reversed(inner.factors)]
        elif exponent:
            factors[base] = exponent
    if list(factors.values()) == [1]:
        (alone,) = factors
        if isinstance(alone, Expression):
            return _sum((p, c * coefficient) for p, c in alone.summands)
    return _sum([(Product(tuple(sorted(factors.items(), key=rank))), coefficient)])


def _opens(base: Variable | Call | Expression, exponent: Fraction) -> bool:
    """Whether a power of a single term can be written without parentheses."""
    single = isinstance(base, Expression) and len(base.summands) == 1
    return single and exponent.denominator == 1


def _raised(number: float, exponent: Fraction) -> float:
    try:
        return float(number ** float(exponent))
    except OverflowError:
        return math.inf


def _sum(summands: Iterable[tuple[Product, float]]) -> Expression:
    kept = tuple((inner, number) for inner, number in summands if number != 0.0)
    if not all(math.isfinite(number) for _, number in kept):
        raise ProblemError(
            "the numbers in an expression multiply to something too large",
            fix="use units in which they are of ordinary size",
        )
    return Expression(kept)


def _single(base: Variable | Call | Expression) -> Expression:
    return Expression(((Product(((base, Fraction(1)),)), 1.0),))


def wrap(base: Variable | Call | Expression) -> Expression:
    """Make a base into an expression."""
    return base if isinstance(base, Expression) else _single(base)


def _odd_inner(inner: Product) -> bool:
    """Whether a fractional power may be merged: not over an even one, which has lost its sign."""
    return all(e.numerator % 2 != 0 or e.denominator != 1 for _, e in inner.factors)


def rank(factor: tuple[Variable | Call | Expression, Fraction]) -> tuple[int, int, str]:
    """Key of the canonical order: variables, then functions, then sums."""
    base = factor[0]
    if isinstance(base, Variable):
        return 0, 0, base.name
    if isinstance(base, Call):
        return 1, 0, f"{base.function}({base.argument})"
    return 2, 0, str(base)


def to_text(expression: Expression) -> str:
    """Canonical name, readable by `physmodel.problem.algebra.parser.parse`."""
    if not expression.summands:
        return "0"
    text = ""
    for inner, coefficient in expression.summands:
        sign = "-" if coefficient < 0 else "+"
        body = _product_text(inner, abs(coefficient))
        if text:
            text += f" {sign} {body}"
        else:
            text = f"-{body}" if sign == "-" else body
    return text


def _product_text(inner: Product, coefficient: float) -> str:
    parts = [] if coefficient == 1.0 and inner.factors else [_number(coefficient)]
    for base, exponent in inner.factors:
        if isinstance(base, Variable):
            body = base.name
        elif isinstance(base, Call):
            body = f"{base.function}({to_text(base.argument)})"
        else:
            body = f"({to_text(base)})"
        if exponent == HALF:  # as people write it
            parts.append(f"sqrt{body}" if body.startswith("(") else f"sqrt({body})")
        else:
            parts.append(body if exponent == 1 else f"{body}^{exponent_text(exponent)}")
    return "*".join(parts)


def _number(value: float) -> str:
    return repr(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def exponent_text(exponent: Fraction) -> str:
    """Write an exponent so that the parser reads it back."""
    if exponent.denominator == 1:
        return str(exponent.numerator)
    decimal = float(exponent)
    if Fraction(repr(decimal)) == exponent:
        return repr(decimal)
    return f"({exponent.numerator}/{exponent.denominator})"
