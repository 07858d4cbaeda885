"""The update of a network as one small file, which names the network that it belongs to."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from physmodel.atomic import write_atomic
from physmodel.errors import IntegrityError, ProblemError
from physmodel.models.nets.net_field import NetField
from physmodel.models.nets.weights.form_text import text_of
from physmodel.models.nets.weights.low_rank import LowRank, merged, with_update
from physmodel.models.nets.weights.storage import (
    LARGEST_HEADER,
    reading,
    require_finite,
    require_version,
)

Array = NDArray[np.float64]

#: Version of the layout; what is newer is refused.
SCHEMA_VERSION = 1
#: Name of the vector of numbers, and of the description in the header of the file.
NUMBERS, ABOUT = "update", "physmodel"


def save_update(field: NetField, path: str | Path) -> Path:
    """Write the update of a network without the network.

    Parameters
    ----------
    field : NetField
        Of `physmodel.models.nets.weights.low_rank.with_update`, fitted.
    path : path
        One file, in the format of safetensors; ``.safetensors`` is a good ending.

    Raises
    ------
    ProblemError
        If the field has no update, a parameter is not finite, the form has no name in files, or the
        file cannot be written.
    """
    form = field.form if isinstance(field, NetField) else field
    if not isinstance(field, NetField) or not isinstance(form, LowRank):
        raise ProblemError(
            f"a {type(form).__name__} has no update",
            fix="save the network with save_net, or start from with_update(field)",
        )
    require_finite(field, "update")
    base = replace(field, form=form.inner, parameters=form.base)
    record = {
        "schema_version": SCHEMA_VERSION,
        "rank": form.rank,
        "base": _digest(base),
        "update": sha256(field.parameters.tobytes()).hexdigest(),
    }
    about = {ABOUT: json.dumps(record, separators=(",", ":"))}
    return write_atomic(path, save({NUMBERS: field.parameters}, about))


def load_update(path: str | Path, base: NetField) -> NetField:
    """Read an update that `save_update` wrote, onto the network that it belongs to.

    Parameters
    ----------
    path : path
    base : NetField
        The network that the update started from.

    Returns
    -------
    NetField
        With the update; `physmodel.models.nets.weights.low_rank.merged` makes a plain network of
        it.

    Raises
    ------
    ProblemError
        If there is no such file.
    IntegrityError
        If it is the update of another network, or damaged.
    """
    place = Path(path)
    if not place.is_file():
        raise ProblemError("there is no update here", where=str(place), fix="give the file of one")
    if not isinstance(base, NetField):
        raise ProblemError(
            f"{base!r} is no network", fix="give the network that the update started from"
        )
    base = merged(base)
    with reading(place, "update"):
        if place.stat().st_size > 8 * len(base.parameters) + LARGEST_HEADER:
            raise ValueError("it is larger than the network")
        raw = place.read_bytes()
        record, update = _about(raw), load(raw)
        require_version(record, SCHEMA_VERSION, place, "update")
        rank = record["rank"]
        if list(update) != [NUMBERS] or type(rank) is not int or rank < 1:
            raise ValueError("it holds something else than an update")
        numbers = np.array(update[NUMBERS])
        if sha256(numbers.tobytes()).hexdigest() != record["update"]:
            raise ValueError("its numbers have another hash than is recorded")
        if record["base"] != _digest(base):
            raise IntegrityError(
                "the update belongs to another network",
                where=str(place),
                why="its numbers are differences from the weights of the network it started from",
                fix="load that network first: same form, names and weights",
            )
        field = with_update(base, rank=rank)
        sound = numbers.dtype == np.float64 and numbers.shape == field.parameters.shape
        if not sound or not np.isfinite(numbers).all():
            raise ValueError(f"its numbers are not {len(field.parameters)} finite ones in float64")
        return field.with_parameters(numbers)


def _digest(base: NetField) -> str:
    """Hash of all that the rates of a network depend on."""
    arrays: dict[str, Array] = {"parameters": base.parameters}
    described = [text_of(base.form, arrays), base.states, base.inputs]
    found = sha256(json.dumps(described, sort_keys=True).encode())
    for name in sorted(arrays):
        found.update(np.ascontiguousarray(arrays[name]).tobytes())
    return found.hexdigest()


def _about(raw: bytes) -> dict[str, Any]:
    """The description in the header: its length in eight bytes, then JSON."""
    length = int.from_bytes(raw[:8], "little")
    found = json.loads(json.loads(raw[8 : 8 + length])["__metadata__"][ABOUT])
    if not isinstance(found, dict):
        raise ValueError("its description is none")
    return found
