"""Simulated mechanical systems whose equations are no finite sums of simple terms."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from physmodel.models.simulated.system import System

Array = NDArray[np.float64]


def double_pendulum(
    m1: float = 1.0, m2: float = 1.0, l1: float = 1.0, l2: float = 1.0, gravity: float = 9.81
) -> System:
    """Two rods without friction; chaotic at the amplitudes given."""

    def rhs(t: float, x: Array) -> Array:
        a, b, wa, wb = x
        sine, cosine = np.sin(a - b), np.cos(a - b)
        # Lagrange's equations: M (wa', wb') = force, with M symmetric and 2 x 2.
        m11, m12, m22 = (m1 + m2) * l1**2, m2 * l1 * l2 * cosine, m2 * l2**2
        f1 = -m2 * l1 * l2 * sine * wb**2 - (m1 + m2) * gravity * l1 * np.sin(a)
        f2 = m2 * l1 * l2 * sine * wa**2 - m2 * gravity * l2 * np.sin(b)
        det = m11 * m22 - m12**2
        return np.array([wa, wb, (m22 * f1 - m12 * f2) / det, (m11 * f2 - m12 * f1) / det])

    def energy(x: Array) -> Array:
        a, b, wa, wb = x.T
        kinetic = (
            (m1 + m2) * l1**2 * wa**2 / 2
            + m2 * l2**2 * wb**2 / 2
            + m2 * l1 * l2 * wa * wb * np.cos(a - b)
        )
        total: Array = kinetic - gravity * ((m1 + m2) * l1 * np.cos(a) + m2 * l2 * np.cos(b))
        return total

    return System(
        id="double-pendulum",
        title="Double pendulum without friction",
        states=("theta1", "theta2", "omega1", "omega2"),
        parameters={"m1": m1, "m2": m2, "l1": l1, "l2": l2, "gravity": gravity},
        rhs=rhs,
        equations=None,
        units={"theta1": "rad", "theta2": "rad", "omega1": "rad/s", "omega2": "rad/s"},
        time_unit="s",
        initial={
            "theta1": (1.0, 2.0),
            "theta2": (1.0, 2.0),
            "omega1": (-0.5, 0.5),
            "omega2": (-0.5, 0.5),
        },
        period=float(2.0 * np.pi * np.sqrt(l1 / gravity)),
        citation="Goldstein, Poole, Safko (2002), Classical Mechanics, chapter 1",
        invariants={"energy": energy},
    )


def kepler(strength: float = 4.0 * np.pi**2) -> System:
    """One planet in the plane around a fixed Sun, in astronomical units and years."""

    def rhs(t: float, x: Array) -> Array:
        pull = -strength / np.hypot(x[0], x[1]) ** 3
        return np.array([x[2], x[3], pull * x[0], pull * x[1]])

    return System(
        id="kepler",
        title="Planet around a fixed Sun",
        states=("x", "y", "vx", "vy"),
        parameters={"GM": strength},
        rhs=rhs,
        equations=None,
        units={"x": "au", "y": "au", "vx": "au/year", "vy": "au/year"},
        time_unit="year",
        # Speeds from 0.9 to 1.1 of the circular one: eccentricities up to 0.2.
        initial={"x": (0.95, 1.05), "y": (0.0, 0.0), "vx": (0.0, 0.0), "vy": (5.7, 6.9)},
        period=1.0,
        citation="Newton (1687), Principia, book 1, proposition 11",
        invariants={
            "energy": lambda x: (
                (x[:, 2] ** 2 + x[:, 3] ** 2) / 2 - strength / np.hypot(x[:, 0], x[:, 1])
            ),
            "angular momentum": lambda x: x[:, 0] * x[:, 3] - x[:, 1] * x[:, 2],
            "Laplace-Runge-Lenz x": lambda x: (
                x[:, 3] * (x[:, 0] * x[:, 3] - x[:, 1] * x[:, 2])
                - strength * x[:, 0] / np.hypot(x[:, 0], x[:, 1])
            ),
        },
    )


def three_body(masses: tuple[float, float, float] = (1.0, 0.3, 0.1)) -> System:
    """Three bodies in the plane, a close pair and a third far out, with G = 1."""
    mass = np.array(masses)
    pair = float(mass[0] + mass[1])
    axes = tuple((f"x{i}", f"y{i}") for i in (1, 2, 3))
    positions = tuple(name for couple in axes for name in couple)
    speeds = tuple("v" + name for name in positions)
    inner, outer = np.sqrt(pair / 1.0), np.sqrt(mass.sum() / 4.0)
    centre = {
        "x1": -mass[1] / pair,
        "x2": mass[0] / pair,
        "y3": 4.0,
        "vy1": -inner * mass[1] / pair,
        "vy2": inner * mass[0] / pair,
        "vx3": -outer,
    }

    return System(
        id="three-body",
        title="Three bodies in the plane under their own gravitation",
        states=(*positions, *speeds),
        parameters={f"m{i + 1}": float(m) for i, m in enumerate(mass)},
        rhs=_gravitation(mass),
        equations=None,
        units={name: "1" for name in (*positions, *speeds)},
        time_unit="1",
        initial={
            name: (centre.get(name, 0.0) - 0.03, centre.get(name, 0.0) + 0.03)
            for name in (*positions, *speeds)
        },
        period=float(2.0 * np.pi / np.sqrt(pair)),
        citation="Valtonen, Karttunen (2006), The Three-Body Problem, chapter 2",
        order=2,
        invariants=_mechanical_invariants(mass),
        observed=positions,
        bodies={f"body{i + 1}": couple for i, couple in enumerate(axes)},
    )


def _gravitation(mass: Array) -> Callable[[float, Array], Array]:
    n = len(mass)

    def rhs(t: float, x: Array) -> Array:
        place = x[: 2 * n].reshape(n, 2)
        pull = np.zeros((n, 2))
        for i, j in combinations(range(n), 2):
            line = place[j] - place[i]
            line = line / np.hypot(line[0], line[1]) ** 3
            pull[i] += mass[j] * line
            pull[j] -= mass[i] * line
        return np.concatenate([x[2 * n :], pull.ravel()])

    return rhs


def _mechanical_invariants(mass: Array) -> dict[str, Callable[[Array], Array]]:
    n = len(mass)

    def split(x: Array) -> tuple[Array, Array]:
        return x[:, : 2 * n].reshape(-1, n, 2), x[:, 2 * n :].reshape(-1, n, 2)

    def energy(x: Array) -> Array:
        place, speed = split(x)
        total: Array = (mass * (speed**2).sum(axis=2)).sum(axis=1) / 2
        for i, j in combinations(range(n), 2):
            gap = np.linalg.norm(place[:, j] - place[:, i], axis=1)
            total = total - mass[i] * mass[j] / gap
        return total

    def spin(x: Array) -> Array:
        place, speed = split(x)
        turn = place[:, :, 0] * speed[:, :, 1] - place[:, :, 1] * speed[:, :, 0]
        total: Array = (mass * turn).sum(axis=1)
        return total

    def momentum(axis: int) -> Callable[[Array], Array]:
        return lambda x: np.asarray((mass * split(x)[1][:, :, axis]).sum(axis=1))

    return {
        "energy": energy,
        "angular momentum": spin,
        "momentum x": momentum(0),
        "momentum y": momentum(1),
    }
