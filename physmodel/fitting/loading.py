"""Fits read back from a run folder; nothing in the files is ever run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.findings import Finding
from physmodel.fitting.result import Fit
from physmodel.fitting.stage import stage_of
from physmodel.laws.files.equations import read_model
from physmodel.laws.files.reading import number_of, read_data, read_start
from physmodel.laws.files.storage import DATA
from physmodel.optimizers.least_squares.residuals import Ending
from physmodel.problem.problem import Problem

Array = NDArray[np.float64]


def fit_of(table: dict[str, Any], folder: Path) -> Fit:
    """A fit from what `save_fit` wrote; what is wrong in the table raises as it comes."""
    problem, order = Problem.from_mapping(table["problem"]), int(table["order"])
    if order not in (1, 2):
        raise ValueError(f"order {order}")
    model = read_model(table["model"], problem, order)
    rows = [table["parameters"][name] for name in model.names]
    covariance = _with_infinity(table["covariance"])
    if covariance.shape != (len(rows), len(rows)):
        raise ValueError(f"a covariance of shape {covariance.shape}")
    return Fit(
        model=model,
        problem=problem,
        names=model.names,
        values=model.parameters,
        std_errors=_with_infinity([row["std"] for row in rows]),
        covariance=covariance,
        noise_std={str(name): number_of(value) for name, value in table["noise_std"].items()},
        explained=bool(table["explained"]),
        ending=Ending(table["solver_code"]),
        start=read_start(table["start"], len(problem.states), order),
        freedom=int(table["freedom"]),
        stages=tuple(stage_of(one) for one in table["stages"]),
        p_value=number_of(table["p_value"]),
        side_minima=tuple(
            np.array([float(other[name]) for name in model.names]) for other in table["side_minima"]
        ),
        warnings=tuple(Finding(**item) for item in table["warnings"]),
        data=read_data(folder / DATA),
    )


def _with_infinity(numbers: list[Any]) -> Array:
    """Numbers of a file, which holds null where one was infinite."""
    found = np.array(numbers, dtype=float)
    return np.where(np.isnan(found), np.inf, found)
