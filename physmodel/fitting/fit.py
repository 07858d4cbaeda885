"""Fit the parameters of a field to trajectories with noise: `physmodel.fit`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from physmodel.data.contract import variable_names
from physmodel.data.holds import with_holds
from physmodel.data.input_course import forms
from physmodel.data.open import opened
from physmodel.errors import ProblemError
from physmodel.fitting.opening import typical_size
from physmodel.fitting.record import Fit
from physmodel.fitting.staged import GUESSES, LEAST_NOISE, Staged, staged
from physmodel.losses.records import noise_alone, records_of
from physmodel.losses.shooting import Record
from physmodel.models.expression_field import expression_field
from physmodel.models.parametric_field import ParametricField
from physmodel.models.sparse_field import velocity_name
from physmodel.problem.checks import names_list
from physmodel.problem.holds import holds_table

__all__ = ["Fit", "fit"]

Array = NDArray[np.float64]

#: Residuals this many times the noise that differences of neighbouring samples show are no noise.
MISFIT = 2.0


def fit(
    data: xr.Dataset,
    field: ParametricField | Mapping[str, str],
    *,
    start: Mapping[str, float] | None = None,
    order: int | None = None,
    unmeasured: Sequence[str] = (),
    hold: Mapping[str, str] | None = None,
) -> Fit:
    """Fit the parameters of a field, with noise in the states, by multiple shooting.

    Parameters
    ----------
    data : xarray.Dataset
        As of `physmodel.open` or `physmodel.from_arrays`. Columns named ``x_t`` are velocities of
        a state ``x`` (for second order ``x_tt`` its accelerations) and are fitted too.
    field : ParametricField or mapping of state to text
        Such as ``{"x": "a*x - b*x*y", "y": "-c*y + d*x*y"}``; see `expression_field`. Fields of
        second order need no velocities.
    start : mapping of str to float, optional
        First values of parameters in a text; one by default.
    order : {1, 2}, optional
        Of equations in text; by default 2 if a velocity is named in them.
    unmeasured : sequence of str
        States without a column: their course is found from the others.
    hold : mapping of str to {"linear", "zero", "band-limited"}, optional
        How inputs run between samples: straight, held until the next sample, or smoothly; by
        default as the data say, or what fits them best.

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
    with threadpool_limits(1, "blas"):  # as in `discover`
        return _fit(data, field, start, order, unmeasured, hold)


def _fit(
    data: xr.Dataset,
    field: ParametricField | Mapping[str, str],
    start: Mapping[str, float] | None,
    order: int | None,
    unmeasured: Sequence[str],
    hold: Mapping[str, str] | None,
) -> Fit:
    data = opened(data)
    unmeasured = names_list("unmeasured", unmeasured)
    if isinstance(field, Mapping):
        inputs = [n for n in variable_names(data, "input") if n not in field]
        field = expression_field(field, inputs=inputs, start=start, order=order)
    elif not hasattr(field, "parameters"):
        raise ProblemError(
            f"{field!r} is no field",
            fix='give equations, such as {"x": "-k*x"}, or a field with parameters',
        )
    elif start is not None or order is not None:
        raise ProblemError(
            "start values and an order are for equations in text only",
            fix="use field.with_parameters(...)",
        )
    if not len(field.parameters):
        raise ProblemError("the field has no parameter to fit", fix="name an unknown number")
    data = with_holds(data, holds_table(hold or {}, field.inputs))
    fits = []
    for form in forms(data, [n for n in field.inputs if n in data], straight=True):
        records = records_of(with_holds(data, form), field, unmeasured)
        fits.append((*_best(field, records), form))
    found, explained, holds = min(fits, key=lambda one: (not one[1], _misfit(one[0])))
    problem, shared = found.problem, found.found.parameters
    p = len(shared)
    spread = np.full((p, p), np.inf) if found.last is None else found.last.covariance
    names = [*field.states, *(velocity_name(state) for state in field.states)]
    seen = problem.known
    noise = {n: float(s) for n, s, known in zip(names, problem.noise, seen, strict=False) if known}
    if problem.rate_noise is not None:
        suffix = "_t" if field.order == 1 else "_tt"
        for k, state in enumerate(field.states):
            if problem.measured_rates[:, k].any():
                noise[state + suffix] = float(problem.rate_noise[k])
    n_values = int(problem.measured.sum() + problem.measured_rates.sum())
    return Fit(
        field.with_parameters(shared),
        tuple(getattr(field, "names", [f"[{k}]" for k in range(p)])),
        shared,
        np.sqrt(np.diag(spread)),
        spread,
        noise,
        explained,
        found.found.ending,
        found.local[: problem.width].copy(),
        n_values - problem.n_unknowns,
        found.stages,
        holds,
    )


def _misfit(found: Staged) -> float:
    """Minus the logarithm of the likelihood at the noise that was found, but for a constant."""
    problem = found.problem
    cost = float(problem.measured.sum(axis=0) @ np.log(problem.noise))
    if problem.rate_noise is not None:
        cost += float(problem.measured_rates.sum(axis=0) @ np.log(problem.rate_noise))
    return cost


def _best(field: ParametricField, records: Sequence[Record]) -> tuple[Staged, bool]:
    """The fit that explains most, from several first courses if some states were not measured."""
    table = np.vstack([record.motion for record in records])
    alone = np.fmax(noise_alone(records), LEAST_NOISE * typical_size(table))
    complete = np.isfinite(table[:, : len(field.states)]).any(axis=0).all()
    tried: list[tuple[float, Staged]] = []
    for guess in GUESSES[:1] if complete else GUESSES:
        found = staged(field, records, guess)
        seen = found.problem.known
        # A residual below the noise is no merit: one state can be followed at the cost of others.
        excess = np.log(np.fmax(found.problem.noise / (MISFIT * alone), 1.0))[seen]
        tried.append((float(excess @ found.problem.measured.sum(axis=0)[seen]), found))
        if tried[-1][0] == 0.0:
            break
    excess_left, best = min(tried, key=lambda one: one[0])
    return best, excess_left == 0.0
