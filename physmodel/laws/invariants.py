"""What a model conserves, followed along the data or along a run of the law."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.bodies.orbits import unseen_of
from physmodel.conserved.kept import kept_quantities, run_of
from physmodel.conserved.of_field import autonomous
from physmodel.conserved.search.smoothing import SHORTEST
from physmodel.data.segments import Segment, segments
from physmodel.laws.velocities import SMOOTHED, shooting_velocities
from physmodel.models.central_force import CentralForce

if TYPE_CHECKING:
    from physmodel.laws.result import Result

Array = NDArray[np.float64]

#: Samples at which the conserved quantities of bodies are followed.
FOLLOWED = 300


@dataclass(frozen=True)
class Invariant:
    """A quantity that a law conserves.

    Attributes
    ----------
    name : str
        An expression, or the name of a known law.
    drift : float
        Largest deviation from the mean or from the first value, relative to `size`.
    size : float
        What the drift is relative to: the mean size of the quantity where that is meaningful,
        the size of the motion of its parts otherwise.
    time, values : ndarray (n,)
        The quantity along the first trajectory: along a free run of the law from its start, and
        for pairwise forces along positions that were measured without noise.
    """

    name: str
    drift: float
    size: float
    time: Array
    values: Array


def invariants_of(law: Result, data: xr.Dataset) -> tuple[Invariant, ...]:
    """Find what a law conserves and follow it.

    Parameters
    ----------
    law : Result
        With its `start`.
    data : xarray.Dataset

    Returns
    -------
    tuple of Invariant
        Energy, momentum and angular momentum for central forces; for a term library, sparse
        combinations of terms (see `physmodel.conserved`). Empty when there are none.
    """
    if isinstance(law.model, CentralForce):
        return _mechanical(law, law.model, data)
    long = any(len(s.time) >= SHORTEST for s in segments(data, law.model.states))
    if not long or not autonomous(law.model):
        return ()
    return tuple(
        Invariant(kept.quantity.public().expression, kept.drift, kept.size, kept.time, kept.values)
        for kept in kept_quantities(law, data)
    )


def _mechanical(law: Result, model: CentralForce, data: xr.Dataset) -> tuple[Invariant, ...]:
    """Energy and momenta: along the data where differences of positions say the velocities."""
    segment = segments(data, model.states)[0]
    n = len(segment.time)
    pick = np.unique(np.linspace(0, n - 1, min(FOLLOWED, n)).astype(int))
    time, states = segment.time[pick], segment.values[pick]
    noise = np.array([law.noise_std[state] for state in model.states])
    exact = bool(np.median(noise / segment.values.std(axis=0)) <= SMOOTHED)
    if exact:
        velocities = shooting_velocities(model, segment.time, segment.values, pick)
    else:
        time, motion = run_of(law, Segment(segment.trajectory, time, states))
        states, velocities = np.split(motion, 2, axis=1)
    if len(time) < 2:
        return ()
    found = []
    masses = np.abs(model.strengths)
    speed = np.linalg.norm(model.positions(velocities), axis=2)
    for name, values in model.conserved(states, velocities).items():
        table = values if values.ndim == 2 else values[:, None]
        if name == "momentum" and exact:
            # Relative to the heaviest body, whose strength covers what goes along with it.
            table = table + sum(body.momentum(time) for body in unseen_of(law.laws))
        mean = table.mean(axis=0)
        size = float(np.linalg.norm(mean))
        if name == "momentum":
            # It may well be zero, so it is measured against the momenta that cancel in it.
            size = float((speed @ masses).mean())
        deviation = np.linalg.norm(table - mean, axis=1)
        signed = table[:, 0] - mean[0] if table.shape[1] == 1 else deviation
        found.append(Invariant(name, float(deviation.max() / size), size, time, signed))
    return tuple(found)
