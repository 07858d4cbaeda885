"""Parts of a result that are the same whatever family the law is of: tables, and the start."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.laws.scores import start_velocity
from physmodel.models.vector_field import VectorField

Array = NDArray[np.float64]


def coefficient_table(
    states: Sequence[str], terms: Sequence[str]
) -> Callable[[Array], xr.DataArray]:
    """A function that labels arrays ``(d, p)`` with equations and terms."""
    coords = {"equation": list(states), "term": list(terms)}
    shape = (len(states), len(terms))
    blank = xr.DataArray(np.zeros(shape), dims=("equation", "term"), coords=coords)
    return lambda values: blank.copy(data=values)


def start_of(data: xr.Dataset, model: VectorField, latent: Array | None) -> dict[str, Array]:
    """State (and velocity) at the first sample."""
    first = int(data["row_size"].values[0])
    time = data["time"].values[:first]
    states = np.column_stack([data[name].values[:first] for name in model.states])
    start = {
        "time": np.array(time[0]),
        "states": states[0] if latent is None else latent,
    }
    velocity = start_velocity(model, time, states, 0)
    if velocity is not None:
        start["velocities"] = velocity
    return start
