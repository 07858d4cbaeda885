"""Several records of one system: lists of files, frames and arrays, and tables side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import physmodel as pm
from physmodel.data.contract import variable_names
from physmodel.findings import recorded

T = 0.1 * np.arange(40)
X = np.column_stack([np.cos(T), np.sin(T)])
FRAME = pd.DataFrame({"t": T, "x": X[:, 0], "y": X[:, 1]})


def refused(source: Any, **options: Any) -> str:
    with pytest.raises(pm.DataError) as caught:
        pm.open(source, **options)
    return str(caught.value)


def codes(data: Any) -> set[str]:
    return {finding.code for finding in recorded(data)}


def columns(data: Any) -> list[list[float]]:
    """Values of x by record."""
    edges = np.cumsum(data["row_size"].values)[:-1]
    return [part.tolist() for part in np.split(data["x"].values, edges)]


@pytest.mark.parametrize(
    "source",
    [
        [FRAME, FRAME[:30]],
        (FRAME, {"t": T[:30], "x": X[:30, 0], "y": X[:30, 1]}),
        [pm.open(FRAME), FRAME[:30]],
        [FRAME.set_index("t")["x"].to_frame().assign(y=X[:, 1]), FRAME[:30]],
        {"0": FRAME, "1": FRAME[:30]},
    ],
    ids=["frames", "mapping", "dataset", "index", "named"],
)
def test_every_item_is_a_record(source: Any) -> None:
    data = pm.open(source)
    assert data["row_size"].values.tolist() == [40, 30]
    assert data["trajectory"].values.tolist() == [0, 1]
    assert columns(data) == [X[:, 0].tolist(), X[:30, 0].tolist()]


def test_files_give_records_their_names(tmp_path: Path) -> None:
    paths = [tmp_path / "first.csv", tmp_path / "second.parquet"]
    FRAME.to_csv(paths[0], index=False)
    FRAME[:30].to_parquet(paths[1])
    data = pm.open([str(paths[0]), paths[1]], inputs=["y"])
    assert data["trajectory"].values.tolist() == ["first", "second"]
    assert variable_names(data, "input") == ("y",)
    assert "third.csv" in refused([*paths, tmp_path / "third.csv"])
    law = pm.discover([FRAME, FRAME[:30]], order=1, degree=1)
    assert law.status == "identified"


def test_records_of_different_kinds_are_told() -> None:
    other = FRAME.rename(columns={"y": "z"})
    assert "x, z in 1, and x, y in 0" in refused([FRAME, other])
    metres, feet = (FRAME.rename(columns={"x": f"x [{unit}]"}) for unit in ("m", "ft"))
    assert "x is in ft in 1, and in m in 0" in refused([metres, feet])
    assert pm.open([metres, FRAME])["x"].attrs["units"] == "m"
    bad = FRAME.assign(x="soon")
    assert "record 1" in refused([FRAME, bad])


def test_samples_by_name_are_one_record() -> None:
    data = pm.open(FRAME.to_dict("records"))
    assert columns(data) == [X[:, 0].tolist()]


def test_arrays_with_their_times() -> None:
    data = pm.open(X, time=T, names=["x", "u [V]"], inputs=["u"], units={"x": "m"})
    assert variable_names(data, "input") == ("u",)
    assert [data[name].attrs["units"] for name in ("x", "u")] == ["m", "V"]
    two = pm.open([X, X[:30]], time=[T, T[:30]], names=["x", "y"])
    assert columns(two) == [X[:, 0].tolist(), X[:30, 0].tolist()]
    assert variable_names(pm.open(X[:, 0], time=0.1)) == ("x0",)
    assert "list(x)" in refused(np.stack([X, X]), time=T)
    assert "time=t" in refused(X, time="t")
    assert "names already" in refused(FRAME, names=["x", "y"])


def wide(names: list[str]) -> pd.DataFrame:
    """Time, x of two runs, y of two runs; the second run is shorter."""
    table = np.column_stack([T, X[:, 0], -X[:, 0], X[:, 1], -X[:, 1]])
    table[30:, [2, 4]] = np.nan
    return pd.DataFrame(table, columns=names)


@pytest.mark.parametrize(
    "names",
    [
        ["t", "x (run 1)", "x (run 2)", "y (run 1)", "y (run 2)"],
        ["t", "x [trial a]", "x [trial b]", "y [trial a]", "y [trial b]"],
        ["t", "x_run1", "x_run2", "y_run1", "y_run2"],
        ["t", "Run 1: x", "Run 2: x", "Run 1: y", "Run 2: y"],
        ["t", "x (rep 1) [m]", "x (rep 2) [m]", "y_rep 1", "y_rep 2"],
    ],
)
def test_headers_that_name_the_run_are_records(names: list[str]) -> None:
    data = pm.open(wide(names))
    assert variable_names(data) == ("x", "y")
    assert columns(data) == [X[:, 0].tolist(), (-X[:30, 0]).tolist()]
    assert "I-WIDE" in codes(data)
    assert "W-MISSING" not in codes(data)  # the end of a shorter record is no gap
    alone = pm.open(wide(names), states=[names[1]])
    assert len(alone["row_size"]) == 1


@pytest.mark.parametrize("names", [["t1", "x1", "t2", "x2"], ["t", "x", "t.1", "x.1"]])
def test_a_time_for_every_record(names: list[str]) -> None:
    table = pd.DataFrame(np.column_stack([T, X[:, 0], T + 5.0, -X[:, 0]]), columns=names)
    table.iloc[30:, 2:] = np.nan
    data = pm.open(table)
    assert columns(data) == [X[:, 0].tolist(), (-X[:30, 0]).tolist()]
    assert data["time"].values[40] == 5.0


def test_a_header_that_repeats_is_of_several_records(tmp_path: Path) -> None:
    table = np.column_stack([T, X[:, 0], T, -X[:, 0]])
    lines = "\n".join(",".join(map(repr, row)) for row in table.tolist())
    (tmp_path / "a.csv").write_text(f"t,x,t,x\n{lines}\n")
    assert columns(pm.open(tmp_path / "a.csv")) == [X[:, 0].tolist(), (-X[:, 0]).tolist()]
    (tmp_path / "b.csv").write_text(f"t,x,x,y\n{lines}\n")
    assert "x (run 1), x (run 2)" in refused(tmp_path / "b.csv")


def test_a_time_that_is_named_belongs_to_every_record() -> None:
    names = ["clock (run 1)", "x (run 1)", "clock (run 2)", "x (run 2)"]
    table = pd.DataFrame(np.column_stack([T, X[:, 0], T, -X[:, 0]]), columns=names)
    data = pm.open(table, time="clock", states=["x"])
    assert columns(data) == [X[:, 0].tolist(), (-X[:, 0]).tolist()]


def test_numbered_columns_are_states_and_told_so() -> None:
    table = pd.DataFrame(np.column_stack([T, X]), columns=["t", "x_1", "x_2"])
    data = pm.open(table)
    assert variable_names(data) == ("x_1", "x_2")
    note = next(finding for finding in recorded(data) if finding.code == "I-WIDE")
    assert "x (run 1)" in note.fix


def test_a_record_without_one_of_the_columns_is_named() -> None:
    table = wide(["t", "x (run 1)", "x (run 2)", "y (run 1)", "y (run 2)"])
    assert "y is not given for 'run 2'" in refused(table.drop(columns="y (run 2)"))
    few = pm.open(table.drop(columns="y (run 2)"), states=["x"])
    assert len(few["row_size"]) == 2
