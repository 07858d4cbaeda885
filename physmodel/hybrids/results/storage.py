"""Hybrids in a run folder: ``model.json``, and ``weights.npy`` with the network."""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.hybrids.results.record import HybridRecord
from physmodel.hybrids.results.text import to_dict
from physmodel.laws.files.storage import write_run
from physmodel.problem.algebra.calculus import substituted
from physmodel.problem.algebra.expression import to_text, variable

WEIGHTS = "weights.npy"
#: What ``model.json`` says that it is.
KIND = "hybrid"


def save_hybrid(result: HybridRecord, folder: str | Path) -> Path:
    """Write ``model.json``, ``weights.npy``, and ``data.nc`` when the result has its data.

    Returns the path of ``model.json``, which holds the hash of the weights.
    """
    numbers = BytesIO()
    np.save(numbers, np.concatenate([array.ravel() for array in _arrays(result).values()]))
    raw = numbers.getvalue()
    own = {
        "model": _model(result),
        "stages": [
            {"slack": one.slack, "cost": one.cost.tolist(), "ending": str(one.ending)}
            for one in result.stages
        ],
        "network": {
            "units": result.net.net.n_units,
            "samples": result.network.sizes["sample"],
            "parameters": result.net_parameters.tolist(),
            "sha256": sha256(raw).hexdigest(),
        },
    }
    return write_run(
        folder,
        lambda run: {"kind": KIND, **to_dict(result, run), **own},
        result.data,
        {WEIGHTS: raw},
    )


def _model(result: HybridRecord) -> dict[str, Any]:
    """Equations as text with a symbol for each number; names may be what no text can hold."""
    model = result.model
    taken = {*model.states, *model.inputs, *model.names}
    free = (f"p{k}" for k in count(1) if f"p{k}" not in taken)
    symbols = {name: name if name.isidentifier() else next(free) for name in model.names}
    named = {name: variable(symbol) for name, symbol in symbols.items()}
    columns = zip(model.names, model.parameters, strict=True)
    return {
        "equations": {
            state: to_text(substituted(expression, named))
            for state, expression in zip(model.states, model.expressions, strict=True)
        },
        "parameters": [
            {"name": name, "symbol": symbols[name], "value": float(value)}
            for name, value in columns
        ],
    }


def _arrays(result: HybridRecord) -> dict[str, NDArray[np.float64]]:
    """The network, and where it was looked at."""
    net, seen = result.net.net, result.network
    visited = np.column_stack([seen[name].values for name in seen.data_vars])
    return {
        "slopes": net.slopes,
        "offsets": net.offsets,
        "centre": net.centre,
        "spread": net.spread,
        "weights": result.net.weights,
        "time": seen["time"].values,
        "visited": visited,
    }
