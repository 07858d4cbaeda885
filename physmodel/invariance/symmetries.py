"""Symmetries of the law behind measured trajectories."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from physmodel.conserved.of_law import law_symmetries
from physmodel.conserved.search.families import motion_pairs
from physmodel.conserved.search.smoothing import SHORTEST, smooth
from physmodel.conserved.symmetries import LawSymmetry
from physmodel.data.contract import variable_names
from physmodel.data.segments import segments
from physmodel.discovery.discover import discover
from physmodel.laws.result import Result
from physmodel.problem.body_names import recognise_bodies


def symmetries(data: Any) -> tuple[LawSymmetry, ...]:
    """Find the symmetries of the law behind measured trajectories.

    Parameters
    ----------
    data : xarray.Dataset, path, DataFrame, catalogue name or Result
        A dataset as `physmodel.open` makes it, or anything that `physmodel.open` takes, or the law
        that `discover` found in it, with its data.

    Returns
    -------
    tuple of LawSymmetry
        Continuous ones first; their names are what a `Problem` takes. Empty without a law. Where
        positions and velocities were measured and fewer terms do, those of the law with a pull
        towards the origin that falls with the square of the distance. Where other terms cannot be
        told from those of the law, what all these laws share. Angles are in radians.

    Raises
    ------
    DataError
        If the data cannot be used.
    ProblemError
        If a law comes without its data.
    """
    with threadpool_limits(1, "blas"):  # as in `discover`
        return law_symmetries(law_behind(data if isinstance(data, Result) else discover(data)))


def law_behind(law: Result) -> Result:
    """A law as it was found, or one with a pull towards the origin if that is shorter.

    Parameters
    ----------
    law : Result
        That `discover` found.

    Returns
    -------
    Result
        The pull falls with the square of the distance, and is tried where all positions and
        velocities were measured and nobody said which terms to use or what must hold.
    """
    asked = law.problem
    if law.data is None or asked.library or asked.symmetries or asked.laws:
        return law
    pulls = _pulls(law.data)
    if not pulls:
        return law
    other = discover(law.data, degree=1, terms=pulls)
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
