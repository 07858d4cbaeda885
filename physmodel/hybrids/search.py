"""The search: known part alone, with a network, with the terms of one library after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.constants import ENGINE
from physmodel.hybrids.distil import Distilled, distil
from physmodel.hybrids.shapes import contested, shaped
from physmodel.hybrids.weak.joined import Tangent
from physmodel.hybrids.weak.least_squares_step import least_sizes, solved
from physmodel.hybrids.weak.leftover import Leftover, leftover
from physmodel.hybrids.weak.random_net import RandomNet
from physmodel.hybrids.weak.rounds import Settled, fit_penalised, fit_terms, fresh
from physmodel.hybrids.weak.weak_fit import State, Weak, begin
from physmodel.losses.weak_form.preparation import Prepared, prepare
from physmodel.models.fields.expression_field import ExpressionField
from physmodel.models.libraries.library import Library, candidate_libraries
from physmodel.problem.problem import Problem

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Search:
    """What was found with one library.

    Attributes
    ----------
    library : Library
    terms : Weak
    found : Distilled
    left : Leftover
        By the winner.
    """

    library: Library
    terms: Weak
    found: Distilled
    left: Leftover


@dataclass(frozen=True, eq=False)
class Steps:
    """All that was fitted on the way.

    Attributes
    ----------
    prepared : Prepared
    known : Settled
        The known part alone.
    alone : Leftover
        By the known part alone.
    net : RandomNet
    with_net : Settled
        Known part and network.
    searches : list of Search
        The one to report first.
    """

    prepared: Prepared
    known: Settled
    alone: Leftover
    net: RandomNet
    with_net: Settled
    searches: list[Search]


def searched(
    data: xr.Dataset, problem: Problem, field: ExpressionField, closed: Sequence[str] = ()
) -> Steps:
    """Fit the known part, a network, and the terms behind it.

    Parameters
    ----------
    data : xarray.Dataset
    problem : Problem
        Of the order of the field.
    field : ExpressionField
        The known part.
    closed : sequence of str
        States to whose equations nothing is added.
    """
    prepared = prepare(data, problem)
    tangent, least = Tangent(field, prepared.coordinates), least_sizes(field)
    refinement = 1
    while True:
        tiles = prepared.tiles(field.order, refinement)
        fixed = tuple(field.states.index(state) for state in closed)
        weak = Weak(tiles, (), 1, prepared.looseness(field.order), fixed)
        first = begin(tangent, weak, prepared.noise)
        net = RandomNet.over(weak.points(_smooth(weak, first, least).latent))
        with_net = _with_net(weak, net, first, least)
        if refinement >= ENGINE.refine_most or not _coarse(prepared, weak, net, with_net):
            break
        refinement *= 2
    alone = _alone(weak, with_net.state, tangent, least)
    left = leftover(weak, alone, net)
    searches = _searches(prepared, problem, weak, net, with_net, least)
    if not problem.library:  # which names all terms that may stand
        searches[0] = _with_shapes(searches[0], net, with_net)
    return Steps(prepared, alone, left, net, with_net, searches)


def _alone(weak: Weak, with_net: State, start: Tangent, least: Array) -> Settled:
    """The known part alone, from its numbers beside the network or from its start.

    A network takes the place of functions with numbers inside, which then may run away.
    """
    beside = fresh(weak, with_net)
    states = [beside, replace(beside, known=start)] if np.isfinite(least).any() else [beside]
    fits = [fit_terms(weak, one, np.empty(0, dtype=np.intp), least) for one in states]
    return min(fits, key=lambda fit: (not fit.converged, fit.evidence))


def _smooth(weak: Weak, first: State, least: Array) -> State:
    """Trajectories that follow the data, as smooth as the loosest equation makes them."""
    now = weak.round(first, 1.0, blind=True)
    found = solved(now, first.parameters, np.empty(0, dtype=np.intp), least)
    return weak.moved(first, now, found.parameters, found.weights)


def _with_net(weak: Weak, net: RandomNet, first: State, least: Array) -> Settled:
    with_net = replace(weak, parts=(net,))
    return fit_penalised(with_net, begin(first.known, with_net, first.noise), least)


def _searches(
    prepared: Prepared,
    problem: Problem,
    weak: Weak,
    net: RandomNet,
    with_net: Settled,
    least: Array,
) -> list[Search]:
    """Libraries from plain to rich until nothing is left; the best first."""
    found: list[Search] = []
    for library in candidate_libraries(problem, prepared.n_samples, prepared.input_levels):
        field = library.field(prepared.coordinates)
        terms = replace(weak, parts=(field,), n_terms=field.n_choices)
        joint = replace(terms, parts=(net, field))
        distilled = distil(terms, joint, with_net, least)
        left = leftover(terms, distilled.fit, net)
        found.append(Search(library, terms, distilled, left))
        if left.nothing:
            break
    passed = [one for one in found if one.left.nothing] or found
    return sorted(passed, key=lambda one: one.found.fit.evidence)


def _with_shapes(best: Search, net: RandomNet, with_net: Settled) -> Search:
    """Functions with a number inside in place of sums, where these are long or leave something."""
    terms, fit = best.terms, best.found.fit
    points = terms.points(with_net.state.latent)
    output = net.velocity(points, with_net.state.weights)
    counts = np.count_nonzero(terms.parts[0].placement[:, fit.free] >= 0, axis=1)
    long = np.flatnonzero(counts >= (2 if best.left.nothing else 1)).tolist()
    # What leaves one equation may enter another: one function in all of them.
    groups = [(equation,) for equation in long] + ([tuple(long)] if len(long) > 1 else [])
    shapes = [
        shape
        for equations in groups
        for shape in shaped(terms, fit, with_net.state, output, points, equations)
    ]
    found = contested(best.found, shapes)
    if found.fit is fit:
        return replace(best, found=found)
    return replace(best, found=found, left=leftover(terms, found.fit, net))


def _coarse(prepared: Prepared, weak: Weak, net: RandomNet, fit: Settled) -> bool:
    """Whether noisy samples are too far apart for the interpolation rules."""
    error = replace(weak, parts=(net,)).quadrature(fit.state)
    noise = fit.state.noise
    rough = (noise > ENGINE.refine_noise) | prepared.kinks
    coarse = (error > ENGINE.coarse_quadrature * np.maximum(noise, prepared.least_noise)) & rough
    return prepared.n_samples <= ENGINE.refine_samples and bool(coarse.any())
