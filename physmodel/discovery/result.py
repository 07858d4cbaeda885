"""What a discovery returns: the model, how sure it is, its rivals, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.findings import Finding
from physmodel.discovery.invariants import Invariant
from physmodel.discovery.scores import free_run_scores, input_signal, states_and_velocities
from physmodel.models.central_force import CentralForce
from physmodel.models.sparse_field import SparseField
from physmodel.models.vector_field import InputSignal, VectorField, simulate
from physmodel.problem.problem import Problem

if TYPE_CHECKING:
    import sympy

Array = NDArray[np.float64]
Status = Literal["identified", "ambiguous", "not-identifiable", "no-law"]

#: What each status asks the user to do.
REMEDIES: dict[str, str] = {
    "identified": "One model stands out; check it on data that it has not seen (score).",
    "ambiguous": "Several models explain the data about equally well: see the rivals. Longer or "
    "less noisy records, or another initial condition, would separate them.",
    "not-identifiable": "Some terms cannot be told apart on these data, whatever the noise: the "
    "states move too little or depend on each other. Record other initial conditions.",
    "no-law": "No combination of the terms tried explains the data to within their noise. Add "
    "terms or inputs that you expect, or check the units, gaps and sampling.",
}


#: Logarithms below which the state itself is not a number of full precision any more.
SMALLEST_LOG = -700.0


@dataclass(frozen=True)
class _InLogarithms:
    """A first-order field for the logarithms of some of its states."""

    field: SparseField
    logs: NDArray[np.bool_]

    @property
    def states(self) -> tuple[str, ...]:
        return self.field.states

    @property
    def inputs(self) -> tuple[str, ...]:
        return self.field.inputs

    @property
    def order(self) -> int:
        return 1

    def rate(self, time: Array, states: Array, velocities: Array | None, inputs: Array) -> Array:
        real = states.copy()
        real[:, self.logs] = np.exp(np.maximum(states[:, self.logs], SMALLEST_LOG))
        rate = self.field.rate(time, real, velocities, inputs)
        rate[:, self.logs] /= real[:, self.logs]
        return rate


@dataclass(frozen=True, eq=False)
class Result:
    """A discovered law.

    Attributes
    ----------
    status : {"identified", "ambiguous", "not-identifiable", "no-law"}
        The scientific outcome; `remedy` says what to do about it.
    solver_code : {"converged", "stalled"}
        Whether the search settled.
    problem : Problem
    model : SparseField or CentralForce
    coefficients, std_errors, inclusion : xarray.DataArray
        Dims ``("equation", "term")``, in user units; zero where a term is absent.
    units : dict of (equation, term) to str
        Units of the coefficients, empty where the units of the data are unknown.
    rivals : tuple of Result
        Other models that explain the data nearly as well, best first.
    delta : float
        Information criterion above the winner's (zero for the winner).
    noise_std : dict of str to float
        Measurement noise per state, in its units.
    fit_scores : dict of str to float
        Numbers that judge the regression; `scores` adds the free-running simulation.
    invariants : tuple of Invariant
    laws : tuple of dict
        Structured laws, such as pairwise central forces.
    warnings : tuple of Finding
    start : dict of str to ndarray
        ``time`` (scalar), ``states`` (d,) and ``velocities`` (d,) at the first sample.
    data : xarray.Dataset or None
        What was fitted; not part of the saved model.
    """

    status: Status
    solver_code: str
    problem: Problem
    model: SparseField | CentralForce
    coefficients: xr.DataArray
    std_errors: xr.DataArray
    inclusion: xr.DataArray
    units: dict[tuple[str, str], str] = field(default_factory=dict)
    rivals: tuple[Result, ...] = ()
    delta: float = 0.0
    noise_std: dict[str, float] = field(default_factory=dict)
    fit_scores: dict[str, float] = field(default_factory=dict)
    invariants: tuple[Invariant, ...] = ()
    laws: tuple[dict[str, Any], ...] = ()
    warnings: tuple[Finding, ...] = ()
    start: dict[str, Array] = field(default_factory=dict)
    data: xr.Dataset | None = field(default=None, repr=False)

    @property
    def remedy(self) -> str:
        """What to do about the status."""
        return REMEDIES[self.status]

    @cached_property
    def scores(self) -> dict[str, float]:
        """`fit_scores` and, where there are a law and data, `score` on the data of the fit.

        Simulated when first asked for: on long records that takes longer than the fit.
        """
        done = "free_run_r2" in self.fit_scores  # a saved result holds them all
        if self.data is None or self.status == "no-law" or done:
            return self.fit_scores
        return {**self.fit_scores, **self.score(self.data)}

    def terms(self, equation: str) -> list[dict[str, Any]]:
        """Terms of one equation.

        Parameters
        ----------
        equation : str
            Name of a state.

        Returns
        -------
        list of dict
            ``term``, ``coefficient``, ``std``, ``inclusion``, ``unit``.
        """
        rows = (self.coefficients, self.std_errors, self.inclusion)
        values = [row.sel(equation=equation) for row in rows]
        return [
            {
                "term": str(term),
                "coefficient": float(values[0][k]),
                "std": float(values[1][k]),
                "inclusion": float(values[2][k]),
                "unit": self.units.get((equation, str(term)), ""),
            }
            for k, term in enumerate(self.coefficients["term"].values)
            if float(values[0][k]) != 0.0
        ]

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
        from physmodel.data.contract import make_dataset
        from physmodel.errors import ProblemError

        if t is None:
            raise ProblemError("simulate needs the times t at which to report")
        if x0 is None and not self.start:
            raise ProblemError("this result holds no start state", fix="pass x0=")
        time = np.asarray(t, dtype=float)
        if time.ndim != 1 or not time.size or not np.isfinite(time).all():
            raise ProblemError(
                f"t has shape {time.shape}", fix="a list of one or more finite times"
            )
        if not (np.diff(time) > 0.0).all():
            raise ProblemError("the times t do not increase", fix="start at the earliest time")
        begin = self.start["states"] if x0 is None else self._per_state("x0", x0)
        if v0 is None and x0 is None:
            v0 = self.start.get("velocities")
        if self.model.order == 2 and v0 is None:
            raise ProblemError(
                "this law is of second order and x0 says no velocity", fix="pass v0="
            )
        velocity = None if self.model.order == 1 else self._per_state("v0", v0)
        if inputs is None and self.model.inputs:
            inputs = self._recorded_inputs(time)
        for name, value in zip(self.model.states, begin, strict=True):
            if name in self.problem.positive and not value > 0.0:
                raise ProblemError(f"{name} starts at {value:g}", why="it was declared positive")
        field: VectorField = self.model
        point = begin
        logs = np.array([name in self.problem.positive for name in self.model.states])
        if isinstance(field, SparseField) and logs.any():
            # The logarithm cannot become negative, however close to zero the state comes.
            field = _InLogarithms(field, logs)
            point = np.log(begin, out=begin.copy(), where=logs)
        states = simulate(field, time, point, start_velocity=velocity, inputs=inputs, rtol=rtol)
        states[:, logs] = np.exp(states[:, logs])
        states[0] = begin
        units = {name: dict(self.problem.units).get(name, "") for name in self.model.states}
        return make_dataset(
            [time],
            [states],
            self.model.states,
            units=units,
            time_units=self.problem.time_unit,
            title="simulation",
        )

    def _per_state(self, label: str, values: Any) -> Array:
        from physmodel.errors import ProblemError

        vector = np.asarray(values, dtype=float)
        if vector.shape != (len(self.model.states),):
            raise ProblemError(
                f"{label} has shape {vector.shape}; the model has {len(self.model.states)} states",
                fix="one number per state: " + ", ".join(self.model.states),
            )
        for name, value in zip(self.model.states, vector, strict=True):
            if not np.isfinite(value):
                raise ProblemError(f"{label} of {name} is {value}", fix="finite numbers")
        return vector

    def _recorded_inputs(self, time: Array) -> InputSignal | None:
        from physmodel.data.segments import segments
        from physmodel.errors import ProblemError

        names = ", ".join(self.model.inputs)
        fix = "pass inputs=, a function of the time that gives " + names
        if self.data is None:
            raise ProblemError(f"the law is driven by {names} and no record of it is here", fix=fix)
        record = segments(self.data, (*self.model.states, *self.model.inputs))[0]
        start, end = float(record.time[0]), float(record.time[-1])
        if time[0] < start or time[-1] > end:
            raise ProblemError(
                f"the law is driven by {names}, recorded from {start:g} to {end:g} only",
                fix="simulate within the record, or " + fix,
            )
        return input_signal(record, len(self.model.states))

    def _require_variables(self, data: xr.Dataset) -> None:
        from physmodel.data.contract import variable_names
        from physmodel.errors import ProblemError

        present = variable_names(data)
        for name in (*self.model.states, *self.model.inputs):
            if name not in present:
                raise ProblemError(
                    f"the law needs {name!r}, which the data do not have",
                    fix="variables of the data: " + ", ".join(present),
                )

    def predict(self, data: xr.Dataset) -> xr.DataArray:
        """Right-hand side of the law at measured states.

        Parameters
        ----------
        data : xarray.Dataset

        Returns
        -------
        xarray.DataArray
            ``("sample", "equation")``: the predicted highest time derivative.
        """
        self._require_variables(data)
        time, states, velocities, inputs = states_and_velocities(data, self.model)
        rate = self.model.rate(time, states, velocities, inputs)
        return xr.DataArray(
            rate, dims=("sample", "equation"), coords={"equation": list(self.model.states)}
        )

    def score(self, data: xr.Dataset) -> dict[str, float]:
        """Compare free-running simulations with data that the model may not have seen.

        Parameters
        ----------
        data : xarray.Dataset

        Returns
        -------
        dict of str to float
            See `physmodel.discovery.scores.free_run_scores`.
        """
        self._require_variables(data)
        return free_run_scores(self.model, data)

    def to_sympy(self) -> dict[str, sympy.Eq]:
        """Equations as SymPy objects, one per state."""
        from physmodel.discovery.symbolic import sympy_equations

        return sympy_equations(self)

    def to_latex(self) -> str:
        """Equations as a LaTeX ``aligned`` block."""
        from physmodel.discovery.render import latex_equations

        return latex_equations(self)

    def save(self, folder: str | Path) -> Path:
        """Write ``model.json`` into a run folder, atomically.

        Parameters
        ----------
        folder : path

        Returns
        -------
        Path
            The file written.
        """
        from physmodel.discovery.storage import save_result

        return save_result(self, folder)

    def report(self, folder: str | Path) -> Path:
        """Write ``report.html`` into a folder; needs the data that the fit was made on.

        Parameters
        ----------
        folder : path

        Returns
        -------
        Path
        """
        import physmodel

        return physmodel.write_report(self, folder)

    def __str__(self) -> str:
        from physmodel.discovery.render import render

        return render(self)

    def _repr_latex_(self) -> str:
        return f"$$ {self.to_latex()} $$"
