"""Results as JSON: the object on standard output and in a run folder."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from physmodel.atomic import write_atomic
from physmodel.laws.files.manifest import record
from physmodel.laws.record import LawRecord

if TYPE_CHECKING:
    import xarray as xr

    from physmodel.laws.answer import Recorded

SCHEMA_VERSION = 1
FILE = "model.json"
DATA = "data.nc"


def common(result: Recorded, own: Mapping[str, Any], run: str | None = None) -> dict[str, Any]:
    """A record as plain data: the fields that all have, around its own.

    `run`: name of the run folder.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "status": result.status,
        "remedy": result.remedy,
        "solver_code": result.solver_code,
        "states": list(result.problem.states),
        "order": result.model.order,
        **own,
        "noise_std": dict(result.noise_std),
        "warnings": [asdict(finding) for finding in result.warnings],
        "problem": result.problem.to_mapping(),
        "start": {key: np.asarray(value).tolist() for key, value in result.start.items()},
        "run": run,
    }


def to_dict(result: LawRecord, run: str | None = None) -> dict[str, Any]:
    """A law as plain data, the object that ``physmodel discover --json`` prints."""
    own = {
        "equations": {state: result.terms(state) for state in result.problem.states},
        "terms": [str(term) for term in result.coefficients["term"].values],
        "left_out": {state: _left_out(result, state) for state in result.problem.states},
        "laws": list(result.laws),
        "rivals": [
            {
                "delta": rival.delta,
                "equations": {state: rival.terms(state) for state in rival.problem.states},
            }
            for rival in result.rivals
        ],
        "scores": result.scores,
        "invariants": [item.to_dict() for item in result.conserved],
    }
    return common(result, own, run)


def _left_out(result: LawRecord, state: str) -> dict[str, float]:
    """Inclusion of the terms that an equation might have and has not."""
    present = {item["term"] for item in result.terms(state)}
    shares = result.inclusion.sel(equation=state)
    return {
        str(term): float(share)
        for term, share in zip(shares["term"].values, shares.values, strict=True)
        if share and str(term) not in present
    }


def json_text(table: Mapping[str, Any]) -> str:
    """JSON of plain data; numbers keep all their digits."""
    return json.dumps(_finite(table), indent=1, allow_nan=False) + "\n"


def save_result(result: LawRecord, folder: str | Path) -> Path:
    """Write ``model.json``, and ``data.nc`` when the result knows its data.

    Returns the path of ``model.json``.
    """
    return write_files(folder, partial(to_dict, result), result.data)


def write_files(
    folder: str | Path,
    table: Callable[[str], Mapping[str, Any]],
    data: xr.Dataset | None,
    more: Mapping[str, bytes] | None = None,
) -> Path:
    """Write a model, the data if there are any, and more files; the manifest promises them last.

    `table`: from the name of the folder to what ``model.json`` says, which is written last.
    """
    target, others = Path(folder), dict(more or {})
    text = json_text(table(target.name))  # first: what cannot be written leaves no trace
    record(target, (FILE, DATA, *others), known=False)
    if data is not None:
        write_data(data, target)
    for name, raw in others.items():
        write_atomic(target / name, raw)
    path = write_atomic(target / FILE, text)
    record(target, (FILE, *others, *(() if data is None else (DATA,))), known=True)
    return path


def write_data(data: xr.Dataset, folder: Path) -> None:
    """Write ``data.nc``, in the classic format."""
    plain = data.assign_coords(trajectory=[str(label) for label in data["trajectory"].values])
    # The format wants names in UTF-8; SciPy writes latin-1, which keeps bytes as they are.
    names = {name: str(name).encode().decode("latin-1") for name in plain.data_vars}
    plain = plain.rename({old: new for old, new in names.items() if old != new})
    write_atomic(folder / DATA, bytes(plain.to_netcdf(engine="scipy")))


def _finite(value: Any) -> Any:
    """JSON has no NaN: such numbers become null."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
