"""Fields and trajectories as plain arrays, checked, and back."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.contract import offsets, validate, variable_names
from physmodel.data.measurement.noise import estimate_noise
from physmodel.errors import DataError

Array = NDArray[np.float64]

#: Rows of a field from which its noise is estimated, spread evenly.
ROWS = 256
#: Fewer samples in a row tell nothing about noise.
LONG = 8


def series(data: xr.Dataset, name: str) -> Iterator[tuple[Array, Array]]:
    """Times and values of one variable, trajectory by trajectory."""
    edges = offsets(validate(data))
    for first, last in pairwise(edges):
        yield data["time"].values[first:last], data[name].values[first:last]


def states(data: xr.Dataset) -> tuple[str, ...]:
    """Measured states of trajectories."""
    return variable_names(data, role="state")


def field(array: xr.DataArray, *, gaps: bool = False) -> Array:
    """Values of a field, checked.

    `array`: in one to three dimensions. `gaps`: whether missing values are allowed. Returns: A copy
    in float64. Raises DataError if it has no numbers, other dimensions, infinite values, or gaps
    that are not allowed.
    """
    where = f"field {str(array.name)!r}" if array.name is not None else "the field"
    if array.dtype.kind not in "iufb":
        raise DataError(
            f"the values are {array.dtype}, not real numbers", where=where, fix="convert them first"
        )
    if not 1 <= array.ndim <= 3 or array.size == 0:
        raise DataError(
            f"the shape is {array.shape}",
            where=where,
            why="dictionaries are defined for signals in one to three dimensions",
            fix="select along the other dimensions, for example field.isel(level=0)",
        )
    values = np.array(array.values, dtype=float)
    bad = ~np.isfinite(values) & ~(gaps & np.isnan(values))
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise DataError(
            f"{int(bad.sum())} values are missing or infinite, the first at {first}",
            where=where,
            why="a gap is no measurement, and would spread over every atom that touches it",
            fix="fill it with inpaint, or make infinite values NaN",
        )
    return values


def field_noise(values: Array) -> float:
    """Standard deviation of white noise in a field, from differences along its axes.

    `values`: NaN where nothing was measured. Returns: the least over the axes, with and without
    differences along the others: what varies along one axis may be smooth along another, while
    white noise is the same along all.
    """
    levels = []
    for axis, n in enumerate(values.shape):
        if n < LONG:
            continue
        for rows in (values, *([_contrast(values, axis)] if values.ndim > 1 else [])):
            lines = np.moveaxis(rows, axis, -1).reshape(-1, n)
            lines = lines[np.unique(np.linspace(0, len(lines) - 1, ROWS).astype(int))]
            seen = [np.isfinite(line) for line in lines]
            pieces = [(np.flatnonzero(m), v[m]) for m, v in zip(seen, lines, strict=True)]
            pieces = [(t.astype(float), v) for t, v in pieces if len(t) >= LONG]
            if pieces:
                levels.append(estimate_noise(*zip(*pieces, strict=True)))
    return min(levels, default=0.0)


def _contrast(values: Array, axis: int) -> Array:
    """Second differences along all other axes, of unit norm: less signal, the same white noise."""
    for other, n in enumerate(values.shape):
        if other != axis and n >= LONG:
            left, middle, right = (
                np.take(values, range(k, n - 2 + k), axis=other) for k in range(3)
            )
            values = (left - 2.0 * middle + right) / np.sqrt(6.0)
    return values
