"""What all models in run folders are read with; nothing in a file is ever run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.open import open as open_data
from physmodel.errors import DataError, IntegrityError, PhysmodelError
from physmodel.laws.files.manifest import check
from physmodel.laws.files.storage import FILE, SCHEMA_VERSION

Array = NDArray[np.float64]


def read_table(path: str | Path) -> tuple[dict[str, Any], Path]:
    """Read a ``model.json``.

    Parameters
    ----------
    path : path
        A run folder or the file in it.

    Returns
    -------
    dict
    Path
        Of the file.

    Raises
    ------
    IntegrityError
        If the file is missing, not of this schema, or not what the run wrote.
    """
    source = Path(path)
    source = source / FILE if source.is_dir() else source
    try:
        table = json.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise IntegrityError(
            f"there is no model here: {error.strerror}",
            where=source.name,
            fix="give the folder that `physmodel discover -o` or `physmodel hybrid -o` wrote",
        ) from None
    except (ValueError, RecursionError) as error:  # also text, digits and depth beyond reason
        raise IntegrityError(f"not JSON: {error}", where=source.name) from None
    check(source)
    with restoring(source):
        version = table["schema_version"]
    if version != SCHEMA_VERSION:
        raise IntegrityError(
            f"schema version {version!r}; this physmodel reads {SCHEMA_VERSION}", where=source.name
        )
    return table, source


@contextmanager
def restoring(source: Path) -> Iterator[None]:
    """Turn whatever a table that was changed by hand makes fail into an `IntegrityError`."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise IntegrityError(
            f"not a model: {type(error).__name__} {error}", where=source.name
        ) from None
    except IntegrityError:
        raise
    except PhysmodelError as error:
        raise IntegrityError(f"not a model: {error.what}", where=source.name) from None


def read_data(path: Path) -> xr.Dataset | None:
    """The data of a run; None where they were not kept."""
    if not path.is_file():
        return None
    check(path)
    try:
        with xr.open_dataset(path, engine="scipy") as written:
            source = written.attrs.get("source", "")  # before it was put into this file
        return open_data(path).assign_attrs(source=source)
    except DataError as error:
        raise IntegrityError(f"not the data of a run: {error.what}", where=path.name) from None


def read_start(table: dict[str, Any], n_states: int, order: int) -> dict[str, Array]:
    """Time, states and velocities (second order) at the first sample.

    Raises
    ------
    ValueError
        If one is not finite or of another shape.
    """
    start = {key: np.array(value, dtype=float) for key, value in table.items()}
    shapes: dict[str, tuple[int, ...]] = {"time": (), "states": (n_states,)}
    shapes |= {"velocities": (n_states,)} if order == 2 else {}
    for key, shape in shapes.items():
        if start[key].shape != shape or not np.isfinite(start[key]).all():
            raise ValueError(f"start {key} {table[key]!r}")
    return start


def number_of(value: float | None) -> float:
    """A number of the file, which holds null where there was none."""
    return float("nan") if value is None else float(value)
