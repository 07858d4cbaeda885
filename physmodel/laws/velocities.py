"""Velocities that second-order models need and the data do not hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_smoothing_spline

from physmodel.errors import PhysmodelError
from physmodel.losses.stencils import derivatives
from physmodel.losses.weak import MAX_WIDTH
from physmodel.models.integrate import integrate
from physmodel.models.vector_field import VectorField

Array = NDArray[np.float64]

#: Shooting corrections; each gains a factor of about ``6 / (step * frequency)^2``.
MAX_SHOTS = 12

#: Noise relative to the spread above which velocities come from a smoothing spline: less noise
#: than that a cubic spline does not see.
SMOOTHED = 1e-6


def finite_velocities(time: Array, states: Array) -> Array:
    """Velocities by differentiating the widest interpolation rule that fits.

    Parameters
    ----------
    time : ndarray (n,)
    states : ndarray (n, d)

    Returns
    -------
    ndarray (n, d)
    """
    width = min(MAX_WIDTH, 2 * (len(time) // 2))
    slopes: Array = derivatives(time, width) @ states
    return slopes


def smooth_motion(time: Array, states: Array, noise: Array) -> tuple[Array, Array]:
    """States and velocities on a smoothing spline where there is noise to smooth.

    Parameters
    ----------
    time : ndarray (n,)
    states : ndarray (n, d)
    noise : ndarray (d,)
        Standard deviations of the measurement.

    Returns
    -------
    states, velocities : ndarray (n, d)
        States without noise keep their values, and the velocities of `finite_velocities`.
    """
    clean, velocities = states.copy(), finite_velocities(time, states)
    noisy = (noise > SMOOTHED * states.std(axis=0)) & (len(time) >= 5)
    for j in np.flatnonzero(noisy):
        spline = make_smoothing_spline(time, states[:, j])
        clean[:, j], velocities[:, j] = spline(time), spline.derivative()(time)
    return clean, velocities


def shooting_velocities(
    field: VectorField, time: Array, states: Array, pick: NDArray[np.intp]
) -> Array:
    """Velocities with which the model flies from each sample to the next.

    All flights are integrated at once and corrected by what they miss the target by. The result
    is as accurate as the model, also where samples are too far apart to differentiate.

    Parameters
    ----------
    field : VectorField
        Of second order, without inputs.
    time : ndarray (n,)
    states : ndarray (n, d)
    pick : ndarray of int (m,)
        Samples wanted.

    Returns
    -------
    ndarray (m, d)
        Finite differences where shooting does not converge.
    """
    velocities = finite_velocities(time, states)[pick]
    ahead = np.where(pick < len(time) - 1, 1, -1)
    step = (time[pick + ahead] - time[pick])[:, None]
    start, target = states[pick], states[pick + ahead]
    shape = (2, *start.shape)
    nothing = np.empty((len(pick), 0))

    def flight(fraction: float, flat: Array) -> Array:
        position, velocity = flat.reshape(shape)
        now = time[pick] + fraction * step[:, 0]
        pull = field.rate(now, position, velocity, nothing)
        return np.concatenate([(step * velocity).ravel(), (step * pull).ravel()])

    guess = velocities
    last = np.inf
    for _ in range(MAX_SHOTS):
        try:
            begin = np.concatenate([start.ravel(), guess.ravel()])
            end = integrate(flight, np.array([0.0, 1.0]), begin, rtol=1e-13)[-1].reshape(shape)
        except PhysmodelError:
            return velocities
        miss = target - end[0]
        size = float(np.abs(miss).max())
        if size >= last:
            break
        guess, last = guess + miss / step, size
    return guess if np.isfinite(guess).all() else velocities
