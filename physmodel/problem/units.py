"""Units as products of symbols: enough to give every coefficient its unit, no conversions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from physmodel.errors import ProblemError
from physmodel.problem.expression import Call, Expression, Variable

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![A-Za-z])|(?P<symbol>[^\W\d_][\w%°µ]*|%|°)"
    r"|(?P<power>\*\*|\^)|(?P<operator>[*/·()])|(?P<sign>[+-]))"
)
#: Plain exponents written without a sign: ``s-2`` and ``s2``.
_GLUED = re.compile(r"(?P<symbol>[^\W\d_]+)(?P<exponent>[+-]?\d+)$")

#: Symbols without dimension: what functions such as the sine may be taken of.
DIMENSIONLESS = frozenset({"rad", "radian", "radians", "sr", "1", "count"})


@dataclass(frozen=True)
class Unit:
    """A product of powers of symbols; no symbols at all is the pure number.

    Attributes
    ----------
    powers : tuple of (symbol, exponent)
        Sorted by symbol, exponents not zero.
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
        exact = Fraction(exponent).limit_denominator(1000)
        return Unit(tuple((s, e * exact) for s, e in self.powers if e * exact))

    def __str__(self) -> str:
        above = [_power(s, e) for s, e in self.powers if e > 0]
        below = [_power(s, -e) for s, e in self.powers if e < 0]
        if not below:
            return "*".join(above)
        bottom = "/".join(below)
        return f"{'*'.join(above) or '1'}/{bottom}"

    @property
    def is_number(self) -> bool:
        """Whether only dimensionless symbols occur."""
        return all(symbol in DIMENSIONLESS for symbol, _ in self.powers)


def parse_unit(text: str) -> Unit | None:
    """Read a unit such as ``m/s^2``, ``m s-2``, ``kg m**-1`` or ``au^3/day^2``.

    Parameters
    ----------
    text : str
        Empty means unknown; ``"1"`` is the pure number. Symbols are opaque.

    Returns
    -------
    Unit or None
        None when the unit is unknown.

    Raises
    ------
    ProblemError
        If the text cannot be read as a unit.
    """
    if not text.strip():
        return None
    total, sign, depth = Unit(), 1, 0
    last: Unit | None = None
    position = 0
    pending_power = False
    exponent_sign = 1
    for_group: list[tuple[Unit, int]] = []

    def fail() -> ProblemError:
        return ProblemError(
            f"{text!r} is not a unit",
            fix="write it like 'm/s^2', 'm s-2' or 'kg*m^-1'; '' means unknown",
        )

    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if match is None:
            raise fail()
        position = match.end()
        if match["sign"]:
            if not pending_power and last is None:
                raise fail()
            exponent_sign = -1 if match["sign"] == "-" else 1
            pending_power = True
        elif match["number"]:
            if pending_power:
                if last is None:
                    raise fail()
                total = total / last * last ** (Fraction(match["number"]) * exponent_sign)
                last, pending_power, exponent_sign = None, False, 1
            elif float(match["number"]) != 1.0:
                raise fail()
        elif match["symbol"]:
            glued = _GLUED.match(match["symbol"])
            name, exponent = (
                (glued["symbol"], int(glued["exponent"]))
                if glued
                else (
                    match["symbol"],
                    1,
                )
            )
            last = Unit(((name, Fraction(sign * exponent)),))
            total = total * last
            sign = sign if depth else 1
        elif match["power"]:
            pending_power = True
        elif match["operator"] == "/":
            sign, last = -1, None
        elif match["operator"] == "(":
            for_group.append((total, sign))
            total, sign, last, depth = Unit(), 1, None, depth + 1
        elif match["operator"] == ")":
            if not for_group:
                raise fail()
            outer, outer_sign = for_group.pop()
            last = total**outer_sign
            total, sign, depth = outer * last, 1, depth - 1
        else:
            last = None
    if pending_power or for_group:
        raise fail()
    return total


def unit_of(expression: Expression, units: Mapping[str, Unit | None]) -> Unit | None:
    """Unit of an expression.

    Parameters
    ----------
    expression : Expression
    units : mapping of str to Unit or None

    Returns
    -------
    Unit or None
        None where a unit is unknown or summands disagree.
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

    Parameters
    ----------
    state, time, term : Unit or None
    order : int
        Order in time of the equation.

    Returns
    -------
    str
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
