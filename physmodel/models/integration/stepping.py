"""What every integrator with given times checks before and after."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.errors import PhysmodelError, ProblemError
from physmodel.optimizers.reading import real_numbers

Array = NDArray[np.float64]


def times_and_start(time: ArrayLike, start: ArrayLike) -> tuple[Array, Array]:
    """The times ``(n,)`` and the start values ``(d,)`` of an integration as arrays.

    Raises ProblemError if the times are not finite and strictly monotone, or a start value is not
    finite.
    """
    t, x = real_numbers(time, "the simulation times"), real_numbers(start, "the start values")
    with np.errstate(all="ignore"):  # what is not finite is refused below
        step = np.diff(t) if t.ndim == 1 else np.empty(0)
    sound = t.ndim == 1 and len(t) > 0 and np.isfinite(t).all() and np.isfinite(step).all()
    if not sound or not (np.all(step > 0) or np.all(step < 0)):
        raise ProblemError("simulation times must be finite and strictly monotone")
    if x.ndim != 1:
        raise ProblemError(f"the start has the shape {x.shape}", fix="give a vector of states")
    if not np.isfinite(x).all():
        raise ProblemError(f"start value {int(np.flatnonzero(~np.isfinite(x))[0])} is not finite")
    return t, x


def finite(time: Array, states: Array) -> Array:
    """The states ``(n, d)`` as they are.

    Raises PhysmodelError if some are not finite; the message names the last time at which they
    were.
    """
    sound = np.isfinite(states).all(axis=1)
    if sound.all():
        return states
    last = max(int(np.argmin(sound)) - 1, 0)
    raise PhysmodelError(
        f"the simulation stopped at t = {time[last]:.6g} of {time[-1]:.6g}",
        why="the states grow beyond all numbers",
        fix="take shorter steps, simulate a shorter time, or start inside the range of the data",
    )
