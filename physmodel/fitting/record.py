"""A field with fitted parameters as a record: numbers, how sure they are, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import stdtrit

from physmodel.errors import ProblemError
from physmodel.findings import Finding
from physmodel.fitting.stage import Stage
from physmodel.laws.runs.free_runs import FreeRuns
from physmodel.models.fields.parametric_field import ParametricField
from physmodel.optimizers.least_squares.residuals import REMEDIES, Ending
from physmodel.problem.problem import Problem

Array = NDArray[np.float64]

#: Correlation from which the errors of two parameters are those of a combination.
TIED = 0.95


@dataclass(frozen=True, eq=False)
class FitRecord(FreeRuns):
    """Fields of `physmodel.Fit`, for what reads one: texts, files, figures.

    Attributes
    ----------
    model : ParametricField
        At the fitted numbers.
    problem : Problem
        Names, units, and how the inputs were taken between samples (``hold``).
    names : tuple of str
    values, std_errors : ndarray (p,)
        Of the numbers; `parameters` is the same as a table.
    covariance : ndarray (p, p)
        Infinite where the data do not determine a parameter.
    noise_std : dict of str to float
        Root mean square of the residuals of what was measured, corrected for what was fitted.
    explained : bool
        False where the residuals go together from sample to sample more than white noise does: then
        the field is not the law, whatever its parameters, or the noise is not white.
    ending : Ending
        Of the optimiser; `remedy` says what to do about it.
    start : mapping of str to ndarray
        ``time`` (scalar), ``states`` (d,) and, for second order, ``velocities`` (d,) at the first
        sample, as estimated.
    freedom : int
        Measured values less fitted numbers.
    stages : tuple of Stage
        How the fit came about: cost after each iteration, and how each descent ended.
    p_value : float
        Probability that white noise, of whatever size, leaves residuals that go together as much
        from sample to sample; below 0.01 the fit is not `explained`.
    side_minima : tuple of ndarray (p,)
        Other parameters that explain the data about as well, from other starts.
    warnings : tuple of Finding
        What was noticed about the data; angles in degrees were converted to radians.
    data : xarray.Dataset or None
        What was fitted; not part of the saved model.
    """

    model: ParametricField
    problem: Problem
    names: tuple[str, ...]
    values: Array
    std_errors: Array
    covariance: Array
    noise_std: dict[str, float]
    explained: bool
    ending: Ending
    start: Mapping[str, Array]
    freedom: int
    stages: tuple[Stage, ...] = field(default=(), repr=False)
    p_value: float = 1.0
    side_minima: tuple[Array, ...] = ()
    warnings: tuple[Finding, ...] = ()
    data: xr.Dataset | None = field(default=None, repr=False)

    @property
    def solver_code(self) -> str:
        """How the optimiser ended."""
        return str(self.ending)

    @cached_property
    def scores(self) -> dict[str, float]:
        """`score` on the data of the fit, where they are there and every state was measured."""
        if self.data is None or not set(self.model.states) <= set(self.data.data_vars):
            return {}
        return self.score(self.data)

    @property
    def undetermined(self) -> tuple[str, ...]:
        """Parameters that the data do not determine."""
        unknown = ~np.isfinite(self.std_errors)
        return tuple(name for name, free in zip(self.names, unknown, strict=True) if free)

    @property
    def status(self) -> str:
        """What the data say of the numbers.

        ``"identified"``; ``"ambiguous"`` where other numbers explain the data about as well;
        ``"not-identifiable"`` where they fix no number, or only a combination; ``"approximate"``
        where the field leaves more than noise.
        """
        if not self.explained:
            return "approximate"
        if self.undetermined or self.loose:
            return "not-identifiable"
        return "ambiguous" if self.side_minima else "identified"

    @property
    def loose(self) -> tuple[str, ...]:
        """Parameters of which the data fix no more than a combination.

        Their errors are larger than their values, and go together.
        """
        with np.errstate(divide="ignore"):  # a parameter that is zero is zero within its error
            ratio = self.std_errors / np.abs(self.values)
        wide = np.flatnonzero(np.isfinite(self.std_errors) & (ratio > 1.0))
        spread = self.covariance[np.ix_(wide, wide)] / np.outer(*[self.std_errors[wide]] * 2)
        tied = (np.abs(spread - np.diag(np.diag(spread))) > TIED).any(axis=1)
        return tuple(self.names[k] for k in wide[tied])

    @property
    def remedy(self) -> str:
        """What to do next."""
        if not self.explained:
            return (
                "The field does not explain the data to within white noise "
                f"(p = {self.p_value:.2g}): add what it lacks."
            )
        said = []
        if self.undetermined:
            said.append(
                f"The data do not determine {', '.join(self.undetermined)}: fix some of them, "
                "or measure where they matter."
            )
        if self.loose:
            said.append(
                f"The data fix a combination of {', '.join(self.loose)}, not each of them (their "
                "errors exceed their values): fix one of them, or measure where they matter."
            )
        if self.side_minima:
            lines = [self._numbers(one) for one in self.side_minima]
            said.append(
                f"Other numbers explain the data about as well: {'; or '.join(lines)}. What is "
                "known of them (start={...}) or more data would decide."
            )
        if self.ending is not Ending.CONVERGED:
            said.append(REMEDIES[self.ending])
        elif not said:
            said.append("One set of numbers stands out; check it on data that it has not seen.")
        return " ".join(said)

    def _numbers(self, parameters: Array) -> str:
        pairs = zip(self.names, parameters, strict=True)
        return ", ".join(f"{name} = {value:.4g}" for name, value in pairs)

    def intervals(self, level: float = 0.9) -> Array:
        """Intervals ``(p, 2)`` that hold the true parameters with some probability.

        Student's distribution allows for the noise being estimated too.

        Raises
        ------
        ProblemError
            If the probability is not between 0 and 1.
        """
        if isinstance(level, bool | str) or not 0.0 < level < 1.0:
            raise ProblemError(
                f"a probability of {level!r}", fix="give a number between 0 and 1, such as 0.9"
            )
        reach = float(stdtrit(self.freedom, 0.5 + level / 2.0)) * self.std_errors
        return np.column_stack([self.values - reach, self.values + reach])
