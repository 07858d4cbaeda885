"""Numbers with units of their own, by what they offer and by the library that makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import physmodel as pm

T = 0.1 * np.arange(30)
X = np.column_stack([np.cos(T), np.sin(T)])
IN_METRES = {"m": 1.0, "km": 1000.0}


@dataclass
class Quantity:
    """The least that a library of units offers."""

    magnitude: Any
    units: str

    def to(self, units: str) -> Quantity:
        return Quantity(self.magnitude * IN_METRES[self.units] / IN_METRES[units], units)


def units_of(data: xr.Dataset) -> dict[str, str]:
    return {
        str(name): data[name].attrs["units"]
        for name in ("time", *data.data_vars)
        if name != "row_size"
    }


def test_arrays_keep_their_units() -> None:
    data = pm.open(Quantity(X, "m"), time=Quantity(T, "s"), names=["x", "y"])
    assert units_of(data) == {"time": "s", "x": "m", "y": "m"}
    same = pm.from_arrays(Quantity(T, "s"), Quantity(X, "m"), names=["x", "y"])
    xr.testing.assert_identical(data, same)
    stated = pm.open(Quantity(X, "m"), time=T, names=["x", "y"], units={"x": "rad"})
    assert units_of(stated) == {"time": "", "x": "rad", "y": "m"}


def test_units_of_records_are_made_equal() -> None:
    data = pm.open([Quantity(X, "m"), Quantity(X / 1000.0, "km")], time=T)
    assert units_of(data)["x0"] == "m"
    np.testing.assert_allclose(data["x0"].values[30:], X[:, 0], rtol=1e-14)
    with pytest.raises(pm.DataError, match="values in s beside values in m"):
        pm.open([Quantity(X, "m"), Quantity(X, "s")], time=T)


def test_named_arrays_and_cells_keep_their_units() -> None:
    named = pm.open({"t": Quantity(T, "s"), "x": Quantity(X[:, 0], "km")})
    assert units_of(named) == {"time": "s", "x": "km"}
    cells = [Quantity(v, "m") if k % 2 else Quantity(v / 1000, "km") for k, v in enumerate(X[:, 0])]
    frame = pd.DataFrame({"t": T, "x": cells, "y": X[:, 1]})
    data = pm.open(frame)
    assert units_of(data) == {"time": "", "x": "km", "y": ""}
    np.testing.assert_allclose(data["x"].values, X[:, 0] / 1000.0, rtol=1e-14)
    with pytest.raises(pm.DataError, match="column 'x'"):
        pm.open(frame.assign(x=[Quantity(1.0, "m"), *[Quantity(2.0, "s")] * 29]))


def test_the_same_with_pint() -> None:
    pint = pytest.importorskip("pint")
    unit = pint.UnitRegistry()
    data = pm.open(X * unit("m/s**2"), time=T * unit.ms, names=["x", "y"])
    assert units_of(data) == {"time": "ms", "x": "m/s**2", "y": "m/s**2"}
    assert units_of(pm.open(X[:, 0] * unit.dimensionless, time=T))["x0"] == "1"
    table = xr.Dataset({"x": ("time", X[:, 0] * unit.km)}, coords={"time": T})
    assert units_of(pm.open(table)) == {"time": "", "x": "km"}
    two = pm.open([X * unit.m, X * unit.km], time=T)
    np.testing.assert_allclose(two["x0"].values[30:], 1000.0 * X[:, 0], rtol=1e-14)
    law = pm.discover(pm.open(X * unit.m, time=T * unit.s, names=["x", "y"]), order=1, degree=1)
    assert law.terms("x")[0]["unit"] == "1/s"
