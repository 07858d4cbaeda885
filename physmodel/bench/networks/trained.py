"""Trained networks to prune: they are larger than the fields that they learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physmodel.losses.field_residuals import Stack
from physmodel.losses.penalty import l2_penalty
from physmodel.losses.slopes import KnownStates
from physmodel.optimizers.least_squares.levenberg_marquardt import levenberg_marquardt
from physmodel.optimizers.pruning.trial import Refit, Trial
from physmodel.systems.rates import RateCase

if TYPE_CHECKING:
    from physmodel.models.nets.form import Form
    from physmodel.models.nets.net_field import NetField
    from physmodel.models.nets.weights.unit_layout import Layout

Array = NDArray[np.float64]

#: Points that a network is trained on and judged at, and noise of the rates as a part of their
#: spread: one level for each seed in turn.
POINTS, JUDGED, NOISE = 200, 2000, (0.01, 0.02, 0.05)
#: Size of weights expected, in units where the data are of unit size, and iterations of training.
PRIOR, TRAINING = 3.0, 60


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network, and what is needed to prune and to judge it.

    `points`, `rates`, `spread`: where it is judged: ``(n, d)``, true rates ``(n, d)`` and their
    spread ``(d,)``.
    """

    network: NetField
    refit: Refit
    dense: Trial
    layout: Layout
    n_residuals: int
    points: Array
    rates: Array
    spread: Array

    def error(self, parameters: Array) -> float:
        """Root mean square of the error of the rates, as a part of their spread."""
        found = _rates(self.network.with_parameters(parameters), self.points)
        return float(np.sqrt(np.mean(((found - self.rates) / self.spread) ** 2)))


def trained(case: RateCase, seed: int) -> Trained:
    """Draw a record and train the network of a case on it."""
    from physmodel.models.nets.weights.unit_layout import layout_of

    rng = np.random.default_rng(seed)
    x, test = (rng.uniform(-case.reach, case.reach, (n, case.n_states)) for n in (POINTS, JUDGED))
    rates = case.field(x)
    spread = rates.std(axis=0)
    noise = NOISE[seed % len(NOISE)] * spread
    measured = rates + noise * rng.normal(size=rates.shape)
    # The network sees states and rates of unit size.
    network = _network(_form(case), seed)
    size = case.reach / np.sqrt(3.0)
    loss = KnownStates(network, x / size, measured / spread, noise / spread)
    p = len(network.parameters)
    whole = Stack((loss, l2_penalty(np.full(p, PRIOR))))
    start = levenberg_marquardt(whole, network.parameters, max_iterations=TRAINING).parameters
    layout = layout_of(network.form)
    prior = np.empty(p)
    for layer in layout.layers:
        prior[list(layer)] = np.sqrt(np.mean(start[list(layer)] ** 2))
    refit = Refit(loss, prior)
    dense = refit(np.ones(p, dtype=bool), start)
    truth = case.field(test) / spread
    return Trained(
        network, refit, dense, layout, rates.size, test / size, truth, np.ones(case.n_states)
    )


def _form(case: RateCase) -> Form:
    from physmodel.models.nets.mlp import MLPField, MLPScalar
    from physmodel.models.nets.structure.hamiltonian import Hamiltonian

    if case.hamiltonian:
        return Hamiltonian(MLPScalar(case.n_states, case.hidden))
    return MLPField(case.n_states, hidden=case.hidden)


def _network(form: Form, seed: int) -> NetField:
    from physmodel.models.nets.net_field import NetField

    names = tuple(f"x{k}" for k in range(form.n_states))
    return NetField(form, names, (), form.initial(seed))


def _rates(network: NetField, x: Array) -> Array:
    return network.rate(np.zeros(len(x)), x, None, np.empty((len(x), 0)))
