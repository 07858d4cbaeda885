"""Bodies that are not in the data, seen by what the momentum of the others lacks.

The centre of all bodies moves on a straight line. What those in the data leave of that is searched
for Kepler orbits round the heaviest one. The two vectors of an orbit are free in the search, so
that they turn out perpendicular and of the lengths that the eccentricity asks for is no matter of
course: it tells a body from anything else that is periodic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from physmodel.models.kepler_orbits import (
    MOST_ECCENTRIC,
    UnseenBody,
    orbit_columns,
    orbit_slopes,
    straightened,
)

Array = NDArray[np.float64]

#: Bodies that are looked for at most; each costs a scan of all periods.
MOST = 4
#: Times that are used for the scan of periods, and after it.
SCANNED, USED = 500, 1000
#: Share of all strengths that the heaviest body needs for orbits round it to be ellipses.
CENTRAL = 0.9
#: By how much the vectors of an orbit may fail to be those of an ellipse.
SHAPE = 0.1
#: Standard errors by which the strength of a body must exceed zero.
CLEAR = 3.0
#: What is left must be so many times the noise, and have a memory of so many samples.
ABOVE_NOISE, MEMORY = 2.0, 3.0
#: Evaluations for one set of orbits: those that need more are degenerate.
EVALUATIONS = 60


@dataclass(frozen=True)
class Balance:
    """Positions along one trajectory, of which a weighted sum should be a straight line.

    Attributes
    ----------
    time : ndarray (n,)
    target : ndarray (n * axes,)
        Of the heaviest body, less its straight line.
    others : ndarray (n * axes, bodies - 1)
    n_axes : int
    """

    time: Array
    target: Array
    others: Array
    n_axes: int

    @classmethod
    def of(cls, time: Array, positions: Array, heavy: int, most: int) -> Balance:
        """Of positions ``(n, bodies, axes)``, at no more than so many times."""
        pick = np.unique(np.linspace(0, len(time) - 1, min(most, len(time))).astype(int))
        moved = np.swapaxes(straightened(time[pick], positions[pick]), 1, 2)
        table = moved.reshape(-1, positions.shape[1])
        return cls(time[pick], table[:, heavy], np.delete(table, heavy, axis=1), positions.shape[2])

    def left(self, orbits: Array) -> tuple[Array, Array]:
        """What strengths and orbits ``(k, 3)`` leave of the target, and their coefficients."""
        columns = [orbit_columns(self.time, q, self.n_axes) for q in orbits]
        table = np.hstack([self.others, *columns])
        size = np.linalg.norm(table, axis=0)
        size = np.where(size > 0.0, size, 1.0)
        found = np.linalg.lstsq(table / size, -self.target, rcond=1e-14)[0] / size
        return self.target + table @ found, found


def find_unseen(
    time: Array, positions: Array, strengths: Array, noise: float
) -> tuple[UnseenBody, ...]:
    """Find bodies on Kepler orbits that complete the balance of momentum.

    Parameters
    ----------
    time : ndarray (n,)
    positions : ndarray (n, bodies, axes)
    strengths : ndarray (bodies,)
        Of an attraction with the inverse square of distance.
    noise : float
        Of a coordinate of the weighted sum of positions, over the largest strength.

    Returns
    -------
    tuple of UnseenBody
        Empty if the balance needs none, or no orbit completes it.
    """
    heavy = int(np.argmax(np.abs(strengths)))
    if strengths[heavy] < CENTRAL * np.abs(strengths).sum():
        return ()
    balance = Balance.of(time, positions, heavy, USED)
    coarse = Balance.of(time, positions, heavy, SCANNED)
    orbits = np.empty((0, 3))
    kept: tuple[UnseenBody, ...] = ()
    rest, _ = balance.left(orbits)
    for _ in range(MOST):
        if rest @ rest < ABOVE_NOISE**2 * noise**2 * len(rest):
            break
        if memory(rest, balance.n_axes) < MEMORY:
            break
        orbits = _refined(balance, np.vstack([orbits, [_scanned(coarse, orbits), 0.03, 0.03]]))
        less, found = balance.left(orbits)
        independent = len(less) / memory(less, balance.n_axes)
        price = (3 + 2 * balance.n_axes) * np.log(max(independent, 2.0))
        if independent * np.log((rest @ rest) / (less @ less)) < price:
            break
        bodies = _bodies(balance, orbits, found, less, float(strengths[heavy]))
        kept = bodies if all(map(_is_a_body, bodies)) else kept
        rest = less
    return kept


def memory(left: Array, n_axes: int) -> float:
    """Samples after which residuals ``(n * axes,)`` are new ones (integrated correlation)."""
    course = left.reshape(-1, n_axes)
    n = len(course)
    power = np.abs(np.fft.rfft(course, 2 * n, axis=0)) ** 2
    along = np.fft.irfft(power.sum(axis=1))[:n]
    if along[0] <= 0.0:
        return 1.0
    share = along / along[0]
    ends = np.flatnonzero(share <= 0.0)
    return float(max(1.0, 2.0 * share[: ends[0] if len(ends) else n].sum() - 1.0))


def _scanned(balance: Balance, orbits: Array) -> float:
    """Frequency of the circle that explains most of what is left."""
    columns = [orbit_columns(balance.time, q, balance.n_axes) for q in orbits]
    known = np.linalg.qr(_normalised(np.hstack([balance.others, *columns])))[0]
    rest = balance.target - known @ (known.T @ balance.target)
    span = float(np.ptp(balance.time))
    turns = np.arange(0.25, len(balance.time) / 10.0, 0.25)
    explained = []
    for rate in 2.0 * np.pi * turns / span:
        circle = orbit_columns(balance.time, np.array([rate, 0.0, 0.0]), balance.n_axes)
        circle = circle - known @ (known.T @ circle)
        pulled = circle.T @ rest
        explained.append(pulled @ np.linalg.lstsq(circle.T @ circle, pulled, rcond=1e-8)[0])
    return float(2.0 * np.pi * turns[int(np.argmax(explained))] / span)


def _refined(balance: Balance, orbits: Array) -> Array:
    known = np.linalg.qr(_normalised(balance.others))[0]
    rest = balance.target - known @ (known.T @ balance.target)
    rest = rest / np.sqrt(np.mean(rest**2))
    turn = 2.0 * np.pi / float(np.ptp(balance.time))
    scale = np.tile([turn, 1.0, 1.0], len(orbits))

    def split(flat: Array) -> tuple[Array, Array, Array]:
        """Elements, their columns clear of the other bodies, and what these leave."""
        elements = (flat * scale).reshape(-1, 3)
        table = np.hstack([orbit_columns(balance.time, q, balance.n_axes) for q in elements])
        table = table - known @ (known.T @ table)
        basis = np.linalg.qr(_normalised(table))[0]
        return elements, table, np.asarray(rest - basis @ (basis.T @ rest))

    def slopes(flat: Array) -> Array:
        """Derivatives of what is left with the vectors held fixed (Kaufman's approximation)."""
        elements, table, _ = split(flat)
        size = np.linalg.norm(table, axis=0)
        basis = np.linalg.qr(table / size)[0]
        vectors = np.linalg.lstsq(table / size, rest, rcond=1e-14)[0] / size
        pairs = zip(elements, vectors.reshape(len(elements), 2, balance.n_axes), strict=True)
        moved = np.hstack([orbit_slopes(balance.time, q, v) for q, v in pairs])
        moved = moved - known @ (known.T @ moved)
        return np.asarray((basis @ (basis.T @ moved) - moved) * scale)

    start = orbits.ravel() / scale
    solved = least_squares(lambda q: split(q)[2], start, slopes, max_nfev=EVALUATIONS)
    return np.asarray((solved.x * scale).reshape(-1, 3))


def _normalised(table: Array) -> Array:
    size = np.linalg.norm(table, axis=0)
    return np.asarray(table / np.where(size > 0.0, size, 1.0))


def _bodies(
    balance: Balance, orbits: Array, found: Array, left: Array, central: float
) -> tuple[UnseenBody, ...]:
    n_axes, n_others = balance.n_axes, balance.others.shape[1]
    vectors = found[n_others:].reshape(len(orbits), 2, n_axes)
    parts = [
        np.hstack([orbit_columns(balance.time, q, n_axes), orbit_slopes(balance.time, q, v)])
        for q, v in zip(orbits, vectors, strict=True)
    ]
    table = np.hstack([balance.others, *parts])
    size = np.linalg.norm(table, axis=0)
    variance = float(np.mean(left**2)) * memory(left, n_axes)
    covariance = variance * np.linalg.pinv((table / size).T @ (table / size), hermitian=True)
    covariance = covariance / np.outer(size, size)
    bodies = []
    for k, (q, v) in enumerate(zip(orbits, vectors, strict=True)):
        begin = n_others + k * (2 * n_axes + 3)
        place = slice(begin, begin + 2 * n_axes + 1)
        length = float(np.linalg.norm(v[0]))
        axis = float(np.cbrt(central / q[0] ** 2))
        # Strength = |A| / a with a ~ rate^(-2/3).
        slope = np.concatenate([v[0] / length**2, np.zeros(n_axes), [2.0 / (3.0 * q[0])]])
        relative = float(np.sqrt(slope @ covariance[place, place] @ slope))
        strength, period = central * length / axis, 2.0 * np.pi / abs(float(q[0]))
        blur = float(np.sqrt(covariance[place.stop - 1, place.stop - 1])) / abs(float(q[0]))
        bodies.append(
            UnseenBody(
                strength,
                strength * relative,
                axis,
                float(np.hypot(q[1], q[2])),
                period,
                period * blur,
                q,
                central * v,
            )
        )
    return tuple(bodies)


def _is_a_body(body: UnseenBody) -> bool:
    """Whether a strength is clear of zero and the vectors of the orbit are those of an ellipse."""
    if body.eccentricity >= MOST_ECCENTRIC or body.strength < CLEAR * body.strength_std:
        return False
    a, b = body.vectors
    wide, narrow = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    ratio = narrow / (wide * np.sqrt(1.0 - body.eccentricity**2))
    return abs(ratio - 1.0) < SHAPE and abs(float(a @ b)) < SHAPE * wide * narrow
