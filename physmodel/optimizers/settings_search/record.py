"""What a search over settings has tried, and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf, isfinite
from typing import Any

from physmodel.errors import ProblemError
from physmodel.optimizers.settings_search.space import Categorical, Settings, Space

#: Score of settings at a share of the whole effort, in (0, 1]; smaller is better.
Objective = Callable[[dict[str, Any], float], float]

#: A best value nearer to an end of its range than this part of it lies at the edge.
EDGE = 0.02


class SearchEnding(StrEnum):
    """How a search over settings ended."""

    PLANNED = "planned"
    EVERYTHING = "everything-tried"


@dataclass(frozen=True)
class Evaluation:
    """One call of an objective.

    `budget`: share of the whole effort. `score`: infinite where there is none. `error`: why there
    is none; empty otherwise.
    """

    settings: dict[str, Any]
    budget: float
    score: float
    error: str = ""


@dataclass(frozen=True, eq=False)
class SearchResult:
    """Where a search over settings ended.

    Attributes
    ----------
    settings : dict
        The best of those that got the whole effort.
    score : float
    evaluations : tuple of Evaluation
        Every call, in order; settings are never tried twice with one budget.
    ending : SearchEnding
    edges : tuple of str
        Settings whose best value lies at an end of its range.
    method : str
    """

    settings: dict[str, Any]
    score: float
    evaluations: tuple[Evaluation, ...]
    ending: SearchEnding
    edges: tuple[str, ...]
    method: str

    @property
    def cost(self) -> float:
        """Effort spent, in units of the whole effort for one setting."""
        return sum(one.budget for one in self.evaluations)

    @property
    def failures(self) -> tuple[Evaluation, ...]:
        """Calls that gave no score."""
        return tuple(one for one in self.evaluations if one.error)

    @property
    def remedy(self) -> str:
        """What to do next."""
        if self.edges:
            names = ", ".join(self.edges)
            return f"The best value of {names} lies at the edge: widen the range if it can be."
        if self.ending is SearchEnding.EVERYTHING:
            return "Nothing to do: all settings got the whole effort."
        return "The plan was carried out; more passes look at more settings."

    def __str__(self) -> str:
        """Settings, score, effort and what to do."""
        failed = f", {len(self.failures)} without a score" if self.failures else ""
        return "\n".join(
            [
                *(f"{name} = {value!r}" for name, value in self.settings.items()),
                f"score: {self.score:.6g}",
                f"effort: {len(self.evaluations)} evaluations, {self.cost:.3g} whole ones{failed}",
                self.remedy,
            ]
        )


@dataclass(frozen=True, eq=False)
class Ledger:
    """Calls an objective and writes down what came of it; the same question is asked once.

    `names`: of the settings. `entries`: evaluations by settings and budget, in order. `faults`:
    what was raised.
    """

    objective: Objective
    names: tuple[str, ...]
    entries: dict[tuple[Any, ...], Evaluation] = field(default_factory=dict)
    faults: list[Exception] = field(default_factory=list)

    def score(self, settings: Settings, budget: float) -> float:
        """Score of settings, infinite where the objective fails."""
        # Options need not be hashable, and 1, 1.0 and True are three options: text tells them.
        key = (*(repr(settings[name]) for name in self.names), budget)
        if key not in self.entries:
            self.entries[key] = self._evaluated(dict(settings), budget)
        return self.entries[key].score

    @property
    def cost(self) -> float:
        """Effort spent so far."""
        return sum(one.budget for one in self.entries.values())

    def result(self, space: Space, size: int | None, method: str) -> SearchResult:
        """Close the ledger.

        `size`: number of different settings. Raises ProblemError if no settings have a score with
        the whole effort.
        """
        tried = tuple(self.entries.values())
        whole = [one for one in tried if one.budget == 1.0]
        best = min(whole, key=lambda one: one.score, default=None)
        if best is None or best.score == inf:
            last = next((one.error for one in reversed(tried) if one.error), "nothing was tried")
            raise ProblemError(
                f"no settings gave a score ({len(tried)} were tried)",
                why=f"the last failure: {last}",
                fix="try the objective by hand on one of them, or change the ranges",
            ) from (self.faults[-1] if self.faults else None)
        ending = SearchEnding.EVERYTHING if len(whole) == size else SearchEnding.PLANNED
        return SearchResult(
            best.settings, best.score, tried, ending, _edges(space, best.settings), method
        )

    def _evaluated(self, settings: dict[str, Any], budget: float) -> Evaluation:
        try:
            score = float(self.objective(dict(settings), budget))
        # Whatever a pipeline raises for some settings, the others may be sound.
        except Exception as error:
            self.faults.append(error)
            return Evaluation(settings, budget, inf, f"{type(error).__name__}: {error}")
        if not isfinite(score):
            return Evaluation(settings, budget, inf, f"the score is {score}")
        return Evaluation(settings, budget, score)


def _edges(space: Space, settings: Mapping[str, Any]) -> tuple[str, ...]:
    found = []
    for name, value in settings.items():
        dimension = space[name]
        if isinstance(dimension, Categorical) or dimension.low == dimension.high:
            continue
        share = dimension.share(value)
        if min(share, 1.0 - share) <= EDGE:
            found.append(name)
    return tuple(found)
