"""Solve a problem by a small network: linear ones by least squares, others by following a path."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lstsq

from physmodel.errors import ProblemError
from physmodel.fields.network.continuation import continuation
from physmodel.fields.network.jets import JetNet
from physmodel.fields.network.lift import hard_conditions
from physmodel.fields.network.network import NetworkCollocation, NetworkField
from physmodel.fields.network.parity import parity_of
from physmodel.fields.problem import PdeProblem
from physmodel.fields.residual import relative_residual
from physmodel.fields.terms import Index
from physmodel.optimizers.levenberg_marquardt import levenberg_marquardt
from physmodel.optimizers.residuals import Ending

Array = NDArray[np.float64]

#: Units of a network whose hidden weights stay as drawn, and how steep they are tried.
RANDOM_UNITS, STEEPNESS = (50, 100, 200, 400), (1.0, 2.0, 4.0, 8.0)
#: Hidden layers of a network that is trained, how they grow when training does not help any more,
#: and how many weights there may be in the end.
HIDDEN, GROWTH, MOST_WEIGHTS = (16, 16), 1.5, 2000
#: Points per weight, and how many times as many to choose them from.
POINTS, POOL = 3, 10
#: Seconds without a time limit; share of the time for the continuation, and of what is left for a
#: round after it.
SECONDS, SHARE = 60.0, 0.4
#: Share of the time that is too short for another round.
CLOSE = 0.02
#: A round ends after so many steps, or when the cost changes by less than this; the points are
#: chosen anew then.
ITERATIONS, CHANGE = 100, 1e-8


def solve_by_network(
    problem: PdeProblem, tolerance: float, time_limit: float | None
) -> tuple[NetworkField, NetworkField | None, Ending]:
    """A network that fulfils the conditions exactly and the equation as well as it can.

    `tolerance`: residual of the equation, root mean square, relative to its terms. `time_limit`:
    seconds; a minute if None. Returns `field`; `before`: the one before it: their distance tells
    the error; `ending`. Raises ProblemError if the conditions are not of the kind that networks
    fulfil.
    """
    conditions = hard_conditions(problem)
    empty = NetworkField(
        problem.domain,
        conditions,
        JetNet((len(problem.coordinates), *HIDDEN)),
        np.empty(0),
        parity_of(problem, conditions),
    )
    if problem.linear:
        return _by_random_units(problem, empty, tolerance)
    return _by_training(problem, empty, tolerance, time_limit or SECONDS)


def _by_random_units(
    problem: PdeProblem, empty: NetworkField, tolerance: float
) -> tuple[NetworkField, NetworkField | None, Ending]:
    """Least squares for the output layer, more units until that does not help any more."""
    rng = np.random.default_rng(0)
    kept: list[tuple[float, NetworkField]] = []
    for count in RANDOM_UNITS:
        held_out = _drawn(problem, POINTS * count, rng)
        fields = [_least_squares(problem, empty, count, steep, rng) for steep in STEEPNESS]
        rests = [relative_residual(problem, field, held_out) for field in fields]
        best = int(np.argmin(rests))
        if kept and rests[best] > kept[-1][0] / 2.0:
            break
        kept.append((rests[best], fields[best]))
        if rests[best] <= tolerance and len(kept) > 1:
            break
    return _answer(kept, tolerance, Ending.STALLED)


def _least_squares(
    problem: PdeProblem,
    empty: NetworkField,
    units: int,
    steepness: float,
    rng: np.random.Generator,
) -> NetworkField:
    net = JetNet((len(problem.coordinates), units))
    parameters = steepness * net.initial(int(rng.integers(2**31)))
    parameters[-units - 1 :] = 0.0
    field = replace(empty, net=net, parameters=parameters)
    points = _drawn(problem, 2 * POINTS * units, rng)
    block = NetworkCollocation(problem, field, points, np.ones(len(points)), {})
    rest, jacobian = block.linearised(parameters)
    if not (np.isfinite(rest).all() and np.isfinite(jacobian).all()):
        raise ProblemError(
            f"the equation {problem.equation.text!r} has no finite value somewhere in the domain",
            why="its terms are evaluated at points of the whole domain",
            fix="check what is known there: divisions by zero, logarithms of negative numbers",
        )
    columns = jacobian[:, -units - 1 :]
    size = np.linalg.norm(columns, axis=0)
    size[size == 0.0] = 1.0
    outer = lstsq(columns / size, -rest, cond=np.finfo(float).eps, lapack_driver="gelsy")[0] / size
    return field.with_parameters(np.concatenate([parameters[: -units - 1], outer]))


def _by_training(
    problem: PdeProblem, empty: NetworkField, tolerance: float, seconds: float
) -> tuple[NetworkField, NetworkField | None, Ending]:
    """Levenberg-Marquardt along the continuation; points where the equation holds least."""
    deadline = perf_counter() + seconds
    rng = np.random.default_rng(0)
    field = empty.with_parameters(empty.net.initial(0))
    *ladder, _ = continuation(problem, field)
    points, weights = _everywhere(problem, field, rng)
    for number, stronger in enumerate(ladder):
        limit = SHARE * seconds / len(ladder)
        field = _trained(problem, field, points, weights, stronger, limit)
        ahead = ladder[number + 1] if number + 1 < len(ladder) else {}
        points, weights = _chosen(problem, field, ahead, rng)
    kept: list[tuple[float, NetworkField]] = []
    while True:
        limit = SHARE * (deadline - perf_counter())
        field = _trained(problem, field, points, weights, {}, limit)
        misfit = relative_residual(problem, field, _drawn(problem, len(points), rng))
        helped = not kept or misfit < kept[-1][0] / 2.0
        if not kept or misfit < kept[-1][0]:
            kept.append((misfit, field))
        if misfit <= tolerance:
            return _answer(kept, tolerance, Ending.CONVERGED)
        if perf_counter() > deadline - CLOSE * seconds:
            return _answer(kept, tolerance, Ending.TIME)
        if not helped:
            hidden = [round(GROWTH * count) for count in field.net.widths[1:]]
            net, parameters = field.net.widened(hidden, field.parameters, len(kept))
            if net.n_parameters > MOST_WEIGHTS:
                return _answer(kept, tolerance, Ending.STALLED)
            field = replace(field, net=net, parameters=parameters)
        points, weights = _chosen(problem, field, {}, rng)


def _trained(
    problem: PdeProblem,
    field: NetworkField,
    points: Array,
    weights: Array,
    stronger: dict[Index, float],
    seconds: float,
) -> NetworkField:
    block = NetworkCollocation(problem, field, points, weights, stronger)
    found = levenberg_marquardt(
        block, field.parameters, max_iterations=ITERATIONS, tolerance=CHANGE, time_limit=seconds
    )
    return field.with_parameters(found.parameters)


def _everywhere(
    problem: PdeProblem, field: NetworkField, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Points of even density ``(n, d)`` and the weight of each residual."""
    count = POINTS * field.n_coefficients
    return _drawn(problem, count, rng), np.full(count, count**-0.5)


