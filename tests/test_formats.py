"""Files of every format: the same table gives the same numbers, and odd files are told in words."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.io
import xarray as xr

import physmodel as pm
from physmodel.data.contract import variable_names
from physmodel.findings import recorded

T = 0.1 * np.arange(40)
X = np.column_stack([np.cos(T), np.sin(T)])
FRAME = pd.DataFrame({"t": T, "x": X[:, 0], "y": X[:, 1]})


def write(path: Path) -> Path:
    """The table `FRAME` in the format of a suffix."""
    columns: dict[str, Any] = {name: FRAME[name].to_numpy() for name in FRAME}
    match path.suffix:
        case ".csv":
            FRAME.to_csv(path, index=False)
        case ".xlsx":
            FRAME.to_excel(path, index=False)
        case ".json":
            path.write_text(FRAME.to_json(orient="records", double_precision=15))
        case ".mat":
            scipy.io.savemat(path, {**columns, "note": "by hand", "dt": 0.1})
        case ".npz":
            np.savez_compressed(path, **columns)
    return path


def refused(source: Any, **options: Any) -> str:
    with pytest.raises(pm.DataError) as caught:
        pm.open(source, **options)
    return str(caught.value)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".json", ".mat", ".npz"])
def test_every_format_holds_the_same_numbers(tmp_path: Path, suffix: str) -> None:
    data = pm.open(write(tmp_path / f"a{suffix}"))
    assert variable_names(data) == ("x", "y")
    # JSON has 15 digits here, the others all.
    np.testing.assert_allclose(data["x"].values, X[:, 0], rtol=0, atol=1e-14)
    np.testing.assert_allclose(data["time"].values, T, rtol=1e-14)


@pytest.mark.parametrize("suffix", [".xlsx", ".json", ".mat", ".npz", ".npy"])
@pytest.mark.parametrize("content", [b"", b"junk", b"PK\x03\x04" + b"\0" * 60, b"MATLAB 5.0" * 30])
def test_broken_files_are_named(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(content)
    assert path.name in refused(path)


@pytest.mark.parametrize("suffix", [".xlsx", ".mat", ".npz"])
def test_truncated_files_are_named(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"cut{suffix}")
    path.write_bytes(path.read_bytes()[:-200])
    assert path.name in refused(path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes of this kind")
@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".mat", ".npz", ".json", ".nc", ".parquet"])
def test_pipes_devices_and_links_to_them_are_refused(tmp_path: Path, suffix: str) -> None:
    pipe, link = tmp_path / f"pipe{suffix}", tmp_path / f"link{suffix}"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    zeros = tmp_path / f"zeros{suffix}"
    zeros.symlink_to("/dev/zero")
    for path in (pipe, link, zeros):
        assert "no regular file" in refused(path)


def test_arrays_of_two_dimensions_become_columns(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", time=T, x=X)
    scipy.io.savemat(tmp_path / "a.mat", {"time": T, "x": X.T})
    for name in ("a.npz", "a.mat"):
        data = pm.open(tmp_path / name)
        assert variable_names(data) == ("x1", "x2")
        np.testing.assert_array_equal(data["x2"].values, X[:, 1])
    assert "I-TRANSPOSED" in {finding.code for finding in recorded(data)}


def test_shapes_that_do_not_fit_are_listed(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", t=T, x=X, mass=np.arange(3.0))
    told = refused(tmp_path / "a.npz")
    assert "t (40,), x (40, 2), mass (3,)" in told
    assert "states=" in told
    assert variable_names(pm.open(tmp_path / "a.npz", states=["x1", "x2"])) == ("x1", "x2")
    # A square of samples and states does not say which is which.
    np.savez(tmp_path / "b.npz", t=T, x=np.ones((40, 40)))
    assert "x (40, 40)" in refused(tmp_path / "b.npz")


def test_an_array_alone_needs_its_times(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", X)
    assert "time=t" in refused(tmp_path / "a.npy")
    data = pm.open(tmp_path / "a.npy", time=T, names=["x", "y"])
    assert variable_names(data) == ("x", "y")
    np.savez(tmp_path / "b.npz", x=X[:, 0], y=X[:, 1])
    np.testing.assert_allclose(pm.open(tmp_path / "b.npz", time=0.1)["time"].values, T)


def test_objects_in_arrays_are_not_read(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{}, {}], dtype=object))
    np.savez(tmp_path / "a.npz", x=np.array([{}, {}], dtype=object))
    for name in ("a.npy", "a.npz"):
        assert "Python objects" in refused(tmp_path / name)


def test_headers_are_believed_only_as_far_as_there_are_bytes(tmp_path: Path) -> None:
    head = b"\x93NUMPY\x01\x00"

    def liar(shape: str) -> bytes:
        text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
        return head + len(text).to_bytes(2, "little") + text.encode()

    for shape, words in (("(100000000,)", "there are"), ("(10000000000, 10000)", "the limit is")):
        (tmp_path / "a.npy").write_bytes(liar(shape))
        with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
            archive.writestr("x.npy", liar(shape))
        for name in ("a.npy", "a.npz"):
            assert words in refused(tmp_path / name)


def test_archives_that_unpack_to_too_much_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.xlsx")
    monkeypatch.setattr("physmodel.data.readers.spreadsheet.MAX_BYTES", 1000)
    assert "when unpacked" in refused(path)
    monkeypatch.setattr("physmodel.data.readers.archives.MAX_VALUES", 50)
    for name in ("a.mat", "a.npz"):
        assert "the limit is 50" in refused(write(tmp_path / name))
    monkeypatch.setattr("physmodel.data.readers.json_records.MAX_BYTES", 100)
    assert "of JSON" in refused(write(tmp_path / "a.json"))


def sheets(path: Path, **tables: list[list[Any]]) -> Path:
    with pd.ExcelWriter(path) as book:
        for name, rows in tables.items():
            pd.DataFrame(rows).to_excel(book, sheet_name=name, header=False, index=False)
    return path


ROWS = [[k, float(np.sin(k)), None if k == 7 else float(np.cos(k))] for k in range(12)]


def test_a_sheet_with_a_title_units_and_empty_rows(tmp_path: Path) -> None:
    rows = [["Experiment 3", None, None], [None] * 3, ["t", "x", "y"], ["s", "m", "m/s"], *ROWS]
    data = pm.open(sheets(tmp_path / "a.xlsx", lab=[*rows, [None] * 3], notes=[["read me"]]))
    assert variable_names(data) == ("x", "y")
    units = [data[name].attrs["units"] for name in ("time", "x", "y")]
    assert units == ["s", "m", "m/s"]
    missing = next(finding for finding in recorded(data) if finding.code == "W-MISSING")
    assert "row 7 (line 12)" in missing.where  # the twelfth row of the sheet


def test_sheets_are_records_if_they_are_alike(tmp_path: Path) -> None:
    head = [["t", "x", "y"], *ROWS]
    data = pm.open(sheets(tmp_path / "a.xlsx", one=head, two=head[:9]))
    assert data["trajectory"].values.tolist() == ["one", "two"]
    other = sheets(tmp_path / "b.xlsx", one=head, two=[["t", "z"], *[row[:2] for row in ROWS]])
    assert "different headers: one, two" in refused(other)
    assert variable_names(pm.open(other, group="two")) == ("z",)
    assert "sheets: one, two" in refused(other, group="three")


def test_columns_that_were_measured_in_turn_are_told(tmp_path: Path) -> None:
    turns = FRAME.assign(
        x=FRAME["x"].where(FRAME.index % 2 == 0), y=FRAME["y"].where(FRAME.index % 2 == 1)
    )
    turns.to_excel(tmp_path / "a.xlsx", index=False)
    assert "only if it is complete" in refused(tmp_path / "a.xlsx")
    assert len(pm.open(tmp_path / "a.xlsx", states=["y"])["y"]) == 20


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[1, 2]", "neither"),
        ("{}", "neither"),
        ('{"t": [1, 2], "t": [3, 4]}', "stands twice"),
        ('[{"t": 0, "x": [1, 2]}]', "'x'"),
        (FRAME.to_json(), 'orient="records"'),
        ("[" * 100_000, "nested"),
        ('{"t": [0, 1], "x": [[1, 2], [3]]}', "differ in length"),
    ],
)
def test_json_that_is_no_table(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "a.json").write_text(content)
    assert words in refused(tmp_path / "a.json")


def test_json_of_arrays_and_null(tmp_path: Path) -> None:
    content = {"t": T.tolist(), "x": [None if k == 5 else float(v) for k, v in enumerate(X[:, 0])]}
    (tmp_path / "a.json").write_text(json.dumps(content))
    data = pm.open(tmp_path / "a.json")
    np.testing.assert_array_equal(data["x"].values, np.delete(X[:, 0], 5))


def test_matlab_of_version_7_3_and_structures_say_what_to_save(tmp_path: Path) -> None:
    (tmp_path / "a.mat").write_bytes(b"MATLAB 7.3 MAT-file".ljust(200))
    told = refused(tmp_path / "a.mat")
    assert "-v7" in told
    assert "h5py" in told
    scipy.io.savemat(tmp_path / "b.mat", {"s": {"t": T}})
    assert "s (struct)" in refused(tmp_path / "b.mat")


def test_openpyxl_is_named_with_its_pip_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.xlsx")
    monkeypatch.setitem(sys.modules, "openpyxl", None)  # what Python does for an absent package
    with pytest.raises(pm.MissingDependencyError, match=r"pip install 'physmodel\[files\]'"):
        pm.open(path)


def test_labelled_arrays_keep_their_own_times() -> None:
    table = xr.Dataset({"x": ("time", X[:, 0])}, coords={"time": T})
    assert "assign_coords" in refused(table, time=T)
    assert "column 't'" in refused(FRAME, time=T)
