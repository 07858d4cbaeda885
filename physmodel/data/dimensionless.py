"""Data in dimensionless coordinates: divided by what constants make, combined where they do not.

References
----------
Buckingham (1914), Phys. Rev. 4, 345; Lin, Segel (1988), Mathematics Applied to Deterministic
Problems in the Natural Sciences, chapter 6 (scales from constants).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import xarray as xr

from physmodel.data.contract import Array, validate, variable_names
from physmodel.data.findings import Finding, with_findings
from physmodel.data.open import open as open_data
from physmodel.errors import DataError, ProblemError
from physmodel.problem.base_units import Measure
from physmodel.problem.calculus import ordered
from physmodel.problem.constants import Constant, read_constant
from physmodel.problem.dimensions import PiGroup, exponents_of, known_measures
from physmodel.problem.dimensions import pi_groups as groups_of_units
from physmodel.problem.expression import monomial
from physmodel.problem.problem import Problem


def pi_groups(source: Any, constants: Mapping[str, str] | None = None) -> tuple[PiGroup, ...]:
    """Dimensionless groups of measured quantities, the time and constants.

    Parameters
    ----------
    source : xarray.Dataset, path, DataFrame, catalogue name, Problem or mapping
        A dataset, what `physmodel.open` takes, a problem, or just units by name.
    constants : mapping of str to str, optional
        Their units, with or without values: ``{"g": "9.81 m/s^2"}``.

    Returns
    -------
    tuple of PiGroup
        See `physmodel.problem.dimensions.pi_groups`. The time is called ``t``.

    Raises
    ------
    ProblemError
        If a unit cannot be read, or a constant has the name of a variable.
    DataError
        If the source cannot be opened.

    Examples
    --------
    >>> [str(group) for group in pi_groups({"T": "s", "l": "m", "g": "m/s^2", "m": "kg"})]
    ['T^2*l^-1*g']
    """
    if isinstance(source, Problem):
        units = {
            name: dict(source.units).get(name, "") for name in (*source.states, *source.inputs)
        }
        units["t"] = source.time_unit
        constants = {**dict(source.constants), **(constants or {})}
    elif isinstance(source, Mapping) and not isinstance(source, xr.Dataset):
        units = {str(name): str(unit) for name, unit in source.items()}
    else:
        units = _units(_ready(source))
    known = _constants(constants, units)
    return groups_of_units({**units, **{one.name: one.unit for one in known}})


def nondimensionalise(data: Any, constants: Mapping[str, str] | None = None) -> xr.Dataset:
    """The same trajectories in dimensionless coordinates, for `physmodel.discover`.

    Every variable, and the time, is divided by the product of powers of constants that has its
    unit. Variables for which there is none are replaced by dimensionless groups of them; the time
    then stays as it is. Pure numbers are kept, angles in radians.

    Parameters
    ----------
    data : xarray.Dataset, or what `physmodel.open` takes
    constants : mapping of str to str, optional
        With values: ``{"g": "9.81 m/s^2", "L": "0.5 m"}``. Those without do not count.

    Returns
    -------
    xarray.Dataset
        Variables keep their names, groups are called ``pi1, pi2, ...``; ``long_name`` says what
        each is. Variables of unknown unit are left as they are.

    Raises
    ------
    ProblemError
        If units and constants give neither a scale nor a group.
    DataError
        If a group divides by a variable that passes through zero.
    """
    data = _ready(data)
    units = _units(data)
    known = [one for one in _constants(constants, units) if one.value is not None]
    measures = known_measures(units)
    scales = {name: _powers(one, known) for name, one in measures.items()}
    open_names = [name for name, powers in scales.items() if powers is None and name != "t"]
    groups = _groups(open_names, units, known)
    if not groups and all(powers is None for powers in scales.values()):
        raise ProblemError(
            "the units give no dimensionless group",
            where="constants",
            fix='name constants with values, such as {"L": "0.5 m"}, or give the units of more '
            "variables",
        )
    made = data.copy()
    for name, powers in scales.items():
        if powers is not None:
            column = "time" if name == "t" else name
            made = _scaled(made, column, name, powers, measures[name], known)
    return _with_groups(made, data, groups, open_names, known)


def _ready(source: Any) -> xr.Dataset:
    ready = isinstance(source, xr.Dataset) and "row_size" in source.variables
    return validate(source if ready else open_data(source))


def _units(data: xr.Dataset) -> dict[str, str]:
    units = {name: str(data[name].attrs.get("units", "")) for name in variable_names(data)}
    return {**units, "t": str(data["time"].attrs.get("units", ""))}


def _constants(constants: Mapping[str, str] | None, units: Mapping[str, str]) -> list[Constant]:
    for name in constants or {}:
        if name in units:
            raise ProblemError(f"{name!r} is a variable and a constant", where="constants")
    return [read_constant(name, text) for name, text in (constants or {}).items()]


def _powers(unit: Measure, constants: Sequence[Constant]) -> dict[str, Fraction] | None:
    """Powers of constants that make a unit, where they do."""
    found = exponents_of(unit.dimension, [one.measure.dimension for one in constants])
    if found is None:
        return None
    return {one.name: power for one, power in zip(constants, found, strict=True) if power}


def _scaled(
    data: xr.Dataset,
    column: str,
    name: str,
    powers: Mapping[str, Fraction],
    unit: Measure,
    constants: Sequence[Constant],
) -> xr.Dataset:
    """A copy with one variable divided by its scale."""
    size = _product({n: float(p) for n, p in powers.items()}, constants)
    scale = size / unit.size
    attributes = {**data[column].attrs, "units": "1"}
    if "noise_std" in attributes:
        attributes["noise_std"] = attributes["noise_std"] / scale
    if powers:
        inverse = monomial({name: 1, **{n: -p for n, p in powers.items()}})
        attributes["long_name"] = str(ordered(inverse, (name, *powers)))
    return data.assign({column: ("sample", data[column].values / scale, attributes)})


def _groups(
    names: Sequence[str], units: Mapping[str, str], constants: Sequence[Constant]
) -> list[PiGroup]:
    """Groups of the variables that no constants can measure."""
    chosen = {name: units[name] for name in names}
    found = groups_of_units({**chosen, **{one.name: one.unit for one in constants}})
    return [group for group in found if any(name in chosen for name, _ in group.powers)]


def _with_groups(
    made: xr.Dataset,
    data: xr.Dataset,
    groups: Sequence[PiGroup],
    replaced: Sequence[str],
    constants: Sequence[Constant],
) -> xr.Dataset:
    """Groups in place of the variables that they are made of."""
    attributes = {k: v for k, v in data.attrs.items() if k != "problem"}
    described = json.loads(data.attrs.get("problem", "{}"))
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
    others = {n: float(power) for n, power in group.powers if n not in measured}
    values = np.full(data.sizes["sample"], group.factor)
    for name, power in measured.items():
        column = data[name].values
        if power < 0 and not (np.all(column > 0.0) or np.all(column < 0.0)):
            raise DataError(
                f"{group} divides by {name}, which passes through zero",
                where=f"variable {name!r}",
                fix="name a constant with the same unit and its value",
            )
        values = values * column ** float(power)
    in_own_units = {one.name: abs(one.value or 1.0) for one in constants}
    return np.asarray(values * np.prod([in_own_units[n] ** p for n, p in others.items()]))


def _product(powers: Mapping[str, float], constants: Sequence[Constant]) -> float:
    """Product of powers of constants, in base units; their signs do not matter to a scale."""
    sizes = {one.name: abs(one.value or 1.0) * one.measure.size for one in constants}
    return float(np.prod([sizes[name] ** power for name, power in powers.items()]))
