"""Columns in dimensionless coordinates: one divided by its scale, some combined into groups."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction

import numpy as np
import xarray as xr

from physmodel.data.contract import (
    Array,
    described_problem,
    validate,
    variable_names,
)
from physmodel.data.limits import LARGEST, SMALLEST
from physmodel.errors import DataError, ProblemError
from physmodel.findings import Finding, with_findings
from physmodel.problem.algebra.calculus import ordered
from physmodel.problem.algebra.expression import monomial
from physmodel.problem.measures.base_units import Measure
from physmodel.problem.measures.constants import Constant
from physmodel.problem.measures.dimensions import PiGroup


def scaled(
    data: xr.Dataset,
    column: str,
    name: str,
    powers: Mapping[str, Fraction],
    unit: Measure,
    constants: Sequence[Constant],
) -> xr.Dataset:
    """A copy of data with one variable divided by its scale.

    Parameters
    ----------
    data : xarray.Dataset
    column, name : str
        The variable, and what formulas call it: the column ``time`` is ``t``.
    powers : mapping of str to Fraction
        Powers of constants whose product is the scale.
    unit : Measure
        Of the variable.
    constants : sequence of Constant
        With values.

    Raises
    ------
    ProblemError
        If the numbers become too large or small to calculate with.
    """
    sizes = {one.name: abs(one.value or 1.0) * one.measure.size for one in constants}
    with np.errstate(all="ignore"):  # too large or small a scale is refused below
        scale = _product(sizes, powers) / unit.size
        values = _in_range(data[column].values / scale, name, powers)
    attributes = {**data[column].attrs, "units": "1"}
    if "noise_std" in attributes:
        attributes["noise_std"] = attributes["noise_std"] / scale
    if powers:
        inverse = monomial({name: 1, **{n: -p for n, p in powers.items()}})
        attributes["long_name"] = str(ordered(inverse, (name, *powers)))
    return data.assign({column: ("sample", values, attributes)})


def with_groups(
    made: xr.Dataset,
    data: xr.Dataset,
    groups: Sequence[PiGroup],
    replaced: Sequence[str],
    constants: Sequence[Constant],
) -> xr.Dataset:
    """Put groups in place of the variables that they are made of.

    Parameters
    ----------
    made : xarray.Dataset
        Whose other variables are scaled already.
    data : xarray.Dataset
        As measured.
    groups : sequence of PiGroup
    replaced : sequence of str
        Variables that constants do not scale.
    constants : sequence of Constant
        With values.

    Returns
    -------
    xarray.Dataset
        With ``pi1, pi2, ...``.

    Raises
    ------
    DataError
        If a group divides by a variable that passes through zero.
    ProblemError
        If the numbers become too large or small to calculate with.
    """
    attributes = {k: v for k, v in data.attrs.items() if k != "problem"}
    described = described_problem(data)
    if described and not replaced:
        kept = {k: v for k, v in described.items() if k not in {"units", "time_unit", "constants"}}
        attributes["problem"] = json.dumps(kept)
    made = made.drop_vars(replaced)
    made.attrs = attributes
    taken = set(variable_names(made))
    fresh = (
        name for k in range(1, len(taken) + len(groups) + 1) if (name := f"pi{k}") not in taken
    )
    for group in groups:
        inputs = [data[n].attrs.get("role") == "input" for n, _ in group.powers if n in replaced]
        column = {
            "units": "1",
            "role": "input" if all(inputs) else "state",
            "long_name": str(group),
        }
        made[next(fresh)] = ("sample", _values(data, group, constants), column)
    if len(groups) < len(replaced):
        note = Finding(
            "I-GROUPS",
            "info",
            ", ".join(replaced),
            f"{len(replaced)} variables became {len(groups)} dimensionless groups, which need not "
            "have a law of their own",
            "name constants with values that give them scales",
        )
        made = with_findings(made, [note])
    return validate(made)


def _values(data: xr.Dataset, group: PiGroup, constants: Sequence[Constant]) -> Array:
    measured = {n: power for n, power in group.powers if n in data.data_vars}
    others = {n: power for n, power in group.powers if n not in measured}
    in_own_units = {one.name: abs(one.value or 1.0) for one in constants}
    with np.errstate(all="ignore"):  # too large or small a group is refused below
        values = np.full(data.sizes["sample"], group.factor * _product(in_own_units, others))
    for name, power in measured.items():
        column = data[name].values
        if power < 0 and not (np.all(column > 0.0) or np.all(column < 0.0)):
            raise DataError(
                f"{group} divides by {name}, which passes through zero",
                where=f"variable {name!r}",
                fix="name a constant with the same unit and its value",
            )
        with np.errstate(all="ignore"):
            values = values * column ** float(power)
    return _in_range(values, str(group), others)


def _product(sizes: Mapping[str, float], powers: Mapping[str, Fraction | int]) -> np.float64:
    """Product of powers of constants; their signs do not matter to a scale."""
    return np.float64(np.prod([np.float64(sizes[n]) ** float(p) for n, p in powers.items()]))


def _in_range(values: Array, what: str, constants: Collection[str]) -> Array:
    """Values (n,) that can be calculated with; others are refused."""
    size = np.abs(values).max(initial=0.0)
    if not (SMALLEST <= size <= LARGEST or not values.any()):
        named = ", ".join(constants)
        raise ProblemError(
            f"{what} becomes {size:.2g} in dimensionless coordinates",
            where=f"constants {named}" if named else "constants",
            why="products of such values leave the range of floats",
            fix="check the values of the constants and all units",
        )
    return values
