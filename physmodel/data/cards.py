"""Datacards: what a dataset is, where it comes from, and what is known about it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from physmodel.errors import IntegrityError
from physmodel.models.simulated.system import System

KINDS = ("measured", "assimilated", "simulated")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_IDENTIFIER = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

#: Every key of a card and the type of its value; tables give the keys that they must have.
SCHEMA: dict[str, type | dict[str, type]] = {
    "id": str,
    "title": str,
    "version": str,
    "kind": str,
    "file": str,
    "sha256": str,
    "n_rows": int,
    "n_trajectories": int,
    "inputs": list,
    "not_known": str,
    "pitfalls": list,
    "variables": list,
    "problem": dict,
    "splits": {"train": list, "validation": list, "test": list},
    "time": {"name": str, "units": str, "start": float, "step": float, "uniform": bool},
    "missing": {"count": int, "code": str},
    "provenance": {"origin": str, "citation": str, "doi": str, "obtained_from": dict},
    "transform": {"script": str, "sha256": str, "summary": str},
    "licence": {"spdx": str, "evidence": str},
    "known_physics": {"equations": list, "source": str, "parameters": dict, "invariants": dict},
}
_VARIABLE = {"name": str, "long_name": str, "units": str, "dtype": str}


@dataclass(frozen=True)
class Card:
    """Facts about a dataset.

    Attributes
    ----------
    id, title, version : str
    kind : {"measured", "assimilated", "simulated"}
    units : mapping of str to str
        Unit of each column, in the order of the columns.
    time_unit : str
    file : str
        Name of the data file; empty for a simulated system.
    sha256 : str
        Of the file.
    problem : mapping
        What is known before any fit, for `Problem.from_mapping`.
    facts : mapping
        The whole card.
    """

    id: str
    title: str
    version: str
    kind: str
    units: Mapping[str, str]
    time_unit: str
    file: str = ""
    sha256: str = ""
    problem: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


def read_card(text: str, name: str) -> Card:
    """Read a datacard and check it against the schema.

    Parameters
    ----------
    text : str
        Content of the TOML file.
    name : str
        Identifier that the card must have: the stem of its file name.

    Raises
    ------
    IntegrityError
        Naming the card and the key.
    """
    try:
        facts = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _fault(name, f"the card is not valid TOML: {error}") from None
    _check_keys(name, "", facts, SCHEMA)
    for key in facts:
        if key not in SCHEMA:
            raise _fault(name, f"unknown key {key!r}")
    for number, variable in enumerate(facts["variables"]):
        _check_keys(name, f"variables[{number}].", variable, _VARIABLE)
    _check_facts(name, facts)
    return Card(
        id=facts["id"],
        title=facts["title"],
        version=facts["version"],
        kind=facts["kind"],
        units={variable["name"]: variable["units"] for variable in facts["variables"]},
        time_unit=facts["time"]["units"],
        file=facts["file"],
        sha256=facts["sha256"],
        problem=facts["problem"],
        facts=facts,
    )


def card_of_system(system: System) -> Card:
    """Datacard of a simulated system."""
    equations = system.equations
    return Card(
        id=system.id,
        title=system.title,
        version="1",
        kind="simulated",
        units={name: system.units[name] for name in system.columns},
        time_unit=system.time_unit,
        problem=system.problem,
        facts={
            "period": system.period,
            "known_physics": {
                "equations": equations and {s: dict(terms) for s, terms in equations.items()},
                "parameters": dict(system.parameters),
                "invariants": list(system.invariants),
                "source": system.citation,
            },
        },
    )


def _check_keys(
    name: str, prefix: str, table: Mapping[str, Any], schema: Mapping[str, type | dict[str, type]]
) -> None:
    for key, kind in schema.items():
        if key not in table:
            raise _fault(name, f"the key {prefix + key!r} is missing")
        wanted = dict if isinstance(kind, dict) else kind
        # In Python, but not in TOML, a truth value is also a whole number.
        if not isinstance(table[key], wanted) or (wanted is int and isinstance(table[key], bool)):
            raise _fault(name, f"{prefix + key!r} is not of type {wanted.__name__}")
        if isinstance(kind, dict):
            _check_keys(name, f"{prefix}{key}.", table[key], kind)


def _check_facts(name: str, facts: Mapping[str, Any]) -> None:
    """Check what a type cannot say."""
    if facts["id"] != name or not _IDENTIFIER.fullmatch(name):
        raise _fault(name, f"the id {facts['id']!r} is not the name of the file")
    if facts["kind"] not in KINDS:
        raise _fault(name, f"kind is {facts['kind']!r}, not one of {', '.join(KINDS)}")
    if "/" in facts["file"] or "\\" in facts["file"] or not facts["file"].startswith(name):
        raise _fault(name, f"the file {facts['file']!r} does not lie beside the card")
    for key, value in (("sha256", facts["sha256"]), ("transform", facts["transform"]["sha256"])):
        if not _SHA256.fullmatch(value):
            raise _fault(name, f"the hash in {key!r} is not 64 hexadecimal digits")
    columns = [variable["name"] for variable in facts["variables"]]
    for column in columns:
        if not column.isidentifier() or columns.count(column) > 1:
            raise _fault(name, f"{column!r} cannot be the name of a column")
    if not facts["variables"] or not set(facts["inputs"]) <= set(columns):
        raise _fault(name, "the inputs are not among the variables, or there are no variables")
    if facts["n_rows"] < 1 or facts["n_trajectories"] < 1:
        raise _fault(name, "n_rows and n_trajectories must be positive")


def _fault(name: str, what: str) -> IntegrityError:
    return IntegrityError(what, where=f"{name}.toml", fix="mend the datacard")
