"""Units of the coefficients of a law."""

from __future__ import annotations

from physmodel.models.fields.sparse_field import SparseField, velocity_name
from physmodel.problem.measures.units import Unit, coefficient_unit, parse_unit, unit_of
from physmodel.problem.problem import Problem


def coefficient_units(problem: Problem, model: SparseField) -> dict[tuple[str, str], str]:
    """Units by equation and term, empty where those of the data are unknown.

    Returns
    -------
    dict of (state, term) to str
    """
    known: dict[str, Unit | None] = {name: None for name in model.library.variables}
    known |= {name: parse_unit(unit) for name, unit in problem.units}
    time = parse_unit(problem.time_unit)
    known["t"] = time
    if model.order == 2:
        for state in problem.states:
            unit = known[state]
            known[velocity_name(state)] = unit / time if unit and time else None
    return {
        (state, str(term)): coefficient_unit(known[state], time, model.order, unit_of(term, known))
        for state in problem.states
        for term in model.terms
    }
