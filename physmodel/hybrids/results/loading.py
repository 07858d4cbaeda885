"""Hybrids read back from a run folder; nothing in the files is ever run."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.errors import IntegrityError
from physmodel.findings import Finding
from physmodel.fitting.stage import stage_of
from physmodel.hybrids.results.hidden_field import HiddenField
from physmodel.hybrids.results.record import REMEDIES, Parameter
from physmodel.hybrids.results.result import HybridResult
from physmodel.hybrids.results.storage import WEIGHTS
from physmodel.hybrids.weak.random_net import RandomNet
from physmodel.laws.files.equations import read_model
from physmodel.laws.files.manifest import check
from physmodel.laws.files.reading import number_of, read_data, read_start
from physmodel.laws.files.storage import DATA
from physmodel.models.fields.sparse_field import term_variables
from physmodel.problem.problem import Problem

Array = NDArray[np.float64]

#: Bytes that a file of numbers holds beside them, at most.
LARGEST_HEADER = 256


def hybrid_result_of(table: dict[str, Any], folder: Path) -> HybridResult:
    """A result from what `physmodel.hybrids.results.storage.save_hybrid` wrote.

    Parameters
    ----------
    table : dict
        ``model.json``.
    folder : Path
        Where it is.

    Raises
    ------
    IntegrityError
        If the weights are missing or not those that belong to the model. What else is wrong in the
        table raises as it comes, see `physmodel.laws.files.reading.restoring`.
    """
    if table["status"] not in REMEDIES:
        raise ValueError(f"status {table['status']!r}")
    problem = Problem.from_mapping(table["problem"])
    order = int(table["order"])
    if order not in (1, 2):
        raise ValueError(f"order {order}")
    net, network = _network(table["network"], folder / WEIGHTS, problem, order)
    parameters = tuple(
        Parameter(
            str(p["name"]), *(number_of(p[key]) for key in ("value", "std", "std_beside_net"))
        )
        for p in table["parameters"]
    )
    beside = np.array(table["network"]["parameters"], dtype=float)
    if beside.shape != (len(parameters),):
        raise ValueError(f"{len(beside)} numbers beside the network")
    return HybridResult(
        status=table["status"],
        solver_code=str(table["solver_code"]),
        problem=problem,
        known={state: str(table["known"][state]) for state in problem.states},
        known_numbers=parameters,
        residual={s: [_term(row) for row in table["residual"][s]] for s in problem.states},
        model=read_model(table["model"], problem, order, len(parameters)),
        hidden_share=float(table["hidden_share"]),
        unexplained_fraction=float(table["unexplained_fraction"]),
        p_known=float(table["p_known"]),
        p_left=float(table["p_left"]),
        p_left_by_state={s: float(table["p_left_by_state"][s]) for s in problem.states},
        rivals=tuple(_rival(one, problem) for one in table["rivals"]),
        noise_std={str(name): number_of(value) for name, value in table["noise_std"].items()},
        net=net,
        net_parameters=beside,
        network=network,
        start=read_start(table["start"], len(problem.states), order),
        stages=tuple(stage_of(one) for one in table["stages"]),
        warnings=tuple(Finding(**item) for item in table["warnings"]),
        data=read_data(folder / DATA),
    )


def _term(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a table of terms, numbers that were none as such."""
    found = {
        "term": str(row["term"]),
        "coefficient": float(row["coefficient"]),
        "std": number_of(row["std"]),
        "inclusion": float(row["inclusion"]),
        "unit": str(row["unit"]),
    }
    if "constant" in row:
        inner = row["constant"]
        found["constant"] = {
            "name": str(inner["name"]),
            "value": float(inner["value"]),
            "std": number_of(inner["std"]),
        }
    return found


def _rival(row: dict[str, Any], problem: Problem) -> dict[str, Any]:
    return {
        "delta": float(row["delta"]),
        "probability": float(row["probability"]),
        "residual": {s: [str(term) for term in row["residual"][s]] for s in problem.states},
    }


def _network(
    table: dict[str, Any], path: Path, problem: Problem, order: int
) -> tuple[HiddenField, xr.Dataset]:
    """The network, and what it says where the trajectories have been."""
    d, m, n = len(problem.states), int(table["units"]), int(table["samples"])
    v = order * d + len(problem.inputs)
    shapes = {
        "slopes": (v, m),
        "offsets": (m,),
        "centre": (v,),
        "spread": (v,),
        "weights": (d, m),
        "time": (n,),
        "visited": (n, v + d),
    }
    found = _arrays(path, shapes, str(table["sha256"]))
    net = RandomNet(found["slopes"], found["offsets"], found["centre"], found["spread"], order, d)
    names = [
        *term_variables(problem.states, problem.inputs, order)[:-1],
        *(f"hidden_{state}" for state in problem.states),
    ]
    columns = zip(names, found["visited"].T, strict=True)
    network = xr.Dataset(
        {name: ("sample", values) for name, values in columns},
        coords={"time": ("sample", found["time"])},
    )
    return HiddenField(net, found["weights"], problem.states, problem.inputs), network


def _arrays(path: Path, shapes: dict[str, tuple[int, ...]], promised: str) -> dict[str, Array]:
    """Arrays of float64 by name, with just these shapes, in their order."""
    if not path.is_file():
        raise _damaged(path, "it is missing")
    check(path)
    sizes = [int(np.prod(shape)) for shape in shapes.values()]
    if path.stat().st_size > 8 * sum(sizes) + LARGEST_HEADER:
        raise _damaged(path, f"it holds more than {sum(sizes)} numbers")
    if sha256(path.read_bytes()).hexdigest() != promised:
        raise _damaged(path, "its hash is not the one in model.json")
    try:
        # Mapped, so that a header that promises more than the file holds allocates nothing.
        numbers = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError) as error:
        raise _damaged(path, str(error)) from None
    if numbers.dtype != np.dtype(float) or numbers.shape != (sum(sizes),):
        raise _damaged(path, "it does not hold the arrays of the model")
    if not np.isfinite(numbers).all():
        raise _damaged(path, "it has entries that are not finite")
    pieces = np.split(np.array(numbers), np.cumsum(sizes)[:-1])
    return {
        name: piece.reshape(shape)
        for (name, shape), piece in zip(shapes.items(), pieces, strict=True)
    }


def _damaged(path: Path, how: str) -> IntegrityError:
    return IntegrityError(
        f"the network of the run is damaged: {how}",
        where=path.name,
        fix="run `physmodel hybrid -o` again",
    )
