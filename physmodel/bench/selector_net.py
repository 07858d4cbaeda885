"""A small network that says how probable each candidate term is, learned from random systems."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from physmodel.bench.selector_features import look
from physmodel.bench.selector_systems import DEGREE, draw_systems, support_of
from physmodel.data.arrays import from_arrays
from physmodel.discovery.libraries import Library, candidate_libraries
from physmodel.discovery.preparation import Prepared, prepare
from physmodel.optimizers.quasi_newton import quasi_newton
from physmodel.problem.problem import Problem

Array = NDArray[np.float64]

#: Hidden units, networks that are averaged, iterations of each.
UNITS, MEMBERS, ITERATIONS = 8, 3, 250
#: Weight of the squared parameters; the loss is a mean over columns.
RIDGE = 0.3
#: Noise of the records that are learned from: from half a per cent to fifteen.
NOISE = (0.005, 0.15)
#: Seed of the systems that are learned from.
TRAINING_SEED = 1


@dataclass(frozen=True, eq=False)
class Selector:
    """Averaged networks of one hidden layer on standardised features.

    Attributes
    ----------
    centre, spread : ndarray (F,)
    members : tuple of ndarray (F h + 2 h + 1,)
    """

    centre: Array
    spread: Array
    members: tuple[Array, ...]

    def probabilities(self, features: Array) -> Array:
        """Probability ``(K,)`` that each column is a term of the law."""
        inside = (features - self.centre) / self.spread
        logits = [_forward(member, inside)[1] for member in self.members]
        return np.asarray(np.mean([1.0 / (1.0 + np.exp(-z)) for z in logits], axis=0))


def learn(features: Array, labels: Array) -> Selector:
    """Fit a selector.

    Parameters
    ----------
    features : ndarray (n, F)
    labels : ndarray (n,)
        One for terms of the law, zero for others.

    Returns
    -------
    Selector
    """
    centre, spread = features.mean(axis=0), features.std(axis=0)
    spread = np.where(spread > 0.0, spread, 1.0)
    inside = (features - centre) / spread

    def loss(theta: Array) -> tuple[float, Array]:
        return logistic_loss(theta, inside, labels)

    members = tuple(
        quasi_newton(
            loss, _initial(inside.shape[1], seed), method="l-bfgs", max_iterations=ITERATIONS
        ).parameters
        for seed in range(MEMBERS)
    )
    return Selector(centre, spread, members)


def logistic_loss(theta: Array, inside: Array, labels: Array) -> tuple[float, Array]:
    """Mean logistic loss with its ridge, and the gradient.

    Parameters
    ----------
    theta : ndarray (F h + 2 h + 1,)
    inside : ndarray (n, F)
    labels : ndarray (n,)
    """
    units, z = _forward(theta, inside)
    size = inside.shape[1] * UNITS
    outer = theta[size + UNITS : size + 2 * UNITS]
    value = np.mean(np.logaddexp(0.0, z) - labels * z) + RIDGE / 2.0 * np.mean(theta**2)
    by_z = (1.0 / (1.0 + np.exp(-z)) - labels) / len(labels)
    by_units = np.outer(by_z, outer) * (1.0 - units**2)
    parts = [(inside.T @ by_units).ravel(), by_units.sum(axis=0), units.T @ by_z, [by_z.sum()]]
    return float(value), np.concatenate(parts) + RIDGE * theta / len(theta)


def _initial(n_features: int, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    first = rng.normal(size=n_features * UNITS) / np.sqrt(n_features)
    return np.concatenate(
        [first, np.zeros(UNITS), rng.normal(size=UNITS) / np.sqrt(UNITS), np.zeros(1)]
    )


def _forward(theta: Array, inside: Array) -> tuple[Array, Array]:
    """Hidden units ``(n, h)`` and the logit ``(n,)``."""
    size = inside.shape[1] * UNITS
    units = np.tanh(inside @ theta[:size].reshape(-1, UNITS) + theta[size : size + UNITS])
    return units, units @ theta[size + UNITS : size + 2 * UNITS] + theta[-1]


def opened(
    times: list[Array], records: list[Array], states: tuple[str, ...], degree: int
) -> tuple[Prepared, list[Library]]:
    """Data in computing units and the libraries that `discover` would try."""
    problem = Problem(states=states, order=1, degree=degree)
    prepared = prepare(from_arrays(times, records, names=states), problem)
    return prepared, candidate_libraries(problem, prepared.n_samples, prepared.input_levels)


@cache
def trained(systems: int) -> Selector:
    """A selector learned from so many random systems, a third of them of two states.

    Parameters
    ----------
    systems : int
    """
    examples = list(_examples(systems))
    return learn(
        np.vstack([features for features, _ in examples]),
        np.concatenate([labels for _, labels in examples]),
    )


def _examples(systems: int) -> Iterator[tuple[Array, Array]]:
    plane = systems // 3
    for d, count in ((2, plane), (3, systems - plane)):
        for k, system in enumerate(draw_systems(TRAINING_SEED, d, count)):
            rng = np.random.default_rng([TRAINING_SEED, d, k])
            noise = float(np.exp(rng.uniform(*np.log(NOISE))))
            prepared, libraries = opened(*system.record(noise, rng), system.states, DEGREE)
            names = [str(term) for term in libraries[0].terms.terms]
            truth = support_of(system.equations, system.states, names)
            yield look(prepared, libraries[0]).features, truth.astype(float)
