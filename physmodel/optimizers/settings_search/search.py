"""Search over the settings of a whole pipeline, where one evaluation is dear.

References
----------
Jamieson, Talwalkar (2016), Non-stochastic best arm identification and hyperparameter
optimization, AISTATS; Li, Jamieson, DeSalvo, Rostamizadeh, Talwalkar (2018), Hyperband: a novel
bandit-based approach to hyperparameter optimization, JMLR 18, 185, arXiv:1603.06560.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, isfinite, log
from typing import Any

from scipy.stats import qmc

from physmodel.errors import ProblemError
from physmodel.optimizers.settings_search.record import Ledger, Objective, SearchResult
from physmodel.optimizers.settings_search.space import Settings, Space, check_space, space_size

#: Every round keeps one in so many settings and gives it so many times the effort.
FACTOR = 3
#: Smallest share of the whole effort that still tells good settings from bad ones.
LEAST = 1.0 / 27.0


@dataclass(frozen=True)
class Rung:
    """One round of a bracket: so many settings at this share of the whole effort."""

    count: int
    budget: float


def search(
    objective: Objective,
    space: Space,
    *,
    method: str = "hyperband",
    known: Sequence[Settings] = (),
    least: float = LEAST,
    passes: int = 1,
    seed: int = 0,
) -> SearchResult:
    """Find settings with a small score.

    Parameters
    ----------
    objective : callable
        ``objective(settings, budget) -> score``: `settings` is a dict with a value for each name
        of the space, `budget` the share of the whole effort to spend, in (0, 1]: of the samples,
        the iterations, the time simulated. Settings for which it raises an error, or gives no
        finite number, are written down and passed over.
    space : mapping of str to Real, Integer or Categorical
    method : {"hyperband", "optuna"}
        ``"optuna"`` proposes by a model of the scores (TPE) with the same effort; it needs the
        package of that name. It is never taken because it happens to be installed: the same call
        gives the same answer everywhere.
    known : sequence of mapping
        Settings that get the whole effort before all others, such as the defaults: the answer is
        not worse than these.
    least : float
        Smallest share that is worth spending, in (0, 1]. One for objectives that have no budget.
    passes : int
        How often to carry out the plan, each time with new settings. One costs about
        ``(s + 1)^2`` whole evaluations, where ``3^-s`` is the smallest share.
    seed : int
        The same seed gives the same settings.

    Raises
    ------
    ProblemError
        If the space is none, a number is out of range, or no settings have a score.
    MissingDependencyError
        If the method needs a package that is not installed.

    Notes
    -----
    Hyperband: brackets of successive halving, from many settings at the smallest share to few at
    the whole effort, each of the same cost, so that a budget that misleads can only cost a factor.
    Settings fill the space evenly (scrambled Sobol points).

    Examples
    --------
    >>> from physmodel.optimizers.settings_search.space import Real
    >>> found = search(lambda s, budget: (s["x"] - 0.3) ** 2, {"x": Real(0.0, 1.0)})
    >>> abs(found.settings["x"] - 0.3) < 0.05
    True
    """
    check_space(space, known)
    _require_numbers(least, passes, seed)
    search_by = _method(method)
    ledger = Ledger(objective, tuple(space))
    plan = [rungs for _ in range(passes) for rungs in brackets(least)]
    for settings in known:
        ledger.score(settings, 1.0)
    search_by(ledger, space, plan, seed)
    return ledger.result(space, space_size(space), method)


def _method(name: str) -> Callable[[Ledger, Space, list[list[Rung]], int], None]:
    """A search by its name; the package that it needs is looked for before anything is spent."""
    methods = {"hyperband": _hyperband, "optuna": _optuna}
    if name not in methods:
        raise ProblemError(f"there is no search {name!r}", fix="methods: " + ", ".join(methods))
    if name == "optuna":
        from physmodel.optimizers.settings_search.by_optuna import require_optuna

        require_optuna()
    return methods[name]


def _require_numbers(least: float, passes: int, seed: int) -> None:
    if not (isfinite(least) and 0.0 < least <= 1.0):
        raise ProblemError(
            f"the least share of the effort is {least!r}", fix="a number above 0, at most 1"
        )
    if isinstance(passes, bool) or not isinstance(passes, int) or passes < 1:
        raise ProblemError(f"{passes!r} passes cannot be carried out", fix="1 or more")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ProblemError(f"{seed!r} is no seed", fix="a whole number, zero or more")


def brackets(least: float) -> list[list[Rung]]:
    """The plan of one pass (Li et al., algorithm 1, with the whole effort for unit).

    `least`: smallest share of the whole effort. Returns: from the bracket with most settings to the
    one that gives all of them everything.
    """
    last = int(-log(least) / log(FACTOR) + 1e-9)
    plan = []
    for s in range(last, -1, -1):
        count = ceil((last + 1) * FACTOR**s / (s + 1))
        rungs = [Rung(count // FACTOR**i, float(FACTOR) ** (i - s)) for i in range(s + 1)]
        plan.append(rungs)
    return plan


def _hyperband(ledger: Ledger, space: Space, plan: list[list[Rung]], seed: int) -> None:
    source = _draws(space, seed)
    for rungs in plan:
        alive = [next(source) for _ in range(rungs[0].count)]
        for rung in rungs:
            scored = [(ledger.score(s, rung.budget), k) for k, s in enumerate(alive[: rung.count])]
            # Failures are infinite and go last; ties keep their order.
            alive = [alive[k] for score, k in sorted(scored) if isfinite(score)]


def _draws(space: Space, seed: int) -> Iterator[dict[str, Any]]:
    """Settings that fill the space evenly, however many are taken."""
    sampler = qmc.Sobol(len(space), scramble=True, seed=seed)
    while True:
        for row in sampler.random(64):  # a power of two, which keeps the points balanced
            yield {name: space[name].at(float(u)) for name, u in zip(space, row, strict=True)}


def _optuna(ledger: Ledger, space: Space, plan: list[list[Rung]], seed: int) -> None:
    from physmodel.optimizers.settings_search.by_optuna import run_optuna

    shares = [rung.budget for rung in plan[0]]
    every = [rung for rungs in plan for rung in rungs]
    cost = sum(rung.count * rung.budget for rung in every)
    run_optuna(ledger, space, shares, cost, sum(rung.count for rung in every), FACTOR, seed)
