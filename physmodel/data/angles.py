"""Angles in degrees become radians, of which sines and cosines can be taken."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import xarray as xr

from physmodel.data.contract import described_problem
from physmodel.findings import Finding, with_findings

#: A unit that begins with degrees: ``deg``, ``degrees/s``, but no ``degC``.
_DEGREES = re.compile(r"^\s*(deg|degree|degrees|°)(?=\s*$|\s*[/*])")
RADIAN = math.pi / 180.0


def is_in_degrees(unit: str) -> bool:
    """Whether a unit is that of an angle in degrees, or of its rate."""
    return _DEGREES.match(unit) is not None


def in_radians(data: xr.Dataset, stated: Mapping[str, str] | None = None) -> xr.Dataset:
    """Convert columns in degrees, and rates of angles; each conversion is a recorded finding.

    `stated`: units of columns that come before those which the data name; last comes the problem
    that the data describe. Returns the same object where nothing is stated anew or in degrees.
    """
    described = described_problem(data).get("units")
    told_elsewhere = described if isinstance(described, dict) else {}
    columns, notes = {}, []
    for name, variable in data.data_vars.variables.items():
        written = str(variable.attrs.get("units", ""))
        given = (stated or {}).get(str(name)) or written or str(told_elsewhere.get(name, ""))
        unit = _DEGREES.sub("rad", given)
        if unit == written:
            continue
        attributes = {**variable.attrs, "units": unit}
        factor = 1.0 if unit == given else RADIAN
        if factor != 1.0:
            told = f"was converted from {given.strip()} to {unit.strip()}"
            notes.append(Finding("I-DEGREES", "info", str(name), told))
            if "noise_std" in attributes:
                attributes["noise_std"] = float(attributes["noise_std"]) * RADIAN
        columns[name] = xr.Variable(variable.dims, variable.data * factor, attributes)
    if not columns:
        return data
    return with_findings(data.assign(columns), notes) if notes else data.assign(columns)
