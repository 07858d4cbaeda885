"""The problem as asked, completed by what a dataset says about itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import xarray as xr

from physmodel.data.contract import described_problem, variable_names
from physmodel.data.inputs.holds import holds_of
from physmodel.errors import ProblemError
from physmodel.problem.problem import Problem


def stated_units(problem: Problem | None, known: Mapping[str, Any]) -> Any:
    """Units that the caller of a verb states, as a keyword or in a problem."""
    return known.get("units") or (dict(problem.units) if problem is not None else None)


def stated_problem(data: xr.Dataset, problem: Problem | None, known: Mapping[str, Any]) -> Problem:
    """Problem of a verb: what the caller said, then what the dataset says, then the defaults.

    Parameters
    ----------
    data : xarray.Dataset
        As `physmodel.data.open.opened` returns them with `stated_units`.
    problem : Problem or None
        Stands for all that the dataset describes, but for units and holds.
    known : mapping
        Single fields of `Problem`, which come first; those that are None were not given.

    Raises
    ------
    ProblemError
        If the data lack a variable, or the fields contradict each other.
    """
    known = {name: value for name, value in known.items() if value is not None}
    described = described_problem(data)
    if not set(described.get("states", ())) <= set(variable_names(data)):
        described = {}  # it describes columns that were left out
    if known.get("library"):
        described = {
            k: v for k, v in described.items() if k not in {"degree", "functions", "terms"}
        }
    if problem is None:
        table: dict[str, Any] = {
            "states": variable_names(data, "state"),
            "inputs": variable_names(data, "input"),
            "title": str(data.attrs.get("title", "")),
            **described,
            **known,
        }
    else:
        table = {**problem.to_mapping(), **known}
    present = variable_names(data)
    chosen = (*table["states"], *table.get("inputs", ()))
    for name in chosen:
        if name not in present:
            raise ProblemError(
                f"the data have no variable {name!r}", fix="variables: " + ", ".join(present)
            )
    # What was stated has been put on the data, see `opened`; a name that they lack is refused.
    units = {name: str(data[name].attrs.get("units", "")) for name in chosen}
    table["units"] = dict(table.get("units", {})) | {n: unit for n, unit in units.items() if unit}
    table["hold"] = holds_of(data, table.get("inputs", ())) | dict(table.get("hold", {}))
    table.setdefault("time_unit", str(data["time"].attrs.get("units", "")))
    return Problem.from_mapping(table)
