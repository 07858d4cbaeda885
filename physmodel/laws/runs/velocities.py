"""Velocities that second-order models need and the data do not hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_smoothing_spline

from physmodel.constants import ENGINE
from physmodel.data.measurement.noise import estimate_noise
from physmodel.data.segments import Segment
from physmodel.errors import PhysmodelError
from physmodel.losses.weak_form.stencils import derivatives
from physmodel.models.fields.vector_field import VectorField
from physmodel.models.integration.integrate import integrate
from physmodel.models.signals import Signal

Array = NDArray[np.float64]

#: Shooting corrections; each gains a factor of about ``6 / (step * frequency)^2``.
MAX_SHOTS = 12

#: Noise relative to the spread above which velocities come from a smoothing spline: less noise
#: than that a cubic spline does not see.
SMOOTHED = 1e-6

#: Samples that a smoothing spline needs.
SHORTEST = 5


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
    width = min(ENGINE.max_width, 2 * (len(time) // 2))
    slopes: Array = derivatives(time, width) @ states
    return slopes


def smooth_velocities(found: Sequence[Segment], n_states: int) -> Array:
    """Velocities of all samples: of smoothing splines where there is noise to smooth.

    Parameters
    ----------
    found : sequence of Segment
        States first.
    n_states : int

    Returns
    -------
    ndarray (n, d)
        Those of `finite_velocities` for states without noise.
    """
    times = [segment.time for segment in found]
    velocities = [finite_velocities(s.time, s.values[:, :n_states]) for s in found]
    for j in range(n_states):
        columns = [segment.values[:, j] for segment in found]
        if estimate_noise(times, columns) <= SMOOTHED * float(np.concatenate(columns).std()):
            continue
        for time, column, own in zip(times, columns, velocities, strict=True):
            if len(time) >= SHORTEST:
                own[:, j] = make_smoothing_spline(time, column).derivative()(time)
    return np.concatenate(velocities)


def shooting_velocities(
    field: VectorField,
    time: Array,
    states: Array,
    pick: NDArray[np.intp],
    inputs: Signal | None = None,
) -> Array:
    """Velocities with which the model flies from each sample to the next.

    All flights are integrated at once and corrected by what they miss the target by. The result
    is as accurate as the model, also where samples are too far apart to differentiate.

    Parameters
    ----------
    field : VectorField
        Of second order.
    time : ndarray (n,)
    states : ndarray (n, d)
    pick : ndarray of int (m,)
        Samples wanted.
    inputs : Signal, optional
        Needed where the field has inputs.

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
    ends = np.sort([time[pick], time[pick + ahead]], axis=0)
    # Where an input jumps: what it was within the interval.
    within = ends[0], np.nextafter(ends[1], ends[0])
    nothing = np.empty((len(pick), 0))

    def flight(fraction: float, flat: Array) -> Array:
        position, velocity = flat.reshape(shape)
        now = time[pick] + fraction * step[:, 0]
        signal = nothing if inputs is None else inputs.at(np.clip(now, *within))
        pull = field.rate(now, position, velocity, signal)
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
