"""Plane systems, conservative, damped and with limit cycles, whose networks are tuned."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Range = tuple[float, float]


def _stack(*rates: Array) -> Array:
    return np.stack(rates, axis=-1)


#: Plane systems: rates ``(..., 2)`` of states ``(..., 2)``, the range of each start, the span.
PLANE: dict[str, tuple[Callable[[Array], Array], tuple[Range, Range], float]] = {
    "pendulum": (lambda x: _stack(x[..., 1], -np.sin(x[..., 0])), ((-2.5, 2.5), (-1.0, 1.0)), 12.0),
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
