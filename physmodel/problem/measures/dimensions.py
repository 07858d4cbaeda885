"""Dimensional analysis: dimensionless groups of quantities, and the group of changes of units.

Everything is exact: exponents are fractions, groups have whole ones.

References
----------
Buckingham (1914), On physically similar systems, Phys. Rev. 4, 345, equation 11;
Barenblatt (2003), Scaling, section 1.1; Olver (1993), Applications of Lie Groups to Differential
Equations, section 3.4 (the Pi theorem as invariants of a group of scalings).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import comb, isclose, isfinite

from physmodel.errors import ProblemError
from physmodel.problem.algebra.calculus import ordered
from physmodel.problem.algebra.expression import Expression, monomial
from physmodel.problem.algebra.rational import Row, null_basis, primitive, remainder, row_echelon
from physmodel.problem.known.lie import scaling
from physmodel.problem.known.symmetry import Symmetry
from physmodel.problem.measures.base_units import ROUNDING, Measure, has_zero_of_its_own, measure
from physmodel.problem.measures.units import Unit, parse_unit

#: Sets of quantities that are searched for the shortest groups; beyond, one group for each
#: quantity that a fixed set of others can measure.
MOST_SETS = 2000


@dataclass(frozen=True)
class PiGroup:
    """A product of powers of quantities that has no unit.

    `powers`: quantities and their exponents, none zero, the first positive. `factor`: what the
    product of the numbers is multiplied by: other than one where units of one kind differ in size,
    such as ``mm`` and ``m``.
    """

    powers: tuple[tuple[str, int], ...]
    factor: float = 1.0

    @property
    def expression(self) -> Expression:
        """The product, without the factor."""
        return ordered(monomial(dict(self.powers)), tuple(name for name, _ in self.powers))

    def __str__(self) -> str:
        return str(self.expression)


def pi_groups(units: Mapping[str, str]) -> tuple[PiGroup, ...]:
    """Dimensionless groups of quantities: a complete set of independent ones, the shortest first.

    Parameters
    ----------
    units : mapping of str to str
        Unit of each quantity, ``"1"`` for pure numbers. Quantities of unknown unit (``""``) and
        temperatures on a scale whose zero is a convention take no part.

    Returns
    -------
    tuple of PiGroup
        As many as there are quantities less the rank of their dimensions (Buckingham's theorem).
        Of the groups that no part of their quantities could form, the set with the smallest sum
        of exponents.

    Raises
    ------
    ProblemError
        If a text is no unit, or units of one kind differ by more than floats can hold.

    Examples
    --------
    >>> [str(g) for g in pi_groups({"T": "s", "l": "m", "g": "m/s^2", "m": "kg"})]
    ['T^2*l^-1*g']
    """
    measures = known_measures(units)
    names = tuple(measures)
    rows = dimension_rows([measures[name].dimension for name in names])
    wanted = len(names) - len(row_echelon(rows)[1])
    found: list[list[int]] = []
    known: list[Row] = []
    for group in sorted(_circuits(rows, len(names), wanted), key=_length):
        if len(found) == wanted:
            break
        rest = remainder([Fraction(value) for value in group], known)
        if any(rest):
            found.append(group)
            known.append(rest)
    return tuple(_group(names, group, measures) for group in found)


def rescalings(
    units: Mapping[str, str], time_unit: str, constants: Mapping[str, str] | None = None
) -> tuple[Symmetry, ...]:
    """Changes of units under which no constant changes: symmetries of every law made of them.

    `units`: unit of each variable. `constants`: units of the constants that the law may hold; none
    by default. Returns: one scaling for each independent change, with whole weights. Raises
    ProblemError if a unit is missing or cannot be read.
    """
    parts = {**units, "the time": time_unit, **(constants or {})}
    measures = known_measures(parts)
    for name in parts:
        if name not in measures:
            raise ProblemError(f"the unit of {name} is not known", fix='such as "m", or "1"')
    symbols = sorted({s for one in measures.values() for s, _ in one.dimension.powers})
    fixed = [_exponents(measures[name].dimension, symbols) for name in constants or {}]
    moving = [_exponents(measures[name].dimension, symbols) for name in (*units, "the time")]
    weights = [
        [sum((a * b for a, b in zip(change, row, strict=True)), Fraction(0)) for row in moving]
        for change in null_basis(fixed, len(symbols))
    ]
    found = []
    for row in row_echelon(weights)[0]:
        *of_variables, of_time = primitive(row)
        named = {name: float(w) for name, w in zip(units, of_variables, strict=True) if w}
        found.append(scaling(named, float(of_time)))
    return tuple(found)


def made_of(dimension: Unit, constants: Sequence[Unit]) -> bool:
    """Whether a dimension is a product of powers, fractions included, of those of constants.

    `dimension`: of base units.
    """
    return exponents_of(dimension, constants) is not None


def exponents_of(dimension: Unit, constants: Sequence[Unit]) -> Row | None:
    """Powers of constants whose product has a dimension.

    `dimension`: of base units. Returns: None if there are none. Of many the one that uses the first
    constants only.
    """
    table = [list(row) for row in dimension_rows([*constants, dimension])]
    rows, pivots = row_echelon(table)
    if len(constants) in pivots:
        return None
    powers = [Fraction(0)] * len(constants)
    for row, pivot in zip(rows, pivots, strict=True):
        powers[pivot] = row[-1]
    return powers


def known_measures(units: Mapping[str, str]) -> dict[str, Measure]:
    """Units in base units, of the quantities that may be multiplied with each other.

    Returns: without unknown units and temperatures whose zero is a convention.
    """
    parsed = {name: parse_unit(text) for name, text in units.items()}
    return {
        name: measure(unit)
        for name, unit in parsed.items()
        if unit is not None and not has_zero_of_its_own(unit)
    }


def dimension_rows(dimensions: Sequence[Unit]) -> list[Row]:
    """The dimensional matrix: one row for each base unit, one column for each dimension."""
    symbols = sorted({symbol for one in dimensions for symbol, _ in one.powers})
    columns = [_exponents(one, symbols) for one in dimensions]
    return [[column[k] for column in columns] for k in range(len(symbols))]


def _exponents(dimension: Unit, symbols: Sequence[str]) -> Row:
    powers = dict(dimension.powers)
    return [powers.get(symbol, Fraction(0)) for symbol in symbols]


def _circuits(rows: list[Row], n: int, wanted: int) -> Iterator[list[int]]:
    """Groups that no part of their quantities could form; all, if they are not too many."""
    largest = n - wanted + 1
    if sum(comb(n, size) for size in range(1, largest + 1)) > MOST_SETS:
        yield from (primitive(vector) for vector in null_basis(rows, n))
        return
    for size in range(1, largest + 1):
        for chosen in combinations(range(n), size):
            basis = null_basis([[row[k] for k in chosen] for row in rows], size)
            if len(basis) == 1 and all(basis[0]):
                group = [0] * n
                for k, value in zip(chosen, primitive(basis[0]), strict=True):
                    group[k] = value
                yield group


def _length(group: Sequence[int]) -> tuple[int, int, list[int]]:
    sizes = [abs(value) for value in group]
    return sum(sizes), max(sizes), [k for k, size in enumerate(sizes) if size]


def _group(names: Sequence[str], group: Sequence[int], measures: Mapping[str, Measure]) -> PiGroup:
    powers = tuple((name, e) for name, e in zip(names, group, strict=True) if e)
    factor = 1.0
    for name, exponent in powers:
        factor *= measures[name].size ** exponent
    if not (isfinite(factor) and factor > 0.0):
        named = ", ".join(name for name, _ in powers)
        raise ProblemError(
            f"the units of {named} differ by a factor of {factor:g}",
            why="it leaves the range of floats",
            fix="use units of like size",
        )
    return PiGroup(powers, 1.0 if isclose(factor, 1.0, rel_tol=ROUNDING) else factor)
