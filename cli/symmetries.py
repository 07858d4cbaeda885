"""``physmodel symmetries``: the symmetries of the law behind measured trajectories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from physmodel.cli.support.listing import listing_command

if TYPE_CHECKING:
    import xarray as xr

    from physmodel.conserved.symmetries import LawSymmetry

HELP = """Find the symmetries of the law behind measured trajectories.

Their names are what a study file takes in `symmetries`. Exit status 1 if
there is no law or it has no symmetry.
"""


def _look(data: xr.Dataset) -> tuple[tuple[LawSymmetry, ...], str]:
    from physmodel.conserved.of_field import autonomous
    from physmodel.conserved.of_law import law_symmetries
    from physmodel.discovery.discover import discover
    from physmodel.invariance.symmetries import law_behind
    from physmodel.laws.texts.render import folded, left_side, right_side
    from physmodel.models.fields.central_force import CentralForce

    law = law_behind(discover(data))
    if law.status == "no-law":
        return (), "note: there is no law of these data whose symmetries could be told"
    equations = [
        f"  {left_side(s, law.model.order)} = {right_side(law, s)}" for s in law.problem.states
    ]
    if isinstance(law.model, CentralForce):
        equations = ["  bodies that pull on each other"]
    elif not autonomous(law.model):
        equations.append("  with the time or inputs in it, no symmetry is looked for")
    lines = [line for text in equations for line in folded(text, 79)]
    return law_symmetries(law), "\n".join([f"note: of this law ({law.status}):", *lines])


command = listing_command(
    "symmetries", HELP, _look, "looking for symmetries", "no symmetry beyond doubt"
)
