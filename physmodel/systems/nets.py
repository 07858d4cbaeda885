"""The tasks of the paper on Hamiltonian networks, generated from their description.

States are all coordinates, then all momenta. What differs from the paper: bodies are listed one
after the other, not axis by axis, and records are integrated by fixed steps of fourth order. The
slopes that go with a record are those of the true field at the true states.

References
----------
Greydanus, Dzamba, Yosinski (2019), Hamiltonian neural networks, arXiv:1906.01563, sections 3 and 4
and their published code for the ranges of the starts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.problem.known.finite import parity, permutation, time_reversal
from physmodel.problem.known.lie import rotation, translation
from physmodel.problem.known.symmetry import Symmetry, product_of

Array = NDArray[np.float64]

#: Steps of the integrator between two samples.
STEPS = 40
#: Time that the models run on their own, samples of it, and integrator steps between them.
HORIZON, SAMPLES, SUBSTEPS = 20.0, 201, 10


@dataclass(frozen=True)
class NetCase:
    """A system, how it is started and how it is recorded.

    `field`: rates ``(..., d)`` of states ``(..., d)``. `energy`: energies ``(...)`` of states
    ``(..., d)``. `start`: one random start ``(d,)``. `symmetry`: what a user would state. `span`:
    time that a record lasts. `samples`, `trajectories`: of a record, and records. `training`: share
    of the records to train on. `noise`: standard deviation of the noise of the states. `steps`,
    `batch`: gradient steps of the peers and rows of each; 0 for all rows. `decay`: weight decay of
    the peers. `bodies`: bodies that are alike and act on each other in pairs; 0 if it is another
    system.
    """

    states: tuple[str, ...]
    field: Callable[[Array], Array]
    energy: Callable[[Array], Array]
    start: Callable[[np.random.Generator], Array]
    symmetry: Symmetry
    span: float
    samples: int
    trajectories: int
    training: float
    noise: float
    steps: int = 2000
    batch: int = 0
    decay: float = 1e-4
    bodies: int = 0


@dataclass(frozen=True, eq=False)
class Records:
    """Trajectories of one length, ``(trajectories, samples, d)`` each, and their times.

    `time` ``(samples,)``. `measured`, `slopes`, `states`: noisy states, true slopes and true
    states.
    """

    time: Array
    measured: Array
    slopes: Array
    states: Array


def draw(case: NetCase, seed: int) -> tuple[Records, Records, Array]:
    """Records to train on, records to test on, and fifteen other starts, ``(15, d)``."""
    rng = np.random.default_rng(seed)
    starts = np.array([case.start(rng) for _ in range(case.trajectories)])
    time = np.linspace(0.0, case.span, case.samples)
    states = roll_out(case.field, starts, time, STEPS)
    measured = states + case.noise * rng.standard_normal(states.shape)
    slopes, cut = case.field(states), round(case.training * case.trajectories)
    parts = [
        Records(time, measured[rows], slopes[rows], states[rows])
        for rows in (slice(cut), slice(cut, None))
    ]
    return parts[0], parts[1], np.array([case.start(rng) for _ in range(15)])


def roll_out(field: Callable[[Array], Array], starts: Array, time: Array, substeps: int) -> Array:
    """Trajectories ``(k, n, d)`` from starts ``(k, d)`` by classical Runge-Kutta steps.

    Fixed steps, because fields in single precision stop integrators that control their error.
    """
    found, now = [starts], starts
    for gap in np.diff(time):
        h = gap / substeps
        for _ in range(substeps):
            a = field(now)
            b = field(now + h / 2 * a)
            c = field(now + h / 2 * b)
            d = field(now + h * c)
            now = now + h / 6 * (a + 2 * b + 2 * c + d)
        found.append(now)
    return np.stack(found, axis=1)


def judged(
    case: NetCase, field: Callable[[Array], Array], test: Records, starts: Array
) -> dict[str, float]:
    """Errors of a field.

    `field`: rates ``(n, d)`` of states ``(n, d)``. `starts` ``(k, d)``. Returns: ``field_mse``:
    mean square of the error of the rates at the true states of the test records. ``energy_mse``:
    mean square of the change of the true energy along the trajectories of the field; infinite if
    one leaves for infinity.
    """
    wrong = field(test.states.reshape(-1, starts.shape[1])).reshape(test.slopes.shape) - test.slopes
    with np.errstate(all="ignore"):
        path = roll_out(field, starts, np.linspace(0.0, HORIZON, SAMPLES), SUBSTEPS)
        energy = case.energy(path)
        change = float(np.mean((energy - energy[:, :1]) ** 2))
    return {
        "field_mse": float(np.mean(wrong**2)),
        "energy_mse": change if np.isfinite(change) else float("inf"),
    }


def _annulus(low: float, high: float) -> Callable[[np.random.Generator], Array]:
    def start(rng: np.random.Generator) -> Array:
        way = rng.uniform(-1.0, 1.0, size=2)
        return np.asarray(way / np.linalg.norm(way) * rng.uniform(low, high))

    return start


def _spring(x: Array) -> Array:
    return np.stack([2.0 * x[..., 1], -2.0 * x[..., 0]], axis=-1)


def _pendulum(x: Array) -> Array:
    return np.stack([2.0 * x[..., 1], -3.0 * np.sin(x[..., 0])], axis=-1)


def _apart(x: Array) -> tuple[Array, Array, Array]:
    """Momenta, differences ``q_j - q_i`` and distances of all pairs of bodies of unit mass."""
    q, p = np.split(x, 2, axis=-1)
    q = q.reshape(*q.shape[:-1], -1, 2)
    between = q[..., None, :, :] - q[..., :, None, :]
    return p, between, np.linalg.norm(between, axis=-1)


def _gravity(x: Array) -> Array:
    p, between, distance = _apart(x)
    pull = between / (distance + np.eye(distance.shape[-1]))[..., None] ** 3
    return np.concatenate([p, pull.sum(axis=-2).reshape(p.shape)], axis=-1)


def _gravity_energy(x: Array) -> Array:
    p, _, distance = _apart(x)
    above = np.triu_indices(distance.shape[-1], 1)
    found = (p**2).sum(axis=-1) / 2.0 - (1.0 / distance[..., above[0], above[1]]).sum(axis=-1)
    return np.asarray(found)


def _turned(vector: Array, angle: float) -> Array:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s], [s, c]]) @ vector


def _two_bodies(rng: np.random.Generator) -> Array:
    place = rng.uniform(0.5, 1.5, size=2)
    speed = 1.0 / (2.0 * np.linalg.norm(place) ** 0.5)
    way = _turned(place, np.pi / 2) / np.linalg.norm(place)
    momentum = speed * way * (1.0 + 5e-2 * rng.standard_normal())
    return np.concatenate([place, -place, momentum, -momentum])


def _three_bodies(rng: np.random.Generator) -> Array:
    way, radius = rng.uniform(-1.0, 1.0, size=2), rng.uniform(0.9, 1.2)
    place = way / np.linalg.norm(way) * radius
    # The pull of two equal bodies at the corners of a triangle: v^2 = 1 / (sqrt(3) r).
    momentum = _turned(place, np.pi / 2) / radius**1.5 / 3**0.25
    turns = [2.0 * np.pi / 3.0 * k for k in range(3)]
    disturbed = [
        _turned(momentum, turn) * (1.0 + 2e-1 * rng.uniform(-1.0, 1.0, size=2)) for turn in turns
    ]
    return np.concatenate([*(_turned(place, turn) for turn in turns), *disturbed])


def _bodies(n: int) -> tuple[tuple[str, ...], Symmetry]:
    places = [(f"x{k}", f"y{k}") for k in range(n)]
    momenta = [(f"px{k}", f"py{k}") for k in range(n)]
    names = tuple(name for vectors in (places, momenta) for pair in vectors for name in pair)
    return names, product_of(
        translation(*places),
        rotation(*places, *momenta),
        permutation(*[q + p for q, p in zip(places, momenta, strict=True)]),
        time_reversal(*[name for pair in momenta for name in pair]),
    )


def _plane(
    field: Callable[[Array], Array],
    energy: Callable[[Array], Array],
    radii: tuple[float, float],
    samples: int,
    noise: float,
) -> NetCase:
    symmetry = product_of(time_reversal("p"), parity("q", "p"))
    start = _annulus(*radii)
    return NetCase(("q", "p"), field, energy, start, symmetry, 3.0, samples, 50, 0.5, noise)


def _spring_energy(x: Array) -> Array:
    return np.asarray((x**2).sum(axis=-1))


def _pendulum_energy(x: Array) -> Array:
    return np.asarray(3.0 * (1.0 - np.cos(x[..., 0])) + x[..., 1] ** 2)


_TWO, _OF_TWO = _bodies(2)
_THREE, _OF_THREE = _bodies(3)
CASES = {
    "spring": _plane(_spring, _spring_energy, (0.1, 1.0), 30, 0.1),
    "pendulum": _plane(_pendulum, _pendulum_energy, (1.3, 2.3), 45, 0.1),
    "spring-clean": _plane(_spring, _spring_energy, (0.1, 1.0), 30, 0.0),
    "pendulum-clean": _plane(_pendulum, _pendulum_energy, (1.3, 2.3), 45, 0.0),
    "two-body": NetCase(
        _TWO, _gravity, _gravity_energy, _two_bodies, _OF_TWO,
        20.0, 50, 1000, 0.8, 0.0, 10_000, 200, 0.0, 2,
    ),
    "three-body": NetCase(
        _THREE, _gravity, _gravity_energy, _three_bodies, _OF_THREE,
        5.0, 20, 5000, 0.8, 0.0, 10_000, 600, 1e-4, 3,
    ),
}  # fmt: skip
