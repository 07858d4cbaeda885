"""Parts of a result that are the same whatever family the law is of: tables, and the start."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.laws.runs.start_fit import first_start
from physmodel.models.fields.vector_field import VectorField

Array = NDArray[np.float64]


def coefficient_table(
    states: Sequence[str], terms: Sequence[str]
) -> Callable[[Array], xr.DataArray]:
    """A function that labels arrays ``(d, p)`` with equations and terms."""
    coords = {"equation": list(states), "term": list(terms)}
    shape = (len(states), len(terms))
    blank = xr.DataArray(np.zeros(shape), dims=("equation", "term"), coords=coords)
    return lambda values: blank.copy(data=values)


def start_of(data: xr.Dataset, model: VectorField, noise: Mapping[str, float]) -> dict[str, Array]:
    """State (and velocity) at the first sample, from which the law follows the samples.

    Parameters
    ----------
    data : xarray.Dataset
    model : VectorField
    noise : mapping of str to float
        Standard deviation of the measurements of each state.
    """
    d = len(model.states)
    time, motion = first_start(model, data, np.array([noise[state] for state in model.states]))
    start = {"time": np.array(time), "states": motion[:d]}
    return start | ({"velocities": motion[d:]} if model.order == 2 else {})
