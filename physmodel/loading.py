"""Read results back from JSON; nothing in the file is ever run."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.findings import Finding
from physmodel.fitting.loading import fit_of
from physmodel.fitting.result import Fit
from physmodel.fitting.storage import KIND as FIT
from physmodel.fitting.switches.loading import regimes_of
from physmodel.fitting.switches.record import KIND as REGIMES
from physmodel.fitting.switches.record import Regimes
from physmodel.hybrids.results.loading import hybrid_result_of
from physmodel.hybrids.results.result import HybridResult
from physmodel.hybrids.results.storage import KIND as HYBRID
from physmodel.laws.files.reading import number_of, read_data, read_start, read_table, restoring
from physmodel.laws.files.storage import DATA
from physmodel.laws.invariant import Invariant
from physmodel.laws.record import REMEDIES, LawRecord
from physmodel.laws.result import Result
from physmodel.models.fields.central_force import CentralForce
from physmodel.models.fields.sparse_field import SparseField, term_variables
from physmodel.problem.algebra.parser import parse
from physmodel.problem.problem import Problem

Array = NDArray[np.float64]


def load_result(path: str | Path) -> Result | HybridResult | Fit | Regimes:
    """Read a result back; nothing in the file is ever run.

    Parameters
    ----------
    path : path
        A run folder or a ``model.json``.

    Returns
    -------
    Result, HybridResult, Fit or Regimes
        What was saved.

    Raises
    ------
    IntegrityError
        If the file is missing, not a model of this schema, or not what the run wrote.
    """
    table, source = read_table(path)
    with restoring(source):
        if table.get("kind") == HYBRID:
            return hybrid_result_of(table, source.parent)
        if table.get("kind") == FIT:
            return fit_of(table, source.parent)
        if table.get("kind") == REGIMES:
            return regimes_of(table, source.parent)
        return _restored(table, source.parent)


def _restored(table: dict[str, Any], folder: Path) -> Result:
    if table["status"] not in REMEDIES:
        raise ValueError(f"status {table['status']!r}")
    problem = Problem.from_mapping(table["problem"])
    rivals = tuple(
        _model_result(problem, table, rival["equations"], "ambiguous", float(rival["delta"]))
        for rival in table["rivals"]
    )
    best = _model_result(problem, table, table["equations"], table["status"], 0.0)
    data = read_data(folder / DATA)
    return replace(
        best,
        rivals=rivals,
        noise_std={str(k): number_of(v) for k, v in table["noise_std"].items()},
        fit_scores={str(k): float(v) for k, v in table["scores"].items() if v is not None},
        conserves=partial(_saved, tuple(_invariant(item) for item in table["invariants"])),
        laws=tuple(table["laws"]),
        warnings=tuple(Finding(**item) for item in table["warnings"]),
        start=read_start(table["start"], len(best.model.states), best.model.order),
        data=data,
    )


def _saved(invariants: tuple[Invariant, ...], _law: LawRecord) -> tuple[Invariant, ...]:
    return invariants


def _invariant(row: dict[str, Any]) -> Invariant:
    return Invariant(
        str(row["expression"]),
        {str(term): float(weight) for term, weight in row["terms"].items()},
        number_of(row["p_value"]),
        number_of(row["drift"]),
        "" if row["name"] == row["expression"] else str(row["name"]),
        number_of(row["size"]),
    )


def _model_result(
    problem: Problem, table: dict[str, Any], equations: dict[str, Any], status: str, delta: float
) -> Result:
    states, order = problem.states, int(table["order"])
    if order not in (1, 2):
        raise ValueError(f"order {order}")
    used = [str(item["term"]) for state in states for item in equations[state]]
    columns = [str(term) for term in table.get("terms", ())]
    names = list(dict.fromkeys((*columns, *used)))
    left_out = table.get("left_out", {})
    blocks = np.zeros((3, len(states), len(names)))
    units, inside = {}, {}
    for e, state in enumerate(states):
        for item in equations[state]:
            k = names.index(item["term"])
            numbers = item["coefficient"], number_of(item["std"]), item["inclusion"]
            if not all(isinstance(value, int | float) for value in numbers):
                raise TypeError(f"{item!r} is no term of an equation")
            blocks[:, e, k] = numbers
            units[state, item["term"]] = str(item["unit"])
            if item.get("inside"):
                inside[state, item["term"]] = tuple(map(_number_inside, item["inside"]))
        for name, share in left_out.get(state, {}).items():
            blocks[2, e, names.index(name)] = share
    if not np.isfinite(blocks[0]).all():
        raise ValueError("a coefficient is not finite")
    coords = {"equation": list(states), "term": names}
    arrays = [xr.DataArray(b, dims=("equation", "term"), coords=coords) for b in blocks]
    model: SparseField | CentralForce
    if table["laws"]:
        law = table["laws"][0]
        bodies = tuple(law["strengths"])
        strengths = np.array([float(law["strengths"][body]["value"]) for body in bodies])
        model = CentralForce(bodies, states, float(law["exponent"]), strengths)
    else:
        variables = term_variables(states, problem.inputs, order)
        terms = tuple(parse(name, variables) for name in names)
        model = SparseField(states, problem.inputs, order, terms, blocks[0])
    return Result(
        status,  # type: ignore[arg-type]
        str(table["solver_code"]),
        problem,
        model,
        coefficients=arrays[0],
        std_errors=arrays[1],
        inclusion=arrays[2],
        units=units,
        inside=inside,
        delta=delta,
    )


def _number_inside(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": str(row["name"]),
        "value": number_of(row["value"]),
        "std": number_of(row["std"]),
        "unit": str(row["unit"]),
    }
