"""Equivariance of a vector field, with a sentence on where it fails."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from physmodel.models.defect import symmetry_defect
from physmodel.models.fields.linear_field import Points
from physmodel.models.fields.vector_field import VectorField
from physmodel.problem.known.affine import Affine
from physmodel.problem.known.symmetry import Symmetry
from physmodel.problem.known.symmetry_text import read_symmetry
from physmodel.testing.failure import require_close
from physmodel.testing.field import points_for, worst

#: Relative defect of a field that obeys, with room for fields that compute in many steps.
TOLERANCE = 1e-9

#: Elements of a group that are drawn.
DRAWN = 5


def check_symmetry(
    symmetry: Symmetry | str,
    field: VectorField,
    points: Points | None = None,
    *,
    tolerance: float = TOLERANCE,
) -> None:
    """Check that the maps of a symmetry are a group, and that a field keeps its form under them.

    Parameters
    ----------
    symmetry : Symmetry or str
        Or its name, as in ``"rotation:x,y"``.
    field : VectorField
    points : Points, optional
        Where the field is defined, together with the images of these points; see `points_for`.
    tolerance : float
        Largest difference, relative to the size of each equation.

    Raises
    ------
    AssertionError
        If ``f(g x) = g f(x)`` fails for a generator, an element or a product of some; the message
        names the map, the point and the size.
    """
    names = (*field.states, *field.inputs)
    if isinstance(symmetry, str):
        symmetry = read_symmetry(symmetry, field.states, field.inputs)
    whole = symmetry.on(names)
    where = points_for(field) if points is None else points
    for kind, parts in (("element", whole.elements), ("generator", whole.generators)):
        for k, one in enumerate(parts):
            single = replace(
                whole,
                elements=(one,) if kind == "element" else (),
                generators=(one,) if kind == "generator" else (),
            )
            _require_equivariant(single, field, where, f"{kind} {k}", tolerance)
    drawn = whole.sample(DRAWN)
    _require_group(whole, drawn, where, tolerance)
    for k, one in enumerate(drawn):
        single = replace(whole, elements=(one,), generators=())
        _require_equivariant(single, field, where, f"random element {k}", tolerance)


def _require_equivariant(
    symmetry: Symmetry, field: VectorField, points: Points, part: str, tolerance: float
) -> None:
    defect = symmetry_defect(symmetry, field, points)
    if defect <= tolerance:
        return
    most = worst(field, points, lambda some: symmetry_defect(symmetry, field, some))
    raise AssertionError(
        f"symmetry {symmetry.name}, {part}: f(g x) differs from g f(x) by {defect:.2g} of its size "
        f"where {tolerance:.2g} is allowed, most at {most}"
    )


def _require_group(
    symmetry: Symmetry, drawn: tuple[Affine, ...], points: Points, tolerance: float
) -> None:
    states, time = np.column_stack([points.states, points.inputs]), points.time
    for one, other in pairwise(drawn):
        label = f"symmetry {symmetry.name}"
        by_two = one.act(*other.act(states, time))
        at_once = one.after(other).act(states, time)
        back = one.inverse().act(*one.act(states, time))
        for k, original in enumerate((states, time)):
            bound = tolerance * max(1.0, np.abs(at_once[k]).max(), np.abs(original).max())
            require_close(at_once[k], by_two[k], bound, f"{label}: a product is not one map")
            require_close(back[k], original, bound, f"{label}: an inverse does not lead back")
