"""Read results back from JSON; nothing in the file is ever run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.findings import Finding
from physmodel.data.open import open as open_data
from physmodel.discovery.invariants import Invariant
from physmodel.discovery.manifest import check
from physmodel.discovery.result import REMEDIES, Result
from physmodel.discovery.storage import DATA, FILE, SCHEMA_VERSION
from physmodel.errors import DataError, IntegrityError, PhysmodelError
from physmodel.models.central_force import CentralForce
from physmodel.models.sparse_field import SparseField, term_variables
from physmodel.problem.parser import parse
from physmodel.problem.problem import Problem

Array = NDArray[np.float64]


def load_result(path: str | Path) -> Result:
    """Read a result back; nothing in the file is ever run.

    Parameters
    ----------
    path : path
        A run folder or a ``model.json``.

    Returns
    -------
    Result

    Raises
    ------
    IntegrityError
        If the file is missing, not a model of this schema, or not what the run wrote.
    """
    source = Path(path)
    source = source / FILE if source.is_dir() else source
    try:
        table = json.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise IntegrityError(
            f"there is no model here: {error.strerror}",
            where=source.name,
            fix="give the folder that `physmodel discover -o` wrote",
        ) from None
    except (ValueError, RecursionError) as error:  # also text, digits and depth beyond reason
        raise IntegrityError(f"not JSON: {error}", where=source.name) from None
    check(source)
    try:
        version = table["schema_version"]
        if version != SCHEMA_VERSION:
            raise IntegrityError(
                f"schema version {version!r}; this physmodel reads {SCHEMA_VERSION}",
                where=source.name,
            )
        return _restored(table, source.parent)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise IntegrityError(
            f"not a model: {type(error).__name__} {error}", where=source.name
        ) from None
    except IntegrityError:
        raise
    except PhysmodelError as error:
        raise IntegrityError(f"not a model: {error.what}", where=source.name) from None


def _restored(table: dict[str, Any], folder: Path) -> Result:
    if table["status"] not in REMEDIES:
        raise ValueError(f"status {table['status']!r}")
    problem = Problem.from_mapping(table["problem"])
    rivals = tuple(
        _model_result(problem, table, rival["equations"], "ambiguous", float(rival["delta"]))
        for rival in table["rivals"]
    )
    best = _model_result(problem, table, table["equations"], table["status"], 0.0)
    data = _data(folder / DATA)
    return replace(
        best,
        rivals=rivals,
        noise_std={str(k): _float(v) for k, v in table["noise_std"].items()},
        fit_scores={str(k): float(v) for k, v in table["scores"].items() if v is not None},
        conserved=tuple(
            Invariant(
                str(i["name"]), _float(i["drift"]), _float(i["size"]), np.empty(0), np.empty(0)
            )
            for i in table["invariants"]
        ),
        laws=tuple(table["laws"]),
        warnings=tuple(Finding(**item) for item in table["warnings"]),
        start=_start(table["start"], best.model),
        data=data,
    )


def _data(path: Path) -> xr.Dataset | None:
    if not path.is_file():
        return None
    check(path)
    try:
        return open_data(path)
    except DataError as error:
        raise IntegrityError(f"not the data of a run: {error.what}", where=path.name) from None


def _start(table: dict[str, Any], model: SparseField | CentralForce) -> dict[str, Array]:
    start = {key: np.array(value, dtype=float) for key, value in table.items()}
    shapes = {"time": (), "states": (len(model.states),)}
    shapes |= {"velocities": (len(model.states),)} if model.order == 2 else {}
    for key, shape in shapes.items():
        if start[key].shape != shape or not np.isfinite(start[key]).all():
            raise ValueError(f"start {key} {table[key]!r}")
    return start


def _float(value: float | None) -> float:
    """A number of the file, which holds null where there was none."""
    return float("nan") if value is None else float(value)


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
    units = {}
    for e, state in enumerate(states):
        for item in equations[state]:
            k = names.index(item["term"])
            numbers = item["coefficient"], _float(item["std"]), item["inclusion"]
            if not all(isinstance(value, int | float) for value in numbers):
                raise TypeError(f"{item!r} is no term of an equation")
            blocks[:, e, k] = numbers
            units[state, item["term"]] = str(item["unit"])
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
        delta=delta,
    )