def _chosen(
    problem: PdeProblem,
    field: NetworkField,
    stronger: dict[Index, float],
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Points where the equation holds least ``(n, d)``, and weights that make up for the choice."""
    count = POINTS * field.n_coefficients
    pool = _drawn(problem, POOL * count, rng)
    block = NetworkCollocation(problem, field, pool, np.ones(len(pool)), stronger)
    residuals = np.abs(block.values(field.parameters))
    share = residuals + residuals.mean()
    share /= share.sum()
    chosen = rng.choice(len(pool), count, replace=False, p=share)
    return pool[chosen], (share[chosen] * len(pool) * count) ** -0.5


def _answer(
    kept: list[tuple[float, NetworkField]], tolerance: float, otherwise: Ending
) -> tuple[NetworkField, NetworkField | None, Ending]:
    """The best of fields that become better and better, and one before it that tells its error.

    That one has at least twice the residual: a wider network that was not trained any further is
    the same field, and its distance would be zero.
    """
    rest, field = kept[-1]
    coarser = (one for misfit, one in reversed(kept[:-1]) if misfit >= 2.0 * rest)
    before = next(coarser, None)
    return field, before, Ending.CONVERGED if rest <= tolerance else otherwise


def _drawn(problem: PdeProblem, count: int, rng: np.random.Generator) -> Array:
    low, high = problem.domain.T
    return low + rng.random((count, len(low))) * (high - low)
