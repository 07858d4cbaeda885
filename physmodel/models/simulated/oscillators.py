"""Simulated systems whose equations are short sums of terms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physmodel.models.simulated.system import System

Array = NDArray[np.float64]


def harmonic_oscillator(mass: float = 0.5, stiffness: float = 2.0) -> System:
    """Mass on a spring; every orbit has the period ``2 pi sqrt(m/k)``."""
    square = stiffness / mass

    def rhs(t: float, x: Array) -> Array:
        return np.array([x[1], -square * x[0]])

    return System(
        id="harmonic-oscillator",
        title="Mass on a spring",
        states=("x", "v"),
        parameters={"mass": mass, "stiffness": stiffness},
        rhs=rhs,
        equations={"x": {"v": 1.0}, "v": {"x": -square}},
        units={"x": "m", "v": "m/s"},
        time_unit="s",
        initial={"x": (0.5, 1.5), "v": (-1.0, 1.0)},
        period=float(2.0 * np.pi / np.sqrt(square)),
        citation="Landau, Lifshitz (1976), Mechanics, section 21",
        invariants={"energy": lambda x: mass * x[:, 1] ** 2 / 2 + stiffness * x[:, 0] ** 2 / 2},
    )


def pendulum(length: float = 1.0, gravity: float = 9.81) -> System:
    """Pendulum without friction, swinging widely but not over the top."""
    square = gravity / length

    def rhs(t: float, x: Array) -> Array:
        return np.array([x[1], -square * np.sin(x[0])])

    return System(
        id="pendulum",
        title="Pendulum without friction",
        states=("theta", "omega"),
        parameters={"length": length, "gravity": gravity},
        rhs=rhs,
        equations={"theta": {"omega": 1.0}, "omega": {"sin(theta)": -square}},
        units={"theta": "rad", "omega": "rad/s"},
        time_unit="s",
        initial={"theta": (1.0, 2.2), "omega": (-1.0, 1.0)},
        # At an amplitude of 1.6 rad the period is 1.18 times that of small swings.
        period=float(1.18 * 2.0 * np.pi / np.sqrt(square)),
        citation="Landau, Lifshitz (1976), Mechanics, section 11",
        invariants={"energy": lambda x: x[:, 1] ** 2 / 2 - square * np.cos(x[:, 0])},
    )


def lorenz(sigma: float = 10.0, rho: float = 28.0, beta: float = 8.0 / 3.0) -> System:
    """Lorenz's convection model on its chaotic attractor."""

    def rhs(t: float, x: Array) -> Array:
        return np.array(
            [sigma * (x[1] - x[0]), x[0] * (rho - x[2]) - x[1], x[0] * x[1] - beta * x[2]]
        )

    return System(
        id="lorenz",
        title="Lorenz convection model",
        states=("x", "y", "z"),
        parameters={"sigma": sigma, "rho": rho, "beta": beta},
        rhs=rhs,
        equations={
            "x": {"x": -sigma, "y": sigma},
            "y": {"x": rho, "x*z": -1.0, "y": -1.0},
            "z": {"x*y": 1.0, "z": -beta},
        },
        units={"x": "1", "y": "1", "z": "1"},
        time_unit="1",
        initial={"x": (-10.0, 10.0), "y": (-10.0, 10.0), "z": (20.0, 30.0)},
        period=0.75,
        citation="Lorenz (1963), J. Atmos. Sci. 20, 130",
        transient=10.0,
    )


def van_der_pol(mu: float = 1.5) -> System:
    """Van der Pol's triode circuit on its limit cycle."""

    def rhs(t: float, x: Array) -> Array:
        return np.array([x[1], mu * (1.0 - x[0] ** 2) * x[1] - x[0]])

    return System(
        id="van-der-pol",
        title="Van der Pol oscillator",
        states=("x", "v"),
        parameters={"mu": mu},
        rhs=rhs,
        equations={"x": {"v": 1.0}, "v": {"x": -1.0, "v": mu, "x^2*v": -mu}},
        units={"x": "1", "v": "1"},
        time_unit="1",
        initial={"x": (1.0, 2.0), "v": (-1.0, 1.0)},
        period=7.1,
        citation="van der Pol (1926), Phil. Mag. 2, 978",
        transient=10.0,
    )


def lotka_volterra(a: float = 1.1, b: float = 0.4, c: float = 0.4, d: float = 0.1) -> System:
    """Predator and prey; every orbit closes, so there is no transient."""

    def rhs(t: float, x: Array) -> Array:
        return np.array([x[0] * (a - b * x[1]), x[1] * (d * x[0] - c)])

    def conserved(x: Array) -> Array:
        kept: Array = d * x[:, 0] - c * np.log(x[:, 0]) + b * x[:, 1] - a * np.log(x[:, 1])
        return kept

    return System(
        id="lotka-volterra",
        title="Lotka-Volterra predator and prey",
        states=("prey", "predator"),
        parameters={"a": a, "b": b, "c": c, "d": d},
        rhs=rhs,
        equations={
            "prey": {"prey": a, "prey*predator": -b},
            "predator": {"predator": -c, "prey*predator": d},
        },
        units={"prey": "1", "predator": "1"},
        time_unit="1",
        initial={"prey": (5.0, 10.0), "predator": (2.0, 5.0)},
        period=10.3,
        citation="Lotka (1925), Elements of Physical Biology; Volterra (1926), Nature 118, 558",
        invariants={"Volterra's constant": conserved},
        positive=("prey", "predator"),
    )


def duffing(damping: float = 0.1) -> System:
    """Particle in a double well with friction, started above the barrier."""

    def rhs(t: float, x: Array) -> Array:
        return np.array([x[1], x[0] - x[0] ** 3 - damping * x[1]])

    return System(
        id="duffing",
        title="Duffing oscillator with two wells and friction",
        states=("x", "v"),
        parameters={"damping": damping},
        rhs=rhs,
        equations={"x": {"v": 1.0}, "v": {"x": 1.0, "x^3": -1.0, "v": -damping}},
        units={"x": "1", "v": "1"},
        time_unit="1",
        initial={"x": (1.7, 2.2), "v": (-0.5, 0.5)},
        period=float(2.0 * np.pi / np.sqrt(2.0)),
        citation="Duffing (1918), Erzwungene Schwingungen bei veraenderlicher Eigenfrequenz",
    )


def forced_duffing(damping: float = 0.3, amplitude: float = 0.5, frequency: float = 1.2) -> System:
    """Duffing oscillator shaken by a recorded force, on its chaotic attractor."""

    def force(t: Array) -> Array:
        return np.asarray(amplitude * np.cos(frequency * t))

    def rhs(t: float, x: Array) -> Array:
        push = amplitude * np.cos(frequency * t)
        return np.array([x[1], x[0] - x[0] ** 3 - damping * x[1] + push])

    return System(
        id="forced-duffing",
        title="Duffing oscillator with a recorded force",
        states=("x", "v"),
        parameters={"damping": damping, "amplitude": amplitude, "frequency": frequency},
        rhs=rhs,
        equations={"x": {"v": 1.0}, "v": {"x": 1.0, "x^3": -1.0, "v": -damping, "u": 1.0}},
        units={"x": "1", "v": "1", "u": "1"},
        time_unit="1",
        initial={"x": (-1.5, 1.5), "v": (-1.0, 1.0)},
        period=float(2.0 * np.pi / frequency),
        citation="Holmes (1979), Phil. Trans. R. Soc. A 292, 419",
        transient=20.0,
        inputs={"u": force},
    )
