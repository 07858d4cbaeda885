"""Which terms a law may hold, by their units.

A coefficient may have any unit, so that every product of powers is possible. Not so a function of
something that has a unit, or a sum of different units; and where the constants of nature are
declared, every coefficient has to be made of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from physmodel.errors import ProblemError
from physmodel.problem.algebra.expression import Call, Expression, Variable, variable
from physmodel.problem.algebra.parser import parse
from physmodel.problem.measures.base_units import PURE, Measure
from physmodel.problem.measures.constants import constants_of
from physmodel.problem.measures.dimensions import known_measures, made_of
from physmodel.problem.measures.scales import scale_advice
from physmodel.problem.statement import Statement

#: Functions of quantities with any unit, and what they do to it.
_OF_ANY = {"abs": lambda unit: unit, "sign": lambda unit: PURE}
_Rule = Callable[[Measure | None], Measure | None]
_Advice = Callable[[Call, Measure], str]


def measures_of(problem: Statement) -> dict[str, Measure]:
    """Units in base units of what terms may hold: variables, velocities, ``t`` and constants.

    Returns: without what has no known unit.
    """
    known = known_measures({**dict(problem.units), "t": problem.time_unit})
    if "t" in known:
        known |= {f"{s}_t": known[s] / known["t"] for s in problem.states if s in known}
    return known | {one.name: one.measure for one in constants_of(problem)}


def _divide(function: Call, unit: Measure) -> str:
    return f"divide {function.argument} by a constant; declare it, with its value, in `constants`"


def measure_of(
    expression: Expression,
    units: Mapping[str, Measure],
    advice: _Advice = _divide,
) -> Measure | None:
    """Unit of an expression in base units.

    `units`: names left out have an unknown unit. `advice`: what to do about a function of something
    in a unit: the end of the error. Returns: None where it depends on an unknown unit. Raises
    ProblemError if unlike units are added, or a function is taken of anything but a pure number.
    """
    found: list[tuple[Expression, Measure | None]] = []
    for inner, _ in expression.summands:
        total: Measure | None = PURE
        for base, exponent in inner.factors:
            unit = _base(base, units, advice)
            total = None if unit is None or total is None else total * unit**exponent
        found.append((Expression(((inner, 1.0),)), total))
    known = [(part, unit) for part, unit in found if unit is not None]
    for part, unit in known[1:]:
        first, expected = known[0]
        if not unit.same(expected):
            raise ProblemError(
                f"{first} is in {_named(expected)} and {part} in {_named(unit)}: they have no sum",
                fix="multiply one by a constant; declare it, with its value, in `constants`",
            )
    return PURE if not found else found[0][1] if len(known) == len(found) else None


def require_units(problem: Statement) -> None:
    """Refuse terms and functions that no coefficient can make consistent.

    Raises ProblemError: naming the term.
    """
    units = measures_of(problem)

    def advice(function: Call, unit: Measure) -> str:
        return scale_advice(problem, function, unit, units)

    velocities = [f"{state}_t" for state in problem.states]
    names = tuple(
        dict.fromkeys(
            (*problem.states, *velocities, *problem.inputs, "t", *dict(problem.constants))
        )
    )
    for text in (*problem.terms, *problem.library):
        try:
            measure_of(parse(text, names), units, advice)
        except ProblemError as error:
            error.where = f"term {text!r}"
            raise
    if problem.functions:
        _require_arguments(problem, units, advice)


def possible(problem: Statement, order: int, terms: Sequence[Expression]) -> list[list[bool]]:
    """Which terms the equation of each state may hold.

    Raises ProblemError if constants are declared and the unit of a variable or of the time is not
    known.

    Parameters
    ----------
    problem : Statement
    order : {1, 2}
        Order in time of the equations.
    terms : sequence of Expression (p,)
        Right-hand sides of states, per-capita rates of positive ones; constants may be named.
    """
    units = measures_of(problem)
    constants = [one.measure.dimension for one in constants_of(problem)]
    if constants:
        _require_known(problem, units)
    sound, sizes = zip(*(_sized(term, units) for term in terms), strict=True)
    table = []
    for state in problem.states:
        row = list(sound)
        for k, unit in enumerate(sizes):
            if constants and unit is not None:
                left = PURE if state in problem.positive else units[state]
                coefficient = left / units["t"] ** order / unit
                row[k] = made_of(coefficient.dimension, constants)
        table.append(row)
    return table


def _sized(term: Expression, units: Mapping[str, Measure]) -> tuple[bool, Measure | None]:
    """Whether a term makes sense at all, and its unit where it is known."""
    try:
        return True, measure_of(term, units)
    except ProblemError:
        return False, None


def _base(
    base: Variable | Call | Expression, units: Mapping[str, Measure], advice: _Advice
) -> Measure | None:
    if isinstance(base, Variable):
        return units.get(base.name)
    if isinstance(base, Expression):
        return measure_of(base, units, advice)
    unit = measure_of(base.argument, units, advice)
    rule: _Rule | None = _OF_ANY.get(base.function)
    if rule is not None:
        return rule(unit)
    if unit is not None and not unit.same(PURE):
        raise ProblemError(
            f"{base.function} takes a pure number; {base.argument} is in {_named(unit)}",
            why="in other units it would be another function",
            fix=advice(base, unit),
        )
    return PURE


def _require_arguments(problem: Statement, units: Mapping[str, Measure], advice: _Advice) -> None:
    """Functions are taken of the states that are pure numbers; there has to be one."""
    for function in problem.functions:
        if function in _OF_ANY:
            continue
        if not any(units.get(state, PURE).same(PURE) for state in problem.states):
            name = problem.states[0]
            unit = dict(problem.units)[name]
            raise ProblemError(
                f"{function} takes a pure number; {name} is in {unit}",
                where=f"term '{function}({name})'",
                why="in other units it would be another function",
                fix=advice(Call(function, variable(name)), units[name]),
            )


def _require_known(problem: Statement, units: Mapping[str, Measure]) -> None:
    for name in (*problem.states, *problem.inputs, "t"):
        if name not in units:
            what = "the time" if name == "t" else repr(name)
            raise ProblemError(
                f"the unit of {what} is not known, or has a zero of its own",
                where="constants",
                why="whether a coefficient is made of the constants depends on it",
                fix="give the unit of every variable and of the time, or declare no constants",
            )


def _named(unit: Measure) -> str:
    if not unit.dimension.powers:
        return f"units of {unit.size:g}"
    return f"{'' if unit.size == 1.0 else f'{unit.size:g} '}{unit.dimension}"
