"""Units of the coefficients of a law."""

from __future__ import annotations

from physmodel.models.fields.sparse_field import SparseField, term_variables, velocity_name
from physmodel.problem.measures.units import Unit, coefficient_unit, parse_unit, unit_of
from physmodel.problem.problem import Problem


def coefficient_units(problem: Problem, model: SparseField) -> dict[tuple[str, str], str]:
    """Units by equation and term, empty where those of the data are unknown.

    Returns
    -------
    dict of (state, term) to str
    """
    known, time = variable_units(problem, model.order), parse_unit(problem.time_unit)
    return {
        (state, str(term)): coefficient_unit(known[state], time, model.order, unit_of(term, known))
        for state in problem.states
        for term in model.terms
    }


def variable_units(problem: Problem, order: int) -> dict[str, Unit | None]:
    """Units of what terms may hold, None where they are unknown."""
    known: dict[str, Unit | None] = dict.fromkeys(
        term_variables(problem.states, problem.inputs, order)
    )
    known |= {name: parse_unit(unit) for name, unit in problem.units}
    time = known["t"] = parse_unit(problem.time_unit)
    if order == 2:
        for state in problem.states:
            unit = known[state]
            known[velocity_name(state)] = unit / time if unit and time else None
    return known
