"""What networks cannot keep exactly of a symmetry, and how a scalar changes its sign under one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.problem.known.affine import Affine
from physmodel.problem.known.symmetry import Symmetry

Array = NDArray[np.float64]

#: Difference of matrices below which they are the same: group elements are products of others.
SAME = 1e-9


def signs_of(model: object, whole: Symmetry, bracket: Array, order: int) -> list[float]:
    """Sign of a scalar ``H`` under each element of the group, for the field ``bracket grad H``.

    The field is equivariant if ``H(g x) = sign H(x)`` with ``A B A' = sign s^order B``, where
    ``s`` is the factor of the time.

    Raises ProblemError if a map changes the bracket in another way.
    """
    for one in whole.generators:
        turned = one.linear @ bracket + bracket @ one.linear.T
        if np.abs(turned).max(initial=0.0) > SAME:
            raise unsupported(model, whole, "it does not keep what makes a field of the scalar")
    found = []
    for one in whole.group():
        image = one.linear @ bracket @ one.linear.T / one.time**order
        if np.abs(image - bracket).max() <= SAME:
            found.append(1.0)
        elif np.abs(image + bracket).max() <= SAME:
            found.append(-1.0)
        else:
            raise unsupported(
                model, whole, "it changes some parts of what makes a field of the scalar, not all"
            )
    return found


def require_normal(whole: Symmetry) -> None:
    """Averages of invariants stay invariant if the elements map the generators to each other."""
    if not whole.generators:
        return
    span = np.array([one.matrix.ravel() for one in whole.generators]).T
    for one in whole.elements:
        inverse = one.inverse().matrix
        images = [(one.matrix @ g.matrix @ inverse).ravel() for g in whole.generators]
        left = np.array(images).T
        if np.abs(span @ np.linalg.lstsq(span, left)[0] - left).max() > SAME:
            raise ProblemError(
                f"networks cannot keep the symmetry {whole.name!r} exactly",
                why="its finite part turns its continuous part into another one",
                fix="name all axes of the continuous symmetry",
            )


def require_still(one: Affine, whole: Symmetry) -> None:
    """Refuse elements that add a velocity: averages would depend on the time."""
    if one.boost.any():
        raise ProblemError(f"networks cannot keep the symmetry {whole.name!r}: it adds velocities")


def is_identity(one: Affine) -> bool:
    """Whether an element leaves all variables where they are."""
    return bool(
        np.abs(one.linear - np.eye(len(one.linear))).max(initial=0.0) <= SAME
        and np.abs(one.offset).max(initial=0.0) <= SAME
    )


def unsupported(model: object, whole: Symmetry, why: str) -> ProblemError:
    """The error for a symmetry that this kind of model cannot keep."""
    return ProblemError(
        f"a {type(model).__name__} cannot keep the symmetry {whole.name!r} exactly",
        why=why,
        fix="leave the symmetry out, or choose a Hamiltonian or a field without structure",
    )


def nothing_left(whole: Symmetry) -> ProblemError:
    """The error for a symmetry that only a field without motion has."""
    return ProblemError(
        f"nothing moves under the symmetry {whole.name!r}",
        why="only the field that is zero everywhere, or no variable at all, keeps it",
        fix="name the states that change sign, such as time-reversal:p",
    )
