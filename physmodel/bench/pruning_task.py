"""What each method of the suite `pruning` is given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.models.nets.unit_layout import Layout
from physmodel.optimizers.pruning_trial import Evaluations, Mask, Trial, schwarz

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Task:
    """One network to prune with so many evaluations.

    Attributes
    ----------
    evaluate : Evaluations
    dense : Trial
    layout : Layout
    n_residuals : int
    size : int or None
        Parameters to keep; None to find the least of Schwarz's criterion.
    rng : Generator
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
