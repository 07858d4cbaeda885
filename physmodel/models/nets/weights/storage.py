"""A network in a folder: ``model.json`` says what it is, ``weights.safetensors`` holds its numbers.

Nothing in the files runs: forms are made by the names of a list, from fields that are numbers,
texts and further forms, each checked against what the form declares.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from physmodel.atomic import write_atomic
from physmodel.errors import IntegrityError, PhysmodelError, ProblemError
from physmodel.models.nets.net_field import NetField
from physmodel.models.nets.weights.form_text import form_of, text_of

Array = NDArray[np.float64]

#: Version of the layout; what is newer is refused.
SCHEMA_VERSION = 1
FILE, WEIGHTS = "model.json", "weights.safetensors"
#: Bytes at most: of the description, and of what a weight file holds beside its numbers.
LARGEST_TEXT, LARGEST_HEADER = 50_000_000, 100_000


def save_net(field: NetField, folder: str | Path) -> Path:
    """Write a network.

    Parameters
    ----------
    field : NetField
    folder : path
        Made if it is not there. The description is written last and holds the hash of both files,
        so that a crash in between is seen when the network is read.

    Raises
    ------
    ProblemError
        If the form has no name in files, a parameter is not finite, or the folder cannot be
        written to.
    """
    if not isinstance(field, NetField):
        raise ProblemError(
            f"a {type(field).__name__} is no network with parameters",
            fix="save NetField(form, states, inputs, parameters)",
        )
    require_finite(field, "network")
    arrays: dict[str, Array] = {"parameters": field.parameters}
    described = text_of(field.form, arrays)
    raw = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    record = {
        "schema_version": SCHEMA_VERSION,
        "states": list(field.states),
        "inputs": list(field.inputs),
        "form": described,
        "sizes": {name: array.size for name, array in arrays.items()},
    }
    record["sha256"] = _digest(record, raw)
    place = Path(folder)
    write_atomic(place / WEIGHTS, raw)
    write_atomic(place / FILE, json.dumps(record, indent=1, allow_nan=False) + "\n")
    return place


def load_net(folder: str | Path, *, device: str = "cpu") -> NetField:
    """Read a network that `save_net` wrote.

    Parameters
    ----------
    folder : path
    device : str
        Where it shall compute; see `NetField`.

    Raises
    ------
    ProblemError
        If there is no network in the folder.
    IntegrityError
        If the files are damaged, or not those that belong together.
    """
    place = Path(folder)
    if not (place / FILE).is_file():
        raise ProblemError(
            "there is no network in this folder", where=str(place), fix=f"a {FILE} is looked for"
        )
    with reading(place, "network"):
        record = json.loads(_bytes(place / FILE, LARGEST_TEXT))
        require_version(record, SCHEMA_VERSION, place / FILE, "network")
        states, inputs = _names(record["states"]), _names(record["inputs"])
        sizes = {str(name): _size(value) for name, value in record["sizes"].items()}
        arrays = _arrays(place / WEIGHTS, sizes, record)
        form = form_of(record["form"], arrays)
        return NetField(form, states, inputs, arrays["parameters"], device)


def require_finite(field: NetField, what: str) -> None:
    """Refuse to write what could not be read."""
    if not np.isfinite(field.parameters).all():
        raise ProblemError(
            f"the {what} has parameters that are not finite numbers",
            why="it would be refused when it is read",
            fix="save the parameters before the fit went wrong",
        )


def require_version(record: dict[str, Any], version: int, place: Path, what: str) -> None:
    """Refuse a layout of another version."""
    if record["schema_version"] != version:
        raise IntegrityError(
            f"the {what} has the layout {record['schema_version']!r}, and this version reads "
            f"{version}",
            where=str(place),
            fix="read it with the version of physmodel that wrote it",
        )


@contextmanager
def reading(place: Path, what: str) -> Iterator[None]:
    """Whatever goes wrong inside means that what was saved is damaged."""
    try:
        yield
    except IntegrityError:
        raise
    except PhysmodelError as error:
        raise _damaged(place, error.what, what) from error
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        OSError,
        RecursionError,
        SafetensorError,
        TypeError,
        ValueError,
    ) as error:
        raise _damaged(place, str(error) or repr(error), what) from error


def _bytes(path: Path, most: int) -> bytes:
    if path.stat().st_size > most:
        raise _damaged(path, f"it has more than {most} bytes")
    return path.read_bytes()


def _digest(record: dict[str, Any], raw: bytes) -> str:
    """Hash of description and weights together."""
    described = {key: value for key, value in record.items() if key != "sha256"}
    return sha256(json.dumps(described, sort_keys=True).encode() + raw).hexdigest()


def _arrays(path: Path, sizes: dict[str, int], record: dict[str, Any]) -> dict[str, Array]:
    """Vectors of float64 by name, with just these sizes."""
    raw = _bytes(path, 8 * sum(sizes.values()) + LARGEST_HEADER)
    if _digest(record, raw) != record["sha256"]:
        raise _damaged(path, "description and weights have another hash than is recorded")
    found = load(raw)
    if set(found) != set(sizes):
        raise _damaged(path, f"it holds {sorted(found)} instead of {sorted(sizes)}")
    for name, array in found.items():
        if array.dtype != np.float64 or array.shape != (sizes[name],):
            raise _damaged(path, f"{name} has the shape {array.shape} and the type {array.dtype}")
        if not np.isfinite(array).all():
            raise _damaged(path, f"{name} has entries that are not finite")
    return {name: np.array(array) for name, array in found.items()}


def _names(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(name, str) for name in values):
        raise ValueError(f"{values!r} are no names")
    return tuple(values)


def _size(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is no size")
    return value


def _damaged(place: Path, how: str, what: str = "network") -> IntegrityError:
    return IntegrityError(f"the saved {what} is damaged: {how}", where=str(place), fix="save anew")
