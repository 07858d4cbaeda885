"""Results as SymPy equations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from physmodel.laws.record import LawRecord
from physmodel.models.fields.central_force import CentralForce
from physmodel.models.fields.expression_field import ExpressionField
from physmodel.models.fields.sparse_field import velocity_name
from physmodel.problem.algebra.calculus import substituted
from physmodel.problem.algebra.expression import constant
from physmodel.problem.algebra.printing import to_sympy

if TYPE_CHECKING:
    import sympy


def sympy_equations(result: LawRecord) -> dict[str, sympy.Eq]:
    """Equations as SymPy objects, with states as functions of ``t``.

    Returns
    -------
    dict of str to sympy.Eq
        One per state.
    """
    import sympy

    t = sympy.Symbol("t", real=True)
    model = result.model
    functions, replacement = as_functions_of_time((*model.states, *model.inputs), model.states)
    rights = (
        _central(model, functions)
        if isinstance(model, CentralForce)
        else {
            state: sum(
                (
                    sympy.Float(float(weight)) * to_sympy(term)
                    for term, weight in zip(model.terms, row, strict=True)
                    if weight
                ),
                sympy.Integer(0),
            ).subs(replacement)
            for state, row in zip(model.states, model.coefficients, strict=True)
        }
    )
    return {
        state: sympy.Eq(functions[state].diff(t, model.order), rights[state], evaluate=False)
        for state in model.states
    }


def field_equations(model: ExpressionField) -> dict[str, sympy.Eq]:
    """Equations of a field with all their numbers, states as functions of ``t``."""
    import sympy

    numbers = zip(model.names, model.parameters, strict=True)
    values = {name: constant(float(value)) for name, value in numbers}
    functions, replacement = as_functions_of_time((*model.states, *model.inputs), model.states)
    return {
        state: sympy.Eq(
            functions[state].diff(sympy.Symbol("t", real=True), model.order),
            to_sympy(substituted(expression, values)).subs(replacement),
            evaluate=False,
        )
        for state, expression in zip(model.states, model.expressions, strict=True)
    }


def as_functions_of_time(
    names: Sequence[str], states: Sequence[str]
) -> tuple[dict[str, sympy.Expr], dict[sympy.Symbol, sympy.Expr]]:
    """Variables as functions of ``t``.

    Parameters
    ----------
    names : sequence of str
        States and inputs.
    states : sequence of str
        Those of which an expression may hold the velocity, ``x_t``.

    Returns
    -------
    functions : dict of str to sympy.Expr
    replacement : dict of sympy.Symbol to sympy.Expr
        What to put in place of the symbols of an expression.
    """
    import sympy

    t = sympy.Symbol("t", real=True)
    functions = {name: sympy.Function(name)(t) for name in names}
    replacement = {sympy.Symbol(name, real=True): f for name, f in functions.items()}
    replacement |= {
        sympy.Symbol(velocity_name(name), real=True): functions[name].diff(t) for name in states
    }
    return functions, replacement


def _central(model: CentralForce, at: dict[str, sympy.Expr]) -> dict[str, sympy.Expr]:
    import sympy

    axes = model.n_axes
    place = [
        [at[s] for s in model.states[i * axes : (i + 1) * axes]] for i in range(len(model.bodies))
    ]
    exponent = sympy.Rational(str(model.exponent))
    rights = {}
    for i, here in enumerate(place):
        for k, state in enumerate(model.states[i * axes : (i + 1) * axes]):
            total = sympy.Integer(0)
            for j, there in enumerate(place):
                if j == i or not model.strengths[j]:
                    continue
                square = sum((b - a) ** 2 for a, b in zip(here, there, strict=True))
                pull = (there[k] - here[k]) * square ** ((exponent - 1) / 2)
                total += sympy.Float(float(model.strengths[j])) * pull
            rights[state] = total
    return rights
