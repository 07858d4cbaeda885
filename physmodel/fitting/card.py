"""Numbers of fits as tables, short text, pictures, and HTML for notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physmodel.laws.figures.overview import overview
from physmodel.laws.texts.html import card, parameters_html
from physmodel.laws.texts.parameters import Row, parameter_table
from physmodel.laws.texts.render import compact, number
from physmodel.models.fields.vector_field import VectorField
from physmodel.problem.problem import Problem

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.figure import Figure

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


@dataclass(frozen=True)
class _Drawn:
    """A fit as pictures take it; starts come from the data that are drawn."""

    model: VectorField
    problem: Problem
    status: str
    noise_std: Mapping[str, float]
    start: dict[str, Array] = field(default_factory=dict)
    data: None = None


def field_picture(
    model: VectorField,
    status: str,
    noise: Mapping[str, float],
    hold: Mapping[str, str],
    data: xr.Dataset,
) -> Figure:
    """Data and free runs of a fitted field; see `physmodel.Result.plot`."""
    problem = Problem(states=model.states, inputs=model.inputs, hold=hold)
    return overview(_Drawn(model, problem, status, noise), data)


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
