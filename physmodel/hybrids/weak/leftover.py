"""The test of what an equation leaves: whether a network finds anything in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physmodel.hybrids.weak.joined import Joined
from physmodel.hybrids.weak.random_net import RandomNet
from physmodel.hybrids.weak.rounds import FINAL, Settled
from physmodel.hybrids.weak.weak_fit import Weak

Array = NDArray[np.float64]

#: Probability below which noise alone is not believed.
REFUSED = 0.01


@dataclass(frozen=True, eq=False)
class Leftover:
    """What is left over by an equation.

    Attributes
    ----------
    p_values : dict of str to float
        Per equation: probability that noise alone gives a network as much to find.
    p_value : float
        Of all together: the smallest times their number.
    unexplained_fraction : float
        Share of the mean square of the rates that the network finds in what is left; zero where
        noise alone is likelier. Each equation counts in units of the spread of its state.
    """

    p_values: dict[str, float]
    p_value: float
    unexplained_fraction: float

    @property
    def nothing(self) -> bool:
        """Whether noise alone explains what is left."""
        return self.p_value >= REFUSED


def leftover(terms: Weak, fit: Settled, net: RandomNet, seed: int = 0) -> Leftover:
    """Test whether a network explains anything that a fit leaves.

    Parameters
    ----------
    terms : Weak
        What the fit was made with.
    fit : Settled
    net : RandomNet
    seed : int
        Of the draws of the null distribution.
    """
    state = fit.state
    if not np.isfinite(fit.rss):  # nothing follows from a model that the data do not stay near
        return Leftover(dict.fromkeys(state.known.field.states, 0.0), 0.0, 1.0)
    both = replace(terms, parts=(*terms.parts, net))
    size = len(state.weights)
    whole = replace(state, weights=np.concatenate([state.weights, np.zeros(net.n_coefficients)]))
    now = both.round(whole, FINAL[-1])
    states = state.known.field.states
    points = both.points(state.latent)
    model = Joined((state.known, *terms.parts))
    rate = model.velocity(points, state.coefficients)
    p_values, missed = {}, 0.0
    for e, name in enumerate(states):
        own = size + e * net.n_units + np.arange(net.n_units)
        columns = now.penalised(own, fit.free)
        p_values[name] = columns.p_value(seed + e)
        ratio = columns.size()
        if ratio > 0.0:
            weights, _, _ = columns.weights(ratio)
            missed += float(np.mean((net.features(points) @ weights) ** 2))
    p_value = min(1.0, len(states) * min(p_values.values()))
    moved = float(np.sum(np.mean(rate**2, axis=0)))
    return Leftover(p_values, p_value, missed / (missed + moved) if missed else 0.0)
