"""What a single trajectory can tell about conserved quantities.

A trajectory that closes, or is short, is a curve, and infinitely many functions are constant on a
curve: on one orbit of a planet the equation of the ellipse as much as the energy. No test of these
data alone tells them apart. Two things do: a motion that comes near its own past without repeating
it, so that it fills more than a curve; or a law of motion, which says what happens elsewhere.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.conserved.fitted import uncertain
from physmodel.conserved.of_field import judge_quantity, points_around
from physmodel.conserved.of_law import law_quantities
from physmodel.conserved.search.phase import Phase
from physmodel.conserved.search.search import LEVEL, ConservedSum
from physmodel.discovery.discover import discover
from physmodel.invariance.symmetries import law_behind
from physmodel.laws.result import Result
from physmodel.models.fields.sparse_field import SparseField, velocity_name

Array = NDArray[np.float64]

#: Points that are compared with each other.
POINTS = 1200
#: How near, in units of the spread, a motion must typically come to its past to fill anything. On
#: one turn it is 0.8 and more.
NEAR = 0.6
#: How far beside its past, in units of noise and of the bend between samples, it must pass. A
#: closed orbit that is followed again passes within 0.9.
BESIDE = 1.2
#: Length of path, in units of the spread, that lies between the present and the past.
PAST = 2.0


def believed(dataset: xr.Dataset, phase: Phase, found: list[ConservedSum]) -> list[ConservedSum]:
    """Conserved quantities that a single trajectory shows.

    Parameters
    ----------
    dataset : xarray.Dataset
    phase : Phase
        Of its only trajectory.
    found : list of ConservedSum
        What is constant along it.

    Returns
    -------
    list of ConservedSum
        All of them where the motion fills more than a curve; otherwise what the shortest law of
        motion conserves and none of its rivals disputes, and nothing without a law.
    """
    if 0 < len(found) < len(phase.names) - 1 and fills_more_than_a_curve(phase):
        return found
    law = law_behind(discover(dataset))
    return [item for item in law_quantities(law) if undisputed(item, law, phase)]


def undisputed(item: ConservedSum, law: Result, phase: Phase) -> bool:
    """Whether every rival of a law conserves a quantity, too, to within its errors.

    Parameters
    ----------
    item : ConservedSum
    law : Result
    phase : Phase
        Of its data.

    Returns
    -------
    bool
        True for rivals in other variables, which cannot tell.
    """
    for rival in law.rivals:
        model = rival.model
        if not isinstance(model, SparseField):
            continue
        speeds = [velocity_name(state) for state in model.states] if model.order == 2 else []
        if [*model.states, *speeds] == list(phase.names):
            flow = uncertain(model, rival.std_errors.values).at(points_around(phase))
            if judge_quantity(item.library, item.weights, flow).p_value < LEVEL:
                return False
    return True


def fills_more_than_a_curve(phase: Phase) -> bool:
    """Whether a motion comes near its own past, and passes beside it.

    Parameters
    ----------
    phase : Phase
        Of one trajectory.
    """
    spread = phase.values.std(axis=0)
    pick = np.unique(np.linspace(0, len(phase.values) - 1, POINTS).astype(int))
    points = phase.values[pick] / spread
    errors = np.mean([np.sum((phase.errors(seed) / spread) ** 2, axis=1) for seed in range(4)])
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    path = np.concatenate([[0.0], np.cumsum(steps)])
    along = np.gradient(points, axis=0)
    along = along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-300)
    apart = np.full(len(points), np.inf)
    for k, (point, direction) in enumerate(zip(points, along, strict=True)):
        others = np.flatnonzero(np.abs(path - path[k]) > PAST)
        if len(others):
            offset = points[others] - point
            nearest = offset[np.argmin(np.sum(offset**2, axis=1))]
            apart[k] = np.linalg.norm(nearest - (nearest @ direction) * direction)
    # What lies within half a step of a unit circle is beside the tangent by step^2 / 24 on average.
    v = points.shape[1]
    blur = np.sqrt(2.0 * errors * (v - 1) / v) + float(np.median(steps)) ** 2 / 24.0
    return bool(BESIDE * blur < np.median(apart) < NEAR)
