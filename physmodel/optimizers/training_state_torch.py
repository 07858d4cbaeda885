"""The state of a training run in a folder: tensors as safetensors, the rest as JSON, no pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor

from physmodel.atomic import write_atomic
from physmodel.errors import IntegrityError, ProblemError

#: The JSON file is the last to be written and names the other: a crash leaves the state before.
NAME, SCHEMA = "training.json", 1


@dataclass(frozen=True, eq=False)
class TrainingState:
    """A run between two epochs.

    Attributes
    ----------
    parameters, best : Tensor (p,)
        Present ones, and those of the least judged loss.
    optimizer : mapping
        What the optimiser remembers about the parameters.
    history : tuple of float
        Judged loss at the start and after each epoch.
    """

    parameters: Tensor
    best: Tensor
    optimizer: Mapping[str, Any]
    history: tuple[float, ...]


def write_state(folder: str | Path, state: TrainingState, identity: Mapping[str, Any]) -> None:
    """Write a state; whenever this is interrupted, the folder holds it or the one before.

    Parameters
    ----------
    folder : path
    state : TrainingState
    identity : mapping
        What must be the same for the run to go on; JSON values.

    Raises
    ------
    ProblemError
        If the folder cannot be written to.
    """
    place = Path(folder)
    tensors = {"parameters": state.parameters, "best": state.best}
    tree = _pack(state.optimizer, "optimizer", tensors)
    raw = save({name: tensor.detach().cpu().clone() for name, tensor in tensors.items()})
    digest = sha256(raw).hexdigest()
    file = f"training-{digest[:16]}.safetensors"
    write_atomic(place / file, raw)
    record = {
        "schema_version": SCHEMA,
        "identity": dict(identity),
        "tensors": file,
        "sha256": digest,
        "optimizer": tree,
        "history": list(state.history),
    }
    write_atomic(place / NAME, json.dumps(record, indent=1))
    for other in place.glob("training-*.safetensors"):
        if other.name != file:
            with suppress(OSError):
                other.unlink()


def read_state(
    folder: str | Path, identity: Mapping[str, Any], device: torch.device
) -> TrainingState | None:
    """Read the state that a folder holds.

    Returns
    -------
    TrainingState or None
        None where there is none.

    Raises
    ------
    ProblemError
        If it is that of another run; the message names what differs.
    IntegrityError
        If the files are damaged.
    """
    place = Path(folder) / NAME
    if not place.exists():
        return None
    try:
        record = json.loads(place.read_text(encoding="utf-8"))
        kept, file, digest = record["identity"], record["tensors"], record["sha256"]
        tree, history = record["optimizer"], tuple(float(value) for value in record["history"])
        raw = (Path(folder) / Path(file).name).read_bytes()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(place, repr(error)) from error
    differing = sorted(key for key in {*kept, *identity} if kept.get(key) != identity.get(key))
    if differing:
        raise ProblemError(
            f"the folder holds another run: {', '.join(differing)} differ",
            where=str(place),
            why="going on would mix two runs",
            fix="name an empty folder, or train with what the run began with",
        )
    if sha256(raw).hexdigest() != digest:
        raise _damaged(place, f"{file} has another hash than is recorded")
    tensors = load(raw)
    try:
        optimizer = _unpack(tree, tensors, device)
        parameters, best = tensors["parameters"].to(device), tensors["best"].to(device)
    except (KeyError, TypeError, AttributeError) as error:
        raise _damaged(place, repr(error)) from error
    return TrainingState(parameters, best, optimizer, history)


def _damaged(place: Path, how: str) -> IntegrityError:
    return IntegrityError(
        f"the saved state of the training is damaged: {how}",
        where=str(place),
        fix="remove the folder and train anew",
    )


def _pack(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """A JSON tree of what an optimiser holds, its tensors put aside under their place in it."""
    if isinstance(value, Tensor):
        tensors[name] = value
        return {"tensor": name, "here": value.device.type == "cpu"}
    if isinstance(value, Mapping):
        return {"map": {key: _pack(v, f"{name}.{key}", tensors) for key, v in value.items()}}
    if isinstance(value, list | tuple):
        packed = [_pack(v, f"{name}.{i}", tensors) for i, v in enumerate(value)]
        return {"tuple" if isinstance(value, tuple) else "list": packed}
    return {"value": value}


def _unpack(tree: Any, tensors: Mapping[str, Tensor], device: torch.device) -> Any:
    (kind, content), *_ = tree.items()
    if kind == "tensor":
        # Counters stay with the host, also where the parameters are elsewhere.
        return tensors[content] if tree["here"] else tensors[content].to(device)
    if kind == "map":
        return {key: _unpack(value, tensors, device) for key, value in content.items()}
    if kind in {"list", "tuple"}:
        values = [_unpack(value, tensors, device) for value in content]
        return tuple(values) if kind == "tuple" else values
    return content
