"""Numbers and dates as people write them: thousand separators, decimal commas, time zones."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import physmodel as pm
from physmodel.data.values.numerals import CONVENTIONS, settle_numerals
from physmodel.findings import recorded

VALUES = [1234.5, 999.25, 12345.75, 7.5, 1000.0, 2345678.5]


def written(value: float, group: str, point: str) -> str:
    return f"{value:,.2f}".translate(str.maketrans({",": group, ".": point}))


def refused(source: Any, **options: Any) -> str:
    with pytest.raises(pm.DataError) as caught:
        pm.open(source, **options)
    return str(caught.value)


def table(tmp_path: Path, cells: list[str], *more: list[str]) -> Path:
    rows = [";".join((str(k), *row)) for k, row in enumerate(zip(cells, *more, strict=True))]
    names = ";".join(("t", "x", "y")[: 2 + len(more)])
    (tmp_path / "a.csv").write_text("\n".join([names, *rows]), encoding="utf-8")
    return tmp_path / "a.csv"


@pytest.mark.parametrize("group", [",", " ", "'", "\u202f", "\u00a0", "."])
def test_thousand_separators(tmp_path: Path, group: str) -> None:
    for point in {".", ","} - {group}:
        path = table(tmp_path, [written(value, group, point) for value in VALUES])
        data = pm.open(path)
        assert data["x"].values.tolist() == VALUES
        assert "I-NUMERALS" in {finding.code for finding in recorded(data)}


@given(st.lists(st.floats(-1e9, 1e9).map(lambda v: round(v, 2)), min_size=2, max_size=8))
def test_any_numbers_survive_any_convention_or_are_refused(values: list[float]) -> None:
    """Refused only where two readings differ: then one of them is wrong, whatever is chosen."""
    for group, point in CONVENTIONS:
        frame = pd.DataFrame({"x": [written(value, group, point) for value in values]})
        read = settle_numerals(frame, "test", [])["x"]
        # Two decimals tell the point from the separator of thousands.
        assert pd.to_numeric(read).tolist() == values


def test_one_column_tells_how_another_is_written(tmp_path: Path) -> None:
    cells = [written(value, ".", ",") for value in VALUES]
    data = pm.open(table(tmp_path, cells, [f"1.{k}34" for k in range(6)]))
    assert data["y"].values.tolist() == [1034.0 + 100.0 * k for k in range(6)]


def test_what_may_be_two_numbers_is_refused() -> None:
    frame = pd.DataFrame({"t": range(6), "x": [f"{k},234" for k in range(1, 7)]})
    assert "'1,234' may be 1.234 or 1234" in refused(frame)
    frame["x"] = [written(value, ",", ".") for value in VALUES]
    frame["y"] = [written(value, ".", ",") for value in VALUES]
    assert "different ways" in refused(frame)


def test_words_for_missing_values(tmp_path: Path) -> None:
    cells = [*[written(value, ".", ",") for value in VALUES], "NA", "--", "#N/A"]
    for source in (table(tmp_path, cells), pd.DataFrame({"t": range(9), "x": cells})):
        assert pm.open(source)["x"].values.tolist() == VALUES
    plain = pd.DataFrame({"t": range(9), "x": [*map(str, VALUES), "NA", "", "?"]})
    assert pm.open(plain)["x"].values.tolist() == VALUES


def test_text_that_is_no_number_is_still_named(tmp_path: Path) -> None:
    assert "'1,23,4' is not a number" in refused(table(tmp_path, [*["1,23,4"] * 5, "2"]))


def stamps(tmp_path: Path, texts: list[str]) -> Path:
    lines = [f"{text},{(7 * k) % 5}" for k, text in enumerate(texts)]
    (tmp_path / "z.csv").write_text("\n".join(["time,x", *lines]))
    return tmp_path / "z.csv"


#: Hours of the clock on the day on which Central Europe goes from +01:00 to +02:00 at two.
SPRING = [f"2024-03-31T{h:02d}:00:00+0{1 if h < 2 else 2}:00" for h in (0, 1, 3, 4, 5, 6)]


def test_offsets_that_change_are_taken_into_account(tmp_path: Path) -> None:
    data = pm.open(stamps(tmp_path, SPRING))
    np.testing.assert_array_equal(data["time"].values, 3600.0 * np.arange(6))
    note = next(finding for finding in recorded(data) if finding.code == "I-ZONES")
    assert "+01:00, +02:00" in note.message
    dates = [datetime.datetime.fromisoformat(text) for text in SPRING]
    again = pm.open(np.arange(6.0) ** 2, time=dates)
    np.testing.assert_array_equal(again["time"].values, data["time"].values)


def test_stamps_with_and_without_a_zone_are_refused(tmp_path: Path) -> None:
    mixed = [*SPRING[:3], *(text[:19] for text in SPRING[3:])]
    told = refused(stamps(tmp_path, mixed))
    assert "row 3 has no time zone" in told
    dates = [datetime.datetime.fromisoformat(text) for text in mixed]
    assert "no time zone" in refused(np.arange(6.0) ** 2, time=dates)
    named = [text[:19].replace("T", " ") + " CET" for text in SPRING]
    assert "time zone 'CET'" in refused(stamps(tmp_path, named))
