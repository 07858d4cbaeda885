"""Symmetries of the law behind measured trajectories."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from physmodel.bodies.names import recognise_bodies
from physmodel.conserved.of_law import law_symmetries
from physmodel.conserved.search.families import motion_pairs
from physmodel.conserved.search.smoothing import SHORTEST, smooth
from physmodel.conserved.symmetries import FoundSymmetry
from physmodel.data.contract import variable_names
from physmodel.data.open import open as open_data
from physmodel.data.segments import segments
from physmodel.discovery.discover import discover
from physmodel.laws.result import Result


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
    return law_symmetries(law_behind(data))


def law_behind(data: Any) -> Result:
    """The law that `discover` finds, or one with a pull towards the origin if that is shorter.

    Parameters
    ----------
    data : xarray.Dataset, path, DataFrame or catalogue name

    Returns
    -------
    Result
        The pull falls with the square of the distance, and is tried where all positions and
        velocities were measured. `symmetries` lists those of this law.
    """
    dataset = data if isinstance(data, xr.Dataset) and "row_size" in data else open_data(data)
    law = discover(dataset)
    pulls = _pulls(dataset)
    if not pulls:
        return law
    other = discover(dataset, degree=1, terms=pulls)
    shorter = law.status == "no-law" or _size(other) < _size(law)
    return other if other.status != "no-law" and shorter else law


def _pulls(dataset: xr.Dataset) -> tuple[str, ...]:
    """Pulls towards the origin, where the states are two or three positions and velocities."""
    states = variable_names(dataset, "state")
    if len(states) not in (4, 6) or recognise_bodies(states):
        return ()
    pieces = segments(dataset, states)
    if not any(len(piece.time) >= SHORTEST for piece in pieces):
        return ()
    positions = [name for name, _ in motion_pairs(smooth(pieces, states, velocities=False))]
    units = {str(dataset[name].attrs.get("units", "")) for name in positions}
    if 2 * len(positions) != len(states) or len(units) > 1:  # a distance has one unit
        return ()
    square = "+".join(f"{name}^2" for name in positions)
    return tuple(f"{name}*({square})^(-3/2)" for name in positions)


def _size(law: Result) -> int:
    return int(np.count_nonzero(law.coefficients.values))
