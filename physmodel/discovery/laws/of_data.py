"""Symmetries of the law behind measured trajectories."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from physmodel.data.contract import variable_names
from physmodel.data.open import open as open_data
from physmodel.data.segments import segments
from physmodel.discovery.bodies import recognise_bodies
from physmodel.discovery.discover import discover
from physmodel.discovery.laws.families import motion_pairs
from physmodel.discovery.laws.of_law import law_symmetries
from physmodel.discovery.laws.smoothing import smooth
from physmodel.discovery.laws.symmetries import FoundSymmetry
from physmodel.discovery.result import Result


def symmetries(data: Any) -> tuple[FoundSymmetry, ...]:
    """Find the symmetries of the law behind measured trajectories.

    Parameters
    ----------
    data : xarray.Dataset, path, DataFrame or catalogue name
        A dataset as `physmodel.open` makes it, or anything that `physmodel.open` takes.

    Returns
    -------
    tuple of FoundSymmetry
        Of the law that `discover` finds or, where positions and velocities were measured and it
        takes fewer terms, of one with a pull towards the origin that falls with the square of
        the distance. Empty without a law.

    Raises
    ------
    DataError
        If the data cannot be used.
    """
    dataset = data if isinstance(data, xr.Dataset) and "row_size" in data else open_data(data)
    law = discover(dataset)
    states = variable_names(dataset, "state")
    if len(states) in (4, 6) and not recognise_bodies(states):
        pairs = motion_pairs(smooth(segments(dataset, states), states, velocities=False))
        if 2 * len(pairs) == len(states):
            square = "+".join(f"{name}^2" for name, _ in pairs)
            pulls = tuple(f"{name}*({square})^(-3/2)" for name, _ in pairs)
            other = discover(dataset, degree=1, terms=pulls)
            if other.status != "no-law" and (law.status == "no-law" or _size(other) < _size(law)):
                law = other
    return law_symmetries(law)


def _size(law: Result) -> int:
    return int(np.count_nonzero(law.coefficients.values))
