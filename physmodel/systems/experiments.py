"""Experiments that a first short noisy record does not settle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.arrays import from_arrays
from physmodel.laws.result import Result
from physmodel.models.integration.integrate import integrate
from physmodel.systems.equations import field_of

Array = NDArray[np.float64]


@dataclass(frozen=True)
class OpenCase:
    """An experiment that its first record does not settle.

    Attributes
    ----------
    states : tuple of str
    equations : mapping of state to {term: coefficient}
        The truth, with terms of `terms`.
    start : tuple of float
        Of the first record.
    box : mapping of state to (low, high)
        Starts that the laboratory allows.
    duration : float
    samples : int
    noise : tuple of float
        Of each state, in its units; of the logarithm for positive states.
    known : mapping
        Fields of `Problem` that an experimenter would give.
    units : mapping of state to unit
    """

    states: tuple[str, ...]
    equations: Mapping[str, Mapping[str, float]]
    start: tuple[float, ...]
    box: Mapping[str, tuple[float, float]]
    duration: float
    samples: int
    noise: tuple[float, ...]
    known: Mapping[str, Any]
    units: Mapping[str, str]

    def simulate(self, start: Array) -> Array:
        """The true states ``(n, d)`` from a start."""
        time = np.linspace(0.0, self.duration, self.samples)
        field, none = field_of(self.states, self.equations), np.empty((1, 0))

        def rate(_now: float, x: Array) -> Array:
            return field.rate(time[:1], x[None], None, none)[0]

        return integrate(rate, time, start, rtol=1e-9)

    def measured(self, start: Array, rng: np.random.Generator) -> Array:
        """A noisy record ``(n, d)`` from a start."""
        clean = self.simulate(start)
        error = np.array(self.noise) * rng.standard_normal(clean.shape)
        return np.asarray(clean * np.exp(error) if self._positive else clean + error)

    def dataset(self, records: Sequence[Array]) -> xr.Dataset:
        """What an experimenter has of one or more records ``(n, d)``."""
        time = np.linspace(0.0, self.duration, self.samples)
        return from_arrays(
            [time] * len(records), list(records), names=self.states, units=self.units
        )

    def exact(self, law: Result) -> bool:
        """Whether a law has the terms of the truth and no others."""
        return law.model.order == 1 and all(
            {item["term"] for item in law.terms(state)} == set(self.equations[state])
            for state in self.states
        )

    @property
    def _positive(self) -> bool:
        return bool(self.known.get("positive"))


CASES = {
    "prey-limited": OpenCase(
        ("prey", "predator"),
        {
            "prey": {"prey": 1.0, "prey^2": -0.1, "prey*predator": -0.5},
            "predator": {"predator": -1.0, "prey*predator": 0.5},
        },
        (2.6, 1.8),
        {"prey": (1.0, 5.0), "predator": (0.6, 3.0)},
        12.0,
        30,
        (0.1, 0.1),
        {"positive": ("prey", "predator")},
        {},
    ),
    "duffing": OpenCase(
        ("x", "v"),
        {"x": {"v": 1.0}, "v": {"x": -1.0, "v": -0.1, "x^3": -0.5}},
        (0.5, 0.0),
        {"x": (-0.9, 0.9), "v": (-0.9, 0.9)},
        15.0,
        150,
        (0.06, 0.06),
        {"order": 1, "degree": 3},
        {},
    ),
    "van-der-pol": OpenCase(
        ("x", "v"),
        {"x": {"v": 1.0}, "v": {"x": -1.0, "v": 0.5, "x^2*v": -0.5}},
        (0.3, 0.0),
        {"x": (-0.9, 0.9), "v": (-0.9, 0.9)},
        6.0,
        100,
        (0.08, 0.08),
        {"order": 1, "degree": 3},
        {},
    ),
    "pendulum": OpenCase(
        ("theta", "omega"),
        {"theta": {"omega": 1.0}, "omega": {"sin(theta)": -4.0, "omega": -0.1}},
        (0.7, 0.0),
        {"theta": (-1.2, 1.2), "omega": (-2.0, 2.0)},
        8.0,
        160,
        (0.06, 0.12),
        {"order": 1},
        {"theta": "rad", "omega": "rad/s"},
    ),
    "lorenz": OpenCase(
        ("x", "y", "z"),
        {
            "x": {"x": -10.0, "y": 10.0},
            "y": {"x": 28.0, "y": -1.0, "x*z": -1.0},
            "z": {"z": -8.0 / 3.0, "x*y": 1.0},
        },
        (-7.0, -7.5, 25.0),
        {"x": (-20.0, 20.0), "y": (-25.0, 25.0), "z": (2.0, 45.0)},
        6.0,
        600,
        (1.6, 1.8, 1.7),
        {"order": 1, "degree": 2},
        {},
    ),
}
