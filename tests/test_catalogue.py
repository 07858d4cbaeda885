"""The catalogue: every entry loads into the one shape, and the physics in the files is right."""

from __future__ import annotations

import json

import numpy as np
import pytest

from physmodel.data import catalogue
from physmodel.data.contract import validate, variable_names
from physmodel.errors import DataError, ProblemError
from physmodel.models.simulated.systems import SYSTEMS


@pytest.mark.parametrize("name", catalogue.names())
def test_every_dataset_loads(name: str) -> None:
    data = validate(catalogue.load(name))
    card = catalogue.card(name)
    assert data.attrs["title"] == card.title
    assert "/" not in data.attrs["source"]
    assert json.loads(data.attrs["problem"]) == dict(card.problem)
    assert all(data[variable].dtype == np.float64 for variable in variable_names(data))


def test_list_holds_files_and_systems() -> None:
    listed = [card.id for card in catalogue.list_datasets()]
    assert tuple(listed) == catalogue.names()
    assert len(set(listed)) == len(listed)
    assert set(SYSTEMS) < set(listed)


def test_verify_checks_the_files() -> None:
    assert {card.id for card in catalogue.verify()} == {
        "lynx-hare",
        "solar-system",
        "sunspots-yearly",
    }
    assert catalogue.verify("lorenz") == []


def test_options_reach_the_simulation() -> None:
    data = catalogue.load("lorenz", trajectories=3, periods=2, samples_per_period=10, seed=5)
    assert list(data["row_size"].values) == [21, 21, 21]
    clean = catalogue.load("lorenz", periods=4)
    noisy = catalogue.load("lorenz", periods=4, noise=0.1)
    assert float(abs(noisy["x"] - clean["x"]).max()) > 0.0


def test_inputs_have_their_role() -> None:
    data = catalogue.load("forced-duffing", periods=1)
    assert variable_names(data, "input") == ("u",)
    assert variable_names(data, "state") == ("x", "v")


@pytest.mark.parametrize("call", [catalogue.load, catalogue.card, catalogue.verify])
def test_unknown_name_is_answered_with_a_near_one(call: object) -> None:
    with pytest.raises(DataError, match="did you mean 'solar-system'"):
        call("solar-sytem")  # type: ignore[operator]


def test_options_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ProblemError, match="did you mean 'noise'"):
        catalogue.load("lorenz", nose=0.1)
    with pytest.raises(ProblemError, match="loaded as they are"):
        catalogue.load("lynx-hare", noise=0.1)


def test_lynx_hare_is_the_published_table() -> None:
    data = catalogue.load("lynx-hare")
    # Sums of the published columns.
    assert float(data["hare"].sum()) == pytest.approx(715.7, abs=1e-9)
    assert float(data["lynx"].sum()) == pytest.approx(423.5, abs=1e-9)
    year = data["time"].values
    assert year[data["hare"].values.argmax()] == 1903.0
    assert year[data["lynx"].values.argmax()] == 1904.0


def test_planets_obey_keplers_third_law() -> None:
    data = catalogue.load("solar-system")
    days = data["time"].values
    for planet, mass in (("Mercury", 1 / 6023600.0), ("Venus", 1 / 408523.719), ("Mars", 0.0)):
        place = np.stack([data[f"{planet}_{a}"] - data[f"Sun_{a}"] for a in "xyz"], axis=1)
        normal = np.cross(place[:-1], place[1:]).mean(axis=0)
        first = np.cross(normal, [0.0, 0.0, 1.0])
        first /= np.linalg.norm(first)
        second = np.cross(normal / np.linalg.norm(normal), first)
        angle = np.unwrap(np.arctan2(place @ second, place @ first))
        rate = (angle[-1] - angle[0]) / (days[-1] - days[0])
        distance = np.linalg.norm(place, axis=1)
        # For an ellipse the time average of 1/r is 1/a.
        axis = 1.0 / (1.0 / distance).mean()
        # The angle at both ends is not the mean one (up to 2 e of 208, 81 or 27 turns), the
        # average of 1/r is over a fraction of a turn too many, and the planets disturb each other.
        assert rate**2 * axis**3 / (1.0 + mass) == pytest.approx(2.959122e-4, rel=1e-2)
