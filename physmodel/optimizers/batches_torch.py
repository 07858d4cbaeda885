"""Data for training: arrays on a device, and their rows in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physmodel.errors import ProblemError

Array = NDArray[np.float64]
#: Rows of each data array, in the same order.
Batch = tuple[Tensor, ...]


def batches(rows: Batch, size: int, order: tuple[int, int] | None) -> Iterator[Batch]:
    """Batches in order, or in one that a seed and the epoch fix."""
    n = len(rows[0])
    if order is None or size >= n:
        for first in range(0, n, size):
            yield tuple(array[first : first + size] for array in rows)
        return
    shuffled = torch.from_numpy(np.random.default_rng(order).permutation(n)).to(rows[0].device)
    for first in range(0, n, size):
        yield tuple(array[shuffled[first : first + size]] for array in rows)


def open_device(name: str) -> torch.device:
    """Find a device.

    Raises
    ------
    ProblemError
        If there is none of that name here, or it knows no float64.
    """
    try:
        device = torch.device(name)
        torch.zeros(1, dtype=torch.float64, device=device)
    except (RuntimeError, TypeError, AssertionError) as error:
        raise ProblemError(
            f"the device {name!r} cannot hold float64 numbers here: {error}",
            fix="use device='cpu', or a device that torch finds on this machine",
        ) from error
    return device


def open_data(data: Sequence[Array], device: torch.device) -> Batch:
    """Move arrays to a device, float ones as float64.

    Raises
    ------
    ProblemError
        If there are none, or their numbers of rows differ or are zero.
    """
    arrays = [np.asarray(array) for array in data]
    sizes = {array.shape[:1] for array in arrays}
    if len(sizes) != 1 or sizes <= {(), (0,)}:
        raise ProblemError(
            f"the data have the shapes {', '.join(str(a.shape) for a in arrays) or 'of nothing'}",
            why="their rows belong together",
            fix="pass one or more arrays with the same number of rows, at least one",
        )
    return tuple(
        torch.tensor(a, dtype=torch.float64 if a.dtype.kind == "f" else None, device=device)
        for a in arrays
    )


def digest(arrays: Sequence[Array]) -> str:
    """SHA-256 of types, shapes and values."""
    total = sha256()
    for array in arrays:
        plain = np.ascontiguousarray(array)
        total.update(f"{plain.dtype.str}{plain.shape}".encode())
        total.update(plain.tobytes())
    return total.hexdigest()
