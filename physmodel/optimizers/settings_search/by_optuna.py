"""Search by Optuna: settings proposed by a model of the scores; an optional package.

References
----------
Akiba, Sano, Yanase, Ohta, Koyama (2019), Optuna, KDD; Bergstra, Bardenet, Bengio, Kegl (2011),
Algorithms for hyper-parameter optimization, NeurIPS.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from types import ModuleType
from typing import Any

from physmodel.errors import require
from physmodel.optimizers.settings_search.record import Ledger
from physmodel.optimizers.settings_search.space import Categorical, Integer, Real, Settings, Space


def require_optuna() -> ModuleType:
    """Import Optuna.

    Raises MissingDependencyError if it is not installed.
    """
    return require("optuna", "search")


def run_optuna(
    ledger: Ledger,
    space: Space,
    shares: Sequence[float],
    cost: float,
    most: int,
    factor: int,
    seed: int,
) -> None:
    """Ask for settings until the effort is spent.

    `ledger`: what it holds already is told to the model. `shares`: of the whole effort, rising;
    settings that do badly stop early (successive halving). `cost`: effort to spend beside what was
    spent before, in whole evaluations. `most`: settings asked for at most: in a small space the
    same ones come again, at no cost. `factor`: from one share to the next.
    """
    optuna = require_optuna()
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = optuna.create_study(
            study_name="physmodel",  # a name drawn at random would change the answer
            sampler=optuna.samplers.TPESampler(seed=seed),
            pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=factor),
        )
        ranges = {name: _distribution(optuna, space[name]) for name in space}
        for one in list(ledger.entries.values()):
            study.enqueue_trial(_indexed(space, one.settings))
        limit = ledger.cost + cost
        for _ in range(most):
            if ledger.cost >= limit:
                break
            trial = study.ask(ranges)
            _follow(optuna, study, trial, ledger, space, shares, factor)
    finally:
        optuna.logging.set_verbosity(verbosity)


def _follow(
    optuna: ModuleType,
    study: Any,
    trial: Any,
    ledger: Ledger,
    space: Space,
    shares: Sequence[float],
    factor: int,
) -> None:
    """Spend more and more on one proposal while it does well."""
    state, settings = optuna.trial.TrialState, _chosen(space, trial.params)
    score = 0.0
    for step, share in enumerate(shares):
        score = ledger.score(settings, share)
        if not isfinite(score):
            study.tell(trial, state=state.FAIL)
            return
        trial.report(score, factor**step)  # the pruner knows resources as whole numbers
        if share < 1.0 and trial.should_prune():
            study.tell(trial, state=state.PRUNED)
            return
    study.tell(trial, score)


def _distribution(optuna: ModuleType, dimension: Real | Integer | Categorical) -> Any:
    kinds = optuna.distributions
    if isinstance(dimension, Categorical):
        # By number: Optuna stores options that are plain numbers or text only.
        return kinds.CategoricalDistribution(tuple(range(dimension.size)))
    kind = kinds.IntDistribution if isinstance(dimension, Integer) else kinds.FloatDistribution
    return kind(dimension.low, dimension.high, log=dimension.log)


def _chosen(space: Space, values: Settings) -> dict[str, Any]:
    """Settings from what Optuna stores."""
    found = {}
    for name, dimension in space.items():
        value = values[name]
        found[name] = dimension.options[value] if isinstance(dimension, Categorical) else value
    return found


def _indexed(space: Space, settings: Settings) -> dict[str, Any]:
    """The inverse of `_chosen`."""
    found = {}
    for name, dimension in space.items():
        value = settings[name]
        found[name] = (
            dimension.options.index(value) if isinstance(dimension, Categorical) else value
        )
    return found
