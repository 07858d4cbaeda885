"""Fields whose rates are known everywhere: what networks learn from measured rates or paths."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Field = Callable[[Array], Array]
Range = tuple[float, float]

#: Hidden units of the networks, and of those that made the data of a teacher.
WIDTH, DEEP, PLANTED = 12, (8, 6), 4


@dataclass(frozen=True)
class RateCase:
    """A field and the network that is trained on it.

    `reach`: states are drawn evenly from ``-reach`` to ``reach``. `field`: rates ``(n, d)`` of
    states ``(n, d)``. `hamiltonian`: whether the network is canonical, coordinates first.
    `held_out`: whether nothing was chosen with a look at this case.
    """

    n_states: int
    reach: float
    field: Field
    hamiltonian: bool = False
    hidden: tuple[int, ...] = (WIDTH,)
    held_out: bool = False


def _teacher(hidden: tuple[int, ...]) -> Field:
    """A network with random weights of unit size."""

    def field(x: Array) -> Array:
        from physmodel.models.nets.mlp import MLPField
        from physmodel.models.nets.net_field import NetField

        form = MLPField(2, hidden=hidden)
        theta = form.initial(1)
        hidden_size = form.network.sizes[0]
        theta[hidden_size:] = np.random.default_rng(1).normal(size=len(theta) - hidden_size)
        network = NetField(form, ("x0", "x1"), (), theta)
        return network.rate(np.zeros(len(x)), x, None, np.empty((len(x), 0)))

    return field


def _pendulum(x: Array) -> Array:
    return np.column_stack([x[:, 1], -np.sin(x[:, 0])])


def _lotka_volterra(x: Array) -> Array:
    """In the logarithms of prey and predators, which are a canonical pair."""
    return np.column_stack([1.0 - np.exp(x[:, 1]), np.exp(x[:, 0]) - 1.0])


def _duffing(x: Array) -> Array:
    return np.column_stack([x[:, 1], x[:, 0] - x[:, 0] ** 3 - 0.2 * x[:, 1]])


def _van_der_pol(x: Array) -> Array:
    return np.column_stack([x[:, 1], (1.0 - x[:, 0] ** 2) * x[:, 1] - x[:, 0]])


def _fitzhugh_nagumo(x: Array) -> Array:
    v, w = x.T
    return np.column_stack([v - v**3 / 3.0 - w + 0.5, 0.08 * (v + 0.7 - 0.8 * w)])


def _lorenz(x: Array) -> Array:
    """About the middle of its attractor, in units of ten."""
    a, b, c = 10.0 * x[:, 0], 10.0 * x[:, 1], 10.0 * x[:, 2] + 25.0
    return np.column_stack([10.0 * (b - a), a * (28.0 - c) - b, a * b - 8.0 / 3.0 * c])


def _henon_heiles(x: Array) -> Array:
    q, r, p, s = x.T
    return np.column_stack([p, s, -q - 2.0 * q * r, -r - q**2 + r**2])


def _toggle(x: Array) -> Array:
    """Two genes that inhibit each other, in logarithms of their products."""
    return 3.0 / (1.0 + np.exp(2.0 * x[:, ::-1])) - 1.0 - 0.8 * x


def _roessler(x: Array) -> Array:
    a, b, c = x.T
    return np.column_stack([-b - c, a + 0.2 * b, 0.2 + c * (a - 1.7)])


def _coupled_pendula(x: Array) -> Array:
    q, r, p, s = x.T
    pull = 0.5 * (q - r)
    return np.column_stack([p, s, -np.sin(q) - pull, -np.sin(r) + pull])


def _brusselator(x: Array) -> Array:
    a, b = x[:, 0] + 1.0, x[:, 1] + 2.0
    return np.column_stack([1.0 - 3.0 * a + a**2 * b, 2.0 * a - a**2 * b])


CASES = {
    "pendulum": RateCase(2, 2.0, _pendulum, hamiltonian=True),
    "lotka-volterra": RateCase(2, 1.0, _lotka_volterra, hamiltonian=True),
    "duffing": RateCase(2, 1.3, _duffing),
    "teacher": RateCase(2, 1.7, _teacher((PLANTED,))),
    "van-der-pol": RateCase(2, 2.0, _van_der_pol, held_out=True),
    "fitzhugh-nagumo": RateCase(2, 2.0, _fitzhugh_nagumo, held_out=True),
    "lorenz": RateCase(3, 2.0, _lorenz, held_out=True),
    "henon-heiles": RateCase(4, 0.8, _henon_heiles, hamiltonian=True, held_out=True),
    "teacher-deep": RateCase(2, 1.7, _teacher((4, 3)), hidden=DEEP, held_out=True),
    "toggle": RateCase(2, 1.5, _toggle, held_out=True),
    "roessler": RateCase(3, 1.5, _roessler, held_out=True),
    "coupled-pendula": RateCase(4, 1.5, _coupled_pendula, hamiltonian=True, held_out=True),
    "brusselator": RateCase(2, 1.0, _brusselator, held_out=True),
}


def _stack(*rates: Array) -> Array:
    return np.stack(rates, axis=-1)


#: Plane systems: rates ``(..., 2)`` of states ``(..., 2)``, the range of each start, the span.
PLANE: dict[str, tuple[Callable[[Array], Array], tuple[Range, Range], float]] = {
    "pendulum": (
        lambda x: _stack(x[..., 1], -np.sin(x[..., 0])),
        ((-2.5, 2.5), (-1.0, 1.0)),
        12.0,
    ),
    "damped": (
        lambda x: _stack(x[..., 1], -np.sin(x[..., 0]) - 0.15 * x[..., 1]),
        ((-2.5, 2.5), (-1.0, 1.0)),
        12.0,
    ),
    "duffing": (
        lambda x: _stack(x[..., 1], x[..., 0] - x[..., 0] ** 3),
        ((-1.5, 1.5), (-0.5, 0.5)),
        15.0,
    ),
    "van-der-pol": (
        lambda x: _stack(x[..., 1], 1.5 * (1.0 - x[..., 0] ** 2) * x[..., 1] - x[..., 0]),
        ((-2.0, 2.0), (-2.0, 2.0)),
        12.0,
    ),
    "lotka-volterra": (
        lambda x: _stack(x[..., 0] - x[..., 0] * x[..., 1], -x[..., 1] + x[..., 0] * x[..., 1]),
        ((0.4, 1.6), (0.4, 1.6)),
        12.0,
    ),
    "fitzhugh-nagumo": (
        lambda x: _stack(
            x[..., 0] - x[..., 0] ** 3 / 3.0 - x[..., 1] + 0.5,
            0.2 * (x[..., 0] + 0.7 - 0.8 * x[..., 1]),
        ),
        ((-2.0, 2.0), (-1.0, 1.0)),
        40.0,
    ),
    "brusselator": (
        lambda x: _stack(
            1.0 - 4.0 * x[..., 0] + x[..., 0] ** 2 * x[..., 1],
            3.0 * x[..., 0] - x[..., 0] ** 2 * x[..., 1],
        ),
        ((0.5, 2.5), (1.0, 4.0)),
        14.0,
    ),
    "morse": (
        lambda x: _stack(x[..., 1], -2.0 * (1.0 - np.exp(-x[..., 0])) * np.exp(-x[..., 0])),
        ((-0.5, 1.0), (-0.8, 0.8)),
        15.0,
    ),
}
