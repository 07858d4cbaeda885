"""Symmetries of the law behind measured trajectories."""

from __future__ import annotations

from typing import Any

import xarray as xr

from physmodel.data.contract import variable_names
from physmodel.data.open import open as open_data
from physmodel.data.segments import segments
from physmodel.discovery.discover import discover
from physmodel.discovery.laws.evidence import without_velocities
from physmodel.discovery.laws.families import motion_pairs
from physmodel.discovery.laws.of_law import law_symmetries
from physmodel.discovery.laws.phase import smooth
from physmodel.discovery.laws.symmetries import FoundSymmetry


def symmetries(data: Any) -> tuple[FoundSymmetry, ...]:
    """Find the symmetries of the law behind measured trajectories.

    Parameters
    ----------
    data : xarray.Dataset, path, DataFrame or catalogue name
        A dataset as `physmodel.open` makes it, or anything that `physmodel.open` takes.

    Returns
    -------
    tuple of FoundSymmetry
        Of the law that `discover` finds; where it finds none and positions and velocities were
        measured, of a law with a pull towards the origin that falls with the square of distance.
        Empty where there is no law either.

    Raises
    ------
    DataError
        If the data cannot be used.
    """
    dataset = data if isinstance(data, xr.Dataset) and "row_size" in data else open_data(data)
    law = discover(dataset)
    states = variable_names(dataset, "state")
    if law.status == "no-law" and len(states) > 2:
        phase = smooth(segments(dataset, states), states, velocities=True)
        positions = [position for position, _ in motion_pairs(without_velocities(phase))]
        if 2 <= len(positions) <= 3:
            square = "+".join(f"{name}^2" for name in positions)
            pulls = tuple(f"{name}*({square})^(-3/2)" for name in positions)
            law = discover(dataset, degree=1, terms=pulls)
    return law_symmetries(law)
