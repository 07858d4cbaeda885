"""What a problem says about its symmetries and laws, read and checked together."""

from __future__ import annotations

import numpy as np

from physmodel.errors import ProblemError
from physmodel.problem.known.conditions import Condition
from physmodel.problem.known.law import Law
from physmodel.problem.known.law_conditions import law_conditions
from physmodel.problem.known.law_text import read_law
from physmodel.problem.known.symmetry import Symmetry
from physmodel.problem.known.symmetry_text import PLAIN, read_symmetry
from physmodel.problem.measures.units import parse_unit
from physmodel.problem.statement import Statement


def symmetries_of(problem: Statement) -> tuple[Symmetry, ...]:
    """The symmetries that a problem names, over its states and inputs."""
    return tuple(read_symmetry(text, problem.states, problem.inputs) for text in problem.symmetries)


def laws_of(problem: Statement) -> tuple[Law, ...]:
    """The laws that a problem names."""
    return tuple(read_law(text, problem.states, problem.inputs) for text in problem.laws)


def conditions_of(problem: Statement, order: int) -> tuple[Condition, ...]:
    """All that symmetries and laws ask of a model of some order.

    `order` ``{1, 2}``. Raises ProblemError if one of them cannot hold in this order.
    """
    found: list[Condition] = []
    for symmetry in symmetries_of(problem):
        found += symmetry.conditions(problem.states, problem.inputs, order)
    for law in laws_of(problem):
        found += law_conditions(law, problem.states, problem.inputs, order)
    return tuple(found)


def orders_of(problem: Statement) -> tuple[int, ...]:
    """Orders in time that a problem leaves open.

    Returns: those in which every symmetry and law can hold. Raises ProblemError if there is none:
    the reason of the last one.
    """
    asked = (problem.order,) if problem.order else ((1,) if problem.positive else (1, 2))
    found, refusal = [], ProblemError("no order in time is left")
    for order in asked:
        try:
            conditions_of(problem, order)
            found.append(order)
        except ProblemError as error:
            refusal = error
    if not found:
        raise refusal
    return tuple(found)


def positive_by_law(problem: Statement) -> tuple[str, ...]:
    """Positive states, those that a law ``positive:x`` names included."""
    named = [
        name
        for text in problem.laws
        if text.partition(":")[0].strip() == "positive"
        for name in read_law(text, problem.states, problem.inputs).names
    ]
    return tuple(dict.fromkeys((*problem.positive, *named)))


def require_consistent(problem: Statement) -> None:
    """Refuse symmetries and laws that do not fit the variables, their units or the order.

    Raises ProblemError: naming the symmetry or law.
    """
    if not (problem.symmetries or problem.laws):
        return
    for symmetry in symmetries_of(problem):
        if symmetry.name.partition(":")[0] in PLAIN:
            _require_one_unit(symmetry, dict(problem.units))
    orders_of(problem)


def _require_one_unit(symmetry: Symmetry, units: dict[str, str]) -> None:
    """Variables that are turned into each other, or shifted together, need one scale."""
    for one in (*symmetry.elements, *symmetry.generators):
        together = one.linear != 0.0
        for shift in (one.offset, one.boost):
            together = together | (np.multiply.outer(shift, shift) != 0.0)
        for i, j in np.argwhere(together):
            left, right = (symmetry.variables[k] for k in (i, j))
            known = left in units and right in units
            if known and parse_unit(units[left]) != parse_unit(units[right]):
                raise ProblemError(
                    f"{left!r} is in {units[left]} and {right!r} in {units[right]}",
                    where=f"symmetry {symmetry.name!r}",
                    why="variables that a symmetry turns into each other are compared as numbers",
                    fix="convert them to one unit, or write the factor into map: or generator:",
                )
