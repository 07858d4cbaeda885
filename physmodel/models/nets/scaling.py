"""Scales of states, inputs and time, from data and from what must share one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from physmodel.errors import DataError, ProblemError
from physmodel.problem.known.affine import Affine
from physmodel.problem.known.symmetry import Symmetry

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Scaling:
    """``x^ = (x - centre) / scale, t^ = t / time``.

    Attributes
    ----------
    centre, scale : tuple of float
        Of each variable.
    time : float
    """

    centre: tuple[float, ...]
    scale: tuple[float, ...]
    time: float = 1.0

    def __post_init__(self) -> None:
        scale = np.array([*self.scale, self.time])
        sound = len(self.centre) == len(self.scale) and np.isfinite(self.centre).all()
        if not sound or not np.isfinite(scale).all() or scale.min() <= 0.0:
            raise ProblemError(
                f"variables cannot be scaled by {self.scale} about {self.centre}, and the time by "
                f"{self.time}",
                fix="give a finite centre and a positive scale for each variable",
            )

    def inside(self, symmetry: Symmetry) -> Symmetry:
        """The same symmetry as a map of the scaled variables, ``S^-1 g S``.

        Parameters
        ----------
        symmetry : Symmetry
            Of all variables, in the order of the scales; see `Symmetry.on`.
        """
        size = len(self.scale) + 2
        out = np.diag([*self.scale, self.time, 1.0])
        out[: size - 2, -1] = self.centre
        back = np.diag(1.0 / np.diag(out))
        back[: size - 2, -1] = -np.array(self.centre) / np.array(self.scale)

        def conjugate(one: Affine) -> Affine:
            found = back @ one.matrix @ out
            # Entries of generators and mirrors are whole numbers, and stay so but for rounding.
            whole = np.round(found)
            return Affine(np.where(np.abs(found - whole) <= 1e-14, whole, found))

        return replace(
            symmetry,
            elements=tuple(conjugate(one) for one in symmetry.elements),
            generators=tuple(conjugate(one) for one in symmetry.generators),
        )


def scaling_of(
    values: Array,
    rates: Array,
    order: int,
    *,
    shared: Sequence[Sequence[int]] = (),
    centred: Sequence[int] = (),
    symmetries: Sequence[Symmetry] = (),
) -> Scaling:
    """Scales in which values and rates are of unit size.

    `values` ``(n, d + m)``: states and inputs. `rates` ``(n, d)``: highest time derivatives of the
    states. `order` ``{1, 2}``: of these derivatives. `shared`: variables that have one scale
    together, as coordinates do in Hamilton's equations. `centred`: variables whose zero has a
    meaning. `symmetries`: of all variables in their order: those that are mixed get one scale, and
    rotations stay about zero. Raises DataError if values are not finite, or nothing moves.
    """
    if not len(values) or not (np.isfinite(values).all() and np.isfinite(rates).all()):
        raise DataError(
            "values or rates are missing or not finite", fix="leave rows out, and split at gaps"
        )
    size, d = values.shape[1], rates.shape[1]
    linked, still = np.eye(size, dtype=bool), np.zeros(size, dtype=bool)
    still[list(centred)] = True
    for group in shared:
        linked[np.ix_(group, group)] = True
    for symmetry in symmetries:
        for one in symmetry.elements:
            linked |= one.linear != 0.0
        for one in symmetry.generators:
            linked |= one.linear != 0.0
            still |= (one.linear != 0.0).any(axis=1)
    centre = np.where(still, 0.0, values.mean(axis=0))
    _, label = connected_components(linked, directed=False)
    square = ((values - centre) ** 2).mean(axis=0)
    scale = np.array([np.sqrt(square[label == one].mean()) for one in label])
    # What never changes has no scale of its own: that of its distance from zero, or one.
    scale = np.where(scale > 1e-12 * np.abs(values).max(axis=0), scale, np.abs(centre))
    scale = np.array([scale[label == one].max() for one in label])
    scale[scale == 0.0] = 1.0
    speed = float(np.sqrt(((rates / scale[:d]) ** 2).mean()))
    if speed == 0.0:
        raise DataError("nothing moves in this record", fix="record a motion")
    return Scaling(tuple(centre.tolist()), tuple(scale.tolist()), float(speed ** (-1.0 / order)))
