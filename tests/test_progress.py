"""What long work says while it goes on: to listeners, and on standard error by a stated clock."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Callable
from functools import partial
from itertools import groupby, pairwise
from pathlib import Path

import click
import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner
from rich.console import Console

import physmodel as pm
from physmodel.cli.root import root
from physmodel.cli.support import stages
from physmodel.cli.support.stages import Stages
from physmodel.models.integration.integrate import integrate
from physmodel.progress import stage, watching

SECOND = ", second order in time"
Heard = list[tuple[str, float | None]]


@pytest.fixture(scope="module")
def swing() -> xr.Dataset:
    """One state that swings: no law of first order, so that both orders are tried."""
    time = np.linspace(0.0, 10.0, 101)
    return pm.from_arrays(time, np.cos(time)[:, None], names=["x"])


@pytest.fixture(scope="module")
def heard(swing: xr.Dataset) -> Heard:
    """Stages of a search of two libraries of each order."""
    found: Heard = []
    with watching(lambda name, share: found.append((name, share))):
        assert pm.discover(swing, degree=2).status == "identified"
    return found


def test_stages_come_in_the_order_of_the_work(heard: Heard) -> None:
    assert [name for name, _ in heard if name != "improving"] == [
        "reading and checking the data",
        "preparing",
        "polynomials of degree 2 (1 of 4)",
        "polynomials of degree 1 (2 of 4)",
        f"polynomials of degree 2{SECOND} (3 of 4)",
        f"polynomials of degree 1{SECOND} (4 of 4)",
        "start and scores",
    ]


def test_shares_increase_within_an_order_and_never_fall(heard: Heard) -> None:
    shares = [share for _, share in heard if share is not None]
    assert all(a <= b for a, b in pairwise(shares))
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    tried = [(SECOND in name, share) for name, share in heard if name.startswith("polynomials")]
    parts = [[share for _, share in group] for _, group in groupby(tried, lambda one: one[0])]
    assert parts == [[0.0, 0.25], [0.5, 0.75]]


def test_improving_is_a_step_within_a_library(heard: Heard) -> None:
    places = [k for k, (name, _) in enumerate(heard) if name == "improving"]
    assert places
    assert all(heard[k][1] is None for k in places)
    assert all(heard[k - 1][0].startswith("polynomials") for k in places)


def test_other_forms_are_a_stage_where_no_polynomial_is_enough() -> None:
    t = np.linspace(0.0, 4.0, 60)
    s = integrate(lambda _, x: 0.6 - 1.5 * x / (0.3 + x), t, [2.5], rtol=1e-12)
    names: list[str] = []
    with watching(lambda name, _: names.append(name)):
        pm.discover(pm.from_arrays(t, s, names=["s"]), order=1)
    assert names[-2:] == ["other forms", "start and scores"]


def test_bodies_are_a_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    def fit_pairwise(*_: object) -> None:
        raise ZeroDivisionError  # the fit itself takes long, and names no stage

    monkeypatch.setattr("physmodel.discovery.discover.fit_pairwise", fit_pairwise)
    names: list[str] = []
    with pytest.raises(ZeroDivisionError), watching(lambda name, _: names.append(name)):
        pm.discover("solar-system")
    assert names == ["reading and checking the data", "bodies that pull on each other"]


def test_nobody_listens_by_default(swing: xr.Dataset, capfd: pytest.CaptureFixture[str]) -> None:
    pm.discover(swing, degree=1, order=2)
    assert capfd.readouterr() == ("", "")


def test_listeners_are_nested_and_leave_when_the_block_ends() -> None:
    outer: list[str] = []

    def refuse(name: str, _: float | None) -> None:
        raise ValueError(name)

    with watching(lambda name, _: outer.append(name)):
        stage("a")
        with pytest.raises(ValueError, match="b"), watching(refuse):
            stage("b")
        stage("c")
    stage("d")
    assert outer == ["a", "c"]


# On standard error.


def clocked(times: list[float]) -> Callable[[], float]:
    """A clock that reads these times, one after the other."""
    return iter(times).__next__


def test_off_a_terminal_lines_are_ten_seconds_apart_and_on_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = clocked([100.0, 101.0, 109.9, 110.1, 112.0, 120.0, 120.2, 131.0])
    told = Stages("discover", "searching", partial(click.echo, err=True), 10.0, 10.0, clock)
    for _ in range(3):  # after 1, 9.9 and 10.1 s
        told.look()
    told.hear("polynomials of degree 3 (1 of 2)", 0.0)
    for _ in range(3):  # after 12, 20 and 20.2 s
        told.look()
    told.hear("improving", None)
    told.look()  # after 31 s
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "discover: searching, 10 s",
        "discover: polynomials of degree 3 (1 of 2), 20 s",
        "discover: polynomials of degree 3 (1 of 2), improving, 31 s",
    ]


def test_a_step_takes_the_place_of_the_step_before_and_a_stage_that_of_both() -> None:
    lines: list[str] = []
    told = Stages("discover", "searching", lines.append, 0.0, 0.0, lambda: 0.0)
    for name, share in [("a", 0.0), ("b", None), ("c", None), ("d", 1.0)]:
        told.hear(name, share)
        told.look()
    assert lines == [f"discover: {at}, 0 s" for at in ("a", "a, b", "a, c", "d")]


class Clock:
    """A clock that stays at its last time, and can be waited for to be read often."""

    def __init__(self, *times: float, reads: int) -> None:
        self.times, self.left, self.read_often = list(times), reads, threading.Event()

    def __call__(self) -> float:
        self.left -= 1
        if self.left <= 0:
            self.read_often.set()
        return self.times.pop(0) if len(self.times) > 1 else self.times[0]


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the clock again at once."""
    monkeypatch.setattr(stages, "LOOK", 0.001)


