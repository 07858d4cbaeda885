"""Give rivals a fair hearing: each is fitted on a trajectory of its own.

The marginal regression is linearised at the trajectory of the present model, with the noise that
enters through *its* Jacobian. That is right for its own coefficients and unfair to every other
support: their residuals hold the noise that the present model explains. So supports that come
near are refitted around their own trajectories, and the densities of the data decide. If a rival
wins, the search goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physmodel.discovery.linearisation import Linearisation, Setting, search_tiles
from physmodel.discovery.regression import (
    FINELY,
    MAX_ROUNDS,
    ROUGHLY,
    SLACK,
    Regression,
    expand,
    rescaled_noise,
    still,
    summarised,
)
from physmodel.discovery.selection import Candidate, candidates, select
from physmodel.losses.latent import deviations
from physmodel.losses.tile import Tile
from physmodel.optimizers.triangular import (
    Solution,
    TriangularFactor,
    solve_support,
    triangular_factor,
)

Array = NDArray[np.float64]
Support = tuple[int, ...]

#: Slack of the rounds in which a rival finds its trajectory.
POLISH = (0.03, 0.003)

#: Slacks of the last rounds, when the support is known: what slack is left blunts the data.
FINAL = (0.003, 0.001)

#: Slacks at which rivals are looked for, and how many in each regression.
LOOSE, NEAREST = (1.0, 0.3, 0.1, 0.01), 2

#: Models that are left for a better one.
MOST_MOVES = 6


@dataclass(frozen=True)
class _Polished:
    """A support on its own trajectory."""

    solution: Solution
    scale: Array
    weights: Array
    latent: list[Array]
    evidence: float


def challenge(fit: Regression, tiles: Sequence[Tile], n_terms: int, looseness: float) -> Regression:
    """Refit the rivals of a fit on their own, and change over to a better one.

    Parameters
    ----------
    fit : Regression
        If there is no noise, or if it comes from a part of a long record, it has no rivals.
    tiles : sequence of Tile
    n_terms : int
        Candidate terms per equation.
    looseness : float
        Scale of the slack, see `Prepared.looseness`.

    Returns
    -------
    Regression
        With its `rivals`.
    """
    if fit.noise_free and not fit.converged:
        return fit  # rounding decides there, and more rounds of it decide nothing
    partial = len(fit.latent) < len(tiles)
    used = search_tiles(tiles)
    setting = Setting(used, fit.field, n_terms, looseness)
    leader = first = _key(fit.solution)
    weights, latent = fit.weights(), fit.latent
    if (
        fit.noise_free
        or partial
        or (fit.steady and not _proposals(setting, weights, latent, fit.noise, leader, LOOSE[-1:]))
    ):
        return _settled(setting, tiles, fit, weights, latent, fit.solution.support)
    tried = {first: _polish(setting, weights, latent, fit.noise, first)}
    for _ in range(MOST_MOVES):
        for key in _proposals(setting, weights, latent, fit.noise, leader, LOOSE):
            if key not in tried:
                tried[key] = _polish(setting, weights, latent, fit.noise, key)
        best = min(tried, key=lambda key: tried[key].evidence)
        if best == leader:
            break
        leader, weights, latent = best, tried[best].weights, tried[best].latent
    winner = tried[leader]
    chosen = _settled(setting, tiles, fit, winner.weights, winner.latent, winner.solution.support)
    rivals = [
        Candidate(_rescaled(item, chosen.factor), item.evidence - winner.evidence, 0.0)
        for key, item in tried.items()
        if key != leader
    ]
    return replace(chosen, rivals=tuple(rivals))


def _proposals(
    setting: Setting,
    weights: Array,
    latent: Sequence[Array],
    noise: Array,
    leader: Support,
    slacks: Sequence[float],
) -> list[Support]:
    """Supports that come near the leader, also where the trajectory is not yet bent to it.

    The looser the equation, the less a trajectory favours the model that it was made with, and
    the less it tells; so several are asked. A support that only adds terms to the leader gets a
    fair hearing in its regression already.
    """
    found: dict[Support, None] = {}
    for slack in slacks:
        tight = slack == SLACK[-1]  # the present trajectory, in whose regression the leader won
        smooth = latent if tight else _loosened(setting, weights, latent, noise, slack)
        step = setting.at(weights, smooth, noise, slack)
        for factor in [
            _unbiased(setting, step, weights, smooth),
            *([] if tight else [step.factor]),
        ]:
            criterion = setting.criterion(factor)
            near = candidates(factor, select(factor, criterion), criterion)
            keys = [_key(item.solution) for item in near]
            found |= dict.fromkeys([key for key in keys if set(leader) - set(key)][:NEAREST])
    return list(found)


def _loosened(
    setting: Setting, weights: Array, latent: Sequence[Array], noise: Array, slack: float
) -> list[Array]:
    """The trajectory that the data pull further away from the equation."""
    support = np.flatnonzero(weights)
    return setting.at(weights, latent, noise, slack, support).latent(weights[support])


def _unbiased(
    setting: Setting, step: Linearisation, weights: Array, latent: Sequence[Array]
) -> TriangularFactor:
    """A regression on features of the data, to first order.

    Their noise shrinks coefficients, but the residual of the true support is white, whatever
    the present model.
    """
    rows = []
    for tile, states, row in zip(setting.tiles, latent, step.rows, strict=True):
        columns = row.whitened(deviations(tile, setting.field, states))
        rows.append((row.matrix + columns, row.target + columns @ weights))
    return triangular_factor(rows)


def _polish(
    setting: Setting, weights: Array, latent: Sequence[Array], noise: Array, key: Support
) -> _Polished:
    """Fit one support, from the trajectory of another one."""
    support = np.array(key, dtype=int)
    everything = np.arange(len(support))
    for slack in POLISH:
        step = setting.at(weights, latent, noise, slack, support)
        solution = solve_support(step.factor, everything)
        weights = np.zeros_like(weights)
        weights[support] = expand(step.factor, solution)
        latent = step.latent(weights[support])
    return _Polished(
        replace(solution, support=support),
        step.factor.scale,
        weights,
        list(latent),
        step.evidence(solution),
    )


def _grown(noise: Array, again: Array) -> bool:
    """Whether an estimate of the noise is still on its way up; the way down may have no end."""
    return bool(np.any(again > (1.0 + ROUGHLY) * noise))


def _settled(
    setting: Setting,
    tiles: Sequence[Tile],
    fit: Regression,
    weights: Array,
    latent: Sequence[Array],
    support: NDArray[np.intp],
) -> Regression:
    """Rounds on one support, with less and less slack, until nothing moves."""
    noise, converged = fit.noise, False
    for round_ in range(MAX_ROUNDS):
        step = setting.at(weights, latent, noise, FINAL[min(round_, len(FINAL) - 1)], support)
        solution = solve_support(step.factor, np.arange(len(support)))
        before, weights = weights, np.zeros_like(weights)
        weights[support] = found = expand(step.factor, solution)
        converged = still(step.factor, solution, found - before[support], FINELY)
        again = rescaled_noise(step, noise, found)
        if converged and round_ >= len(FINAL) and not _grown(noise, again):
            break
        latent = step.latent(found)
        # Noise below the quadrature error may not show in the residual: then it would fade away.
        noise = np.maximum(noise, again) if fit.noise_free else again
    whole = setting.at(weights, latent, noise, FINAL[-1])
    solution = solve_support(whole.factor, support)
    return summarised(setting, tiles, whole, solution, latent, noise, converged=converged)


def _rescaled(item: _Polished, factor: TriangularFactor) -> Solution:
    """The solution in the column scale of another triangle."""
    scale = factor.scale[item.solution.support] / item.scale
    return replace(
        item.solution,
        weights=item.solution.weights * scale,
        inverse=item.solution.inverse * scale[:, None],
    )


def _key(solution: Solution) -> Support:
    return tuple(solution.support.tolist())
