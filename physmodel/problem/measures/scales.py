"""What to write for a function of a quantity that has a unit: the quantity over a constant."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fractions import Fraction

from physmodel.problem.algebra.calculus import names_in
from physmodel.problem.algebra.expression import Call
from physmodel.problem.measures.base_units import Measure
from physmodel.problem.measures.constants import constants_of
from physmodel.problem.measures.dimensions import made_of
from physmodel.problem.measures.units import Unit, parse_unit, unit_of
from physmodel.problem.statement import Statement


def scale_advice(
    problem: Statement, function: Call, unit: Measure, units: Mapping[str, Measure]
) -> str:
    """Say how to write a function of what is no pure number.

    `unit`: of its argument. `units`: what is known of variables and the time. Returns: constants of
    size one, so that the numbers stay as they are. Coefficients are made of declared constants, so
    that there is one for every base unit of the problem.
    """
    if not unit.dimension.powers:
        return "convert the data: angles to radians, shares to pure numbers"
    argument, inner = str(function.argument), sorted(names_in(function.argument))
    taken = {*problem.states, *problem.inputs, *dict(problem.constants)}
    name = _free(f"{inner[0]}0" if len(inner) == 1 else "scale", taken)
    scales = {name: f"1 {unit_of(function.argument, _written(problem)) or unit.dimension}"}
    made = [unit.dimension, *(one.measure.dimension for one in constants_of(problem))]
    for symbol in sorted({s for one in units.values() for s, _ in one.dimension.powers}):
        base = Unit(((symbol, Fraction(1)),))
        if not made_of(base, made):
            made.append(base)
            key = f"{symbol}0" if symbol.isidentifier() else "unit0"
            scales[_free(key, {*taken, *scales})] = f"1 {symbol}"
    table = ", ".join(f'{key} = "{text}"' for key, text in scales.items())
    over = argument if argument.isidentifier() else f"({argument})"
    why = "; coefficients are made of the constants, which is what the others are for"
    return (
        f"declare constants = {{{table}}} and write the term {function.function}({over}/{name}), "
        f"which is the same function of the same numbers{why if len(scales) > 1 else ''}"
    )


def _written(problem: Statement) -> dict[str, Unit | None]:
    """Units as the user writes them: a constant of size one in them changes no number."""
    own = {name: parse_unit(text) for name, text in problem.units}
    own |= {one.name: parse_unit(one.unit) for one in constants_of(problem)}
    time = parse_unit(problem.time_unit)
    rates = {
        f"{state}_t": unit / time
        for state in problem.states
        if time is not None and (unit := own.get(state)) is not None
    }
    return {**rates, **own, "t": time}


def _free(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name += "0"
    return name
