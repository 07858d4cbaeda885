"""What pruning is compared with: magnitude, damage, equal shares, and chance.

References
----------
LeCun, Denker, Solla (1990), Optimal brain damage, NIPS 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from physmodel.models.nets.weights.unit_layout import Layout
from physmodel.optimizers.pruning.pruning import STAGE, prune_by_criterion, prune_to, shrinking
from physmodel.optimizers.pruning.trial import Evaluations, Mask, Trial, schwarz

Array = NDArray[np.float64]

#: Fewest parameters that a random search keeps.
FEWEST = 4


@dataclass(frozen=True, eq=False)
class Task:
    """One network to prune with so many evaluations.

    `size` counts the parameters to keep; None to find the least of Schwarz's criterion.
    """

    evaluate: Evaluations
    dense: Trial
    layout: Layout
    n_residuals: int
    size: int | None
    rng: np.random.Generator

    def value(self, trial: Trial) -> float:
        """What is to be least."""
        return trial.cost if self.size is not None else schwarz(trial, self.n_residuals)

    def masked(self, kept: Mask) -> Trial:
        """Evaluate a mask from the weights of the dense network."""
        return self.evaluate(kept, np.where(kept, self.dense.parameters, 0.0))


def highest(rank: Array, among: Mask, size: int) -> Mask:
    """So many of some parameters, those that rank highest."""
    kept = np.zeros(len(rank), dtype=bool)
    kept[np.argsort(-np.where(among, rank, -np.inf), kind="stable")[:size]] = True
    return kept & among


def surgeon(task: Task) -> Trial:
    """`physmodel.optimizers.pruning.pruning`: the method that is offered to users."""
    units = task.layout.units
    if task.size is None:
        return prune_by_criterion(task.evaluate, task.dense, task.n_residuals, units)
    return prune_to(task.evaluate, task.dense, task.size, units)


def stepwise(task: Task, rank: Callable[[Task, Trial], Array]) -> Trial:
    """Go down in stages, and keep what ranks highest in each."""
    found = best = task.dense
    if task.size is not None:
        for size in shrinking(task.dense.size, task.size, task.evaluate.left):
            found = task.evaluate(highest(rank(task, found), found.kept, size), found.parameters)
        return found
    while task.evaluate.left and found.size > 1 and 2.0 * found.misfit < task.value(best):
        size = min(found.size - 1, round((1.0 - STAGE) * found.size))
        found = task.evaluate(highest(rank(task, found), found.kept, size), found.parameters)
        best = min(best, found, key=task.value)
    return best


def magnitude(task: Task, trial: Trial) -> Array:
    """Rank by size, over all layers."""
    return np.abs(trial.parameters)


def damage(task: Task, trial: Trial) -> Array:
    """Rank by optimal brain damage: the others do not make up for what goes."""
    return np.asarray(trial.parameters**2 * np.diag(trial.curvature))


def equal_shares(task: Task, trial: Trial) -> Array:
    """Rank by size within each layer, so that all layers keep the same share."""
    found = np.zeros(len(trial.kept))
    for layer in task.layout.layers:
        places = list(layer)
        order = np.argsort(np.argsort(np.abs(trial.parameters[places]), kind="stable"))
        found[places] = (order + 0.5) / len(places)
    return found


def at_once(task: Task) -> Trial:
    """The largest weights after a single evaluation."""
    size = task.size or task.dense.size // 2
    return task.masked(highest(magnitude(task, task.dense), task.dense.kept, size))


def chance(task: Task) -> Trial:
    """Random masks; of random size, evenly in its logarithm, where none is asked for."""
    p, found = task.dense.size, []
    while task.evaluate.left:
        size = task.size
        if size is None:
            size = round(np.exp(task.rng.uniform(np.log(FEWEST), np.log(p))))
        kept = np.zeros(p, dtype=bool)
        kept[task.rng.permutation(p)[:size]] = True
        found.append(task.masked(kept))
    return min(found, key=task.value)


METHODS: dict[str, Callable[[Task], Trial]] = {
    "surgeon": surgeon,
    "damage": partial(stepwise, rank=damage),
    "magnitude": partial(stepwise, rank=magnitude),
    "magnitude-once": at_once,
    "uniform": partial(stepwise, rank=equal_shares),
    "random": chance,
}
#: Those that find a size of their own.
FREE = ("surgeon", "damage", "magnitude", "uniform", "random")
