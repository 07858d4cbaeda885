"""What every law can do: run, predict, and be compared with data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.angles import in_radians
from physmodel.data.inputs.holds import with_holds
from physmodel.data.open import opened
from physmodel.laws.runs.scores import free_run_scores, states_and_velocities
from physmodel.laws.runs.simulation import require_variables, simulated
from physmodel.models.fields.vector_field import InputSignal, VectorField
from physmodel.problem.problem import Problem

Array = NDArray[np.float64]


class FreeRuns:
    """Simulation and scores of a law; the record that inherits them says which.

    Attributes
    ----------
    model : VectorField
    problem : Problem
    start : mapping of str to ndarray
        ``states`` (d,) and, for second order, ``velocities`` (d,) at the first sample.
    noise_std : mapping of str to float
        Measurement noise per state, in its units.
    data : xarray.Dataset or None
        What was fitted.
    """

    model: VectorField
    problem: Problem
    start: Mapping[str, Array]
    noise_std: Mapping[str, float]
    data: xr.Dataset | None

    def __post_init__(self) -> None:
        if self.data is not None:  # somebody may have replaced them
            object.__setattr__(self, "data", in_radians(self.data))

    def simulate(
        self,
        x0: Array | None = None,
        t: Array | None = None,
        *,
        v0: Array | None = None,
        inputs: InputSignal | None = None,
        rtol: float = 1e-10,
    ) -> xr.Dataset:
        """Integrate the model.

        Parameters
        ----------
        x0 : ndarray (d,), optional
            States at ``t[0]``; the start of the data by default.
        t : ndarray (n,)
            Increasing times in the data's units.
        v0 : ndarray (d,), optional
            Start velocities of a second-order model.
        inputs : callable, optional
            ``u(t) -> (m,)``; by default what was recorded along the first trajectory of `data`.
        rtol : float

        Returns
        -------
        xarray.Dataset
            One trajectory in the shape of every dataset.

        Raises
        ------
        ProblemError
            If the times do not increase, or the start does not fit the model.
        PhysmodelError
            If the solution blows up; the message says when.
        """
        return simulated(
            self.model, self.problem, self.start, self.data, x0, t, v0=v0, inputs=inputs, rtol=rtol
        )

    def predict(self, data: xr.Dataset) -> xr.DataArray:
        """Right-hand side of the law at measured states.

        Returns
        -------
        xarray.DataArray
            ``("sample", "equation")``: the predicted highest time derivative.
        """
        data = self._opened(data)
        time, states, velocities, inputs = states_and_velocities(data, self.model)
        rate = self.model.rate(time, states, velocities, inputs)
        return xr.DataArray(
            rate, dims=("sample", "equation"), coords={"equation": list(self.model.states)}
        )

    def score(self, data: xr.Dataset) -> dict[str, float]:
        """Compare free-running simulations with data that the model may not have seen.

        Returns
        -------
        dict of str to float
            See `physmodel.laws.runs.scores.free_run_scores`.
        """
        given, data = data, self._opened(data)
        noise, start = None, None
        if given is self.data:
            noise = np.array([self.noise_std[state] for state in self.model.states])
            if self.start:
                start = np.append(self.start["states"], self.start.get("velocities", []))
        held = with_holds(data, dict(self.problem.hold))
        return free_run_scores(self.model, held, noise, start)

    def _opened(self, data: Any) -> xr.Dataset:
        dataset = opened(data)
        require_variables(self.model, dataset)
        return dataset
