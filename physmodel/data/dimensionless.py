"""Data in dimensionless coordinates: divided by what constants make, combined where they do not.

References
----------
Buckingham (1914), Phys. Rev. 4, 345; Lin, Segel (1988), Mathematics Applied to Deterministic
Problems in the Natural Sciences, chapter 6 (scales from constants).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import xarray as xr

from physmodel.data.contract import variable_names
from physmodel.data.open import opened
from physmodel.data.scaled import scaled, with_groups
from physmodel.errors import ProblemError
from physmodel.problem.checks import table_of
from physmodel.problem.measures.base_units import Measure
from physmodel.problem.measures.constants import Constant, read_constant
from physmodel.problem.measures.dimensions import PiGroup, exponents_of, known_measures
from physmodel.problem.measures.dimensions import pi_groups as groups_of_units
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
        See `physmodel.problem.measures.dimensions.pi_groups`. The time is called ``t``.

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
    given = table_of("constants", constants or {})
    if isinstance(source, Problem):
        units = {
            name: dict(source.units).get(name, "") for name in (*source.states, *source.inputs)
        }
        units["t"] = source.time_unit
        given = {**dict(source.constants), **given}
    elif isinstance(source, Mapping) and not isinstance(source, xr.Dataset):
        units = table_of("units", source)
        for name, unit in units.items():
            if not isinstance(unit, str):
                raise ProblemError(
                    f"{unit!r} is no unit",
                    where=f"units.{name}",
                    fix='such as "m/s", "1" for a pure number, or "" where it is not known',
                )
    else:
        units = _units(opened(source))
    known = _constants(given, units)
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
        If units and constants give neither a scale nor a group, or numbers too large or small.
    DataError
        If a group divides by a variable that passes through zero.
    """
    data = opened(data)
    units = _units(data)
    given = _constants(table_of("constants", constants or {}), units)
    known = [one for one in given if one.value is not None]
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
            made = scaled(made, column, name, powers, measures[name], known)
    return with_groups(made, data, groups, open_names, known)


def _units(data: xr.Dataset) -> dict[str, str]:
    units = {name: str(data[name].attrs.get("units", "")) for name in variable_names(data)}
    return {**units, "t": str(data["time"].attrs.get("units", ""))}


def _constants(constants: Mapping[str, Any], units: Mapping[str, str]) -> list[Constant]:
    for name in constants:
        if name in units:
            raise ProblemError(
                f"{name!r} is a variable and a constant",
                where="constants",
                fix="give the constant another name",
            )
        if not name.isidentifier():
            raise ProblemError(
                f"{name!r} cannot be the name of a constant",
                where="constants",
                fix="letters, digits and underscores",
            )
    return [read_constant(name, text) for name, text in constants.items()]


def _powers(unit: Measure, constants: Sequence[Constant]) -> dict[str, Fraction] | None:
    """Powers of constants that make a unit, where they do."""
    found = exponents_of(unit.dimension, [one.measure.dimension for one in constants])
    if found is None:
        return None
    return {one.name: power for one, power in zip(constants, found, strict=True) if power}


def _groups(
    names: Sequence[str], units: Mapping[str, str], constants: Sequence[Constant]
) -> list[PiGroup]:
    """Groups of the variables that no constants can measure."""
    chosen = {name: units[name] for name in names}
    found = groups_of_units({**chosen, **{one.name: one.unit for one in constants}})
    return [group for group in found if any(name in chosen for name, _ in group.powers)]
