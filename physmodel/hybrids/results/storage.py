"""Hybrids in a run folder: ``model.json``, and ``weights.npy`` with the network."""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from physmodel.hybrids.results.record import HybridRecord
from physmodel.hybrids.results.text import to_dict
from physmodel.laws.files.equations import model_table
from physmodel.laws.files.storage import write_files

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
        "model": model_table(result.model),
        "stages": [one.to_dict() for one in result.stages],
        "network": {
            "units": result.net.net.n_units,
            "samples": result.network.sizes["sample"],
            "parameters": result.net_parameters.tolist(),
            "sha256": sha256(raw).hexdigest(),
        },
    }
    return write_files(
        folder,
        lambda run: {"kind": KIND, **to_dict(result, run), **own},
        result.data,
        {WEIGHTS: raw},
    )


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
