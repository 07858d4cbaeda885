"""A discovered law as a record: the model, how sure it is, its rivals, and what to do next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.findings import Finding
from physmodel.laws.invariant import Invariant
from physmodel.laws.runs.free_runs import FreeRuns
from physmodel.laws.runs.scores import scored
from physmodel.models.fields.central_force import CentralForce
from physmodel.models.fields.sparse_field import SparseField
from physmodel.problem.problem import Problem

Array = NDArray[np.float64]
Status = Literal["identified", "approximate", "ambiguous", "not-identifiable", "no-law"]

#: What each status asks the user to do.
REMEDIES: dict[str, str] = {
    "identified": "One model stands out; check it on data that it has not seen (score).",
    "approximate": "One law stands out and leaves something that is not noise: an error of the "
    "measurement that is smooth in time, of a solver or filter, or physics that no term states "
    "(`hybrid` with the law as the known part tells which).",
    "ambiguous": "Other models explain the data about as well: see the rivals, and what would not "
    "have shown. Longer or less noisy records, another initial condition, or what you know (such "
    "as degree=2) would separate them.",
    "not-identifiable": "Some terms cannot be told apart on these data, whatever the noise: the "
    "states move too little or depend on each other. Record other initial conditions.",
    "no-law": "No combination of the terms tried explains the data to within their noise. Add "
    "terms or inputs that you expect, check the units, gaps and sampling, or declare states "
    "`positive` that cannot be negative.",
}


def _nothing(_law: LawRecord) -> tuple[Invariant, ...]:
    """What is conserved where nobody asked."""
    return ()


@dataclass(frozen=True, eq=False)
class LawRecord(FreeRuns):
    """Fields of `physmodel.Result`, for what reads a law: texts, files, figures.

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
    inside : dict of (equation, term) to tuple of dict
        Numbers inside a term that were fitted: ``name``, ``value``, ``std``, ``unit``.
    rivals : tuple of LawRecord
        Other models that explain the data nearly as well, best first.
    delta : float
        Information criterion above the winner's (zero for the winner).
    noise_std : dict of str to float
        Measurement noise per state, in its units.
    fit_scores : dict of str to float
        Numbers that judge the regression; `scores` adds the free-running simulation.
    conserves : callable
        From the law to what it conserves; `conserved` calls it when asked.
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
    inside: dict[tuple[str, str], tuple[dict[str, Any], ...]] = field(default_factory=dict)
    rivals: tuple[LawRecord, ...] = ()
    delta: float = 0.0
    noise_std: dict[str, float] = field(default_factory=dict)
    fit_scores: dict[str, float] = field(default_factory=dict)
    conserves: Callable[[LawRecord], tuple[Invariant, ...]] = field(default=_nothing, repr=False)
    laws: tuple[dict[str, Any], ...] = ()
    warnings: tuple[Finding, ...] = ()
    start: dict[str, Array] = field(default_factory=dict)
    data: xr.Dataset | None = field(default=None, repr=False)

    @property
    def remedy(self) -> str:
        """What to do about the status."""
        return REMEDIES[self.status]

    @cached_property
    def conserved(self) -> tuple[Invariant, ...]:
        """What the law conserves with the coefficients as they are, followed along a run of it.

        Searched for when first asked for. What a saved result conserves has no course.
        """
        return self.conserves(self)

    @cached_property
    def scores(self) -> dict[str, float]:
        """`fit_scores` and, where there are a law and data, `score` on the data of the fit.

        Simulated when first asked for: on long records that takes longer than the fit.
        """
        done = scored(self.fit_scores)  # a saved result holds them all
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
            ``term``, ``coefficient``, ``std``, ``inclusion``, ``unit``, and ``inside`` where
            numbers inside the term were fitted: a list of ``name``, ``value``, ``std``, ``unit``.

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
            | self._inside(equation, str(term))
            for term, value, spread, share in columns
            if value != 0.0
        ]

    def _inside(self, equation: str, term: str) -> dict[str, Any]:
        numbers = self.inside.get((equation, term), ())
        return {"inside": [dict(one) for one in numbers]} if numbers else {}


def data_of(law: LawRecord) -> xr.Dataset:
    """Data that a law was fitted to.

    Raises
    ------
    ProblemError
        If the law does not hold them.
    """
    if law.data is None:
        raise ProblemError(
            "this law does not hold the data that it was made from",
            why="the question is answered where the data are",
            fix="load the run folder with its data.nc, or use "
            "`dataclasses.replace(law, data=physmodel.open(...))`",
        )
    return law.data
