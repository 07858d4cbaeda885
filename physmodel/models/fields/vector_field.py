"""What every model of motion can do: give the rate of change of its states."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.models.integration.adaptive import RightHandSide
from physmodel.models.integration.integrate import integrate
from physmodel.models.signals import Signal

Array = NDArray[np.float64]
#: Inputs at a time: ``u(t) -> (m,)``.
InputSignal = Callable[[float], Array]


class VectorField(Protocol):
    """A system of ordinary differential equations of first or second order."""

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the states."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs."""

    @property
    def order(self) -> int:
        """Order in time, 1 or 2."""

    def rate(self, time: Array, states: Array, velocities: Array | None, inputs: Array) -> Array:
        """Highest time derivative.

        `time` ``(n,)``, `states` ``(n, d)``. `velocities`: None for first order. `inputs` ``(n,
        m)``. Returns ``(n, d)``.
        """


def simulate(
    field: VectorField,
    time: Array,
    start: Array,
    *,
    start_velocity: Array | None = None,
    inputs: InputSignal | None = None,
    rtol: float = 1e-10,
    max_evaluations: int | None = None,
) -> Array:
    """Integrate a vector field.

    `time` ``(n,)``: monotone; the solution is returned at these times. `start` ``(d,)``: states at
    ``time[0]``. `start_velocity` ``(d,)``: needed for second order. `inputs`: ``u(t)``; needed when
    the field has inputs. The integration halts at the jumps of a `Signal`. `max_evaluations`: see
    `integrate`. Returns ``(n, d)``. Raises ProblemError if a start velocity or an input signal is
    missing. Raises PhysmodelError if the solution blows up or the integrator gives up.
    """
    d = len(field.states)
    if field.inputs and inputs is None:
        raise ProblemError(
            f"the model has inputs {', '.join(field.inputs)} and no signal was given",
            fix="pass inputs=callable returning the input values at a time",
        )
    if field.order == 2 and start_velocity is None:
        raise ProblemError(
            "a second-order model needs a start velocity", fix="pass start_velocity=(d,) array"
        )
    nothing = np.empty((1, 0))

    def rate_of(drive: InputSignal | None) -> RightHandSide:
        def right_hand_side(now: float, values: Array) -> Array:
            signal = nothing if drive is None else np.atleast_1d(drive(now))[None, :]
            moment = np.array([now])
            if field.order == 1:
                return field.rate(moment, values[None, :], None, signal)[0]
            states, velocities = values[None, :d], values[None, d:]
            rate = field.rate(moment, states, velocities, signal)[0]
            return np.concatenate([velocities[0], rate])

        return right_hand_side

    first = start if start_velocity is None else np.concatenate([start, start_velocity])
    if isinstance(inputs, Signal) and len(inputs.jumps):
        return _from_jump_to_jump(rate_of, inputs, time, first, rtol, max_evaluations)[:, :d]
    rhs = rate_of(inputs)
    return integrate(rhs, time, first, rtol=rtol, max_evaluations=max_evaluations)[:, :d]


def _from_jump_to_jump(
    rate_of: Callable[[InputSignal], RightHandSide],
    inputs: Signal,
    time: Array,
    start: Array,
    rtol: float,
    max_evaluations: int | None,
) -> Array:
    """Integrate with a halt wherever an input jumps: steps across a jump are small and wrong."""
    now, count = np.asarray(start, dtype=float), [0]
    found = np.empty((len(time), len(now)))
    found[:1] = now
    inside = (inputs.jumps > time.min()) & (inputs.jumps < time.max())
    forward = time[-1] >= time[0]
    stops = [time[0], *inputs.jumps[inside][:: 1 if forward else -1], time[-1]]
    for begin, end in pairwise(stops):
        low, high = min(begin, end), max(begin, end)
        last = np.nextafter(high, low)

        def counted(moment: float, low: float = low, last: float = last) -> Array:
            count[0] += 1
            return inputs(min(max(moment, low), last))

        wanted = np.flatnonzero((time > low) & (time < high))
        leg = np.concatenate([[begin], time[wanted], [end]])
        left = None if max_evaluations is None else max(max_evaluations - count[0], 1)
        path = integrate(rate_of(counted), leg, now, rtol=rtol, max_evaluations=left)
        now = path[-1]
        found[wanted], found[time == end] = path[1:-1], now
    return found
