"""Fits in a run folder: equations as text, their numbers, and how sure these are."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from physmodel.fitting.record import FitRecord
from physmodel.laws.files.equations import model_table
from physmodel.laws.files.storage import common, write_files
from physmodel.models.fields.equations_text import require_equations
from physmodel.models.fields.expression_field import ExpressionField

#: What ``model.json`` says that it is.
KIND = "fit"


def to_dict(result: FitRecord, run: str | None = None) -> dict[str, Any]:
    """A fit as plain data, the object that ``physmodel fit --json`` prints."""
    columns = zip(result.names, result.values, result.std_errors, strict=True)
    model = result.model
    own = {
        "equations": model.equations() if isinstance(model, ExpressionField) else {},
        "parameters": {
            name: {"value": float(value), "std": float(std) if np.isfinite(std) else None}
            for name, value, std in columns
        },
        "p_value": result.p_value,
        "side_minima": [
            dict(zip(result.names, other.tolist(), strict=True)) for other in result.side_minima
        ],
        "hold": dict(result.problem.hold),
    }
    return common(result, own, run)


def fit_table(result: FitRecord, run: str | None = None) -> dict[str, Any]:
    """All that ``model.json`` says of a fit; ProblemError for fields without equations."""
    own = {
        "model": model_table(require_equations(result.model)),
        "covariance": result.covariance.tolist(),
        "explained": result.explained,
        "freedom": result.freedom,
        "stages": [one.to_dict() for one in result.stages],
    }
    return {"kind": KIND, **to_dict(result, run), **own}


def save_fit(result: FitRecord, folder: str | Path) -> Path:
    """Write ``model.json``, and ``data.nc`` when the fit has its data; returns the path."""
    return write_files(folder, partial(fit_table, result), result.data)
