"""Fit the parameters of a field to trajectories with noise: `physmodel.fit`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.contract import validate, variable_names
from physmodel.data.noise import estimate_noise
from physmodel.data.segments import segments
from physmodel.discovery.fitting.staged import LEAST_NOISE, staged, typical_size
from physmodel.errors import DataError, ProblemError
from physmodel.losses.shooting import Record
from physmodel.models.expression_field import expression_field
from physmodel.models.parametric_field import ParametricField
from physmodel.models.vector_field import InputSignal, simulate
from physmodel.optimizers.bordered_least_squares import unexplained
from physmodel.optimizers.covariance import covariance
from physmodel.optimizers.residuals import REMEDIES, Ending

Array = NDArray[np.float64]

#: Residuals this many times the noise that differences of neighbouring samples show are no noise.
MISFIT = 2.0


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
        Root mean square of the residuals per state, corrected for what was fitted.
    explained : bool
        False where the residuals are far larger than the noise that the data show by themselves:
        then the field is not the law, whatever its parameters.
    ending : Ending
        Of the optimiser; `remedy` says what to do about it.
    start : ndarray (order d,)
        Estimated states, then velocities, at the first sample.
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

    @property
    def remedy(self) -> str:
        """What to do next."""
        if not self.explained:
            return "The field does not explain the data to within their noise: add what it lacks."
        return REMEDIES[self.ending]

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

    def __str__(self) -> str:
        """Parameters with their errors, noise and what to do."""
        width = max((len(name) for name in self.names), default=0)
        lines = [
            f"{name:<{width}} = {value: .6g} ± {error:.2g}"
            for name, value, error in zip(self.names, self.parameters, self.std_errors, strict=True)
        ]
        noise = ", ".join(f"{name} {value:.2g}" for name, value in self.noise_std.items())
        return "\n".join([*lines, f"noise: {noise}", self.remedy])


def fit(
    data: xr.Dataset,
    field: ParametricField | Mapping[str, str],
    *,
    start: Mapping[str, float] | None = None,
) -> Fit:
    """Fit the parameters of a field, with noise in the states, by multiple shooting.

    Parameters
    ----------
    data : xarray.Dataset
        As of `physmodel.open` or `physmodel.from_arrays`.
    field : ParametricField or mapping of state to text
        Such as ``{"x": "a*x - b*x*y", "y": "-c*y + d*x*y"}``; see `expression_field`. Fields of
        second order are fitted to positions alone.
    start : mapping of str to float, optional
        First values of parameters in a text; one by default.

    Returns
    -------
    Fit

    Raises
    ------
    DataError
        If the data lack a state or an input, or are too few.
    ProblemError
        If the equations cannot be read, or hold no parameter.

    Examples
    --------
    >>> import numpy as np, physmodel as pm
    >>> t = np.linspace(0, 2, 41)
    >>> print(pm.fit(pm.from_arrays(t, 3 * np.exp(-t)[:, None], names=["x"]), {"x": "-k*x"}).names)
    ('k',)
    """
    validate(data)
    if isinstance(field, Mapping):
        inputs = [n for n in variable_names(data, "input") if n not in field]
        field = expression_field(field, inputs=inputs, start=start)
    elif start is not None:
        raise ProblemError(
            "start values are named for equations in text only",
            fix="use field.with_parameters(...)",
        )
    if not len(field.parameters):
        raise ProblemError("the field has no parameter to fit", fix="name an unknown number")
    records = _records(data, field)
    problem, local, found = staged(field, records)
    shared = found.parameters
    _, by_local, by_shared = problem.linearised(local, shared)
    spread = covariance(unexplained(by_local, by_shared))
    alone = np.fmax(_noise_alone(records), LEAST_NOISE * typical_size(records))
    return Fit(
        field.with_parameters(shared),
        tuple(getattr(field, "names", [f"[{k}]" for k in range(len(shared))])),
        shared,
        np.sqrt(np.diag(spread)),
        spread,
        {name: float(s) for name, s in zip(field.states, problem.noise, strict=True)},
        not np.any(problem.noise > MISFIT * alone),
        found.ending,
        local[: problem.width].copy(),
    )


def _records(data: xr.Dataset, field: ParametricField) -> list[Record]:
    wanted = (*field.states, *field.inputs)
    for name in wanted:
        if name not in data.data_vars:
            raise DataError(
                f"the data have no column {name!r}",
                why="the field names it",
                fix="columns: " + ", ".join(variable_names(data)),
            )
    d = len(field.states)
    found = [
        Record(one.time, one.values[:, :d], one.values[:, d:])
        for one in segments(data, wanted)
        if len(one.time) > 1
    ]
    n_unknown = len(field.parameters) + field.order * d * len(found)
    n_values = sum(int(np.isfinite(record.states).sum()) for record in found)
    if n_values <= n_unknown:
        raise DataError(
            f"{n_values} measured values for {n_unknown} unknowns",
            why=f"{len(field.parameters)} parameters and the start of each trajectory are fitted",
            fix="give more samples, or fix some parameters",
        )
    return found


def _noise_alone(records: Sequence[Record]) -> Array:
    """Noise that each state shows by itself, ``(d,)``; infinite where samples are too few."""
    found = []
    for column in range(records[0].states.shape[1]):
        kept = [np.isfinite(record.states[:, column]) for record in records]
        pieces = [(r.time[k], r.states[k, column]) for r, k in zip(records, kept, strict=True)]
        pieces = [piece for piece in pieces if len(piece[0]) > 8]
        times, values = [p[0] for p in pieces], [p[1] for p in pieces]
        found.append(estimate_noise(times, values) if pieces else np.inf)
    return np.array(found)
