"""Opening files, tables and labelled arrays."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from physmodel.data.arrays import from_arrays
from physmodel.data.contract import validate, variable_names
from physmodel.data.open import open as open_data
from physmodel.errors import DataError, PhysmodelError
from physmodel.findings import Finding, recorded, with_findings
from physmodel.testing.strategies import trajectories

T = 0.1 * np.arange(30)
X = np.column_stack([np.cos(T), np.sin(T)])
BODY = "\n".join(f"{t:.1f},{a:.6f},{b:.6f}" for t, (a, b) in zip(T, X, strict=True))
CSV = f"t,x,y\n{BODY}\n"


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write_file(content: str | bytes, name: str = "data.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


def refused(source: Any, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        open_data(source, **options)
    return str(caught.value)


def note(data: xr.Dataset, code: str) -> Finding:
    return next(f for f in recorded(data) if f.code == code)


def test_csv(write: Any) -> None:
    data = open_data(write(CSV))
    assert variable_names(data) == ("x", "y")
    np.testing.assert_array_equal(data["time"].values, np.round(T, 1))
    np.testing.assert_array_equal(data["x"].values, np.round(X[:, 0], 6))
    assert data.attrs["source"] == "data.csv"
    assert "'t'" in note(data, "I-TIME").where


@pytest.mark.parametrize(
    "content",
    [
        CSV.replace(",", ";"),
        CSV.replace(",", ";").replace(".", ","),
        CSV.replace(",", "\t"),
        CSV.replace(",", "\t").replace(".", ","),
        CSV.replace(",", "  "),
        CSV.replace(",", " | "),
        CSV.replace("\n", "\r\n"),
        CSV.replace("\n", "\n\n"),
        "\ufeff" + CSV,
        "# by hand\n" + CSV.replace("\n1.0", "\n# a break\n1.0"),
        "# t x y\n" + BODY.replace(",", " "),
        CSV.replace("t,x,y", '"t", "x", "y"'),
    ],
    ids=[
        "semicolon",
        "decimal comma",
        "tab",
        "tab and decimal comma",
        "blanks",
        "bar",
        "windows",
        "blank lines",
        "bom",
        "comments",
        "savetxt",
        "quotes",
    ],
)
def test_dialects_of_text(write: Any, content: str) -> None:
    data = open_data(write(content))
    xr.testing.assert_equal(data, open_data(write(CSV, "plain.csv")))


def test_units_in_brackets(write: Any) -> None:
    data = open_data(write(CSV.replace("t,x,y", "Time [s],x (m/s),hare_thousands")))
    assert data["time"].attrs["units"] == "s"
    assert data["x"].attrs["units"] == "m/s"
    assert data["hare_thousands"].attrs["units"] == ""
    given = open_data(write(CSV), units={"x": "km"}, time_units="year")
    assert (given["x"].attrs["units"], given["time"].attrs["units"]) == ("km", "year")


def test_old_encoding(write: Any) -> None:
    data = open_data(write(CSV.replace("t,x,y", "t,x [°C],y").encode("latin-1")))
    assert data["x"].attrs["units"] == "°C"


def test_names_that_cannot_stand_in_an_equation(write: Any) -> None:
    data = open_data(write(CSV.replace("t,x,y", "t,lambda,sin")))
    assert variable_names(data) == ("lambda_", "sin_")
    assert "lambda_" in note(data, "I-RENAMED").message


def test_time_is_the_only_rising_column(write: Any) -> None:
    data = open_data(write(CSV.replace("t,x,y", "clock,x,y")))
    assert variable_names(data) == ("x", "y")
    assert "rises" in note(data, "I-TIME").message


def test_no_time_lists_the_columns(write: Any) -> None:
    text = refused(write("a,b\n1,2\n0,1\n3,3\n2,2\n"))
    assert "--time" in text
    assert "columns: a, b" in text


def test_states_and_inputs(write: Any) -> None:
    data = open_data(write(CSV), inputs=["y"])
    assert variable_names(data, "state") == ("x",)
    assert variable_names(data, "input") == ("y",)
    assert variable_names(open_data(write(CSV), states=["y"])) == ("y",)


@pytest.mark.parametrize("field", ["time", "trajectory"])
def test_unknown_column_gets_a_suggestion(write: Any, field: str) -> None:
    path = write(CSV.replace("t,x,y", "t,speed,y"))
    assert "did you mean 'speed'" in refused(path, **{field: "sped"})
    assert "did you mean 'speed'" in refused(path, states=["sped"])
    assert "a list" in refused(path, states="speed")


def test_missing_cell_names_row_and_line(write: Any) -> None:
    path = write("# note\n" + CSV.replace("\n1.0,0.540302", "\n1.0,"))
    text = refused(path, nan_policy="raise")
    assert "'x'" in text
    assert "row 10 (line 13)" in text
    assert note(open_data(path), "W-MISSING").where == "x, row 10 (line 13)"
    assert open_data(path, nan_policy="segment")["row_size"].values.tolist() == [10, 19]


def test_text_cell_names_row_and_line(write: Any) -> None:
    text = refused(write(CSV.replace("\n1.0,0.540302", "\n1.0,abc")))
    assert "'abc'" in text
    assert "row 10 (line 12)" in text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "empty"),
        ("# only a comment\n\n", "empty"),
        ("t,x,y\n", "header and no data"),
        (BODY, "not column names"),
        (CSV.replace("t,x,y", "t,x,x"), "'x' occurs 2 times"),
        (CSV + "3.0,1,2,3\n", "line 32: 4 cells; the header has 3"),
        (CSV + "3.0,1\n", "line 32: 2 cells; the header has 3"),
        (CSV + "2.9,1,2\n", "line 31): time 2.9 is repeated"),
        (b"\0\1\2\3", "not a text file"),
        (b"t,x\n\xff\0\xfe", "not a text file"),
    ],
)
def test_broken_text(write: Any, content: str | bytes, words: str) -> None:
    assert words in refused(write(content))


def test_long_table_of_trajectories(write: Any) -> None:
    rows = [f"{run},{t:.1f},{np.sin(t + k):.6f}" for t in T for k, run in enumerate("ab")]
    path = write("run,t,x\n" + "\n".join(rows))
    data = open_data(path, trajectory="run")
    assert data["trajectory"].values.tolist() == ["a", "b"]
    np.testing.assert_allclose(data["x"].values[30:], np.sin(T + 1), atol=1e-6)  # six decimals
    assert "trajectory='run'" in refused(path)


def test_row_counter_is_dropped(write: Any) -> None:
    frame = pd.DataFrame({"t": T, "x": X[:, 0]})
    assert variable_names(open_data(write(frame.to_csv()))) == ("x",)


@pytest.mark.parametrize(
    ("form", "hours", "unit"),
    [
        ("%Y-%m-%d", 24, "day"),
        ("%Y-%m-%dT%H:%M:%S", 1, "s"),
        ("%d.%m.%Y %H:%M", 1, "s"),
        ("%d/%m/%Y", 24, "day"),
        ("%m/%d/%Y", 24, "day"),
    ],
)
def test_dates(write: Any, form: str, hours: int, unit: str) -> None:
    start = datetime.datetime(2021, 3, 1)
    days = [(start + datetime.timedelta(hours=hours * k)).strftime(form) for k in range(30)]
    data = open_data(write("date,x\n" + "\n".join(f"{d},{k % 7}" for k, d in enumerate(days))))
    assert data["time"].attrs["units"] == unit
    assert data["time"].values[1] == (1.0 if unit == "day" else 3600.0)


def test_ambiguous_dates(write: Any) -> None:
    days = "\n".join(f"0{k}/01/2021,{k % 3}" for k in range(1, 9))
    assert "day and month" in refused(write("date,x\n" + days))


def test_frame_is_not_changed() -> None:
    frame = pd.DataFrame({"t": T, 7: X[:, 0], "y": X[:, 1]})
    before = frame.copy(deep=True)
    assert variable_names(open_data(frame)) == ("v_7", "y")
    pd.testing.assert_frame_equal(frame, before)


def test_frame_with_time_index_and_nullable_columns() -> None:
    index = pd.date_range("2021-01-01", periods=30, freq="s", tz="Europe/Paris")
    frame = pd.DataFrame({"x": pd.array([1, 2, 4] * 10, dtype="Int64")}, index=index)
    data = open_data(frame)
    np.testing.assert_array_equal(data["time"].values, np.arange(30.0))
    frame.iloc[3, 0] = pd.NA
    assert "row 3" in refused(frame, nan_policy="raise")
    assert open_data(frame)["row_size"].values.tolist() == [29]


@pytest.mark.parametrize("column", [1j * T, pd.date_range("2021", periods=30), [[1]] * 30])
def test_frame_with_impossible_columns(column: Any) -> None:
    assert "column 'x'" in refused(pd.DataFrame({"t": T, "x": column}))


@pytest.mark.parametrize("suffix", [".nc", ".zarr", ".parquet"])
def test_binary_formats(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"data{suffix}"
    data = from_arrays(T, X, names=["x", "y"], units={"x": "m"}, time_units="s")
    if suffix == ".nc":
        data.to_netcdf(path)
    elif suffix == ".zarr":
        data.to_zarr(path, zarr_format=2)
    else:
        pd.DataFrame({"t [s]": T, "x [m]": X[:, 0], "y": X[:, 1]}).to_parquet(path)
    again = open_data(path)
    xr.testing.assert_equal(again, data)
    assert again["x"].attrs == data["x"].attrs
    assert again["time"].attrs == data["time"].attrs


@pytest.mark.parametrize("name", ["a.nc", "a.parquet"])
@pytest.mark.parametrize("content", [b"", b"CDF", b"CDF\x01zzzz", b"\x89HDF\r\n\x1a\n" + b"0" * 50])
def test_broken_binary_files(write: Any, name: str, content: bytes) -> None:
    assert name in refused(write(content, name))


def gridded() -> xr.Dataset:
    return xr.Dataset(
        {
            "v": (("time", "part"), X, {"units": "m s-1"}),
            "p": ("time", X[:, 0] + 1, {"units": "Pa", "long_name": "pressure"}),
        },
        coords={
            "time": ("time", T, {"units": "days since 1850-01-01"}),
            "part": ["east", "north"],
        },
        attrs={"title": "wind"},
    )


def test_labelled_components_and_cf_time(tmp_path: Path) -> None:
    gridded().to_netcdf(tmp_path / "wind.nc")
    for source in (tmp_path / "wind.nc", gridded()):
        data = open_data(source)
        assert variable_names(data) == ("v_east", "v_north", "p")
        assert data["v_east"].attrs["units"] == "m s-1"
        assert data["p"].attrs["long_name"] == "pressure"
        assert data["time"].attrs["units"] == "day"
        np.testing.assert_array_equal(data["time"].values, T)
        assert data.attrs["title"] == "wind"
        assert "1850" in note(data, "I-DATES").message


def test_xarray_source_is_not_changed() -> None:
    source = gridded()
    before = source.copy(deep=True)
    open_data(source, states=["p"], units={"p": "hPa"})
    xr.testing.assert_identical(source, before)


def test_space_is_not_supported_yet() -> None:
    source = gridded().assign_coords(part=[10.0, 20.0])
    text = refused(source)
    assert "not supported yet" in text
    assert "isel(part=0)" in text
    assert variable_names(open_data(source.isel(part=0))) == ("v", "p")


def test_gridded_trajectories_with_padding() -> None:
    x = np.stack([X[:, 0], X[:, 1]])
    x[1, 20:] = np.nan
    data = open_data(xr.Dataset({"x": (("trial", "time"), x)}, coords={"time": T}))
    assert data["row_size"].values.tolist() == [30, 20]
    assert note(data, "I-PADDING").where == "trajectory 1"


def test_group(tmp_path: Path) -> None:
    gridded().to_netcdf(tmp_path / "deep.nc", group="run1")
    assert variable_names(open_data(tmp_path / "deep.nc", group="run1"))[0] == "v_east"
    assert "group" in refused(tmp_path / "deep.nc", group="run2")


@pytest.mark.parametrize("name", ["solar-system", "lorenz"])
def test_catalogue(name: str) -> None:
    data = open_data(name)
    assert validate(data) is data
    assert data.sizes["sample"] > 100


def test_what_cannot_be_found(write: Any) -> None:
    path = write(CSV)
    assert "did you mean 'lorenz'" in refused("lorentz")
    assert "did you mean 'data.csv'" in refused(path.with_name("date.csv"))
    assert "there is no folder" in refused(path.parent / "nowhere" / "data.csv")
    assert ".xls" in refused(write("x", "a.xls"))
    assert "physmodel.open(x, time=t)" in refused(X)
    assert "groups" in refused(path, group="a")


@given(trajectories(min_size=4))
@settings(max_examples=25)
def test_opening_a_dataset_again_changes_nothing(drawn: Any) -> None:
    data = from_arrays(*drawn)
    xr.testing.assert_identical(open_data(data), data.assign_attrs(source="xarray"))


@given(st.binary(max_size=200))
@settings(max_examples=150)
def test_any_bytes_are_refused_or_read(tmp_path_factory: Any, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    path.write_bytes(content)
    try:
        validate(open_data(path))
    except PhysmodelError as error:
        assert str(error)  # noqa: PT017 - the refusal is one of two good outcomes


@given(st.text(alphabet="t,x;y \t\n\"'#.-+0123456789eE_[]()NaN|", max_size=120))
@settings(max_examples=300)
def test_any_table_like_text_is_refused_or_read(tmp_path_factory: Any, content: str) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.txt"
    path.write_text(content)
    try:
        validate(open_data(path))
    except PhysmodelError as error:
        assert str(error)  # noqa: PT017 - the refusal is one of two good outcomes


def test_findings_travel_with_the_data() -> None:
    data = from_arrays(T, X)
    extra = Finding("I-TEST", "info", "here", "text", "fix")
    noted = with_findings(data, [extra])
    assert recorded(noted)[-1] == extra
    assert recorded(data) == recorded(from_arrays(T, X))
    assert str(extra) == "I-TEST here: text (fix)"


@pytest.mark.parametrize(
    ("cell", "step", "unit"),
    [
        (lambda day: f"{day:%m/%d/%Y %I:%M:%S %p}", 1.0, "day"),
        (lambda day: f"{day:%d.%m.%y}", 1.0, "day"),
        (lambda day: f"{day:%Y%m%d}", 1.0, "day"),
        (lambda day: f"{day:%Y-%m-%dT12:00:00+02:00}", 1.0, "day"),
        (lambda day: f"10:{day:%d:%m}", None, "s"),  # a clock: 10:01:01, 10:02:01, ...
    ],
)
def test_dates_as_programs_export_them(write: Any, cell: Any, step: float, unit: str) -> None:
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(days=k) for k in range(30)]
    rows = "\n".join(f"{cell(day)},{v}" for day, v in zip(days, X[:, 0], strict=True))
    data = open_data(write(f"date,x\n{rows}\n"))
    assert data["time"].attrs["units"] == unit
    np.testing.assert_array_equal(np.diff(data["time"].values), np.full(29, step or 60.0))


@pytest.mark.parametrize("header", ["when", "Zeitpunkt"])
def test_the_only_dates_are_the_time_whatever_they_are_called(write: Any, header: str) -> None:
    """The level rises always, too, and was taken for the time."""
    rows = "\n".join(f"2024-03-{day:02d},{1.1**day}" for day in range(1, 31))
    data = open_data(write(f"{header},level\n{rows}\n"))
    assert variable_names(data) == ("level",)
    assert "dates" in note(data, "I-TIME").message


def test_an_index_that_carries_the_time_is_kept() -> None:
    frame = pd.DataFrame({"x": X[:, 0], "y": X[:, 1]}, index=T)
    np.testing.assert_array_equal(open_data(frame)["time"].values, T)
    durations = frame.set_axis(pd.to_timedelta(T, unit="s"))
    np.testing.assert_allclose(open_data(durations)["time"].values, T, atol=1e-9)  # nanoseconds
    months = frame.set_axis(pd.period_range("2024-01", periods=30, freq="M"))
    assert open_data(months)["time"].values[1] == 31.0
    twice = pd.concat({"a": frame, "b": frame})
    assert "level_0, level_1" in refused(twice)
    data = open_data(twice, time="level_1", trajectory="level_0")
    assert list(data["row_size"].values) == [30, 30]


def test_columns_may_be_numbered() -> None:
    frame = pd.DataFrame(np.column_stack([np.repeat([7, 8], 15), X]))
    frame[3] = np.tile(T[:15], 2)
    data = open_data(frame, time=3, trajectory=0)  # type: ignore[arg-type]
    assert list(data["trajectory"].values) == [7, 8]


@pytest.mark.parametrize(
    ("header", "name"), [("x\u2081", "x1"), ("\u00bd", "v_1_2"), ("\u00b5", "\u03bc"), ("x²", "x2")]
)
def test_letters_are_those_of_the_expression_reader(write: Any, header: str, name: str) -> None:
    from physmodel.problem.algebra.parser import parse

    data = open_data(write(CSV.replace("t,x,y", f"t,{header},y", 1)))
    assert variable_names(data) == (name, "y")
    assert str(parse(name, (name,))) == name


def test_names_in_classic_netcdf_are_utf8(tmp_path: Path) -> None:
    """As the format says, and as libraries other than SciPy write them."""
    table = xr.Dataset({"θ": ("zeit", X[:, 0])}, coords={"zeit": T})
    table.to_netcdf(tmp_path / "a.nc", engine="netcdf4", format="NETCDF3_CLASSIC")
    assert variable_names(open_data(tmp_path / "a.nc", time="zeit")) == ("θ",)


def test_values_beyond_floats_ask_for_another_unit() -> None:
    with pytest.raises(DataError, match="larger unit"):
        from_arrays(T, X * 1e300)


def test_durations_of_the_standard_library() -> None:
    stamps = [datetime.timedelta(milliseconds=100 * k) for k in range(30)]
    data = from_arrays(stamps, X)
    np.testing.assert_array_equal(data["time"].values, np.arange(30) / 10)


def test_a_cell_that_is_no_date_is_named(write: Any) -> None:
    rows = "\n".join(f"{'soon' if day == 8 else f'2024-03-{day:02d}'},1" for day in range(1, 31))
    told = refused(write(f"date,x\n{rows}\n"))
    assert "'soon' is not a date" in told
    assert "row 7 (line 9)" in told
    assert "'2024-03-01'" in told


def test_bounds_of_cells_are_no_states() -> None:
    time = xr.DataArray(T, dims="time", attrs={"bounds": "time_bnds"})
    edges = ("time", "bnds"), np.stack([T, T + 0.1], axis=1)
    data = open_data(xr.Dataset({"x": ("time", X[:, 0]), "time_bnds": edges}, {"time": time}))
    assert variable_names(data) == ("x",)


@pytest.mark.parametrize(
    ("written", "unit", "told"),
    [("[-]", "1", False), ("[a.u.]", "", True), ("(cm, about)", "", True), ("[m//s]", "", True)],
)
def test_what_is_no_unit_is_left_out_where_it_is_found(
    write: Any, written: str, unit: str, told: bool
) -> None:
    """`discover` stopped at such a header although `check` had no objection."""
    header = f'"x {written}"'
    data = open_data(write(CSV.replace("t,x,y", f"t,{header},y", 1)))
    assert data["x"].attrs["units"] == unit
    assert any(f.code == "W-UNITS" for f in recorded(data)) is told
    table = xr.Dataset({"x": ("time", X[:, 0], {"units": written.strip("[]()")})}, {"time": T})
    assert open_data(table)["x"].attrs["units"] == unit


def test_what_is_no_unit_is_refused_where_it_is_given(write: Any) -> None:
    with pytest.raises(PhysmodelError, match="not a unit"):
        open_data(write(CSV), units={"x": "m//s"})


def test_columns_that_differ_in_brackets_only(write: Any) -> None:
    data = open_data(write(CSV.replace("t,x,y", "t,T [K],T [degC]", 1)))
    assert variable_names(data) == ("T_K", "T_degC")
    assert data["T_K"].attrs["units"] == "K"
