"""Pruning as a sequence of decisions, learned by the cross-entropy method.

References
----------
He et al. (2018), AMC: AutoML for model compression, arXiv:1802.03494 (a policy that decides layer
by layer which share to keep); Rubinstein, Kroese (2004), The cross-entropy method.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from physmodel.bench.pruning_task import Task, highest
from physmodel.optimizers.brain_surgeon import removed, saliencies
from physmodel.optimizers.pruning import DOWN, shrinking
from physmodel.optimizers.pruning_trial import Evaluations, Mask, Trial

Array = NDArray[np.float64]

#: Draws of a generation of the cross-entropy method, those it learns from, and the least spread.
POPULATION, ELITE, LEAST_SPREAD = 6, 3, 0.2
#: Spread of the numbers of a policy at the start: shares from a few to nearly all.
FIRST_SPREAD = 1.5


def policy(task: Task, *, learn: bool = True) -> Trial:
    """Decide unit by unit which share to keep, by a policy that learns from what came of it.

    The state is what is known of a unit (size of its largest weight, saliency of what leads out)
    and the share that is still to be given; the action is the share of its weights to keep, those
    with the largest saliencies. Without learning it is random search over the same decisions.
    """
    saliency = saliencies(task.dense)[0]
    groups, state = _states(task, saliency)

    def play(numbers: Array) -> Trial:
        return task.masked(_decided(numbers, groups, state, saliency, task.size))

    return cross_entropy(
        play,
        task.value,
        np.zeros(state.shape[1] + 1),
        np.full(state.shape[1] + 1, FIRST_SPREAD),
        task.evaluate,
        task.rng,
        learn=learn,
    )


def refined(task: Task) -> Trial:
    """The surgeon's way down, then the cross-entropy method on which weights to keep there."""
    found, size = task.dense, task.size or task.dense.size // 2
    for step in shrinking(found.size, size, max(1, round(DOWN * task.evaluate.left))):
        found = task.evaluate(*removed(found, step, task.layout.units))
    if not task.evaluate.left:
        return found
    curvature = np.maximum(np.diag(found.curvature), np.finfo(float).tiny)
    worth = found.slope**2 / curvature / 2.0
    worth[found.kept] = saliencies(found)[0]
    size = found.size

    def swap(numbers: Array) -> Trial:
        everything = np.ones(len(numbers), dtype=bool)
        return task.evaluate(highest(numbers, everything, size), found.parameters)

    first = np.log(worth + np.finfo(float).tiny)
    spread = np.full(len(first), FIRST_SPREAD)
    other = cross_entropy(swap, task.value, first, spread, task.evaluate, task.rng)
    return min(found, other, key=task.value)


def cross_entropy(
    play: Callable[[Array], Trial],
    value: Callable[[Trial], float],
    mean: Array,
    spread: Array,
    evaluate: Evaluations,
    rng: np.random.Generator,
    *,
    learn: bool = True,
    population: int = POPULATION,
    elite: int = ELITE,
) -> Trial:
    """Draw, keep the best, draw about them: until the evaluations are spent.

    Parameters
    ----------
    play : callable
        One evaluation of drawn numbers ``(q,)``.
    value : callable
        What is to be least.
    mean, spread : ndarray (q,)
        Of the first generation.
    evaluate : Evaluations
        Counts what `play` does.
    rng : Generator
    learn : bool
        Without it all generations are drawn like the first.
    population, elite : int
        Draws of a generation, and the best so far that the next is drawn about. The defaults
        leave a search of a dozen evaluations some generations; they settle early.
    """
    seen: list[tuple[float, int, Array, Trial]] = []
    while evaluate.left:
        for _ in range(min(population, evaluate.left)):
            numbers = mean + spread * rng.normal(size=len(mean))
            trial = play(numbers)
            seen.append((value(trial), len(seen), numbers, trial))
        if learn:
            best = np.array([one[2] for one in sorted(seen)[:elite]])
            mean, spread = best.mean(axis=0), np.maximum(best.std(axis=0), LEAST_SPREAD)
    return min(seen)[3]


def _states(task: Task, saliency: Array) -> tuple[list[list[int]], Array]:
    """Groups of weights in the order of decisions, and their features ``(g, f)``."""
    units = [list(one.incoming + one.outgoing) for one in task.layout.units]
    inside = {q for unit in units for q in unit}
    features = np.array(
        [
            [np.log(np.abs(task.dense.parameters[unit]).max()), np.log(saliency[unit].max())]
            for unit in units
        ]
    )
    features = (features - features.mean(axis=0)) / np.maximum(features.std(axis=0), 1e-12)
    order = np.argsort(-features[:, 1], kind="stable")
    rest = [q for q in range(task.dense.size) if q not in inside]
    table = np.column_stack([features[order], np.ones(len(units)), np.zeros(len(units))])
    return [rest, *(units[k] for k in order)], np.vstack([[0.0, 0.0, 0.0, 1.0], table])


def _decided(
    numbers: Array, groups: list[list[int]], state: Array, saliency: Array, size: int | None
) -> Mask:
    """The mask that a policy gives when it goes through the groups."""
    p = len(saliency)
    kept, given, gone = np.zeros(p, dtype=bool), 0, 0
    for group, features in zip(groups, state, strict=True):
        ahead = p - gone
        even = 0.5 if size is None else min(max((size - given) / max(ahead, 1), 0.02), 0.98)
        drift = 0.0 if size is None else even - size / p
        pull = features @ numbers[:-1] + numbers[-1] * drift + np.log(even / (1.0 - even))
        many = round(len(group) / (1.0 + np.exp(-pull)))
        many = many if size is None else min(many, size - given)
        kept[sorted((q for q in group if not kept[q]), key=lambda q: -saliency[q])[:many]] = True
        given, gone = int(kept.sum()), gone + len(group)
    if size is not None and given < size:
        left = np.where(kept, -np.inf, saliency)
        kept[np.argsort(-left, kind="stable")[: size - given]] = True
    if not kept.any():
        kept[int(np.argmax(saliency))] = True
    return kept
