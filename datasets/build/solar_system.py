"""Rebuild solar-system.nc from the JPL ephemeris DE421.

First ``pip install 'physmodel[build-datasets]'``, then ``python datasets/build/solar_system.py``.
"""

from __future__ import annotations

import hashlib
import tempfile
import tomllib
import warnings
from pathlib import Path

import numpy as np
from card_tools import DATASETS, finish
from jplephem.spk import SPK
from numpy.typing import NDArray
from scipy.io import netcdf_file

BODIES = {
    "Sun": 10,
    "Mercury": 1,
    "Venus": 2,
    "Earth": 3,  # the Earth-Moon barycentre
    "Mars": 4,
    "Jupiter": 5,
    "Saturn": 6,
    "Uranus": 7,
    "Neptune": 8,
    "Pluto": 9,  # the barycentre of Pluto and its moons
}
BARYCENTRES = {"Earth": "the Earth-Moon barycentre", "Pluto": "the barycentre of Pluto's system"}
KM_PER_AU = 149597870.7  # exact, IAU 2012 resolution B2
EPOCH = 2433282.5  # Julian date (TDB) of 1950-01-01 00:00
END = 2451544.5  # 2000-01-01 00:00
STEP = 8.0  # days


def ephemeris() -> Path:
    """Path of de421.bsp inside skyfield-data, after checking its hash."""
    with warnings.catch_warnings():
        # The package warns that its Earth-orientation file is old; that file is not used here.
        warnings.simplefilter("ignore")
        import skyfield_data

        path = Path(skyfield_data.get_skyfield_data_path()) / "de421.bsp"
    card = tomllib.loads((DATASETS / "solar-system.toml").read_text(encoding="utf-8"))
    expected = card["provenance"]["obtained_from"]["sha256"]
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise SystemExit(f"{path.name} is another ephemeris: expected {expected}, found {found}")
    return path


def build() -> bytes:
    """Content of the netCDF file: classic format, so the same input gives the same bytes."""
    days = np.arange(0.0, END - EPOCH + 0.5, STEP)
    kernel = SPK.open(str(ephemeris()))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "solar-system.nc"
        with netcdf_file(path, "w", version=1) as file:
            fill(file, days, kernel)
        kernel.close()
        return path.read_bytes()


def fill(file: netcdf_file, days: NDArray[np.float64], kernel: SPK) -> None:
    """Write dimensions, coordinates and one variable per body and axis."""
    file.Conventions = "CF-1.11"
    file.title = "Positions of the Sun, eight planets and Pluto, JPL DE421"
    file.createDimension("sample", len(days))
    file.createDimension("trajectory", 1)

    time = file.createVariable("time", "f8", ("sample",))
    time[:] = days
    time.units, time.long_name = "day", "TDB days since 1950-01-01 00:00"
    trajectory = file.createVariable("trajectory", "i4", ("trajectory",))
    trajectory[:] = 0
    row_size = file.createVariable("row_size", "i4", ("trajectory",))
    row_size[:] = len(days)
    row_size.sample_dimension = "sample"
    for body, number in BODIES.items():
        position = kernel[0, number].compute(EPOCH, days)[:3] / KM_PER_AU
        for axis, values in zip("xyz", position, strict=True):
            variable = file.createVariable(f"{body}_{axis}", "f8", ("sample",))
            variable[:] = values
            variable.units, variable.role = "au", "state"
            variable.coordinates = "time"
            of = BARYCENTRES.get(body, body)
            variable.long_name = f"barycentric ICRF {axis} of {of}"


if __name__ == "__main__":
    finish("solar-system", __file__, build())
