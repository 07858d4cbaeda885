"""Systems that change their law: how many regimes, which when, and whether the state decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from physmodel.data.arrays import from_arrays
from physmodel.data.checked import checked
from physmodel.data.contract import variable_names
from physmodel.data.inputs.holds import with_holds
from physmodel.errors import DataError, ProblemError
from physmodel.fitting.fit import fit
from physmodel.fitting.intervals import Course
from physmodel.fitting.switches.gate import best_gate
from physmodel.fitting.switches.record import Regimes
from physmodel.fitting.switches.search import Assigned, search
from physmodel.fitting.switches.switching import BETWEEN
from physmodel.losses.records import records_of
from physmodel.losses.shooting import Record
from physmodel.models.fields.expression_field import expression_field
from physmodel.models.fields.parametric_field import ParametricField
from physmodel.models.fields.sparse_field import velocity_name
from physmodel.problem.checks import is_whole

__all__ = ["Regimes", "fit_regimes"]

Array = NDArray[np.float64]
Labels = NDArray[np.intp]

#: Regimes that are looked for, by default.
MOST = 4
#: What a field misses, over the change in an interval, above which longer intervals are tried, and
#: how many of them there are at least.
VISIBLE, FEWEST = 0.1, 30


def fit_regimes(
    data: xr.Dataset,
    field: ParametricField | Mapping[str, str],
    *,
    start: Mapping[str, float] | None = None,
    most: int = MOST,
) -> Regimes:
    """Fit one family of fields to a system whose parameters change from time to time.

    Parameters
    ----------
    data : xarray.Dataset
        All states measured; for second order also the velocities, ``x_t``.
    field : ParametricField or mapping of state to text
        See `physmodel.fit`. Each regime has its own values of all parameters.
    start : mapping of str to float, optional
        First values of parameters in a text.
    most : int
        Regimes at most.

    Returns
    -------
    Regimes
        Of one regime where more would not shorten the description of the data.

    Raises
    ------
    DataError
        If the data lack a column or a value, or are too few.
    ProblemError
        If the field cannot be read or fitted, or has no parameter.

    Notes
    -----
    Each interval from one sample to the next belongs to a field; fields and assignment are improved
    in turn until nothing changes, from several starts. Half the logarithm of the number of
    intervals is the price of a parameter, the logarithm that of a change, so that regimes persist;
    the assignment is the exact minimum. Last, `physmodel.fit` fits each field to its own stretches,
    with noise in the states.
    """
    if not is_whole(most) or most < 1:
        raise ProblemError(f"at most {most!r} regimes", fix="a whole number, one or more")
    with threadpool_limits(1, "blas"):  # as in `discover`
        return _fit_regimes(data, field, most, start)


def _fit_regimes(
    data: xr.Dataset,
    field: ParametricField | Mapping[str, str],
    most: int,
    start: Mapping[str, float] | None,
) -> Regimes:
    data, noticed = checked(data)
    if isinstance(field, Mapping):
        inputs = [n for n in variable_names(data, "input") if n not in field]
        field = expression_field(field, inputs=inputs, start=start)
    elif not hasattr(field, "parameters"):
        raise ProblemError(
            f"{field!r} is no field",
            fix='give equations, such as {"x": "-k*x"}, or a field with parameters',
        )
    elif start is not None:
        raise ProblemError(
            "start values are for equations in text only", fix="use field.with_parameters(...)"
        )
    if not len(field.parameters):
        raise ProblemError("the field has no parameter to fit", fix="name an unknown number")
    fine = Course(tuple(_records(data, field)))
    stride, course, found = _most_telling(fine, field, most)
    best = _in_order(min(found.values(), key=lambda one: one.length))
    gate, excess = best_gate(course, best) if len(best.experts) > 1 else (None, 0.0)
    labels = _every_interval(fine, course, best.labels, stride)
    fits = [fit(_stretches(fine, labels, k, field), one) for k, one in enumerate(best.experts)]
    each = tuple(np.split(labels, fine.starts[1:-1]))
    return Regimes(
        tuple(fits),
        each,
        tuple(_changes(r.time, one) for r, one in zip(fine.records, each, strict=True)),
        gate,
        excess,
        {count: one.length for count, one in found.items()},
        tuple(noticed),
    )


def _most_telling(
    fine: Course, field: ParametricField, most: int
) -> tuple[int, Course, dict[int, Assigned]]:
    """The search over intervals of so many samples as say most against a single regime."""
    stride, course, found = 1, *search(fine, field, most)
    best, gain = (stride, course, found), _gain(found)
    noise = min(found.values(), key=lambda one: one.length).noise
    while max(noise) > VISIBLE and not field.inputs:
        stride *= 2
        coarse = fine.every(stride)
        if len(coarse.records) < len(fine.records) or len(coarse.change) < FEWEST:
            break
        course, found = search(coarse, field, most)
        if _gain(found) > gain:
            best, gain = (stride, course, found), _gain(found)
    return best


def _gain(found: dict[int, Assigned]) -> float:
    """Nats that several regimes save."""
    return found[1].length - min(one.length for one in found.values())


def _every_interval(fine: Course, coarse: Course, labels: Labels, stride: int) -> Labels:
    """Labels of the intervals of all samples; the rest of a record is like what was before."""
    parts = []
    for one, own in zip(fine.records, np.split(labels, coarse.starts[1:-1]), strict=True):
        spread = np.repeat(own, stride)
        parts.append(np.pad(spread, (0, len(one.time) - 1 - len(spread)), mode="edge"))
    return np.concatenate(parts)


def _records(data: xr.Dataset, field: ParametricField) -> Sequence[Record]:
    found = records_of(data, field)
    names = [*field.states, *map(velocity_name, field.states)]
    for name, column in zip(names, np.vstack([one.motion for one in found]).T, strict=False):
        if not np.isfinite(column).all():
            raise DataError(
                f"{name} is not measured everywhere",
                why="whether a field holds is seen from each sample to the next",
                fix="measure it, or leave out the rows without it"
                + (", or write the equations in first order" if field.order == 2 else ""),
            )
    return found


def _in_order(found: Assigned) -> Assigned:
    """Regimes numbered as they first appear."""
    seen = [k for k in dict.fromkeys(found.labels.tolist()) if k != BETWEEN]
    place = np.empty(len(found.experts) + 1, dtype=np.intp)
    place[seen], place[-1] = np.arange(len(seen)), BETWEEN
    experts = tuple(found.experts[k] for k in seen)
    return replace(found, experts=experts, labels=place[found.labels])


def _stretches(course: Course, labels: Labels, k: int, field: ParametricField) -> xr.Dataset:
    """What was measured while a regime held, one trajectory for each stretch."""
    parts = course.part(labels == k)
    names = [*field.states, *map(velocity_name, field.states)][: parts[0].motion.shape[1]]
    made = from_arrays(
        [one.time for one in parts],
        [one.motion for one in parts],
        names=names,
        inputs=[one.inputs for one in parts] if field.inputs else None,
        input_names=field.inputs or None,
    )
    hold = zip(field.inputs, parts[0].hold, strict=False)
    return with_holds(made, {name: kind for name, kind in hold if kind})


def _changes(time: Array, labels: Labels) -> Array:
    """Times of the changes: at a sample, or in the middle of the interval that has no regime."""
    kept = np.flatnonzero(labels != BETWEEN)
    last, after = kept[:-1], kept[1:]
    changed = labels[last] != labels[after]
    return np.asarray((time[last + 1] + time[after])[changed] / 2.0)
