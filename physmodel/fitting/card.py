"""Fits and regimes as tables of numbers, short text, and HTML for notebooks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physmodel.laws.figures.overview import overview
from physmodel.laws.html import card, parameters_html
from physmodel.laws.parameters import Row, parameter_table
from physmodel.laws.render import compact, number
from physmodel.models.vector_field import VectorField
from physmodel.problem.problem import Problem

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.figure import Figure

    from physmodel.fitting.record import Fit
    from physmodel.fitting.regime_record import Regimes


def fit_table(fit: Fit) -> pd.DataFrame:
    """Parameters with their errors; units are not known."""
    return parameter_table(_rows(fit), ["parameter"])


def fit_short(fit: Fit) -> str:
    """Status and parameters in ten lines."""
    return compact("Fit", fit.status, [_line(row) for row in _rows(fit)])


def fit_card(fit: Fit) -> str:
    """Parameters, noise and what to do next."""
    noise = ", ".join(f"{name} {value:.2g}" for name, value in fit.noise_std.items())
    text = f"Noise: {noise}" if noise else ""
    return card("Fit", fit.status, fit.remedy, [parameters_html(fit_table(fit)), text])


@dataclass(frozen=True)
class _Drawn:
    """A fit as pictures take it; starts and noise come from the data that are drawn."""

    model: VectorField
    problem: Problem
    status: str
    noise_std: dict[str, float]
    start: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    data: None = None


def fit_picture(fit: Fit, data: xr.Dataset) -> Figure:
    """Data and free runs of the field; see `physmodel.Result.plot`."""
    model = fit.field
    problem = Problem(states=model.states, inputs=model.inputs, hold=fit.hold)
    return overview(_Drawn(model, problem, fit.status, fit.noise_std), data)


def regimes_table(regimes: Regimes) -> pd.DataFrame:
    """Parameters by regime."""
    rows = [
        ((str(k), *key), value, std, unit)
        for k, fit in enumerate(regimes.fits)
        for key, value, std, unit in _rows(fit)
    ]
    return parameter_table(rows, ["regime", "parameter"])


def regimes_short(regimes: Regimes) -> str:
    """Status and the parameters of each regime in ten lines."""
    rows = [
        f"regime {k}: " + ", ".join(_line(row) for row in _rows(fit))
        for k, fit in enumerate(regimes.fits)
    ]
    return compact("Regimes", regimes.status, rows)


def regimes_card(regimes: Regimes) -> str:
    """Parameters of each regime, changes, and what to do next."""
    last = str(regimes).splitlines()[-1]
    parts = [parameters_html(regimes.parameters), last]
    return card("Regimes", regimes.status, regimes.remedy, parts)


def _rows(fit: Fit) -> list[Row]:
    columns = zip(fit.names, fit.parameters, fit.std_errors, strict=True)
    return [((name,), float(value), float(std), "") for name, value, std in columns]


def _line(row: Row) -> str:
    return f"{row[0][-1]} = {number(row[1], row[2])}"
