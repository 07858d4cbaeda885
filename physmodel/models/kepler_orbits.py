"""Kepler orbits of light bodies round a heavy one, as terms of the balance of momentum.

On the orbit ``r = a P (cos E - e) + b Q sin E`` with the eccentric anomaly ``E`` of Kepler's
equation, ``P`` and ``Q`` are perpendicular unit vectors and ``b = a sqrt(1 - e^2)``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Largest eccentricity that is tried; comets are too light to be felt.
MOST_ECCENTRIC = 0.9
#: Newton steps for Kepler's equation: from Danby's start rounding is reached in five.
STEPS = 8
#: Relative width of differences by the elements.
WIDTH = 1e-5


@dataclass(frozen=True)
class UnseenBody:
    """A body without a column, on a Kepler orbit round the heaviest one.

    Attributes
    ----------
    strength, strength_std : float
    semi_major_axis, eccentricity : float
    period, period_std : float
    elements : ndarray (3,)
        Mean motion, and eccentricity times cosine and sine of the mean anomaly at time zero.
    vectors : ndarray (2, axes)
        Strength times ``a P`` and times ``b Q``.
    """

    strength: float
    strength_std: float
    semi_major_axis: float
    eccentricity: float
    period: float
    period_std: float
    elements: Array
    vectors: Array

    def rescaled(self, length: float, step: float, origin: float, exponent: float) -> UnseenBody:
        """The same body in other units of length and time, and another origin of time.

        Parameters
        ----------
        length, step, origin : float
            Old units of length and time, and old origin of time, in the new ones.
        exponent : float
            Of the force, on which the unit of a strength depends.
        """
        strength = length ** (1.0 - exponent) / step**2
        rate = self.elements[0] / step
        size = np.hypot(self.elements[1], self.elements[2])
        mean = np.arctan2(self.elements[2], self.elements[1]) - rate * origin
        return UnseenBody(
            self.strength * strength,
            self.strength_std * strength,
            self.semi_major_axis * length,
            self.eccentricity,
            self.period * step,
            self.period_std * step,
            np.array([rate, size * np.cos(mean), size * np.sin(mean)]),
            self.vectors * strength * length,
        )

    def to_mapping(self, unit: str) -> dict[str, Any]:
        """As in `Result.laws`, the unit of the strength given."""
        return {
            "strength": {"value": self.strength, "std": self.strength_std, "unit": unit},
            "semi_major_axis": self.semi_major_axis,
            "eccentricity": self.eccentricity,
            "period": self.period,
            "period_std": self.period_std,
            "normal": self.normal.tolist(),
            "elements": self.elements.tolist(),
            "vectors": self.vectors.tolist(),
        }

    @classmethod
    def from_mapping(cls, table: Mapping[str, Any]) -> UnseenBody:
        """Inverse of `to_mapping`."""
        return cls(
            float(table["strength"]["value"]),
            float(table["strength"]["std"]),
            float(table["semi_major_axis"]),
            float(table["eccentricity"]),
            float(table["period"]),
            float(table["period_std"]),
            np.array(table["elements"], dtype=np.float64),
            np.array(table["vectors"], dtype=np.float64),
        )

    @property
    def normal(self) -> Array:
        """Unit vector ``(3,)`` along the angular momentum; orbits in a plane have ``+-z``."""
        a, b = (np.append(vector, np.zeros(3 - len(vector))) for vector in self.vectors)
        normal = np.cross(a, b)
        return np.asarray(normal / np.linalg.norm(normal))

    def momentum(self, time: Array) -> Array:
        """Strength times velocity relative to the heaviest body, ``(n, axes)``.

        Parameters
        ----------
        time : ndarray (n,)

        Returns
        -------
        ndarray (n, axes)
        """
        rate, cosine, sine = self.elements
        size = float(np.hypot(cosine, sine))
        anomaly = eccentric_anomaly(rate * time + np.arctan2(sine, cosine), size)
        speed = rate / (1.0 - size * np.cos(anomaly))
        turning = np.column_stack([-np.sin(anomaly), np.cos(anomaly)]) * speed[:, None]
        return np.asarray(turning @ self.vectors)


def unseen_of(laws: Sequence[Mapping[str, Any]]) -> tuple[UnseenBody, ...]:
    """Unseen bodies of structured laws, see `Result.laws`."""
    return tuple(UnseenBody.from_mapping(body) for law in laws for body in law.get("unseen", ()))


def eccentric_anomaly(mean: Array, eccentricity: float) -> Array:
    """Solve Kepler's equation ``E - e sin E = M``.

    Parameters
    ----------
    mean : ndarray (n,)
    eccentricity : float
        Below one.

    Returns
    -------
    ndarray (n,)

    Notes
    -----
    Newton's method from the start of Danby (1987), Celestial Mechanics 40, 303.
    """
    found = mean + 0.85 * eccentricity * np.sign(np.sin(mean))
    for _ in range(STEPS):
        miss = found - eccentricity * np.sin(found) - mean
        found = found - miss / (1.0 - eccentricity * np.cos(found))
    return np.asarray(found)


def straightened(time: Array, values: Array) -> Array:
    """Values ``(n, ...)`` less the straight line through each column."""
    line = np.linalg.qr(np.column_stack([np.ones_like(time), time - time.mean()]))[0]
    flat = values.reshape(len(time), -1)
    return np.asarray((flat - line @ (line.T @ flat)).reshape(values.shape))


def orbit_columns(time: Array, elements: Array, n_axes: int) -> Array:
    """What unit vectors add to the balance, ``(n * axes, 2 * axes)``, less straight lines.

    Parameters
    ----------
    time : ndarray (n,)
    elements : ndarray (3,)
    n_axes : int

    Returns
    -------
    ndarray
        Rows go through the axes of one time first.
    """
    rate, cosine, sine = elements
    size = min(float(np.hypot(cosine, sine)), MOST_ECCENTRIC)
    anomaly = eccentric_anomaly(rate * time + np.arctan2(sine, cosine), size)
    shape = straightened(time, np.column_stack([np.cos(anomaly) - size, np.sin(anomaly)]))
    return np.hstack([np.kron(shape[:, [k]], np.eye(n_axes)) for k in (0, 1)])


def orbit_slopes(time: Array, elements: Array, vectors: Array) -> Array:
    """Derivatives ``(n * axes, 3)`` of what a body adds to the balance by its elements."""
    n_axes, flat = vectors.shape[1], vectors.ravel()
    widths = WIDTH * np.array([2.0 * np.pi / np.ptp(time), 1.0, 1.0])
    slopes = []
    for step, width in zip(np.diag(widths), widths, strict=True):
        above = orbit_columns(time, elements + step, n_axes)
        below = orbit_columns(time, elements - step, n_axes)
        slopes.append((above - below) @ flat / (2.0 * width))
    return np.column_stack(slopes)
