"""``physmodel invariants``: what measured trajectories conserve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from physmodel.cli.support.listing import listing_command

if TYPE_CHECKING:
    import xarray as xr

    from physmodel.laws.invariant import Invariant

HELP = """Find what measured trajectories conserve, without a model of their motion.

Each quantity comes with the probability that noise alone makes it change
as much as it does, and with its drift along the data. Several trajectories
from different starts tell most. Exit status 1 if nothing is conserved.
"""


def _look(data: xr.Dataset) -> tuple[tuple[Invariant, ...], str]:
    from physmodel.invariance.invariants import invariants

    found = invariants(data)
    if found or data.sizes["trajectory"] > 1:
        return found, ""
    return found, (
        "note: there is one trajectory, and whatever is constant on it may be the equation of its "
        "curve; records from other starts would tell"
    )


command = listing_command(
    "invariants",
    HELP,
    _look,
    "looking for conserved quantities",
    "nothing is conserved beyond doubt",
)
