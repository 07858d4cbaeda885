"""``physmodel symmetries``: the symmetries of the law behind measured trajectories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from physmodel.cli.found import found_command

if TYPE_CHECKING:
    import xarray as xr

    from physmodel.discovery.laws.symmetries import FoundSymmetry

HELP = """Find the symmetries of the law behind measured trajectories.

Their names are what a study file takes in `symmetries`. Exit status 1 if
there is no law or it has no symmetry.
"""


def _look(data: xr.Dataset) -> tuple[FoundSymmetry, ...]:
    from physmodel.discovery.laws.of_data import symmetries

    return symmetries(data)


command = found_command(
    "symmetries", HELP, _look, "looking for symmetries", "no symmetry beyond doubt"
)
