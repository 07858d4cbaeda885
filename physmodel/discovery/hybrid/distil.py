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

from physmodel.discovery.challenge import LOOSE, MOST_MOVES
from physmodel.discovery.hybrid.rounds import Settled, fit_terms, fresh
from physmodel.discovery.hybrid.weak_fit import Round, State, Weak
from physmodel.discovery.selection import (
    Candidate,
    InformationCriterion,
    candidates,
    select,
    weighed,
)
from physmodel.optimizers.triangular import Solution, TriangularFactor, triangular_factor

Array = NDArray[np.float64]
Support = tuple[int, ...]

#: Supports of each regression that are fitted on their own.
NEAREST = 3


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
    shape : (int, str) or None
        Equation and text of a function with a number inside, see
        `physmodel.discovery.hybrid.shapes`.
    """

    columns: Support
    delta: float
    probability: float
    shape: tuple[int, str] | None = None


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


def distil(terms: Weak, joint: Weak, net: Settled, mask: NDArray[np.bool_]) -> Distilled:
    """Find the terms behind a network.

    Parameters
    ----------
    terms : Weak
        With the library behind the known part.
    joint : Weak
        With the network, then the library.
    net : Settled
        Fit of the network.
    mask : ndarray of bool (q,)
        See `physmodel.discovery.hybrid.rounds.inside`.

    Returns
    -------
    Distilled
    """
    size = sum(part.n_coefficients for part in terms.parts)
    at_net = replace(net.state, weights=np.concatenate([net.state.weights, np.zeros(size)]))
    base = fresh(terms, net.state)
    tried: dict[Support, Settled] = {}

    def hear(keys: Sequence[Support], start: State) -> None:
        for key in keys:
            if key not in tried:
                chosen = np.array(key, dtype=np.intp)
                tried[key] = fit_terms(terms, start, chosen, mask, quick=True)

    n_terms = terms.n_terms
    hear([()], base)
    hear(_proposals(joint, at_net, size, n_terms), base)
    leader = min(tried, key=lambda key: tried[key].evidence)
    for _ in range(MOST_MOVES):
        state = tried[leader].state
        hear(_proposals(terms, state, size, n_terms), state)
        best = min(tried, key=lambda key: tried[key].evidence)
        if best == leader:
            break
        leader = best
    fit = fit_terms(terms, tried[leader].state, np.array(leader, dtype=np.intp), mask)
    # At the noise of the winner: rivals are heard again where they are near.
    near = [key for key, one in tried.items() if one.evidence - tried[leader].evidence < 40.0]
    heard = {
        key: fit_terms(
            terms,
            replace(tried[key].state, noise=fit.state.noise),
            np.array(key, dtype=np.intp),
            mask,
            quick=True,
        ).evidence
        for key in near
    }
    ranked = weighed(
        [
            Candidate(_named(key), value - heard[leader], 0.0)
            for key, value in sorted(heard.items(), key=lambda item: item[1])
        ]
    )
    others = [Heard(tuple(c.solution.support.tolist()), c.delta, c.probability) for c in ranked]
    first = others[0].columns
    if first != leader:
        fit = fit_terms(terms, tried[first].state, np.array(first, dtype=np.intp), mask)
    return Distilled(fit, others)


def _proposals(weak: Weak, state: State, size: int, n_terms: int) -> list[Support]:
    """Supports near the best of regressions on trajectories from loose to tight."""
    found: dict[Support, None] = {}
    for slack in LOOSE:
        now = weak.round(state, slack)
        if slack > LOOSE[-1]:  # let the data pull the trajectory away from the equation
            bent = now.step.latent(np.concatenate([state.known.coefficients, state.weights]))
            now = weak.round(replace(state, latent=bent), slack)
        factor, place = _library(now, weak.columns, size)
        criterion = InformationCriterion.of(
            now.step.criterion.n_rows,
            sum(int(tile.observed.sum()) for tile in weak.tiles),
            n_terms,
            now.step.factor.total,
        )
        near = candidates(factor, select(factor, criterion), criterion)[:NEAREST]
        found |= dict.fromkeys([tuple(place[one.solution.support].tolist()) for one in near])
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


def _named(key: Support) -> Solution:
    return Solution(np.array(key, dtype=np.intp), np.empty(0), 0.0, np.empty((0, 0)))
