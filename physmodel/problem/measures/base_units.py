"""Units in base units: how many of which. Only here does ``mm`` know of ``m``.

Source: The International System of Units, 9th edition (BIPM, 2019), tables 2, 4, 7 and 8.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from physmodel.problem.measures.units import DIMENSIONLESS, Unit, parse_unit

#: Relative difference of two sizes that is rounding: a few products of powers.
ROUNDING = 1e-12

_PREFIXES = {
    **{"Q": 1e30, "R": 1e27, "Y": 1e24, "Z": 1e21, "E": 1e18, "P": 1e15, "T": 1e12, "G": 1e9},
    **{"M": 1e6, "k": 1e3, "h": 1e2, "da": 1e1, "d": 1e-1, "c": 1e-2, "m": 1e-3, "u": 1e-6},
    **{"µ": 1e-6, "μ": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15, "a": 1e-18, "z": 1e-21},
}

#: Size in base units and base units of symbols that take prefixes.
_PREFIXED = {
    **{"m": (1.0, "m"), "s": (1.0, "s"), "A": (1.0, "A"), "K": (1.0, "K"), "mol": (1.0, "mol")},
    **{"cd": (1.0, "cd"), "g": (1e-3, "kg"), "Hz": (1.0, "1/s"), "N": (1.0, "kg m s-2")},
    **{"Pa": (1.0, "kg m-1 s-2"), "J": (1.0, "kg m2 s-2"), "W": (1.0, "kg m2 s-3")},
    **{"C": (1.0, "A s"), "V": (1.0, "kg m2 s-3 A-1"), "F": (1.0, "kg-1 m-2 s4 A2")},
    **{"ohm": (1.0, "kg m2 s-3 A-2"), "Ω": (1.0, "kg m2 s-3 A-2")},
    **{"S": (1.0, "kg-1 m-2 s3 A2"), "Wb": (1.0, "kg m2 s-2 A-1"), "T": (1.0, "kg s-2 A-1")},
    **{"H": (1.0, "kg m2 s-2 A-2"), "Bq": (1.0, "1/s"), "L": (1e-3, "m3"), "l": (1e-3, "m3")},
    **{"bar": (1e5, "kg m-1 s-2"), "eV": (1.602176634e-19, "kg m2 s-2"), "M": (1e3, "mol m-3")},
}

#: The same of symbols that take none.
_WHOLE = {
    **{"min": (60.0, "s"), "h": (3600.0, "s"), "hour": (3600.0, "s"), "d": (86400.0, "s")},
    **{"day": (86400.0, "s"), "yr": (31557600.0, "s"), "year": (31557600.0, "s")},
    **{"au": (149597870700.0, "m"), "AU": (149597870700.0, "m")},
    **{"%": (1e-2, "1"), "ppm": (1e-6, "1"), "deg": (math.pi / 180.0, "1")},
    **{"degree": (math.pi / 180.0, "1"), "degrees": (math.pi / 180.0, "1")},
    **{"°": (math.pi / 180.0, "1"), "pH": (1.0, "pH")},
}


@dataclass(frozen=True)
class Measure:
    """A unit as a number of base units.

    `dimension`: product of base units; symbols that are not known stand for themselves.
    """

    size: float
    dimension: Unit

    def __mul__(self, other: Measure) -> Measure:
        return Measure(self.size * other.size, self.dimension * other.dimension)

    def __truediv__(self, other: Measure) -> Measure:
        return self * other**-1

    def __pow__(self, exponent: float | Fraction) -> Measure:
        try:
            size = self.size ** float(exponent)
        except OverflowError:
            size = math.inf
        return Measure(size, self.dimension**exponent)

    def same(self, other: Measure) -> bool:
        """Whether numbers in both units may be added."""
        return self.dimension == other.dimension and math.isclose(
            self.size, other.size, rel_tol=ROUNDING
        )


#: The unit of numbers that a function such as the sine may be taken of.
PURE = Measure(1.0, Unit())


def measure(unit: Unit) -> Measure:
    """A unit in base units."""
    total = PURE
    for symbol, exponent in unit.powers:
        total = total * _symbol(symbol) ** exponent
    return total


def has_zero_of_its_own(unit: Unit) -> bool:
    """Whether zero is a matter of convention, so that products and quotients mean nothing."""
    return any(symbol in {"°C", "°F", "degC", "degF", "pH"} for symbol, _ in unit.powers)


@cache
def _symbol(symbol: str) -> Measure:
    if symbol in DIMENSIONLESS:
        return PURE
    for known, prefixes in ((_WHOLE, {"": 1.0}), (_PREFIXED, {"": 1.0, **_PREFIXES})):
        for prefix, factor in prefixes.items():
            size, base = known.get(symbol.removeprefix(prefix), (0.0, ""))
            if size and symbol.startswith(prefix):
                return Measure(factor * size, parse_unit(base) or Unit())
    return Measure(1.0, Unit(((symbol, Fraction(1)),)))
