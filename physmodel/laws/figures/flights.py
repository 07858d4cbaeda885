"""Trajectories of the data, each with a simulation of the law from a start that fits it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.inputs.holds import with_holds
from physmodel.data.segments import Segment
from physmodel.errors import PhysmodelError
from physmodel.laws.figures.canvas import thinned
from physmodel.laws.runs.measured import measured
from physmodel.laws.runs.scores import HALVINGS, evaluations_for, input_signal
from physmodel.laws.runs.start_fit import fitted_starts
from physmodel.laws.runs.windows import Window
from physmodel.models.fields.vector_field import VectorField, simulate
from physmodel.problem.problem import Problem

Array = NDArray[np.float64]

#: Trajectories that are drawn at most; of more, some that are spread evenly over them.
MOST = 6

#: Points of a simulated curve at least.
MIN_CURVE = 400


class Law(Protocol):
    """What a picture needs of a result."""

    @property
    def model(self) -> VectorField:
        """The field that is simulated."""

    @property
    def problem(self) -> Problem:
        """Names, units and how inputs run."""

    @property
    def status(self) -> str:
        """What the result is worth."""

    @property
    def noise_std(self) -> Mapping[str, float]:
        """Noise of each state."""

    @property
    def start(self) -> Mapping[str, Array]:
        """Where the first trajectory starts, if that is known."""

    @property
    def data(self) -> xr.Dataset | None:
        """What the law was found in."""


@dataclass(frozen=True)
class Flight:
    """A trajectory of the data and the simulation from its start.

    Attributes
    ----------
    segment : Segment
        Of the samples that are drawn; states first, then inputs.
    run : ndarray (n, d)
        The simulation at the sample times; NaN after a blow-up.
    fine_time : ndarray (m,)
    fine_run : ndarray (m, d)
        The simulation at more times, for drawing.
    """

    segment: Segment
    run: Array
    fine_time: Array
    fine_run: Array


@dataclass(frozen=True)
class Flights:
    """Some trajectories of the data with their simulations.

    Attributes
    ----------
    runs : list of Flight
    total : int
        Number of trajectories in the data.
    noise : ndarray (d,)
        Standard deviation of the measurements of each state.
    """

    runs: list[Flight]
    total: int
    noise: Array


def flights(law: Law, data: xr.Dataset, most: int = MOST) -> Flights:
    """Simulate along trajectories, each from the start that fits it.

    Parameters
    ----------
    law : Law
    data : xarray.Dataset
    most : int
        Trajectories at most.
    """
    own = data is law.data
    states = law.model.states
    held = with_holds(data, dict(law.problem.hold))
    known = np.array([law.noise_std[state] for state in states]) if own else None
    record = measured(held, law.model, known)
    total = len(record.found)
    pick = np.unique(np.linspace(0, total - 1, min(most, total)).round().astype(int))
    chosen = [record.found[k] for k in pick]
    begun = own and bool(law.start)
    fitted = chosen[1:] if begun else chosen
    windows = [Window(segment, 0, len(segment.time) - 1) for segment in fitted]
    starts = list(fitted_starts(law.model, record, windows)) if windows else []
    if begun:
        starts.insert(0, np.append(law.start["states"], law.start.get("velocities", [])))
    runs = [_flown(law.model, *one) for one in zip(chosen, starts, strict=True)]
    return Flights(runs, total, record.noise)


def _flown(field: VectorField, segment: Segment, start: Array) -> Flight:
    d, count = len(field.states), len(segment.time)
    thin = thinned(count)
    drawn = Segment(segment.trajectory, segment.time[thin], segment.values[thin], segment.hold)
    times = max(1, -(-MIN_CURVE // max(len(thin) - 1, 1)))
    numbers = np.arange((len(thin) - 1) * times + 1) / times
    fine = np.interp(numbers, np.arange(len(thin)), drawn.time)
    run, left = np.full((len(fine), d), np.nan), evaluations_for(count)
    for halving in range(HALVINGS):
        whole = max(-(-len(fine) // 2**halving), 1)
        try:
            run[:whole] = simulate(
                field,
                fine[:whole],
                start[:d],
                start_velocity=start[d:] if field.order == 2 else None,
                inputs=input_signal(segment, d),
                max_evaluations=left,
            )
        except PhysmodelError:
            continue  # it blows up: shown until shortly before
        break
    return Flight(drawn, run[::times], fine, run)
