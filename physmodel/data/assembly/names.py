"""Column headers to identifiers, with their units."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Mapping, Sequence

from physmodel.errors import DataError, PhysmodelError
from physmodel.findings import Finding
from physmodel.problem.algebra.expression import FUNCTIONS
from physmodel.problem.algebra.parser import suggestion
from physmodel.problem.measures.units import parse_unit

#: Names that expressions and datasets use themselves.
RESERVED = frozenset(FUNCTIONS) | {"t", "time", "trajectory", "sample", "row_size"}

#: ``x [m]``, ``x[m]`` and ``x (m)``, but not ``f(x)``.
_UNIT = re.compile(r"^(?P<name>.*\S)(?:\s*\[(?P<square>[^\]]*)\]|\s+\((?P<round>[^)]*)\))$")


def split_unit(header: str) -> tuple[str, str]:
    """Separate a unit in brackets from a header: ``"x [m/s]"`` is ``("x", "m/s")``.

    Returns
    -------
    name, unit : str
        The unit is empty when there is none.
    """
    match = _UNIT.match(header.strip())
    if match is None:
        return header.strip(), ""
    unit = match["square"] if match["square"] is not None else match["round"]
    return match["name"].strip(), unit.strip()


def identifiers(headers: Sequence[str], findings: list[Finding]) -> list[str]:
    """Names that can stand in an expression.

    Parameters
    ----------
    headers : sequence of str
    findings : list of Finding
        A note with the mapping is appended for every name that changed.

    Raises
    ------
    DataError
        If a header occurs twice.
    """
    headers = [str(header) for header in headers]
    for header in headers:
        if headers.count(header) > 1:
            raise DataError(
                f"the name {header!r} occurs {headers.count(header)} times",
                fix="give every column its own name",
            )
    taken: set[str] = {h for h in headers if _valid(h)}
    names = []
    for header in headers:
        if _valid(header):
            names.append(header)
            continue
        plain = unicodedata.normalize("NFKC", header)
        base = "".join(c if f"a{c}".isidentifier() else " " for c in plain)
        base = "_".join(base.split()).strip("_") or "v"
        base = f"v_{base}" if base[0].isdigit() else base
        base = base if _valid(base) else f"{base}_"
        name, number = base, 2
        while name in taken:
            name, number = f"{base}{number}", number + 1
        taken.add(name)
        names.append(name)
        findings.append(
            Finding("I-RENAMED", "info", f"column {header!r}", f"is called {name} in equations")
        )
    return names


def renamed_units(
    units: Mapping[str, str] | None, headers: Sequence[str], names: Sequence[str]
) -> dict[str, str]:
    """Units by new name, from units by old or new name.

    Parameters
    ----------
    units : mapping of str to str, optional
        As the user gave them.
    headers, names : sequence of str
        Old and new names, in the same order.

    Raises
    ------
    DataError
        For a unit of a column that does not exist.
    ProblemError
        For a text that is no unit.
    """
    if isinstance(units, str):
        raise DataError(f"units is {units!r}", fix='a mapping such as {"x": "m"}')
    alike = [unicodedata.normalize("NFKC", header) for header in headers]  # accents, two ways
    old = [*alike, *headers, *names]
    given = dict(zip(old, [*names, *names, *names], strict=True))
    units = {
        name if name in given else unicodedata.normalize("NFKC", str(name)): unit
        for name, unit in (units or {}).items()
    }
    for name in units:
        if name not in given:
            raise DataError(
                f"units are given for {name!r}, which is no column",
                fix=suggestion(name, given) + "columns: " + ", ".join(names),
            )
    for name, unit in units.items():
        try:
            parse_unit(str(unit))
        except PhysmodelError as error:
            error.where = f"units.{name}"
            raise
    return {given[name]: str(unit) for name, unit in units.items()}


def found_units(units: Mapping[str, str], findings: list[Finding]) -> dict[str, str]:
    """Units as they stand in the source; what is none is left out, with a warning.

    A hyphen says that there is no dimension.

    Parameters
    ----------
    units : mapping of str to str
        By name.
    findings : list of Finding
        A note is appended for every unit that cannot be read.
    """
    read = {}
    for name, unit in units.items():
        read[name] = "1" if unit.strip() in ("-", "\u2013", "\u2014") else unit
        try:
            parse_unit(read[name])
        except PhysmodelError as error:
            read[name] = ""
            note = Finding("W-UNITS", "warning", name, f"{error.what}: left out", error.fix)
            findings.append(note)
    return read


def _valid(name: str) -> bool:
    # Python's parser, which reads expressions, takes the two letters mu for one by this rule.
    same = unicodedata.normalize("NFKC", name) == name
    return same and name.isidentifier() and not keyword.iskeyword(name) and name not in RESERVED
