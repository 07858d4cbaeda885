"""Fit the parameters of a field to trajectories with noise: `physmodel.fit`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from physmodel.data.checked import checked
from physmodel.data.contract import variable_names
from physmodel.data.inputs.course import forms
from physmodel.data.inputs.holds import with_holds
from physmodel.errors import ProblemError
from physmodel.fitting.attempts import attempted
from physmodel.fitting.result import Fit
from physmodel.laws.field_runs import problem_of
from physmodel.losses.records import records_of
from physmodel.losses.shooting import MultipleShooting
from physmodel.models.fields.equations_text import right_sides
from physmodel.models.fields.expression_field import expression_field
from physmodel.models.fields.parametric_field import ParametricField
from physmodel.models.fields.sparse_field import velocity_name
from physmodel.problem.checks import names_list
from physmodel.problem.holds import holds_table

__all__ = ["Fit", "fit"]

Array = NDArray[np.float64]


def fit(
    data: Any,
    field: ParametricField | str | Mapping[str, str],
    *,
    start: Mapping[str, float] | None = None,
    order: int | None = None,
    unmeasured: Sequence[str] = (),
    hold: Mapping[str, str] | None = None,
) -> Fit:
    """Fit the parameters of a field, with noise in the states, by multiple shooting.

    Equations in text need no start values: they are searched, over several decades around what the
    size of the data suggests, and the best of several fits is returned; other minima that explain
    the data about as well are told.

    Parameters
    ----------
    data : xarray.Dataset
        As of `physmodel.open` or `physmodel.from_arrays`. Columns named ``x_t`` are velocities of
        a state ``x`` (for second order ``x_tt`` its accelerations) and are fitted too.
    field : str, mapping of state to text, or ParametricField
        Equations, such as ``"x' = a*x - b*x*y, y' = -c*y + d*x*y"`` or
        ``"theta'' = -k*sin(theta)"``, or right sides ``{"x": "a*x - b*x*y", "y": "-c*y + d*x*y"}``.
        Names that are no column, no velocity (``x'`` or ``x_t``), no function and not ``t`` are the
        unknown numbers. Equations of second order need no velocities.
    start : mapping of str to float, optional
        First values of parameters in a text. Without them, or if they lead to nothing that explains
        the data or leaves no number larger than its error, starts are searched.
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
        If the equations cannot be read, hold no parameter, or have no finite value at any start.

    Examples
    --------
    >>> import numpy as np, physmodel as pm
    >>> t = np.linspace(0, 2, 41)
    >>> print(pm.fit(pm.from_arrays(t, 3 * np.exp(-t)[:, None], names=["x"]), "x' = -k*x").names)
    ('k',)
    """
    with threadpool_limits(1, "blas"):  # as in `discover`
        return _fit(data, field, start, order, unmeasured, hold)


def _fit(
    data: Any,
    field: ParametricField | str | Mapping[str, str],
    start: Mapping[str, float] | None,
    order: int | None,
    unmeasured: Sequence[str],
    hold: Mapping[str, str] | None,
) -> Fit:
    data, noticed = checked(data)
    unmeasured = names_list("unmeasured", unmeasured)
    field, given = _field(field, variable_names(data, "input"), start, order)
    data = with_holds(data, holds_table(hold or {}, field.inputs))
    fits = []
    for form in forms(data, [n for n in field.inputs if n in data], straight=True):
        records = records_of(with_holds(data, form), field, unmeasured)
        fits.append((*attempted(field, records, given), form))
    best, others, holds = min(fits, key=lambda one: one[0].rank)
    found, problem = best.found, best.found.problem
    first, d = found.local[: problem.width].copy(), len(field.states)
    begun = {"time": np.asarray(records[0].time[0]), "states": first[:d]}
    return Fit(
        model=field.with_parameters(best.parameters),
        problem=problem_of(data, field, holds),
        names=tuple(getattr(field, "names", [f"[{k}]" for k in range(len(best.parameters))])),
        values=best.parameters,
        std_errors=best.std_errors,
        covariance=best.covariance,
        noise_std=_noise(problem, field),
        explained=best.adequate,
        ending=found.found.ending,
        start={**begun, "velocities": first[d:]} if field.order == 2 else begun,
        freedom=int(problem.measured.sum() + problem.measured_rates.sum()) - problem.n_unknowns,
        stages=found.stages,
        p_value=best.p_value,
        side_minima=tuple(one.parameters for one in others),
        warnings=tuple(noticed),
        data=with_holds(data, holds),
    )


def _noise(problem: MultipleShooting, field: ParametricField) -> dict[str, float]:
    """Standard deviation of what was measured, by column."""
    names = [*field.states, *(velocity_name(state) for state in field.states)]
    columns = zip(names, problem.noise, problem.known, strict=False)
    noise = {name: float(std) for name, std, known in columns if known}
    if problem.rate_noise is not None:
        suffix = "_t" if field.order == 1 else "_tt"
        for k, state in enumerate(field.states):
            if problem.measured_rates[:, k].any():
                noise[state + suffix] = float(problem.rate_noise[k])
    return noise


def _field(
    field: ParametricField | str | Mapping[str, str],
    inputs: Sequence[str],
    start: Mapping[str, float] | None,
    order: int | None,
) -> tuple[ParametricField, Mapping[str, float] | None]:
    """A field with parameters, and the start values of one in text."""
    if isinstance(field, str) or (
        isinstance(field, Mapping) and any("'" in str(left) or "/" in str(left) for left in field)
    ):
        field, written = right_sides(field)
        if order not in (None, written):
            raise ProblemError(
                f"the equations are of order {written} in time and order is {order}",
                fix="leave the order out: the equations say it",
            )
        order = written
    given: Mapping[str, float] | None = None
    if isinstance(field, Mapping):
        given = start or {}
        driven = [name for name in inputs if name not in field]
        field = expression_field(field, inputs=driven, start=start, order=order)
    elif not hasattr(field, "parameters"):
        raise ProblemError(
            f"{field!r} is no field",
            fix='give equations, such as "x\' = -k*x", or a field with parameters',
        )
    elif start is not None or order is not None:
        raise ProblemError(
            "start values and an order are for equations in text only",
            fix="use field.with_parameters(...)",
        )
    if not len(field.parameters):
        raise ProblemError("the field has no parameter to fit", fix="name an unknown number")
    return field, given
