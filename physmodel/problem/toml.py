"""Problems and studies as TOML files."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from physmodel.atomic import write_atomic
from physmodel.errors import ProblemError
from physmodel.problem.problem import Problem, suggestion

DATA_KEYS = ("source", "time", "trajectory", "inputs", "missing", "time_unit")
MISSING = ("estimate", "segment", "raise")


@dataclass(frozen=True)
class Study:
    """A problem together with where its data are.

    `source`: A file (relative names are relative to the study file) or a catalogue name. `options`:
    how to open it: ``time``, ``trajectory``, ``inputs``, ``missing``, ``time_unit``. `problem`: the
    ``[problem]`` table; states left out are taken from the data.
    """

    source: str
    options: dict[str, Any] = field(default_factory=dict)
    problem: dict[str, Any] = field(default_factory=dict)


def read_problem(path: str | Path) -> Problem:
    """Read a problem from the ``[problem]`` table of a TOML file.

    Raises ProblemError if the file cannot be read or describes no valid problem.
    """
    table = _read(path)
    try:
        return Problem.from_mapping(table.get("problem", {}))
    except ProblemError as error:
        error.where = _place(path, error.where or "[problem]")
        raise


def read_study(path: str | Path) -> Study:
    """Read a study: ``[data]`` and, optionally, ``[problem]``.

    Raises ProblemError for syntax errors and unknown keys.
    """
    table = _read(path)
    _known(_place(path), table, ("data", "problem"))
    for name, part in table.items():
        if not isinstance(part, dict):
            raise ProblemError(f"{name} must be a table", where=_place(path), fix=f"[{name}]")
    data = dict(table.get("data", {}))
    _known(_place(path, "[data]"), data, DATA_KEYS)
    source = data.pop("source", None)
    if not isinstance(source, str):
        raise ProblemError(
            "a study needs [data] with a source",
            where=_place(path, "[data]"),
            fix='source = "data.csv"',
        )
    problem = dict(table.get("problem", {}))
    if not isinstance(problem.get("units", {}), dict):
        raise ProblemError(
            "units must be a table",
            where=_place(path, "[problem]"),
            fix='[problem.units], and below it lines such as x = "m"',
        )
    beside = Path(path).parent / source
    options = _options(data, _place(path, "[data]"))
    return Study(str(beside) if beside.exists() else source, options, problem)


def _options(data: dict[str, Any], where: str) -> dict[str, Any]:
    """The ``[data]`` table without its source, each value of the right type."""
    options = dict(data)
    for key, value in data.items():
        if key == "inputs":
            names = [value] if isinstance(value, str) else value
            if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
                raise ProblemError(
                    f"inputs is {value!r}", where=where, fix='a list of columns: ["u1", "u2"]'
                )
            options[key] = names
        elif not isinstance(value, str):
            raise ProblemError(f"{key} is {value!r}", where=where, fix="a text in quotation marks")
    if options.get("missing", "estimate") not in MISSING:
        raise ProblemError(
            f"missing is {options['missing']!r}",
            where=where,
            fix="it is " + " or ".join(map(repr, MISSING)),
        )
    return options


def dumps(problem: Problem) -> str:
    """TOML text of a problem."""
    table = problem.to_mapping()
    lines = ["[problem]"]
    lines += [f"{key} = {_value(v)}" for key, v in table.items() if not isinstance(v, dict)]
    for name in ("units", "constants", "hold", "bodies"):
        if name in table:
            lines += ["", f"[problem.{name}]"]
            lines += [f"{_value(key)} = {_value(v)}" for key, v in table[name].items()]
    return "\n".join(lines) + "\n"


def write_problem(problem: Problem, path: str | Path) -> Path:
    """Write a problem as TOML, atomically; see `read_problem`."""
    return write_atomic(path, dumps(problem))


def _value(value: Any) -> str:
    """A TOML value; JSON text is valid TOML for strings, numbers and arrays of strings."""
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    # DEL is the one character that JSON leaves bare and TOML forbids.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _read(path: str | Path) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ProblemError(f"cannot read the file: {error.strerror}", where=_place(path)) from None
    except UnicodeDecodeError as error:
        raise ProblemError(
            f"not UTF-8 text: {error.reason} at byte {error.start}", where=_place(path)
        ) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ProblemError(
            f"not valid TOML: {error}", where=_place(path), fix="mend the line named"
        ) from None


def _place(path: str | Path, part: str = "") -> str:
    return ", ".join(filter(None, (Path(path).name, part)))


def _known(where: str, table: dict[str, Any], known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            raise ProblemError(
                f"unknown key {key!r}",
                where=where,
                fix=suggestion(key, known) + "known keys: " + ", ".join(known),
            )
