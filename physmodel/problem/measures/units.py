"""Units as products of symbols: enough to give every coefficient its unit, no conversions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from physmodel.errors import ProblemError
from physmodel.problem.algebra.expression import Call, Expression, Variable, exact_exponent

_TOKEN = re.compile(
    r"\s*(?P<piece>\*\*|[*/·^()+-]|\d+(?:\.\d+)?(?![^\W\d_])|[^\W\d_][^\W\d]*|%|°[^\W\d_]*)"
)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")

#: Symbols without dimension: what functions such as the sine may be taken of.
DIMENSIONLESS = frozenset({"rad", "radian", "radians", "sr", "1", "count"})


@dataclass(frozen=True)
class Unit:
    """A product of powers of symbols; no symbols at all is the pure number.

    `powers` ``(symbol, exponent)``: sorted by symbol, exponents not zero.
    """

    powers: tuple[tuple[str, Fraction], ...] = ()

    def __mul__(self, other: Unit) -> Unit:
        total = dict(self.powers)
        for symbol, exponent in other.powers:
            total[symbol] = total.get(symbol, Fraction(0)) + exponent
        return Unit(tuple(sorted((s, e) for s, e in total.items() if e)))

    def __truediv__(self, other: Unit) -> Unit:
        return self * other**-1

    def __pow__(self, exponent: float | Fraction) -> Unit:
        exact = exact_exponent(exponent)
        return Unit(tuple((s, e * exact) for s, e in self.powers if e * exact))

    def __str__(self) -> str:
        above = [_power(s, e) for s, e in self.powers if e > 0]
        below = [_power(s, -e) for s, e in self.powers if e < 0]
        if not below:
            return "*".join(above) or "1"
        bottom = "/".join(below)
        return f"{'*'.join(above) or '1'}/{bottom}"

    @property
    def is_number(self) -> bool:
        """Whether only dimensionless symbols occur."""
        return all(symbol in DIMENSIONLESS for symbol, _ in self.powers)


def parse_unit(text: str) -> Unit | None:
    """Read a unit such as ``m/s^2``, ``m s-2``, ``kg m**-1`` or ``au^3/day^2``.

    `text`: empty means unknown; ``"1"`` is the pure number. Symbols are opaque. Returns: None when
    the unit is unknown. Raises ProblemError if the text cannot be read as a unit.
    """
    if not text.strip():
        return None
    try:
        reader = _Reader(_tokens(text))
        unit = reader.unit()
        reader.expect(None)
    except (ValueError, ZeroDivisionError, OverflowError, RecursionError):
        raise ProblemError(
            f"{text!r} is not a unit",
            fix="write it like 'm/s^2', 'm s-2' or 'kg*m^-1'; '' means unknown",
        ) from None
    return unit


class _Reader:
    """Recursive descent over ``unit = factor {[*|/] factor}``, ``factor = base [[^] exponent]``."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = [*reversed(tokens)]

    @property
    def next(self) -> str | None:
        return self.tokens[-1] if self.tokens else None

    def expect(self, piece: str | None) -> None:
        if self.next != piece:
            raise ValueError(self.next)
        if piece is not None:
            self.tokens.pop()

    def take(self, *options: str) -> str | None:
        return self.tokens.pop() if self.next in options else None

    def unit(self) -> Unit:
        total = self.factor()
        while self.next not in (None, ")"):
            operator = self.take("*", "·", "/")
            factor = self.factor()
            total = total / factor if operator == "/" else total * factor
        return total

    def factor(self) -> Unit:
        piece = self.tokens.pop() if self.tokens else ""
        if piece == "(":
            base = self.unit()
            self.expect(")")
        elif piece == "1":
            base = Unit()
        elif piece[:1].isalpha() or piece[:1] in {"%", "°"}:
            base = Unit(((piece, Fraction(1)),))
        else:
            raise ValueError(piece)
        raised = self.take("^", "**")
        if raised or self.next in ("+", "-") or (self.next or "")[:1].isdigit():
            return base ** self.exponent()
        return base

    def exponent(self) -> Fraction:
        if self.take("("):
            above = self.exponent()
            below = self.exponent() if self.take("/") else Fraction(1)
            self.expect(")")
            return above / below
        sign = -1 if self.take("+", "-") == "-" else 1
        return sign * Fraction(self.tokens.pop() if self.tokens else "")


def _tokens(text: str) -> list[str]:
    text = text.translate(_SUPERSCRIPTS).rstrip()
    tokens, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(text[position:])
        tokens.append(match["piece"])
        position = match.end()
    return tokens


def unit_of(expression: Expression, units: Mapping[str, Unit | None]) -> Unit | None:
    """Unit of an expression.

    Returns: None where a unit is unknown or summands disagree.
    """
    found: Unit | None = None
    for index, (inner, _) in enumerate(expression.summands):
        total = Unit()
        for base, exponent in inner.factors:
            if isinstance(base, Variable):
                unit = units.get(base.name)
            elif isinstance(base, Call):
                unit = Unit() if base.function not in {"abs"} else unit_of(base.argument, units)
            else:
                unit = unit_of(base, units)
            if unit is None:
                return None
            total = total * unit**exponent
        if index and total != found:
            return None
        found = total
    return found


def coefficient_unit(state: Unit | None, time: Unit | None, order: int, term: Unit | None) -> str:
    """Unit of a coefficient, empty where any part of it is unknown.

    `order`: order in time of the equation.
    """
    if state is None or time is None or term is None:
        return ""
    return str(state / time**order / term)


def _power(symbol: str, exponent: Fraction) -> str:
    if exponent == 1:
        return symbol
    if exponent.denominator == 1:
        return f"{symbol}^{exponent.numerator}"
    return f"{symbol}^({exponent})"
