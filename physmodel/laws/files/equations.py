"""Equations with numbers in them as plain data, and back; nothing in a file is ever run."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np

from physmodel.models.fields.expression_field import ExpressionField
from physmodel.models.fields.sparse_field import term_variables
from physmodel.problem.algebra.calculus import substituted
from physmodel.problem.algebra.expression import to_text, variable
from physmodel.problem.algebra.parser import parse
from physmodel.problem.problem import Problem


def model_table(model: ExpressionField) -> dict[str, Any]:
    """Equations as text with a symbol for each number; names may be what no text can hold."""
    taken = {*model.states, *model.inputs, *model.names}
    free = (f"p{k}" for k in count(1) if f"p{k}" not in taken)
    symbols = {name: name if name.isidentifier() else next(free) for name in model.names}
    named = {name: variable(symbol) for name, symbol in symbols.items() if name != symbol}
    columns = zip(model.names, model.parameters, strict=True)
    return {
        "equations": {
            state: to_text(substituted(expression, named) if named else expression)
            for state, expression in zip(model.states, model.expressions, strict=True)
        },
        "parameters": [
            {"name": name, "symbol": symbols[name], "value": float(value)}
            for name, value in columns
        ],
    }


def read_model(
    table: dict[str, Any], problem: Problem, order: int, least: int = 0
) -> ExpressionField:
    """The equations of a table; ValueError where a number is not finite, or fewer than `least`."""
    rows = table["parameters"]
    names, symbols = ([str(row[key]) for row in rows] for key in ("name", "symbol"))
    values = np.array([row["value"] for row in rows], dtype=float)
    if not np.isfinite(values).all() or len(rows) < least:
        raise ValueError("a number of the model is missing or not finite")
    variables = term_variables(problem.states, problem.inputs, order)
    pairs = zip(symbols, names, strict=True)
    original = {symbol: variable(name) for symbol, name in pairs if symbol != name}
    read = [parse(table["equations"][state], (*variables, *symbols)) for state in problem.states]
    # Substitution puts factors in another order: where it changes nothing, nothing is to change.
    expressions = tuple(substituted(one, original) if original else one for one in read)
    return ExpressionField(problem.states, problem.inputs, order, expressions, tuple(names), values)
