"""Gaps of signals, fields and tables."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from click.testing import CliRunner
from numpy.typing import NDArray

import physmodel as pm
from physmodel.cli.root import root
from physmodel.errors import DataError
from physmodel.models.dictionaries import (
    dct,
)
from physmodel.signals import (
    inpaint,
)
from physmodel.signals.tables import fill_table, read_table

Array = NDArray[np.float64]


def field(values: Array, name: str | None = None) -> xr.DataArray:
    return xr.DataArray(values, dims=("y", "x", "z")[: values.ndim], name=name)


# Signals and fields.


def test_gaps_of_a_sparse_signal_are_filled_exactly() -> None:
    dictionary = dct(128)
    coefficients = np.zeros(128)
    coefficients[[3, 17, 40]] = [2.0, -1.0, 1.5]
    clean = dictionary.synthesise(coefficients)
    missing = np.random.default_rng(7).random(128) < 0.4
    data = field(np.where(missing, np.nan, clean))
    before = data.copy(deep=True)
    found = inpaint(data)
    xr.testing.assert_identical(data, before)
    assert found.dictionary == "dct"
    np.testing.assert_array_equal(found.missing.values, missing)
    np.testing.assert_array_equal(found.data.values[~missing], clean[~missing])
    # The last threshold is 1e-6 of the largest coefficient, and three are kept.
    assert np.abs(found.data.values - clean).max() < 1e-6
    # With a third of the rest hidden the steps converge more slowly, and the claim says so.
    assert found.error < 1e-3


def test_gaps_of_a_field_and_the_error_that_is_claimed() -> None:
    y, x = np.meshgrid(*[np.linspace(0.0, 1.0, 64)] * 2, indexing="ij")
    clean = np.sin(9.0 * x + 4.0 * y) * np.exp(-y)
    missing = np.random.default_rng(8).random(clean.shape) < 0.3
    found = inpaint(field(np.where(missing, np.nan, clean)))
    error = np.sqrt(np.mean((found.data.values - clean)[missing] ** 2))
    assert error < 0.02 * clean.std()
    # Hidden values have fewer neighbours left: the claim is on the high side, not wildly.
    assert 0.5 * error < found.error < 10.0 * error
    whole = inpaint(field(clean), dct)
    np.testing.assert_array_equal(whole.data.values, clean)
    assert not whole.missing.any()


# Tables.


def gappy_table() -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """Two records of two waves; a tenth of one column missing, in pieces and in a row."""
    rng = np.random.default_rng(20)
    time = [np.arange(n) / 10.0 for n in (160, 130)]
    frame = pd.DataFrame(
        {
            "run": np.repeat(["a", "b"], [160, 130]),
            "time [s]": np.concatenate(time),
            "x [m]": np.concatenate([np.sin(t) for t in time]),
            "y": np.concatenate([np.cos(1.3 * t) for t in time]),
        }
    )
    missing = rng.random(290) < 0.07
    missing[60:68] = True
    return frame, missing


def test_cells_of_a_table_are_filled_and_nothing_else_changes() -> None:
    whole, missing = gappy_table()
    frame = whole.assign(**{"x [m]": whole["x [m]"].mask(missing)})
    before = frame.copy(deep=True)
    found = fill_table(frame, trajectory="run")
    pd.testing.assert_frame_equal(frame, before)
    assert list(found.missing) == ["x [m]"]
    np.testing.assert_array_equal(found.missing["x [m]"], missing)
    pd.testing.assert_frame_equal(found.data[~missing], whole[~missing])
    pd.testing.assert_frame_equal(found.data.drop(columns="x [m]"), whole.drop(columns="x [m]"))
    error = np.sqrt(np.mean((found.data["x [m]"] - whole["x [m]"])[missing] ** 2))
    # The longest gap is an eighth of a period, of a wave whose rms is 0.7.
    assert error < 0.05
    assert found.errors["x [m]"] > 0.5 * error
    # Each record goes by itself alone.
    alone = fill_table(frame[frame["run"] == "b"].drop(columns="run"))
    np.testing.assert_array_equal(alone.data["x [m]"], found.data["x [m]"][160:])
    data = pm.open(found.data, trajectory="run")
    assert list(data["row_size"].values) == [160, 130]
    assert fill_table(whole, trajectory="run").missing == {}


def test_rows_that_are_not_there_stay_away_and_time_is_never_made_up() -> None:
    frame = gappy_table()[0].iloc[:160].drop(columns="run")
    torn = frame.drop(index=range(80, 100))
    torn.loc[100, "y"] = np.nan
    found = fill_table(torn)
    assert len(found.data) == 140
    # What lies beyond the gap is another piece: the value only goes by its own side.
    alone = fill_table(torn.loc[100:])
    np.testing.assert_array_equal(found.data["y"][80:], alone.data["y"])
    torn.loc[3, "time [s]"] = np.nan
    assert fill_table(torn, time="time").data["time [s]"].isna().sum() == 1


def test_the_command_fills_and_denoises(tmp_path: Path) -> None:
    whole, missing = gappy_table()
    noise = 0.02 * np.random.default_rng(21).standard_normal(290)
    noisy = whole.assign(**{"x [m]": (whole["x [m]"] + noise).mask(missing)})
    noisy.to_csv(tmp_path / "in.csv", index=False)
    request = ["denoise", str(tmp_path / "in.csv"), "--trajectory", "run"]
    request += ["-o", str(tmp_path / "out.csv")]
    done = CliRunner().invoke(root, request)
    assert done.exit_code == 0
    assert f"{missing.sum()} of" in done.stderr or "have missing values" in done.stderr
    assert len(pd.read_csv(tmp_path / "out.csv")) == len(whole) - missing.sum()
    done = CliRunner().invoke(root, [*request, "--fill", "--json", "--force"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)["filled"]["x [m]"]
    assert told["count"] == missing.sum()
    back = pd.read_csv(tmp_path / "out.csv")
    np.testing.assert_allclose(back["time [s]"], whole["time [s]"])
    error = (back["x [m]"] - whole["x [m]"]).to_numpy()
    assert np.sqrt(np.mean(error[~missing] ** 2)) < 0.02
    assert np.sqrt(np.mean(error[missing] ** 2)) < 3.0 * told["error"]
    assert "values filled" in CliRunner().invoke(root, [*request, "--fill", "--force"]).stdout


def test_tables_that_cannot_be_filled() -> None:
    frame = gappy_table()[0]
    frame.loc[160:, "y"] = np.nan
    with pytest.raises(DataError, match="none of 130 values") as caught:
        fill_table(frame, trajectory="run")
    assert caught.value.where == "column 'y', rows 160-289, trajectory b"
    with pytest.raises(DataError, match="no column 'q'"):
        fill_table(frame, trajectory="q")
    with pytest.raises(DataError, match="no file"):
        read_table("nowhere.csv")
    with pytest.raises(DataError, match="only tables"):
        read_table("solar-system")


def test_a_curve_goes_over_a_long_gap_where_atoms_would_not() -> None:
    """A trend is sparse in no wavelet; a smooth orbit is followed by a cubic spline."""
    t = np.arange(50.0)
    ramp = inpaint(field(np.where((t > 20) & (t < 30), np.nan, 2.0 * t)))
    assert "interpolation" in ramp.dictionary
    # A line is a spline: rounding alone.
    np.testing.assert_allclose(ramp.data.values, 2.0 * t, rtol=1e-12)
    orbit = pm.catalogue.load("lorenz")["x"].values
    missing = (np.arange(len(orbit)) % 100 < 30) & (np.arange(len(orbit)) >= 50)
    found = inpaint(field(np.where(missing, np.nan, orbit)))
    error = np.sqrt(np.mean((found.data.values - orbit)[missing] ** 2))
    line = np.interp(np.arange(len(orbit)), np.flatnonzero(~missing), orbit[~missing])
    assert error < 0.5 * np.sqrt(np.mean((line - orbit)[missing] ** 2))
    assert 0.3 * error < found.error < 5.0 * error


def test_one_gap_is_not_judged_by_one_value() -> None:
    """Where a single value is missing the claim still rests on a share of the record."""
    t = np.arange(120.0)
    noisy = np.sin(t / 6.0) + 0.1 * np.random.default_rng(22).standard_normal(120)
    claims = [inpaint(field(np.where(t == k, np.nan, noisy))).error for k in (30, 60, 90)]
    # Noise of 0.1 in a value that is predicted from its neighbours, known from some fifty of them.
    assert 0.08 < min(claims) <= max(claims) < 0.25


@pytest.mark.parametrize("kind", ["object", "Int64", "float32"])
def test_columns_of_any_numbers_are_filled_and_text_is_left(kind: str) -> None:
    values = pd.Series([None if k == 3 else k for k in range(50)], dtype=kind)
    frame = pd.DataFrame({"t": np.arange(50.0), "x": values, "note": [None, *"a" * 49]})
    found = fill_table(frame)
    assert list(found.missing) == ["x"]
    np.testing.assert_allclose(found.data["x"], np.arange(50.0), atol=1e-5)
    assert found.data["note"].isna().sum() == 1
    with pytest.raises(DataError, match="one value was measured"):
        fill_table(pd.DataFrame({"t": [0.0, 1.0], "x": [1.0, np.nan]}))
