"""The equation behind the network: sparse regression on what it says where the data have been.

The regression sees the network through the data: its rows are those of the data, linearised at
the trajectory and with the derivatives of known part plus network, and the columns of the
network are left out. That is generalised least squares of the network's output on terms, each
visited place with the weight that the data give it there. Supports that come near are then fitted
on their own, to the data, so that nothing of the network is left in what decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physmodel.constants import ENGINE
from physmodel.hybrids.weak.rounds import Settled, fit_terms, fresh
from physmodel.hybrids.weak.weak_fit import Round, State, Weak
from physmodel.optimizers.subset.selection import InformationCriterion, candidates, select
from physmodel.optimizers.subset.triangular import TriangularFactor, triangular_factor

Array = NDArray[np.float64]
Support = tuple[int, ...]

#: Slacks at which supports are looked for.
LOOSE = (1.0, 0.3, 0.1, 0.01)

#: Supports of each regression that are fitted on their own.
NEAREST = 3

#: Evidence behind the leader's up to which supports are heard again: a quick fit at a noise of its
#: own is off by several times the range of what is reported.
AGAIN = 4.0 * ENGINE.rival_range


@dataclass(frozen=True)
class Heard:
    """What may stand behind the network.

    Attributes
    ----------
    columns : tuple of int
        Of the library.
    delta : float
        Criterion above the winner's.
    probability : float
        Among all that were heard.
    shape : (tuple of int, str) or None
        Equations and text of a function with a number inside, see
        `physmodel.hybrids.shapes`.
    """

    columns: Support
    delta: float
    probability: float
    shape: tuple[tuple[int, ...], str] | None = None


@dataclass(frozen=True, eq=False)
class Distilled:
    """Terms that take the place of the network.

    Attributes
    ----------
    fit : Settled
        Of the winner.
    heard : list of Heard
        The winner, then its rivals.
    """

    fit: Settled
    heard: list[Heard]


def distil(terms: Weak, joint: Weak, net: Settled, least: Array) -> Distilled:
    """Find the terms behind a network.

    Parameters
    ----------
    terms : Weak
        With the library behind the known part.
    joint : Weak
        With the network, then the library.
    net : Settled
        Fit of the network.
    least : ndarray (q,)
        See `physmodel.hybrids.weak.least_squares_step.least_sizes`.
    """
    size = sum(part.n_coefficients for part in terms.parts)
    at_net = replace(net.state, weights=np.concatenate([net.state.weights, np.zeros(size)]))
    base = fresh(terms, net.state)
    hearing = _Hearing(terms, least, {})
    hearing.hear([(), *_proposals(joint, at_net, size, terms.n_terms)], base)
    leader = hearing.leader
    for _ in range(ENGINE.most_moves):
        state = hearing.tried[leader].state
        hearing.hear(_proposals(terms, state, size, terms.n_terms), state)
        if hearing.leader == leader:
            break
        leader = hearing.leader
    fit = hearing.fit(leader)
    heard = ranked(hearing.again(fit))
    first = heard[0].columns
    return Distilled(fit if first == leader else hearing.fit(first), heard)


def ranked(heard: Sequence[Heard]) -> list[Heard]:
    """What is near the best, with probabilities among all.

    Parameters
    ----------
    heard : sequence of Heard
        Their `delta` counts from any origin.

    Returns
    -------
    list of Heard
        Best first, up to `ENGINE.rival_range`.
    """
    deltas = np.array([one.delta for one in heard])
    # Where nothing can be fitted all are infinitely bad, and alike.
    deltas = deltas - deltas.min() if np.isfinite(deltas.min()) else np.zeros_like(deltas)
    odds = np.exp(-deltas / 2.0)
    odds /= odds.sum()
    return [
        replace(heard[k], delta=float(deltas[k]), probability=float(odds[k]))
        for k in np.argsort(deltas, kind="stable")
        if deltas[k] <= ENGINE.rival_range
    ]


@dataclass(frozen=True, eq=False)
class _Hearing:
    """Supports that were fitted on their own so far."""

    terms: Weak
    least: Array
    tried: dict[Support, Settled]

    def hear(self, supports: Sequence[Support], start: State) -> None:
        """Fit those that are new, quickly, from one state."""
        for key in supports:
            if key not in self.tried:
                columns = np.array(key, dtype=np.intp)
                self.tried[key] = fit_terms(self.terms, start, columns, self.least, quick=True)

    @property
    def leader(self) -> Support:
        """The best of them."""
        return min(self.tried, key=lambda key: self.tried[key].evidence)

    def fit(self, key: Support) -> Settled:
        """One of them until nothing moves."""
        columns = np.array(key, dtype=np.intp)
        return fit_terms(self.terms, self.tried[key].state, columns, self.least)

    def again(self, best: Settled) -> list[Heard]:
        """Those that are near, all at the noise of the best: evidence compares at one noise."""
        limit = self.tried[self.leader].evidence + AGAIN
        found = []
        for key, one in self.tried.items():
            if not one.evidence > limit:
                columns = np.array(key, dtype=np.intp)
                start = replace(one.state, noise=best.state.noise)
                settled = fit_terms(self.terms, start, columns, self.least, quick=True)
                found.append(Heard(key, settled.evidence, 0.0))
        return found


def _proposals(weak: Weak, state: State, size: int, n_terms: int) -> list[Support]:
    """Supports near the best of regressions on trajectories from loose to tight."""
    found: dict[Support, None] = {}
    if not len(weak.columns):  # nothing may be added to any equation
        return []
    for slack in LOOSE:
        now = weak.round(state, slack)
        if slack > LOOSE[-1]:  # let the data pull the trajectory away from the equation
            bent = now.step.latent(state.coefficients)
            now = weak.round(replace(state, latent=bent), slack)
        factor, place = _library(now, weak.columns, size)
        criterion = InformationCriterion.of(
            now.step.criterion.n_rows,
            sum(int(tile.observed.sum()) for tile in weak.tiles),
            n_terms,
            now.step.factor.total,
        )
        near = candidates(factor, select(factor, [criterion])[0], criterion)[:NEAREST]
        found |= dict.fromkeys([tuple(place[one.support].tolist()) for one in near])
    return list(found)


def _library(
    now: Round, allowed: NDArray[np.intp], size: int
) -> tuple[TriangularFactor, NDArray[np.intp]]:
    """The columns of the library that are not the known part's, after the known part."""
    columns = np.intersect1d(now.own, allowed)
    first = now.factor.n_columns - now.q - size
    place = columns[columns >= first]
    reduced = now.reduced
    inner = triangular_factor([(reduced.r[:, place] * reduced.scale[place], reduced.c)])
    residual = inner.residual + reduced.residual
    return replace(inner, residual=residual, n_rows=reduced.n_rows), place - first
