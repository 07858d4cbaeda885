"""What source text is written from: equations as sums, each summand with a note beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from physmodel.laws.record import LawRecord
from physmodel.laws.texts.naming import title_of
from physmodel.laws.texts.render import number, numbers_inside
from physmodel.models.fields.central_force import CentralForce
from physmodel.models.fields.expression_field import ExpressionField
from physmodel.models.fields.sparse_field import term_variables
from physmodel.problem.algebra.expression import Expression, add, constant, power, product, variable
from physmodel.problem.algebra.parser import parse

if TYPE_CHECKING:
    import xarray as xr

    from physmodel.problem.problem import Problem

#: A summand of an equation and what is to be said beside it.
Summand = tuple[Expression, str]


@dataclass(frozen=True)
class Formulas:
    """A law as it is written in any programming language.

    Attributes
    ----------
    problem : Problem
    order : int
        1 or 2.
    equations : mapping of state to tuple of Summand
        Over the states, their velocities (order 2), the inputs, ``t`` and the names of `numbers`.
    about : tuple of str
        Lines that stand above the function.
    numbers : mapping of str to (float, str)
        Numbers with a name, and what is to be said beside them.
    """

    problem: Problem
    order: int
    equations: Mapping[str, tuple[Summand, ...]]
    about: tuple[str, ...]
    numbers: Mapping[str, tuple[float, str]] = field(default_factory=dict)


def formulas_of(law: LawRecord) -> Formulas:
    """The equations of a discovered law, with the standard error of each number."""
    problem, model = law.problem, law.model
    equations = _central(law, model) if isinstance(model, CentralForce) else _sparse(law)
    above = about(problem, model.order, law.status, law.data)
    return Formulas(problem, model.order, equations, above)


def written_out(
    problem: Problem,
    model: ExpressionField,
    status: str,
    data: xr.Dataset | None,
    notes: Sequence[str],
) -> Formulas:
    """Equations with their numbers by name; `notes` stand beside the numbers."""
    equations = {
        state: tuple((Expression((summand,)), "") for summand in whole.summands)
        for state, whole in zip(model.states, model.expressions, strict=True)
    }
    columns = zip(model.names, model.parameters.tolist(), notes, strict=True)
    numbers = {name: (value, note) for name, value, note in columns}
    above = about(problem, model.order, status, data)
    return Formulas(problem, model.order, equations, above, numbers)


def about(problem: Problem, order: int, status: str, data: xr.Dataset | None) -> tuple[str, ...]:
    """Title, status, units, and the ranges in which the law was seen."""
    lines = [f"{title_of(problem, data, 'Rates of change of a law')}: {status}.", ""]
    units = dict(problem.units)
    for kind, names in (("state", problem.states), ("input", problem.inputs)):
        for name in names:
            lines.append(f"{kind} {name}{in_unit(units.get(name, ''))}")
            if data is not None and name in data:  # a state may not have been measured
                values = data[name].values
                lines[-1] += f", seen from {np.nanmin(values):.6g} to {np.nanmax(values):.6g}"
    if order == 2:
        lines.append("the velocities of the states follow the states")
    lines.append(f"time t{in_unit(problem.time_unit)}")
    if data is not None:
        time = data["time"].values
        lines[-1] += f", seen from {np.min(time):.6g} to {np.max(time):.6g}"
    return (*lines, "", "Beside each number: the same with its standard error in parentheses.")


def in_unit(unit: str) -> str:
    """A unit in brackets, empty where there is none."""
    return f" [{unit}]" if unit not in {"", "1"} else ""


def _sparse(law: LawRecord) -> dict[str, tuple[Summand, ...]]:
    variables = term_variables(law.model.states, law.model.inputs, law.model.order)
    return {
        state: tuple(
            (
                product(constant(item["coefficient"]), parse(item["term"], variables)),
                ", ".join(
                    [
                        number(item["coefficient"], item["std"]) + in_unit(item["unit"]),
                        *([numbers_inside(item)] if "inside" in item else []),
                    ]
                ),
            )
            for item in law.terms(state)
        )
        for state in law.problem.states
    }


def _central(law: LawRecord, model: CentralForce) -> dict[str, tuple[Summand, ...]]:
    """Pulls of all other bodies on each, written out."""
    minus, axes = constant(-1.0), model.n_axes
    place = [
        [variable(name) for name in model.states[i * axes : (i + 1) * axes]]
        for i in range(len(model.bodies))
    ]
    strengths = law.laws[0]["strengths"]
    equations = {}
    for state, (i, k) in zip(model.states, np.ndindex(len(place), axes), strict=True):
        pulls = []
        for j, body in enumerate(model.bodies):
            if j == i or not model.strengths[j]:
                continue
            apart = [add(b, product(minus, a)) for a, b in zip(place[i], place[j], strict=True)]
            square = add(*(power(one, 2) for one in apart))
            pull = product(apart[k], power(square, (model.exponent - 1.0) / 2.0))
            item = strengths[body]
            note = f"{body}: {number(item['value'], item['std'])}{in_unit(item['unit'])}"
            pulls.append((product(constant(float(model.strengths[j])), pull), note))
        equations[state] = tuple(pulls)
    return equations
