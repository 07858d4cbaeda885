"""What a fit of a field returns."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import stdtrit

from physmodel.data.inputs.holds import with_holds
from physmodel.data.open import opened
from physmodel.errors import ProblemError
from physmodel.findings import Finding, converted
from physmodel.fitting.card import field_picture, fit_card, fit_short, numbers_of
from physmodel.laws.runs.scores import free_run_scores
from physmodel.laws.runs.simulation import require_variables
from physmodel.laws.texts.parameters import Row
from physmodel.models.fields.parametric_field import ParametricField
from physmodel.models.fields.vector_field import InputSignal, simulate
from physmodel.optimizers.least_squares.residuals import REMEDIES, Ending

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

#: Correlation from which the errors of two parameters are those of a combination.
TIED = 0.95


@dataclass(frozen=True, eq=False)
class Stage:
    """One descent of a fit, at one noise and one slack of the joints between samples.

    Attributes
    ----------
    slack : float
        Standard deviation of a joint, as a part of the typical size of the motion.
    cost : ndarray (iterations + 1,)
        Half the sum of squared residuals, each over its standard deviation, at the start and after
        each iteration. Costs of different stages are measured in different units.
    ending : Ending
    """

    slack: float
    cost: Array
    ending: Ending

    @property
    def remedy(self) -> str:
        """What to do about the ending."""
        return REMEDIES[self.ending]


@dataclass(frozen=True, eq=False)
class Fit:
    """A field with fitted parameters.

    Attributes
    ----------
    field : ParametricField
        At the fitted parameters.
    names : tuple of str
    parameters, std_errors : ndarray (p,)
    covariance : ndarray (p, p)
        Infinite where the data do not determine a parameter.
    noise_std : dict of str to float
        Root mean square of the residuals of what was measured, corrected for what was fitted.
    explained : bool
        False where the residuals go together from sample to sample more than white noise does: then
        the field is not the law, whatever its parameters, or the noise is not white.
    ending : Ending
        Of the optimiser; `remedy` says what to do about it.
    start : ndarray (order d,)
        Estimated states, then velocities, at the first sample.
    freedom : int
        Measured values less fitted numbers.
    stages : tuple of Stage
        How the fit came about: cost after each iteration, and how each descent ended.
    hold : dict of str to str
        How the inputs were taken between samples, see `physmodel.problem.holds`.
    p_value : float
        Probability that white noise, of whatever size, leaves residuals that go together as much
        from sample to sample; below 0.01 the fit is not `explained`.
    side_minima : tuple of ndarray (p,)
        Other parameters that explain the data about as well, from other starts.
    warnings : tuple of Finding
        What was noticed about the data; angles in degrees were converted to radians.
    """

    field: ParametricField
    names: tuple[str, ...]
    parameters: Array
    std_errors: Array
    covariance: Array
    noise_std: dict[str, float]
    explained: bool
    ending: Ending
    start: Array
    freedom: int
    stages: tuple[Stage, ...] = dataclasses.field(default=(), repr=False)
    hold: dict[str, str] = dataclasses.field(default_factory=dict)
    p_value: float = 1.0
    side_minima: tuple[Array, ...] = ()
    warnings: tuple[Finding, ...] = ()

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
            ratio = self.std_errors / np.abs(self.parameters)
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
        return np.column_stack([self.parameters - reach, self.parameters + reach])

    def simulate(self, time: Array, inputs: InputSignal | None = None) -> Array:
        """States ``(n, d)`` at times that begin with the first sample's.

        Parameters
        ----------
        time : ndarray (n,)
        inputs : callable, optional
            ``u(t)``; needed where the field has inputs.
        """
        d = len(self.field.states)
        velocity = self.start[d:] if self.field.order == 2 else None
        return simulate(self.field, time, self.start[:d], start_velocity=velocity, inputs=inputs)

    def score(self, data: xr.Dataset) -> dict[str, float]:
        """Compare free-running simulations with data; see `physmodel.Result.score`."""
        data = opened(data)
        require_variables(self.field, data)
        return free_run_scores(self.field, with_holds(data, self.hold))

    def plot(self, data: xr.Dataset) -> Figure:
        """Data and free runs from starts that fit them; see `physmodel.Result.plot`."""
        return field_picture(self.field, self.status, self.noise_std, self.hold, data)

    @property
    def _rows(self) -> list[Row]:
        return numbers_of(self.names, self.parameters, self.std_errors)

    def __repr__(self) -> str:
        return fit_short(self.status, self._rows)

    def _repr_html_(self) -> str:
        return fit_card(self.status, self.remedy, self._rows, self.noise_std)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, the object that ``physmodel fit --json`` prints; infinite errors as None."""
        columns = zip(self.names, self.parameters, self.std_errors, strict=True)
        return {
            "schema_version": 1,
            "status": self.status,
            "remedy": self.remedy,
            "parameters": {
                name: {"value": float(value), "std": float(std) if np.isfinite(std) else None}
                for name, value, std in columns
            },
            "noise_std": dict(self.noise_std),
            "p_value": self.p_value,
            "side_minima": [
                dict(zip(self.names, other.tolist(), strict=True)) for other in self.side_minima
            ],
            "hold": dict(self.hold),
            "warnings": [dataclasses.asdict(finding) for finding in self.warnings],
        }

    def __str__(self) -> str:
        """Parameters with their errors, noise and what to do."""
        width = max((len(name) for name in self.names), default=0)
        lines = [
            f"{name:<{width}} = {value: .6g} ± {error:.2g}"
            for name, value, error in zip(self.names, self.parameters, self.std_errors, strict=True)
        ]
        noise = ", ".join(f"{name} {value:.2g}" for name, value in self.noise_std.items())
        lines.append(f"noise: {noise}")
        if self.hold:
            kinds = ", ".join(f"{name} {kind}" for name, kind in self.hold.items())
            lines.append(f"inputs between samples: {kinds}")
        lines += [f"units: {text}" for text in converted(self.warnings)]
        return "\n".join([self.status, "", *lines, "", self.remedy])
