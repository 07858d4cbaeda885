"""Angles in degrees become radians, of which sines and cosines can be taken."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import xarray as xr

from physmodel.findings import Finding

#: A unit that begins with degrees: ``deg``, ``degrees/s``, but no ``degC``.
_DEGREES = re.compile(r"^\s*(deg|degree|degrees|°)(?=\s*$|\s*[/*])")
RADIAN = math.pi / 180.0


def in_radians(
    data: xr.Dataset, units: Mapping[str, str]
) -> tuple[xr.Dataset, dict[str, str], list[Finding]]:
    """Convert columns in degrees, and rates of angles.

    Parameters
    ----------
    data : xarray.Dataset
    units : mapping of str to str
        Units of its columns; those that are not named stay as they are.

    Returns
    -------
    data : xarray.Dataset
        The same object where nothing is in degrees.
    units : dict of str to str
        With radians.
    findings : list of Finding
        One for each column that was converted.
    """
    changed = {name: _DEGREES.sub("rad", unit) for name, unit in units.items()}
    columns, notes = {}, []
    for name, unit in changed.items():
        if unit == units[name]:
            continue
        attributes = {**data[name].attrs, "units": unit}
        if "noise_std" in attributes:
            attributes["noise_std"] = float(attributes["noise_std"]) * RADIAN
        columns[name] = (data[name].dims, data[name].values * RADIAN, attributes)
        told = f"was converted from {units[name].strip()} to {unit}"
        notes.append(Finding("I-DEGREES", "info", name, told))
    return (data.assign(columns) if columns else data), changed, notes
