"""Every datacard obeys the schema, agrees with its file, and a changed file is refused."""

from __future__ import annotations

import hashlib
import shutil
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from physmodel.data import catalogue
from physmodel.data.cards import KINDS, Card, read_card
from physmodel.data.contract import variable_names
from physmodel.errors import IntegrityError
from physmodel.problem.measures.units import parse_unit
from physmodel.problem.problem import Problem
from physmodel.problem.toml import dumps

CARDS = sorted(catalogue.FOLDER.glob("*.toml"))
FILES = [path.stem for path in CARDS]


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The catalogue on a copy of its folder that a test may damage."""
    folder = tmp_path / "datasets"
    shutil.copytree(catalogue.FOLDER, folder)
    monkeypatch.setattr(catalogue, "FOLDER", folder)
    return folder


def test_the_sets_are_there() -> None:
    assert {"solar-system", "lynx-hare"} <= set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_card_and_file_agree(name: str) -> None:
    card = catalogue.card(name)
    data = catalogue.load(name)
    facts = card.facts
    assert data.sizes["sample"] == facts["n_rows"]
    assert data.sizes["trajectory"] == facts["n_trajectories"]
    assert variable_names(data) == tuple(card.units)
    assert {v: data[v].attrs["units"] for v in card.units} == dict(card.units)
    time = data["time"].values
    assert time[0] == facts["time"]["start"]
    assert data["time"].attrs["units"] == card.time_unit
    if facts["time"]["uniform"]:
        # Whole days and years: differences are exact.
        assert np.array_equal(np.diff(time), np.full(len(time) - 1, facts["time"]["step"]))


@pytest.mark.parametrize("name", FILES)
def test_facts_make_sense(name: str) -> None:
    card = catalogue.card(name)
    assert card.kind in KINDS
    assert card.facts["pitfalls"]
    assert card.facts["provenance"]["citation"]
    assert card.facts["licence"]["evidence"]
    for unit in (*card.units.values(), card.time_unit):
        assert parse_unit(unit) is not None
    edges = [card.facts["splits"][part] for part in ("train", "validation", "test")]
    assert edges[0][1] == edges[1][0]
    assert edges[1][1] == edges[2][0]
    assert all(low < high for low, high in edges)
    time = catalogue.load(name)["time"].values
    assert (edges[0][0], edges[2][1]) == (time[0], time[-1])


@pytest.mark.parametrize("name", FILES)
def test_problem_table_is_a_problem(name: str) -> None:
    card = catalogue.card(name)
    states = tuple(card.units)
    problem = Problem.from_mapping({"states": states, **card.problem})
    assert problem.states == states
    # The whole round: what the card says is what a problem file would say.
    again = tomllib.loads(dumps(problem))["problem"]
    assert Problem.from_mapping(again) == problem


@pytest.mark.parametrize("name", FILES)
def test_script_is_the_one_that_made_the_file(name: str) -> None:
    transform = catalogue.card(name).facts["transform"]
    script = catalogue.FOLDER / transform["script"]
    assert hashlib.sha256(script.read_bytes()).hexdigest() == transform["sha256"]


def test_tampered_file_is_refused(copy: Path) -> None:
    path = copy / "lynx-hare.csv"
    expected = catalogue.card("lynx-hare").sha256
    path.write_text(path.read_text().replace("77.4", "77.5"))
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    for use in (catalogue.load, catalogue.verify):
        with pytest.raises(IntegrityError, match=r"lynx-hare\.csv") as caught:
            use("lynx-hare")
        assert expected in str(caught.value)
        assert found in str(caught.value)
    with pytest.raises(IntegrityError):
        catalogue.verify()
    assert [card.id for card in catalogue.verify("solar-system")] == ["solar-system"]


@pytest.mark.parametrize("name", FILES)
def test_missing_file_is_refused(copy: Path, name: str) -> None:
    (copy / catalogue.card(name).file).unlink()
    with pytest.raises(IntegrityError, match="missing"):
        catalogue.load(name)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("lynx-hare", "n_rows = 21", "n_rows = 22", "21 rows"),
        ("lynx-hare", 'name = "year"', 'name = "when"', "columns"),
        ("solar-system", 'name = "time"', 'name = "when"', "no variable 'when'"),
    ],
)
def test_card_that_describes_another_file_is_refused(
    copy: Path, name: str, old: str, new: str, message: str
) -> None:
    path = copy / f"{name}.toml"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(IntegrityError, match=message):
        catalogue.load(name)


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('version = "1"\n', "", "'version' is missing"),
        ('version = "1"\n', "version = 1\n", "'version' is not of type str"),
        ("n_rows = 21", "n_rows = true", "'n_rows' is not of type int"),
        ("n_rows = 21", "n_rows = 0", "positive"),
        ("uniform = true", "uniform = 1", "'time.uniform' is not of type bool"),
        ('id = "lynx-hare"', 'id = "hare-lynx"', "not the name of the file"),
        ('kind = "measured"', 'kind = "dreamt"', "not one of"),
        ('file = "lynx-hare.csv"', 'file = "../lynx-hare.csv"', "does not lie beside"),
        ('file = "lynx-hare.csv"', 'file = "/etc/passwd"', "does not lie beside"),
        ('sha256 = "d', 'sha256 = "D', "hash"),
        ('name = "lynx"', 'name = "hare"', "'hare' cannot be"),
        ('name = "lynx"', 'name = "li nx"', "'li nx' cannot be"),
        ("inputs = []", 'inputs = ["wolf"]', "inputs"),
        ('title = "', 'colour = "red"\ntitle = "', "unknown key 'colour'"),
        ('title = "', "title = ", "not valid TOML"),
        ('units = "kpelt"\n', "", r"variables\[0\]\.units' is missing"),
    ],
)
def test_damaged_card_is_refused(old: str, new: str, message: str) -> None:
    text = (catalogue.FOLDER / "lynx-hare.toml").read_text()
    with pytest.raises(IntegrityError, match=message) as caught:
        read_card(changed(text, old, new), "lynx-hare")
    assert "lynx-hare.toml" in str(caught.value)


@pytest.mark.parametrize("name", catalogue.names())
def test_simulated_cards_have_the_same_shape(name: str) -> None:
    card = catalogue.card(name)
    assert isinstance(card, Card)
    known: dict[str, Any] = card.facts["known_physics"]
    assert {"equations", "parameters", "invariants", "source"} <= set(known)
    assert card.units
    assert bool(card.file) == (card.kind != "simulated")
