"""Polynomials in several variables as tables of exponents: exact algebra on coefficients."""

from __future__ import annotations

from collections.abc import Sequence

from physmodel.problem.algebra.expression import Expression, Variable

#: Exponents of a monomial, in the order of some names, and its coefficient.
Polynomial = dict[tuple[int, ...], float]


def polynomial(expression: Expression, names: Sequence[str]) -> Polynomial | None:
    """Expand an expression.

    `names`: variables, in the order of the exponents. Returns: None if the expression is no
    polynomial in these variables.
    """
    total: Polynomial = {}
    for inner, coefficient in expression.summands:
        part = number(coefficient, len(names))
        for base, exponent in inner.factors:
            if exponent.denominator != 1 or exponent < 0:
                return None
            if isinstance(base, Variable):
                if base.name not in names:
                    return None
                factor: Polynomial | None = coordinate(list(names).index(base.name), len(names))
            else:
                factor = polynomial(base, names) if isinstance(base, Expression) else None
            if factor is None:
                return None
            part = times(part, raised(factor, int(exponent), len(names)))
        total = plus(total, part)
    return total


def number(value: float, n_variables: int) -> Polynomial:
    """A constant."""
    return {(0,) * n_variables: value} if value else {}


def coordinate(position: int, n_variables: int) -> Polynomial:
    """One of the variables."""
    return {tuple(int(j == position) for j in range(n_variables)): 1.0}


def plus(one: Polynomial, other: Polynomial, factor: float = 1.0) -> Polynomial:
    """``one + factor * other``; what cancels exactly is left out."""
    total = dict(one)
    for exponents, coefficient in other.items():
        total[exponents] = total.get(exponents, 0.0) + factor * coefficient
    return {exponents: value for exponents, value in total.items() if value != 0.0}


def times(one: Polynomial, other: Polynomial) -> Polynomial:
    """Product."""
    total: Polynomial = {}
    for a, left in one.items():
        for b, right in other.items():
            key = tuple(i + j for i, j in zip(a, b, strict=True))
            total[key] = total.get(key, 0.0) + left * right
    return {exponents: value for exponents, value in total.items() if value != 0.0}


def raised(base: Polynomial, exponent: int, n_variables: int) -> Polynomial:
    """A whole power."""
    result = number(1.0, n_variables)
    for _ in range(exponent):
        result = times(result, base)
    return result


def slope(of: Polynomial, position: int) -> Polynomial:
    """Partial derivative by one variable."""
    return {
        (*exponents[:position], exponents[position] - 1, *exponents[position + 1 :]): (
            coefficient * exponents[position]
        )
        for exponents, coefficient in of.items()
        if exponents[position]
    }


def substituted(of: Polynomial, forms: Sequence[Polynomial]) -> Polynomial:
    """The polynomial with every variable replaced by another polynomial."""
    n = len(forms)
    total: Polynomial = {}
    for exponents, coefficient in of.items():
        part = number(coefficient, n)
        for form, exponent in zip(forms, exponents, strict=True):
            part = times(part, raised(form, exponent, n))
        total = plus(total, part)
    return total
