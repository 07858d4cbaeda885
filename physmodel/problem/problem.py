"""The problem: what is measured, in which units, and what is known before any fit."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from physmodel.errors import ProblemError
from physmodel.problem.algebra.expression import FUNCTIONS
from physmodel.problem.algebra.parser import suggestion
from physmodel.problem.checks import is_whole, names_list, require_known, require_text, table_of
from physmodel.problem.holds import holds_table
from physmodel.problem.known.knowledge import positive_by_law, require_consistent
from physmodel.problem.measures.consistency import require_units
from physmodel.problem.measures.constants import constants_of, read_term
from physmodel.problem.measures.units import parse_unit
from physmodel.problem.statement import Statement

__all__ = ["Problem", "suggestion"]

#: Functions that may be named in `Problem.functions`.
LIBRARY_FUNCTIONS = tuple(name for name in FUNCTIONS if name not in {"sign", "sqrt"})
MAX_DEGREE = 6

#: Fields that are lists of names or formulas.
_LISTS = ("states", "inputs", "positive", "functions", "terms", "library", "symmetries", "laws")

#: Fields that are tables.
_TABLES = frozenset({"units", "constants", "bodies", "hold"})


@dataclass(frozen=True)
class Problem(Statement):
    """What we are modelling; its fields are those of `Statement`.

    Most users never write one: every column is then a state and everything else is decided
    from the data.

    Raises
    ------
    ProblemError
        If the parts contradict each other; the message names the field.
    """

    def __post_init__(self) -> None:
        for name in _LISTS:
            object.__setattr__(self, name, names_list(name, getattr(self, name)))
        object.__setattr__(self, "units", tuple(sorted(table_of("units", self.units).items())))
        constants = table_of("constants", self.constants)
        object.__setattr__(self, "constants", tuple(constants.items()))
        bodies = table_of("bodies", self.bodies)
        object.__setattr__(
            self, "bodies", tuple((b, names_list(f"bodies.{b}", c)) for b, c in bodies.items())
        )
        hold = holds_table(self.hold, self.inputs)
        object.__setattr__(self, "hold", tuple(sorted(hold.items())))
        self._check_names()
        object.__setattr__(self, "positive", positive_by_law(self))
        self._check_library()
        self._check_bodies()
        require_consistent(self)
        require_units(self)

    @classmethod
    def from_mapping(cls, table: Mapping[str, Any]) -> Problem:
        """Build a problem from plain data, such as a TOML table.

        Raises
        ------
        ProblemError
            For unknown keys and wrong values.
        """
        if not isinstance(table, Mapping):
            raise ProblemError(f"a problem must be a table, not {table!r}")
        known = [field.name for field in fields(cls)]
        for key in table:
            if key not in known:
                raise ProblemError(
                    f"unknown key {key!r} in the problem",
                    fix=suggestion(str(key), known) + "known keys: " + ", ".join(known),
                )
        if "states" not in table:
            raise ProblemError("a problem needs `states`", fix='states = ["x", "y"]')
        return cls(**dict(table))

    def to_mapping(self) -> dict[str, Any]:
        """Plain data without the defaults; `from_mapping` reads it back."""
        table: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                table[field.name] = dict(value) if field.name in _TABLES else value
        for key, value in table.items():
            if isinstance(value, tuple):
                table[key] = list(value)
        if "bodies" in table:
            table["bodies"] = {body: list(axes) for body, axes in table["bodies"].items()}
        return table

    def _check_names(self) -> None:
        if not isinstance(self.title, str):
            raise ProblemError(f"the title must be text, not {self.title!r}")
        if not self.states:
            raise ProblemError("a problem needs at least one state")
        variables = (*self.states, *self.inputs)
        named = (*variables, *dict(self.constants))
        for name in named:
            taken = name in FUNCTIONS or name == "t" or keyword.iskeyword(name)
            if taken or not name.isidentifier():
                raise ProblemError(
                    f"{name!r} cannot be the name of a variable",
                    why="names appear in expressions: letters, digits and underscores, and not "
                    "the name of a function or `t`, which is the time",
                )
        for name in named:
            if named.count(name) > 1:
                among = "states and inputs" if variables.count(name) > 1 else "constants and others"
                raise ProblemError(f"{name!r} is named twice among {among}")
        require_known("positive", self.positive, self.states)
        require_known("units", [name for name, _ in self.units], variables)
        for name, unit in (*self.units, ("time", self.time_unit)):
            require_text(name, unit)
            parse_unit(unit)
        constants_of(self)

    def _check_library(self) -> None:
        if self.order is not None and not (is_whole(self.order) and 1 <= self.order <= 2):
            raise ProblemError(f"order is {self.order!r}", fix="1, 2, or leave it out")
        if self.order == 2 and self.positive:
            raise ProblemError(
                "positive states need order = 1",
                why="their logarithm has a first-order equation",
            )
        if self.degree is not None and not (
            is_whole(self.degree) and 0 <= self.degree <= MAX_DEGREE
        ):
            raise ProblemError(f"degree is {self.degree!r}", fix=f"a whole number 0..{MAX_DEGREE}")
        require_known("functions", self.functions, LIBRARY_FUNCTIONS)
        velocities = [f"{state}_t" for state in self.states] if self.order != 1 else []
        for name in (*self.states, *self.inputs, *dict(self.constants)):
            if name in velocities:
                raise ProblemError(
                    f"{name!r} is also the name of the rate of change of {name[:-2]!r}",
                    fix="rename it, or set order = 1",
                )
        for text in (*self.terms, *self.library):
            read_term(self, text, (*self.states, *velocities, *self.inputs, "t"))
        others = [name for name in ("degree", "functions", "terms") if getattr(self, name)]
        if self.library and (others or self.degree is not None):
            raise ProblemError(
                f"`library` and `{(*others, 'degree')[0]}` contradict each other",
                why="a library holds exactly the terms named in it",
                fix="write every term into `library`, or use `terms` for terms to add",
            )

    def _check_bodies(self) -> None:
        table = self.body_table
        used = [axis for axes in table.values() for axis in axes]
        for body, axes in table.items():
            require_known(f"bodies.{body}", axes, self.states)
            if not 1 <= len(axes) <= 3:
                raise ProblemError(
                    f"body {body!r} has {len(axes)} coordinates", fix="one to three of them"
                )
        if len({len(axes) for axes in table.values()}) > 1:
            raise ProblemError("all bodies need the same number of coordinates")
        if len(set(used)) < len(used):
            raise ProblemError("a state belongs to two bodies")
        if table and (len(table) < 2 or set(used) != set(self.states)):
            raise ProblemError(
                "bodies must be two or more and use every state",
                fix="leave other variables out of `states`",
            )
