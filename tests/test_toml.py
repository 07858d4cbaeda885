"""TOML files: what is written is read back; what is wrong is found by file, table and key."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from physmodel.errors import ProblemError
from physmodel.problem.holds import HOLDS
from physmodel.problem.problem import LIBRARY_FUNCTIONS, MAX_DEGREE, Problem
from physmodel.problem.toml import dumps, read_problem, read_study, write_problem

#: Text with everything that TOML and JSON treat differently.
TEXT = st.text(max_size=12) | st.sampled_from(
    [
        '"',
        "\\",
        "'''",
        '"""',
        "a\nb",
        "a\r\nb",
        "\t",
        "\x00\x1f\x7f",
        "\x85\u2028",
        "😀",
        "µ²",
        "#",
        "",
    ]
)
NAMES = ("x", "y", "theta", "µ", "Δx", "名")
UNIT_TEXTS = st.sampled_from(["", "1", "m", "m s⁻²", "kg*m^(1/2)", "°C", "%"])

HOLD_KINDS = st.sampled_from(HOLDS)


def some(values: tuple[str, ...], **options: Any) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), unique=True, **options)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Valid problems, with or without bodies."""
    states = draw(some(NAMES, min_size=1))
    inputs = draw(some(("u", "v")))
    measured = [*states, *inputs]
    order = draw(st.sampled_from([None, 1, 2]))
    pairs = draw(st.booleans()) and len(states) > 1
    bodies = draw(st.lists(TEXT, unique=True, min_size=len(states), max_size=len(states)))
    # Functions take pure numbers: they go with states without units.
    pure = draw(st.booleans())
    bent = [f"{states[0]}*exp(-{states[-1]})/(2 + {states[0]}^2)", "sin(t)"] if pure else []
    return Problem(
        states=states,
        inputs=inputs,
        units={} if pure else draw(st.dictionaries(st.sampled_from(measured), UNIT_TEXTS)),
        time_unit="" if pure else draw(UNIT_TEXTS),
        positive=[] if order == 2 else draw(some(tuple(states))),
        order=order,
        degree=draw(st.none() | st.integers(0, MAX_DEGREE)),
        functions=draw(some(LIBRARY_FUNCTIONS)) if pure else [],
        terms=draw(some((*bent, *inputs))) if pure or inputs else [],
        bodies={body: [state] for body, state in zip(bodies, states, strict=True)} if pairs else {},
        symmetries=draw(some(("parity", f"reflection:{states[0]}", "time-translation"))),
        laws=draw(some((f"dissipates:{states[0]}^2", "divergence-free", "equilibrium"))),
        hold=draw(st.dictionaries(st.sampled_from(inputs), HOLD_KINDS)) if inputs else {},
        title=draw(TEXT),
    )


@given(made=problems())
def test_problem_round_trips(made: Problem, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "problem.toml"
    assert read_problem(write_problem(made, path)) == made
    assert dumps(read_problem(path)) == dumps(made)
    assert set(tomllib.loads(dumps(made))) == {"problem"}


def test_text_is_written_for_people() -> None:
    made = Problem(states=("µ", "y"), units={"y": "m"}, title="Größe 😀", order=1)
    assert dumps(made) == (
        '[problem]\nstates = ["µ", "y"]\norder = 1\ntitle = "Größe 😀"\n'
        '\n[problem.units]\n"y" = "m"\n'
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("states = = 2", ["not valid TOML", "line 1", "column 10"]),
        ("\n\n[problem\n", ["not valid TOML", "line 3"]),
        ('[problem]\nstates = ["x"]\nstates = ["y"]\n#', ["not valid TOML", "line 3"]),
        ('[problem]\nstates = ["\\ud800"]', ["not valid TOML", "line 2"]),
        ("a = " + "[" * 5000, ["not valid TOML"]),
        ("problem = 3", ["[problem]", "must be a table"]),
        ('problem = "states"', ["[problem]", "must be a table"]),
        ('[[problem]]\nstates = ["x"]', ["[problem]", "must be a table"]),
        ("", ["[problem]", "needs `states`"]),
        ('[problem]\nstates = ["x"]\ndegre = 2', ["[problem]", "'degre'", "did you mean 'degree'"]),
        ('[problem]\nstates = ["x"]\norder = 3', ["[problem]", "order is 3"]),
        ('[problem]\nstates = ["x"]\norder = true', ["[problem]", "order is True"]),
        ('[problem]\nstates = ["x"]\nterms = ["x + w"]', ["'x + w'", "column 5", "'w'"]),
        ('[problem]\nstates = ["x"]\n[problem.units]\nx = "10 m"', ["[problem]", "'10 m'"]),
        ('[problem]\nstates = ["x"]\n[problem.units]\nx = 1979-05-27', ["units", "'x'"]),
        ('[problem]\nstates = ["x"]\nunits = "m"', ["[problem]", "units must be a table"]),
        ('[problem]\nstates = {x = "m"}', ["[problem]", "states must be a list of names"]),
    ],
)
def test_a_bad_problem_file_is_located(text: str, words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProblemError) as caught:
        read_problem(path)
    message = str(caught.value)
    assert message.count("mine.toml") == 1
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["[data]", "needs [data] with a source"]),
        ("[data]\ntime = 't'", ["[data]", 'source = "data.csv"']),
        ("[data]\nsource = 3", ["[data]", "source"]),
        ("[data]\nsource = ['a.csv']", ["[data]", "source"]),
        ("data = 3", ["data must be a table"]),
        ("[[data]]\nsource = 'a.csv'", ["data must be a table"]),
        ("[data]\nsource = 'a.csv'\ntimes = 't'", ["[data]", "'times'", "did you mean 'time'"]),
        ("[data]\nsource = 'a.csv'\n[problm]", ["'problm'", "did you mean 'problem'"]),
        ("problem = []\n[data]\nsource = 'a.csv'", ["problem must be a table"]),
        ("[data\n", ["not valid TOML", "line 1"]),
    ],
)
def test_a_bad_study_file_is_located(text: str, words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProblemError) as caught:
        read_study(path)
    message = str(caught.value)
    assert message.count("mine.toml") == 1
    for word in words:
        assert word in message


@pytest.mark.parametrize("read", [read_problem, read_study])
def test_a_file_that_is_no_text_is_named(read: Any, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"[problem]\n\xff\xfe")
    with pytest.raises(ProblemError, match=r"mine\.toml: not UTF-8 text: .* at byte 10"):
        read(path)
    with pytest.raises(ProblemError, match=r"none\.toml: cannot read the file: No such file"):
        read(tmp_path / "none.toml")
    with pytest.raises(ProblemError, match="cannot read the file"):
        read(tmp_path)


def test_source_is_looked_for_beside_the_study(tmp_path: Path) -> None:
    study = tmp_path / "study.toml"
    study.write_text(
        '[data]\nsource = "a b.csv"\ntime = "T"\n[problem]\norder = 2\n', encoding="utf-8"
    )
    assert read_study(study).source == "a b.csv"
    (tmp_path / "a b.csv").touch()
    found = read_study(str(study))
    assert found.source == str(tmp_path / "a b.csv")
    assert found.options == {"time": "T"}
    assert found.problem == {"order": 2}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("[data]\nsource = 'a.csv'\ninputs = [1]", "inputs is [1]"),
        ("[data]\nsource = 'a.csv'\ntime = 3", "time is 3"),
        ("[data]\nsource = 'a.csv'\nmissing = 'cut'", "missing is 'cut'"),
        ("[data]\nsource = 'a.csv'\n[problem]\nunits = 'm'", "units must be a table"),
    ],
)
def test_a_value_of_the_wrong_type_is_named(tmp_path: Path, lines: str, words: str) -> None:
    path = tmp_path / "study.toml"
    path.write_text(lines, encoding="utf-8")
    with pytest.raises(ProblemError) as caught:
        read_study(path)
    assert words in str(caught.value)
    assert "study.toml" in caught.value.where
    assert caught.value.fix


def test_one_input_needs_no_brackets(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text("[data]\nsource = 'a.csv'\ninputs = 'force'", encoding="utf-8")
    assert read_study(path).options["inputs"] == ["force"]
