"""Free runs of a field that a task fitted: scores and a picture against data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from physmodel.data.inputs.holds import with_holds
from physmodel.data.open import opened
from physmodel.laws.runs.scores import free_run_scores
from physmodel.laws.runs.simulation import require_variables
from physmodel.models.fields.vector_field import VectorField
from physmodel.problem.problem import Problem

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

Array = NDArray[np.float64]


class FieldRuns:
    """What a record with a fitted ``field`` does with data; it holds none itself.

    Attributes
    ----------
    field : VectorField
    """

    field: Any

    @property
    def _hold(self) -> Mapping[str, str]:
        """How the inputs run between samples, where that is known."""
        return {}

    @property
    def _word(self) -> str:
        """What stands behind the title of a picture."""
        return "network"

    def score(self, data: Any) -> dict[str, float]:
        """Compare free-running simulations with data; see `physmodel.Result.score`.

        Parameters
        ----------
        data : xarray.Dataset, path, DataFrame or catalogue name

        Raises
        ------
        ProblemError
            If the data lack a variable of the field.
        """
        return free_run_scores(self.field, with_holds(self._opened(data), self._hold))

    def plot(self, data: Any) -> Figure:
        """Data and free runs from starts that fit them; see `physmodel.Result.plot`.

        Parameters
        ----------
        data : xarray.Dataset, path, DataFrame or catalogue name

        Raises
        ------
        ProblemError
            If the data lack a variable of the field.
        """
        from physmodel.laws.figures.overview import overview

        shown = self._opened(data)
        problem = problem_of(shown, self.field, self._hold)
        return overview(_Drawn(self.field, problem, self._word), shown)

    def _opened(self, data: Any) -> xr.Dataset:
        shown = opened(data)
        require_variables(self.field, shown)
        return shown


def problem_of(data: xr.Dataset, field: VectorField, hold: Mapping[str, str]) -> Problem:
    """Names, units and title of a field over measured data; a state may not be among them."""
    units = {
        name: str(data[name].attrs.get("units", ""))
        for name in (*field.states, *field.inputs)
        if name in data
    }
    return Problem(
        states=field.states,
        inputs=field.inputs,
        units={name: unit for name, unit in units.items() if unit},
        time_unit=str(data["time"].attrs.get("units", "")),
        order=field.order,
        hold=hold,
        title=str(data.attrs.get("title", "")),
    )


@dataclass(frozen=True)
class _Drawn:
    """A field as pictures take it; starts come from the data that are drawn."""

    model: VectorField
    problem: Problem
    status: str
    noise_std: Mapping[str, float] = field(default_factory=dict)
    start: Mapping[str, Array] = field(default_factory=dict)
    data: None = None
