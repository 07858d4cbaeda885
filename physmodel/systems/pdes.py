"""Partial differential equations with analytic solutions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Points at which a solution is compared with the truth.
POINTS = 2000
#: Nodes of the Gauss-Hermite rule: the integrand's exponent reaches 50 times its argument.
NODES = 120
VISCOSITY = 0.01 / np.pi


@dataclass(frozen=True, eq=False)
class PdeCase:
    """A problem as `physmodel.solve_pde` takes it, and its solution.

    `truth`: of the coordinates in the order of the domain.
    """

    equation: str
    domain: Mapping[str, tuple[float, float]]
    conditions: Mapping[str, str | Sequence[str]]
    truth: Callable[..., Array]
    known: Mapping[str, float | Callable[..., Array]] = field(default_factory=dict)

    def points(self, seed: int = 0) -> list[Array]:
        """Random points of the domain, one array per coordinate."""
        rng = np.random.default_rng(seed)
        return [rng.uniform(low, high, POINTS) for low, high in self.domain.values()]

    def error(self, solution: Callable[..., Array], seed: int = 0) -> float:
        """Relative L2 error at random points."""
        points = self.points(seed)
        truth = self.truth(*points)
        return float(np.linalg.norm(solution(*points) - truth) / np.linalg.norm(truth))


def cole_hopf(x: Array, t: Array, nu: float) -> Array:
    """Solution of Burgers' equation from ``-sin(pi x)``.

    References
    ----------
    Basdevant et al. (1986), Spectral and finite difference solutions of the Burgers equation.
    """
    nodes, weights = np.polynomial.hermite.hermgauss(NODES)
    from_where = np.asarray(x)[:, None] - np.sqrt(4.0 * nu * np.asarray(t))[:, None] * nodes
    exponent = -np.cos(np.pi * from_where) / (2.0 * np.pi * nu)
    mass = np.exp(exponent - exponent.max(axis=1, keepdims=True)) * weights
    found: Array = -(np.sin(np.pi * from_where) * mass).sum(axis=1) / mass.sum(axis=1)
    return found


def _front(x: Array, t: Array) -> Array:
    """Fisher's front (Ablowitz & Zeppetella 1979)."""
    found: Array = (1.0 + np.exp((x - 5.0 / np.sqrt(6.0) * t) / np.sqrt(6.0))) ** -2.0
    return found


def _front_slope(x: Array, t: Array) -> Array:
    wave = np.exp((x - 5.0 / np.sqrt(6.0) * t) / np.sqrt(6.0))
    found: Array = -2.0 / np.sqrt(6.0) * wave * (1.0 + wave) ** -3.0
    return found


#: Allen-Cahn front of width ``sqrt(8 e)`` and speed ``3 sqrt(e / 2)``.
LAYER = 0.01


def _layer(x: Array, t: Array) -> Array:
    found: Array = 0.5 - 0.5 * np.tanh((x - 3.0 * np.sqrt(LAYER / 2.0) * t) / np.sqrt(8.0 * LAYER))
    return found


_NOTHING = {"x = 0": "u = 0", "x = 1": "u = 0"}

CASES: dict[str, PdeCase] = {
    "poisson": PdeCase(
        "u_xx = -16*pi^2*sin(4*pi*x)", {"x": (0, 1)}, _NOTHING, lambda x: np.sin(4 * np.pi * x)
    ),
    "poisson-steep": PdeCase(
        "u_xx = f",
        {"x": (0, 1)},
        {"x = 0": "u = 0", "x = 1": "u = tanh(20)"},
        lambda x: np.tanh(20 * x),
        {"f": lambda x: -800 * np.tanh(20 * x) / np.cosh(20 * x) ** 2},
    ),
    "variable-coefficients": PdeCase(
        "u_xx + x*u_x + (1 + x^2)*u = f",
        {"x": (0, 1)},
        {"x = 0": "u_x = 0", "x = 1": "u + u_x = cos(20) - 20*sin(20)"},
        lambda x: np.cos(20 * x),
        {"f": lambda x: (x * x - 399) * np.cos(20 * x) - 20 * x * np.sin(20 * x)},
    ),
    "boundary-layer": PdeCase(
        "0.0001*u_xx = u - 1",
        {"x": (0, 1)},
        _NOTHING,
        lambda x: 1 - (np.exp(-100 * x) + np.exp(100 * (x - 1))) / (1 + np.exp(-100.0)),
    ),
    "poisson-square": PdeCase(
        "u_xx + u_yy = f",
        {"x": (0, 1), "y": (0, 1)},
        {**_NOTHING, "y = 0": "u = 0", "y = 1": "u = 0"},
        lambda x, y: np.sin(2 * np.pi * x) * np.sin(3 * np.pi * y),
        {"f": lambda x, y: -13 * np.pi**2 * np.sin(2 * np.pi * x) * np.sin(3 * np.pi * y)},
    ),
    "heat": PdeCase(
        "u_t = u_xx",
        {"x": (0, 1), "t": (0, 0.2)},
        {**_NOTHING, "t = 0": "u = sin(pi*x)"},
        lambda x, t: np.exp(-(np.pi**2) * t) * np.sin(np.pi * x),
    ),
    "wave": PdeCase(
        "u_tt = u_xx",
        {"x": (0, 1), "t": (0, 2)},
        {**_NOTHING, "t = 0": ["u = sin(pi*x)", "u_t = 0"]},
        lambda x, t: np.cos(np.pi * t) * np.sin(np.pi * x),
    ),
    "burgers": PdeCase(
        "u_t + u*u_x = nu*u_xx",
        {"x": (-1, 1), "t": (0, 1)},
        {"t = 0": "u = -sin(pi*x)", "x = -1": "u = 0", "x = 1": "u = 0"},
        lambda x, t: cole_hopf(x, t, VISCOSITY),
        {"nu": VISCOSITY},
    ),
    "fisher": PdeCase(
        "u_t = u_xx + u - u^2",
        {"x": (-10, 15), "t": (0, 3)},
        {"t = 0": "u = front", "x = -10": "u_x = slope", "x = 15": "u_x = slope"},
        _front,
        {"front": _front, "slope": _front_slope},
    ),
    "allen-cahn": PdeCase(
        "u_t = e*u_xx + u - u^3",
        {"x": (-3, 4), "t": (0, 2)},
        {"t = 0": "u = front", "x = -3": "u_x = 0", "x = 4": "u_x = 0"},
        _layer,
        {"e": LAYER, "front": _layer},
    ),
    "kdv": PdeCase(
        "u_t + 6*u*u_x + u_xxx = 0",
        {"x": (-40, 40), "t": (0, 5)},
        {"t = 0": "u = 0.5/cosh(0.5*x + 2)^2", "x": "periodic"},
        lambda x, t: 0.5 / np.cosh(0.5 * (x - t + 4)) ** 2,
    ),
}
