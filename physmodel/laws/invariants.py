"""What a model conserves, followed along the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.bodies.orbits import UnseenBody
from physmodel.conserved.fitted import fitted
from physmodel.conserved.of_field import autonomous
from physmodel.conserved.search.smoothing import SHORTEST
from physmodel.data.segments import segments
from physmodel.laws.velocities import shooting_velocities
from physmodel.models.central_force import CentralForce
from physmodel.models.sparse_field import SparseField

Array = NDArray[np.float64]

#: Samples at which the conserved quantities of bodies are followed.
FOLLOWED = 300


@dataclass(frozen=True)
class Invariant:
    """A conserved quantity along the data.

    Attributes
    ----------
    name : str
        An expression, or the name of a known law.
    drift : float
        Largest deviation from the mean, relative to `size`.
    size : float
        What the drift is relative to: the mean size of the quantity where that is meaningful,
        the size of the motion of its parts otherwise.
    time, values : ndarray (n,)
        The quantity along the first trajectory.
    """

    name: str
    drift: float
    size: float
    time: Array
    values: Array


def invariants_of(
    model: SparseField | CentralForce,
    data: xr.Dataset,
    std_errors: Array,
    unseen: Sequence[UnseenBody] = (),
) -> tuple[Invariant, ...]:
    """Find what a model conserves and follow it along the data.

    Parameters
    ----------
    model : SparseField or CentralForce
    data : xarray.Dataset
    std_errors : ndarray (d, p)
        Of the coefficients: what they cannot tell from zero counts as conserved.
    unseen : sequence of UnseenBody
        Whose momentum is counted in the total; for central forces only.

    Returns
    -------
    tuple of Invariant
        Energy, momentum and angular momentum for central forces; for a term library, sparse
        combinations of terms (see `physmodel.conserved`). Empty when there are none.
    """
    if isinstance(model, CentralForce):
        return _mechanical(model, data, unseen)
    if not autonomous(model) or not any(
        len(s.time) >= SHORTEST for s in segments(data, model.states)
    ):
        return ()
    return _algebraic(model, std_errors, data)


def _mechanical(
    model: CentralForce, data: xr.Dataset, unseen: Sequence[UnseenBody]
) -> tuple[Invariant, ...]:
    segment = segments(data, model.states)[0]
    n = len(segment.time)
    pick = np.unique(np.linspace(0, n - 1, min(FOLLOWED, n)).astype(int))
    time, states = segment.time[pick], segment.values[pick]
    velocities = shooting_velocities(model, segment.time, segment.values, pick)
    found = []
    masses = np.abs(model.strengths)
    speed = np.linalg.norm(model.positions(velocities), axis=2)
    for name, values in model.conserved(states, velocities).items():
        table = values if values.ndim == 2 else values[:, None]
        if name == "momentum":
            # Relative to the heaviest body, whose strength covers what goes along with it.
            table = table + sum(body.momentum(time) for body in unseen)
        mean = table.mean(axis=0)
        size = float(np.linalg.norm(mean))
        if name == "momentum":
            # It may well be zero, so it is measured against the momenta that cancel in it.
            size = float((speed @ masses).mean())
        deviation = np.linalg.norm(table - mean, axis=1)
        signed = table[:, 0] - mean[0] if table.shape[1] == 1 else deviation
        found.append(Invariant(name, float(deviation.max() / size), size, time, signed))
    return tuple(found)


def _algebraic(model: SparseField, std_errors: Array, data: xr.Dataset) -> tuple[Invariant, ...]:
    fit = fitted(model, std_errors, data)
    first = fit.phase.trajectory == 0
    followed = []
    for quantity in fit.invariants():
        public = quantity.public()
        values = quantity.library.evaluate(fit.phase.values[first])
        weights = quantity.weights / np.abs(quantity.weights).max()
        parts = values * weights
        size, course = float(np.sum(parts.std(axis=0))), parts.sum(axis=1)
        time = fit.phase.time[first]
        followed.append(
            Invariant(public.expression, public.drift, size, time, course - course.mean())
        )
    return tuple(followed)