@pytest.mark.usefixtures("soon")
def test_lines_come_though_a_stage_lasts(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock(0.0, 11.0, reads=5)
    with stages.told("working", Console(stderr=True, force_terminal=False), clock):
        assert clock.read_often.wait(60.0)
    assert capsys.readouterr() == ("", "physmodel: working, 11 s\n")


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("terminal", [True, False])
def test_short_work_says_nothing(terminal: bool, capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock(0.0, 1.9, reads=5)
    screen = io.StringIO()
    with stages.told("working", Console(file=screen, force_terminal=terminal), clock):
        assert clock.read_often.wait(60.0)
    assert (screen.getvalue(), *capsys.readouterr()) == ("", "", "")


@pytest.mark.usefixtures("soon")
def test_a_terminal_has_one_line_that_is_taken_away(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock(0.0, 3.0, reads=5)
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, color_system=None, width=40)
    with stages.told("working [/x]", console, clock):
        assert clock.read_often.wait(60.0)
    text = screen.getvalue()
    assert "physmodel: working [/x], 3 s" in text  # no markup
    assert text.endswith("\r\x1b[1A\x1b[2K")  # up to the one line, and erased
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("soon")
def test_work_that_fails_leaves_no_thread() -> None:
    before = threading.active_count()
    screen = Console(file=io.StringIO(), force_terminal=False)
    with pytest.raises(ZeroDivisionError), stages.told("working", screen):
        raise ZeroDivisionError
    # A thread of another test may have ended meanwhile.
    assert threading.active_count() <= before


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("options", [[], ["-q"]], ids=["plain", "quiet"])
def test_discover_tells_its_stages_on_standard_error_only(
    swing: xr.Dataset, options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "BETWEEN", 0.0)
    file = tmp_path / "swing.csv"
    np.savetxt(
        file,
        np.column_stack([swing["time"].values, swing["x"].values]),
        delimiter=",",
        header="t,x",
        comments="",
    )
    done = CliRunner().invoke(root, ["discover", str(file), "--degree", "1", "--json", *options])
    assert json.loads(done.stdout)["status"] == "identified"
    lines = [line for line in done.stderr.splitlines() if line.startswith("discover: ")]
    assert bool(lines) == (not options)
    assert all(re.fullmatch(r"discover: .*, \d+ s", line) for line in lines)
