"""Numbers of fits as tables, short text, pictures, and HTML for notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physmodel.findings import converted
from physmodel.fitting.record import FitRecord
from physmodel.laws.texts.html import card, parameters_html
from physmodel.laws.texts.latex import aligned, latex_number, latex_rate
from physmodel.laws.texts.parameters import Row, parameter_table
from physmodel.laws.texts.render import compact, number
from physmodel.models.fields.expression_field import ExpressionField
from physmodel.problem.algebra.printing import name_latex, to_latex

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


def numbers_of(names: Sequence[str], values: Array, std_errors: Array) -> list[Row]:
    """Rows of a table, one for each number ``(p,)``; units are not known."""
    columns = zip(names, values, std_errors, strict=True)
    return [((name,), float(value), float(std), "") for name, value, std in columns]


def numbers_line(rows: Sequence[Row]) -> str:
    """Numbers with their errors in one line."""
    return ", ".join(f"{row[0][-1]} = {number(row[1], row[2])}" for row in rows)


def fit_short(status: str, rows: Sequence[Row]) -> str:
    """Status and numbers in ten lines."""
    return compact("Fit", status, [numbers_line([row]) for row in rows])


def fit_card(status: str, remedy: str, rows: Sequence[Row], noise: Mapping[str, float]) -> str:
    """Numbers, noise and what to do next."""
    levels = ", ".join(f"{name} {value:.2g}" for name, value in noise.items())
    table = parameters_html(parameter_table(list(rows), ["parameter"]))
    return card("Fit", status, remedy, [table, f"Noise: {levels}" if levels else ""])


def fit_text(result: FitRecord) -> str:
    """Numbers with their errors, noise, units and what to do."""
    width = max((len(name) for name in result.names), default=0)
    columns = zip(result.names, result.values, result.std_errors, strict=True)
    lines = [f"{name:<{width}} = {value: .6g} ± {error:.2g}" for name, value, error in columns]
    noise = ", ".join(f"{name} {value:.2g}" for name, value in result.noise_std.items())
    lines.append(f"noise: {noise}")
    if result.problem.hold:
        kinds = ", ".join(f"{name} {kind}" for name, kind in result.problem.hold)
        lines.append(f"inputs between samples: {kinds}")
    lines += [f"units: {text}" for text in converted(result.warnings)]
    return "\n".join([result.status, "", *lines, "", result.remedy])


def fit_latex(model: ExpressionField, rows: Sequence[Row]) -> str:
    """Equations in their letters, then their numbers with errors."""
    pairs = zip(model.states, model.expressions, strict=True)
    lines = [f"{latex_rate(state, model.order)} &= {to_latex(one) or '0'}" for state, one in pairs]
    lines += [f"{name_latex(key[-1])} &= {latex_number(v, std)}" for key, v, std, _ in rows]
    return aligned(lines)


def regimes_table(rows: Sequence[Sequence[Row]]) -> pd.DataFrame:
    """Numbers by regime."""
    labelled = [
        ((str(k), *key), value, std, unit)
        for k, numbers in enumerate(rows)
        for key, value, std, unit in numbers
    ]
    return parameter_table(labelled, ["regime", "parameter"])


def regimes_short(status: str, rows: Sequence[Sequence[Row]]) -> str:
    """Status and the numbers of each regime in ten lines."""
    lines = [f"regime {k}: {numbers_line(numbers)}" for k, numbers in enumerate(rows)]
    return compact("Regimes", status, lines)


def regimes_card(status: str, remedy: str, table: pd.DataFrame, changes: str) -> str:
    """Numbers of each regime, changes, and what to do next."""
    return card("Regimes", status, remedy, [parameters_html(table), changes])
