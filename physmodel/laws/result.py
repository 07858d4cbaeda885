"""What a discovery returns: the model, how sure it is, its rivals, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.holds import with_holds
from physmodel.data.open import opened
from physmodel.errors import ProblemError
from physmodel.findings import Finding
from physmodel.laws.invariants import Invariant
from physmodel.laws.scores import free_run_scores, scored, states_and_velocities
from physmodel.laws.simulation import require_variables, simulated
from physmodel.models.central_force import CentralForce
from physmodel.models.sparse_field import SparseField
from physmodel.models.vector_field import InputSignal
from physmodel.problem.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    import sympy
    from matplotlib.figure import Figure

    from physmodel.conserved.quantity import Conserved
    from physmodel.conserved.symmetries import FoundSymmetry
    from physmodel.experiments.experiment import NextExperiment
    from physmodel.hybrids.results.record import HybridResult

Array = NDArray[np.float64]
Status = Literal["identified", "approximate", "ambiguous", "not-identifiable", "no-law"]

#: What each status asks the user to do.
REMEDIES: dict[str, str] = {
    "identified": "One model stands out; check it on data that it has not seen (score).",
    "approximate": "One law stands out and leaves something that is not noise: an error of the "
    "measurement that is smooth in time, of a solver or filter, or physics that no term states "
    "(residual_law tells which).",
    "ambiguous": "Other models explain the data about as well: see the rivals, and what would not "
    "have shown. Longer or less noisy records, another initial condition, or what you know (such "
    "as degree=2) would separate them.",
    "not-identifiable": "Some terms cannot be told apart on these data, whatever the noise: the "
    "states move too little or depend on each other. Record other initial conditions.",
    "no-law": "No combination of the terms tried explains the data to within their noise. Add "
    "terms or inputs that you expect, check the units, gaps and sampling, or declare states "
    "`positive` that cannot be negative.",
}


@dataclass(frozen=True, eq=False)
class Result:
    """A discovered law.

    Attributes
    ----------
    status : {"identified", "approximate", "ambiguous", "not-identifiable", "no-law"}
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
    conserved : tuple of Invariant
        What the law conserves with the coefficients as they are, followed along a run of it.
    laws : tuple of dict
        Structured laws, such as pairwise central forces.
    warnings : tuple of Finding
    start : dict of str to ndarray
        ``time`` (scalar), ``states`` (d,) and ``velocities`` (d,) at the first sample, from which
        the law follows the samples.
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
    conserved: tuple[Invariant, ...] = ()
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
        done = scored(self.fit_scores)  # a saved result holds them all
        if self.data is None or self.status == "no-law" or done:
            return self.fit_scores
        return {**self.fit_scores, **self.score(self.data)}

    @property
    def parameters(self) -> pd.DataFrame:
        """``value``, ``std_error`` and ``unit`` of each coefficient, by equation and term.

        For bodies: of their strengths, by body.
        """
        from physmodel.laws.parameters import law_parameters

        return law_parameters(self)

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

        Raises
        ------
        ProblemError
            If there is no such state.
        """
        if equation not in self.problem.states:
            raise ProblemError(
                f"the law has no equation for {equation!r}",
                fix="states: " + ", ".join(self.problem.states),
            )
        k = self.coefficients["equation"].values.tolist().index(equation)
        rows = (self.coefficients, self.std_errors, self.inclusion)
        columns = zip(
            self.coefficients["term"].values, *(row.values[k] for row in rows), strict=True
        )
        return [
            {
                "term": str(term),
                "coefficient": float(value),
                "std": float(spread),
                "inclusion": float(share),
                "unit": self.units.get((equation, str(term)), ""),
            }
            for term, value, spread, share in columns
            if value != 0.0
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
        return simulated(self, x0, t, v0, inputs, rtol)

    def predict(self, data: xr.Dataset) -> xr.DataArray:
        """Right-hand side of the law at measured states.

        Returns
        -------
        xarray.DataArray
            ``("sample", "equation")``: the predicted highest time derivative.
        """
        data = opened(data)
        require_variables(self.model, data)
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
            See `physmodel.laws.scores.free_run_scores`.
        """
        data = opened(data)
        require_variables(self.model, data)
        noise, start = None, None
        if data is self.data:
            noise = np.array([self.noise_std[state] for state in self.model.states])
            if self.start:
                start = np.append(self.start["states"], self.start.get("velocities", []))
        held = with_holds(data, dict(self.problem.hold))
        return free_run_scores(self.model, held, noise, start)

    def next_experiment(
        self,
        *,
        bounds: Mapping[str, tuple[float, float]] | None = None,
        starts: Sequence[Mapping[str, float]] | None = None,
        duration: float | None = None,
        step: float | None = None,
        inputs: Mapping[str, InputSignal] | None = None,
        seed: int = 0,
    ) -> NextExperiment:
        """The experiment, among those allowed, that best separates the rivals.

        Parameters
        ----------
        bounds : mapping of str to (low, high), optional
            Range of each start value, in its units; a velocity is called ``x_t``. By default
            that of the data, somewhat widened.
        starts : sequence of mapping of str to float, optional
            The only starts that are possible, instead of a range.
        duration, step : float, optional
            Length and sampling interval of the record to take; those of the data by default.
        inputs : mapping of label to callable, optional
            Signals ``u(t) -> (m,)`` to choose among; by default the recorded one.
        seed : int
            Of the starts that are tried.

        Returns
        -------
        NextExperiment
            Print it. Where nothing is to be separated it says so.

        Raises
        ------
        ProblemError
            If something that is allowed does not fit the law.
        """
        from physmodel.experiments.next_experiment import next_experiment

        return next_experiment(
            self,
            bounds=bounds,
            starts=starts,
            duration=duration,
            step=step,
            inputs=inputs,
            seed=seed,
        )

    def invariants(self) -> tuple[Conserved, ...]:
        """What the law conserves with the coefficients that it prints.

        Returns
        -------
        tuple of Conserved
            Functionally independent, those of few terms first; empty without a law and for laws
            with inputs or time in them. `physmodel.invariants` needs no law.

        Raises
        ------
        ProblemError
            If the result has no data.
        """
        from physmodel.conserved.of_law import law_invariants

        return law_invariants(self)

    def symmetries(self) -> tuple[FoundSymmetry, ...]:
        """Symmetries of the law to within the errors of its coefficients.

        Returns
        -------
        tuple of FoundSymmetry
            Continuous ones first; their names are what a `Problem` takes. Where positions and
            velocities were measured and fewer terms do, those of the law with a pull towards the
            origin that falls with the square of the distance. Where other terms cannot be told
            from those of the law, what all these laws share.

        Raises
        ------
        ProblemError
            If the result has no data.
        """
        import physmodel

        return physmodel.symmetries(self)

    def residual_law(self) -> HybridResult:
        """What the law leaves out: nothing, a hidden term, or something that no term explains.

        Returns
        -------
        HybridResult
            With the law as the known part; print it.

        Raises
        ------
        ProblemError
            If the result has no data, or is a law of pairwise forces.
        """
        from physmodel.hybrids.of_law import residual_law

        return residual_law(self)

    def to_sympy(self) -> dict[str, sympy.Eq]:
        """Equations as SymPy objects, one per state."""
        from physmodel.laws.symbolic import sympy_equations

        return sympy_equations(self)

    def to_latex(self) -> str:
        """Equations as a LaTeX ``aligned`` block, numbers with their errors: ``10.020(31)``."""
        from physmodel.laws.latex import latex_equations

        return latex_equations(self)

    def to_python(self) -> str:
        """Source text of a function ``rates(t, state[, inputs])`` in plain Python.

        Returns
        -------
        str
            ``state`` holds the states and, for second order, then their velocities; the function
            returns a list of their rates of change. It imports the module ``math`` only.

        Examples
        --------
        >>> import numpy as np, physmodel as pm
        >>> t = np.linspace(0.0, 20.0, 400)
        >>> x = np.exp(-0.1 * t)[:, None] * np.column_stack([np.cos(t), np.sin(t)])
        >>> names = {}
        >>> exec(pm.discover(pm.from_arrays(t, x)).to_python(), names)
        >>> [round(rate, 6) for rate in names["rates"](0.0, [1.0, 0.0])]
        [-0.1, 1.0]
        """
        return self._source("python")

    def to_c(self) -> str:
        """The function of `to_python` in C99: ``void rates(t, state[, inputs], rate)``."""
        return self._source("c")

    def to_julia(self) -> str:
        """The function of `to_python` in Julia, which counts from one."""
        return self._source("julia")

    def _source(self, language: str) -> str:
        from physmodel.laws.export.formulas import formulas_of
        from physmodel.laws.export.source import source

        return source(formulas_of(self), language)

    def save(self, folder: str | Path) -> Path:
        """Write ``model.json`` into a run folder, atomically.

        Returns
        -------
        Path
            The file written.
        """
        from physmodel.laws.storage import save_result

        return save_result(self, folder)

    def report(self, folder: str | Path) -> Path:
        """Write ``report.html`` into a folder; needs the data that the fit was made on."""
        import physmodel

        return physmodel.write_report(self, folder)

    def plot(self, data: xr.Dataset | None = None) -> Figure:
        """Data and free runs, what the runs miss, and the portrait of two or three states.

        Parameters
        ----------
        data : xarray.Dataset, optional
            Other data than those of the fit, such as ones that the law has not seen.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ProblemError
            If the result does not hold its data and none are given.
        """
        from physmodel.laws.figures.overview import overview

        return overview(self, data)

    def __str__(self) -> str:
        from physmodel.laws.render import render

        return render(self)

    def __repr__(self) -> str:
        from physmodel.laws.render import represent

        return represent(self)

    def _repr_html_(self) -> str:
        from physmodel.laws.html import result_html

        return result_html(self)

    def _repr_latex_(self) -> str:
        return f"$$ {self.to_latex()} $$"
