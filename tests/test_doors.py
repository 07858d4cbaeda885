"""What comes in: every verb takes what `open` takes, and odd sources are told in words."""

from __future__ import annotations

import dataclasses
import inspect
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import physmodel as pm
from physmodel.laws.runs import simulation

T = np.linspace(0.0, 10.0, 120)
TURNING = np.column_stack([np.cos(T), -np.sin(T)])


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame({"t": T, "x": TURNING[:, 0], "y": TURNING[:, 1]})


def test_every_verb_takes_a_frame(frame: pd.DataFrame) -> None:
    assert not [finding for finding in pm.check(frame) if finding.severity == "error"]
    fit = pm.fit(frame, {"x": "a*y", "y": "b*x"}, start={"a": 0.9, "b": -0.9})
    assert fit.values == pytest.approx([1.0, -1.0], abs=1e-6)
    law = pm.discover(frame)
    assert law.score(frame)["free_run_r2"] == pytest.approx(1.0, abs=1e-6)
    assert law.predict(frame).shape == (len(T), 2)


@pytest.mark.parametrize("verb", ["discovery.discover", "hybrids.hybrid"])
def test_every_field_of_a_problem_is_a_keyword_and_arrives(
    verb: str, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = import_module(f"physmodel.{verb}")
    call = getattr(module, verb.rpartition(".")[2])
    said: dict[str, Any] = {field.name: object() for field in dataclasses.fields(pm.Problem)}
    said["units"] = {"x": "m"}
    assert set(said) <= set(inspect.signature(call).parameters)

    def heard(_data: object, _problem: object, known: dict[str, Any]) -> None:
        raise InterruptedError(known)

    monkeypatch.setattr(module, "stated_problem", heard)
    with pytest.raises(InterruptedError) as told:
        call(frame, **({} if verb.startswith("disc") else {"known": "x' = a*y"}), **said)
    known = told.value.args[0]
    own = {"positive"} if verb.startswith("hyb") else set()  # hybrids add up: no logarithms
    assert {name: known[name] for name in set(said) - own} == {
        name: value for name, value in said.items() if name not in own
    }


def test_messages_name_the_verb_that_helps(frame: pd.DataFrame) -> None:
    with pytest.raises(pm.DataError, match=r"pm\.fit\(data"):
        pm.discover(frame[:6])
    few = next(finding for finding in pm.check(frame[:6]) if finding.code == "W-FEW")
    assert "pm.fit" in few.fix
    fit = pm.fit(frame[:6], {"x": "a*y", "y": "b*x"})  # as the message says
    assert fit.values == pytest.approx([1.0, -1.0], abs=1e-4)
    with pytest.raises(pm.ProblemError, match=r"(?s)pm\.fit\(data.*pm\.hybrid\(data"):
        pm.discover(frame, {"x": "a*y", "y": "b*x"})


def test_a_value_that_is_missing_is_reported_and_used_around(frame: pd.DataFrame) -> None:
    frame.loc[[30, 60], "x"] = np.nan
    told = next(finding for finding in pm.check(frame) if finding.code == "W-MISSING")
    assert told.where == "x, rows 30, 60"
    data = pm.open(frame.drop(index=[30, 60]))
    data["x"][40] = np.nan  # in a dataset that was opened already
    assert any(finding.code == "W-MISSING" for finding in pm.check(data))
    law = pm.discover(frame)
    assert law.status == "identified"
    assert law.score(frame)["free_run_r2"] == pytest.approx(1.0, abs=1e-6)


def test_names_are_known_in_either_normal_form(tmp_path: Path) -> None:
    """Files may write an accent as a letter of its own, which looks the same."""
    table = pd.DataFrame({"t": T, "e\u0301": TURNING[:, 0], "y": TURNING[:, 1]})
    data = pm.open(table, states=["\u00e9", "y"], units={"\u00e9": "m"})
    assert data["\u00e9"].attrs["units"] == "m"
    both = pm.open(table.rename(columns={"y": "\u00e9"}))
    assert set(both.data_vars) == {"\u00e9", "\u00e92", "row_size"}
    assert pm.check(both)


@pytest.mark.parametrize("words", ["harmonic oscillator, lab 3", "[1, 2]", 7])
def test_an_attribute_that_others_call_problem_is_no_problem(words: object) -> None:
    data = pm.from_arrays(T, TURNING, names=["x", "y"])
    data.attrs["problem"] = words
    assert pm.discover(data).status == "identified"


def test_names_with_combining_marks(tmp_path: Path) -> None:
    """A tokeniser ends a name before such a mark; Python's grammar does not."""
    names = ["θ̇", "गति"]
    law = pm.discover(pm.from_arrays(T, TURNING, names=names))
    law.save(tmp_path / "run")
    back = pm.load(tmp_path / "run")
    assert [back.terms(name) for name in names] == [law.terms(name) for name in names]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes of this kind")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(pm.DataError, match="no regular file"):
        pm.open(tmp_path / "pipe.csv")


def test_thousands_of_columns_are_refused_in_words() -> None:
    wide = pd.DataFrame(np.ones((6, 2000)), columns=[f"c{k}" for k in range(2000)])
    wide.insert(0, "time", np.arange(6.0))
    with pytest.raises(pm.DataError, match="2000 variables"):
        pm.open(wide)
    few = pm.open(wide, states=["c0", "c1"])
    assert set(few.data_vars) == {"c0", "c1", "row_size"}


def test_a_simulation_without_end_is_refused_in_words(
    frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulation, "MOST_EVALUATIONS", 20_000)
    law = pm.discover(frame)
    with pytest.raises(pm.ProblemError, match="evaluations were not enough"):
        law.simulate(t=np.linspace(0.0, 1e9, 5))
