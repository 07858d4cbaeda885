"""Simulated systems that conserve something besides time: chains, tops, waves, epidemics."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physmodel.models.simulated.system import System

Array = NDArray[np.float64]


def henon_heiles() -> System:
    """Star in the potential of a galaxy, below the energy of escape."""

    def rhs(t: float, s: Array) -> Array:
        x, y, vx, vy = s
        return np.array([vx, vy, -x - 2.0 * x * y, -y - x**2 + y**2])

    def energy(s: Array) -> Array:
        x, y, vx, vy = s.T
        return np.asarray((vx**2 + vy**2 + x**2 + y**2) / 2 + x**2 * y - y**3 / 3)

    return System(
        id="henon-heiles",
        title="Henon-Heiles potential",
        states=("x", "y", "vx", "vy"),
        parameters={},
        rhs=rhs,
        equations={
            "x": {"vx": 1.0},
            "y": {"vy": 1.0},
            "vx": {"x": -1.0, "x*y": -2.0},
            "vy": {"y": -1.0, "x^2": -1.0, "y^2": 1.0},
        },
        units=dict.fromkeys(("x", "y", "vx", "vy"), "1"),
        time_unit="1",
        initial={"x": (-0.2, 0.2), "y": (-0.2, 0.3), "vx": (0.2, 0.35), "vy": (-0.2, 0.2)},
        period=float(2.0 * np.pi),
        citation="Henon, Heiles (1964), Astronomical Journal 69, 73",
        invariants={"energy": energy},
    )


def rigid_body(moments: tuple[float, float, float] = (1.0, 2.0, 3.0)) -> System:
    """Free rigid body: Euler's equations for its angular velocity."""
    i1, i2, i3 = moments
    a, b, c = (i2 - i3) / i1, (i3 - i1) / i2, (i1 - i2) / i3

    def rhs(t: float, w: Array) -> Array:
        return np.array([a * w[1] * w[2], b * w[0] * w[2], c * w[0] * w[1]])

    return System(
        id="rigid-body",
        title="Free rigid body",
        states=("w1", "w2", "w3"),
        parameters={"I1": i1, "I2": i2, "I3": i3},
        rhs=rhs,
        equations={"w1": {"w2*w3": a}, "w2": {"w1*w3": b}, "w3": {"w1*w2": c}},
        units=dict.fromkeys(("w1", "w2", "w3"), "rad/s"),
        time_unit="s",
        initial={"w1": (0.2, 0.6), "w2": (0.6, 1.0), "w3": (0.6, 1.0)},
        period=14.0,
        citation="Landau, Lifshitz (1976), Mechanics, section 36",
        invariants={
            "energy": lambda w: w**2 @ np.array(moments) / 2,
            "angular momentum squared": lambda w: w**2 @ np.array(moments) ** 2,
        },
    )


def epidemic(infection: float = 2.0, recovery: float = 0.5) -> System:
    """Susceptible, infected and recovered shares of a population."""

    def rhs(t: float, x: Array) -> Array:
        new = infection * x[0] * x[1]
        return np.array([-new, new - recovery * x[1], recovery * x[1]])

    return System(
        id="sir",
        title="Epidemic: susceptible, infected, recovered",
        states=("S", "I", "R"),
        parameters={"infection": infection, "recovery": recovery},
        rhs=rhs,
        equations={
            "S": {"S*I": -infection},
            "I": {"S*I": infection, "I": -recovery},
            "R": {"I": recovery},
        },
        units=dict.fromkeys("SIR", "1"),
        time_unit="1",
        initial={"S": (0.6, 1.0), "I": (0.01, 0.1), "R": (0.0, 0.1)},
        period=15.0,
        citation="Kermack, McKendrick (1927), Proc. R. Soc. A 115, 700",
        invariants={
            "population": lambda x: x.sum(axis=1),
            "final size": lambda x: infection * x[:, 2] + recovery * np.log(x[:, 0]),
        },
    )


def toda() -> System:
    """Three particles on a ring with exponential springs."""

    def rhs(t: float, s: Array) -> Array:
        q, p = s[:3], s[3:]
        pull = np.exp(q - np.roll(q, -1))
        return np.concatenate([p, np.roll(pull, 1) - pull])

    def energy(s: Array) -> Array:
        q, p = s[:, :3], s[:, 3:]
        springs = np.exp(q - np.roll(q, -1, axis=1))
        return np.asarray((p**2).sum(axis=1) / 2 + springs.sum(axis=1))

    return System(
        id="toda",
        title="Toda chain of three particles on a ring",
        states=("q1", "q2", "q3", "p1", "p2", "p3"),
        parameters={},
        rhs=rhs,
        equations=None,
        units=dict.fromkeys(("q1", "q2", "q3", "p1", "p2", "p3"), "1"),
        time_unit="1",
        initial={
            "q1": (-1.0, 0.0),
            "q2": (-0.5, 0.5),
            "q3": (0.0, 1.0),
            "p1": (-1.0, 1.0),
            "p2": (-1.0, 1.0),
            "p3": (-1.0, 1.0),
        },
        period=float(2.0 * np.pi / np.sqrt(3.0)),
        citation="Toda (1967), J. Phys. Soc. Japan 22, 431",
        invariants={"momentum": lambda s: s[:, 3:].sum(axis=1), "energy": energy},
    )


