"""Pendulums in Cartesian coordinates, generated as in the paper on explicit constraints.

Records are cut at random places out of longer runs; what differs from the paper: numbers are in
double precision, and starts are exactly on the rods.

References
----------
Finzi, Wang, Wilson (2020), Simplifying Hamiltonian and Lagrangian neural networks via explicit
constraints, arXiv:2010.13581, section 6 and their published code for starts and samples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from physmodel.losses.flow import Intervals, flow_end
from physmodel.problem.known.rods import Rods

if TYPE_CHECKING:
    from physmodel.models.fields.parametric_field import ParametricField
    from physmodel.models.nets.net_field import NetField

Array = NDArray[np.float64]

#: Steps of the integrator, of order eight, between two samples.
STEPS = 2
#: Samples of a run, of a piece of it to train on, and runs to test on.
RUN, PIECE, TESTS = 100, 5, 100


@dataclass(frozen=True)
class RodCase:
    """Particles, what pulls at them, and how they are started.

    `names`: coordinates, particle by particle. `potential`: formula of the coordinates. `start`:
    random motions ``(n, 2 d)``: positions, then velocities. `gap`: time between two samples.
    `trajectories`: to train on.
    """

    names: tuple[str, ...]
    rods: Rods
    masses: tuple[float, ...]
    potential: str
    start: Callable[[np.random.Generator, int], Array]
    gap: float
    trajectories: int = 20

    def truth(self) -> NetField:
        """The field that makes the records."""
        from physmodel.models.nets.known_scalar import KnownScalar
        from physmodel.models.nets.net_field import NetField
        from physmodel.models.nets.structure.constrained import Constrained

        form = Constrained(KnownScalar(self.names, self.potential), self.rods, self.masses)
        return NetField(form, self.names, (), np.empty(0))

    def draw(self, seed: int) -> tuple[Array, Array]:
        """Pieces ``(trajectories, 5, 2 d)`` to train on, runs ``(100, 100, 2 d)`` to test on."""
        rng, field = np.random.default_rng(seed), self.truth()
        runs = self.follow(field, self.start(rng, self.trajectories))
        first = PIECE * rng.integers(RUN // PIECE, size=len(runs))
        pieces = np.stack([run[k : k + PIECE] for run, k in zip(runs, first, strict=True)])
        return pieces, self.follow(field, self.start(rng, TESTS))

    def follow(self, field: ParametricField, start: Array) -> Array:
        """Runs ``(n, 100, 2 d)`` from motions ``(n, 2 d)``."""
        n, none = len(start), np.empty((len(start), 0))
        intervals, found = Intervals(np.zeros(n), np.full(n, self.gap), none, none), [start]
        with np.errstate(all="ignore"):  # a field that is wrong may leave for infinity
            for _ in range(RUN - 1):
                found.append(flow_end(field, intervals, found[-1], STEPS))
        return np.stack(found, axis=1)


def chain(links: int) -> RodCase:
    """Pendulums below each other, of unit masses and lengths, with unit gravity."""
    names = tuple(f"{axis}{k + 1}" for k in range(links) for axis in "xy")
    rods = Rods(links, 2, tuple((k, k + 1) for k in range(links - 1)), ((0, (0.0, 0.0)),))

    def start(rng: np.random.Generator, n: int) -> Array:
        angle, speed = rng.standard_normal((2, n, links))
        ways = np.stack([np.sin(angle), -np.cos(angle)], axis=-1)
        turns = speed[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        return np.hstack([part.cumsum(axis=1).reshape(n, -1) for part in (ways, turns)])

    weight = " + ".join(f"y{k + 1}" for k in range(links))
    return RodCase(names, rods, (1.0,) * links, weight, start, 0.03)


def charges() -> RodCase:
    """Two rods in space; the end is drawn to a point below, with a force that falls off."""
    names = ("x1", "y1", "z1", "x2", "y2", "z2")
    rods = Rods(2, 3, ((0, 1),), ((0, (0.0, 0.0, 0.0)),))
    far = "((x2 - 1)^2 + y2^2 + (z2 + 2)^2 + 1/4)"

    def start(rng: np.random.Generator, n: int) -> Array:
        ways = rng.standard_normal((n, 2, 3)) - np.array([0.0, 0.0, 1.0])
        ways /= np.linalg.norm(ways, axis=-1, keepdims=True)
        turns = 0.5 * rng.standard_normal((n, 2, 3))
        turns -= (turns * ways).sum(-1, keepdims=True) * ways
        return np.hstack([part.cumsum(axis=1).reshape(n, -1) for part in (ways, turns)])

    potential = f"z1 + 2*z2 - {far}^(-1/2)"
    return RodCase(names, rods, (1.0, 2.0), potential, start, 0.03)


ROD_CASES = {
    "double-pendulum": chain(2),
    "triple-pendulum": chain(3),
    "charged-pendulum": charges(),
}

#: Relative errors below this are rounding.
ROUNDING = 1e-16


def judged_run(case: RodCase, field: Any, runs: Array) -> dict[str, float]:
    """Errors of a field.

    `runs` ``(n, 100, 2 d)``: True motions. Returns: ``rollout``: geometric mean over time and runs
    of ``|z - z'| / (|z| + |z'|)`` with ``z`` the true motion and ``z'`` that of the field from the
    same start. ``field_mse``: mean square of the error of the accelerations at the true motions.
    ``energy_mse``: mean square of the change of the true energy along the motions of the field.
    """
    import torch

    truth, d = case.truth(), len(case.names)
    mine = case.follow(field, runs[:, 0])
    with np.errstate(all="ignore"):
        apart, sizes = (np.linalg.norm(z, axis=-1) for z in (mine - runs, runs))
        relative = (apart / (np.linalg.norm(mine, axis=-1) + sizes))[:, 1:]
        relative = np.fmin(np.fmax(relative, ROUNDING), 1.0)
    flat = runs.reshape(-1, 2 * d)
    none, at = np.empty((len(flat), 0)), np.zeros(len(flat))
    wrong = field.rate(at, flat[:, :d], flat[:, d:], none) - truth.rate(
        at, flat[:, :d], flat[:, d:], none
    )
    form: Any = truth.form
    energy = form.energy(torch.empty(0, dtype=torch.float64), torch.tensor(mine)).numpy()
    change = float(np.mean((energy - energy[:, :1]) ** 2))
    return {
        "rollout": float(np.exp(np.log(relative).mean())),
        "field_mse": float(np.mean(wrong**2)),
        "energy_mse": change if np.isfinite(change) else float("inf"),
    }