def three_wave() -> System:
    """Three waves in resonance, with real amplitudes."""

    def rhs(t: float, a: Array) -> Array:
        return np.array([a[1] * a[2], a[0] * a[2], -2.0 * a[0] * a[1]])

    return System(
        id="three-wave",
        title="Resonant interaction of three waves",
        states=("a", "b", "c"),
        parameters={},
        rhs=rhs,
        equations={"a": {"b*c": 1.0}, "b": {"a*c": 1.0}, "c": {"a*b": -2.0}},
        units=dict.fromkeys("abc", "1"),
        time_unit="1",
        initial={"a": (0.2, 0.6), "b": (0.7, 1.1), "c": (0.6, 1.2)},
        period=5.5,
        citation="Craik (1985), Wave Interactions and Fluid Flows, chapter 5",
        invariants={
            "a^2 - b^2": lambda x: x[:, 0] ** 2 - x[:, 1] ** 2,
            "energy": lambda x: x[:, 0] ** 2 + x[:, 1] ** 2 + x[:, 2] ** 2,
        },
    )


def plane_oscillator() -> System:
    """Mass on equal springs in the plane."""

    def rhs(t: float, s: Array) -> Array:
        return np.array([s[2], s[3], -s[0], -s[1]])

    return System(
        id="plane-oscillator",
        title="Isotropic oscillator in the plane",
        states=("x", "y", "vx", "vy"),
        parameters={},
        rhs=rhs,
        equations={"x": {"vx": 1.0}, "y": {"vy": 1.0}, "vx": {"x": -1.0}, "vy": {"y": -1.0}},
        units={"x": "m", "y": "m", "vx": "m/s", "vy": "m/s"},
        time_unit="s",
        initial={"x": (0.5, 1.5), "y": (-0.5, 0.5), "vx": (-0.5, 0.5), "vy": (0.5, 1.5)},
        period=float(2.0 * np.pi),
        citation="Fradkin (1965), American Journal of Physics 33, 207",
        invariants={
            "energy": lambda s: (s**2).sum(axis=1) / 2,
            "angular momentum": lambda s: s[:, 0] * s[:, 3] - s[:, 1] * s[:, 2],
            "Fradkin xy": lambda s: s[:, 0] * s[:, 1] + s[:, 2] * s[:, 3],
        },
    )


def spring_chain(stiffness: float = 1.0) -> System:
    """Three equal masses in a row with two springs between them, free to drift."""

    def rhs(t: float, s: Array) -> Array:
        q, p = s[:3], s[3:]
        first, second = stiffness * (q[1] - q[0]), stiffness * (q[2] - q[1])
        return np.concatenate([p, [first, second - first, -second]])

    def energy(s: Array) -> Array:
        q, p = s[:, :3], s[:, 3:]
        stretch = (q[:, 1] - q[:, 0]) ** 2 + (q[:, 2] - q[:, 1]) ** 2
        return np.asarray((p**2).sum(axis=1) / 2 + stiffness * stretch / 2)

    k = stiffness
    return System(
        id="spring-chain",
        title="Three masses and two springs",
        states=("q1", "q2", "q3", "p1", "p2", "p3"),
        parameters={"stiffness": k},
        rhs=rhs,
        equations={
            "q1": {"p1": 1.0},
            "q2": {"p2": 1.0},
            "q3": {"p3": 1.0},
            "p1": {"q1": -k, "q2": k},
            "p2": {"q1": k, "q2": -2.0 * k, "q3": k},
            "p3": {"q2": k, "q3": -k},
        },
        units=dict.fromkeys(("q1", "q2", "q3", "p1", "p2", "p3"), "1"),
        time_unit="1",
        initial={
            "q1": (-1.0, -0.3),
            "q2": (-0.5, 0.5),
            "q3": (0.3, 1.0),
            "p1": (-0.5, 0.5),
            "p2": (-0.5, 0.5),
            "p3": (-0.5, 0.5),
        },
        period=float(2.0 * np.pi),
        citation="Goldstein, Poole, Safko (2002), Classical Mechanics, section 6.4",
        invariants={"momentum": lambda s: s[:, 3:].sum(axis=1), "energy": energy},
    )
