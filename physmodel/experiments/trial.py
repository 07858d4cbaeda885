"""Run planned experiments on paper: simulate a model from many starts, whiten what it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from physmodel.constants import ENGINE
from physmodel.discovery.linearisation import white_rows
from physmodel.experiments.discrimination import reduced
from physmodel.experiments.hypotheses import Hypotheses
from physmodel.losses.weak_form.tile import Tile
from physmodel.losses.weak_form.weak import WeakForm, weak_form
from physmodel.models.fields.linear_field import Points
from physmodel.models.fields.vector_field import InputSignal
from physmodel.models.integration.integrate import rk4

Array = NDArray[np.float64]

#: Samples per characteristic time from which one Runge-Kutta step per node will do, instead of
#: two. The simulated path only says where the terms are evaluated: an error of a thousandth of the
#: spread changes nothing.
SMOOTH = 60.0

#: A run has left the range when a state is farther from the middle than this many half-widths of
#: the data and the allowed starts together: no fit says what happens there.
REACH = 2.0

#: Rates beyond which a run is stopped; numbers stay finite.
FASTEST = 1e6


@dataclass(frozen=True)
class Trial:
    """Times of a planned record, and where its states may go.

    Attributes
    ----------
    models : Hypotheses
    time : ndarray (n,)
        Nodes in computing units.
    observed : ndarray of bool (n,)
        False at nodes between samples.
    low, high : ndarray (d,)
        States beyond these, in computing coordinates, are out of range.
    """

    models: Hypotheses
    time: Array
    observed: NDArray[np.bool_]
    low: Array
    high: Array

    @property
    def n_samples(self) -> int:
        """Samples of the planned record."""
        return int(self.observed.sum())

    @cached_property
    def _weak(self) -> WeakForm:
        return weak_form(self.time, self.models.field.order)

    @cached_property
    def _drives(self) -> dict[InputSignal | None, Array]:
        """Inputs at all nodes, filled as signals come."""
        return {}

    def run(
        self, numbers: Sequence[int], starts: Array, signal: InputSignal | None
    ) -> tuple[Array, NDArray[np.bool_]]:
        """Simulate models from starts, all at once.

        Parameters
        ----------
        numbers : sequence of int (c,)
            The model of each run.
        starts : ndarray (c, D)
            States, and velocities for second order, in computing units.
        signal : callable or None
            Inputs by time in user units.

        Returns
        -------
        states : ndarray (n, c, d)
        stayed : ndarray of bool (c,)
            False where the run left the range; it stands still from there on.
        """
        field = self.models.field
        if not len(numbers):
            return np.empty((len(self.time), 0, field.n_states)), np.empty(0, dtype=bool)
        d, count = field.n_states, len(starts)
        weights = np.stack([self.models.weights(number) for number in numbers])
        tables = weights.reshape(count, d, -1)

        def rate(now: float, flat: Array) -> Array:
            values = flat.reshape(count, -1)
            inside = self._inside(values[:, :d])
            values = np.where(inside[:, None], values, 0.0)
            drive = self._inputs(signal, np.array([now]))
            points = Points(
                np.full(count, now),
                values[:, :d],
                values[:, d:] if field.order == 2 else None,
                np.repeat(drive, count, axis=0),
            )
            pull = np.einsum("cp,cdp->cd", field.features(points), tables)
            change = pull if field.order == 1 else np.column_stack([values[:, d:], pull])
            # A comparison with what is no number is false: such rates are zero too.
            sound = inside[:, None] & (np.abs(change) < FASTEST)
            return np.where(sound, change, 0.0).ravel()

        substeps = 1 if self.models.prepared.memory >= SMOOTH else 2
        fractions = np.arange(substeps * (len(self.time) - 1) + 1) / substeps
        fine = np.interp(fractions, np.arange(len(self.time)), self.time)
        with np.errstate(all="ignore"):
            path = rk4(rate, fine, starts.ravel())[::substeps].reshape(len(self.time), count, -1)
        states = path[:, :, :d]
        return states, self._inside(states[-1])

    def triangle(self, number: int, states: Array, signal: InputSignal | None) -> Array:
        """What a record along a trajectory would add to the regression.

        Parameters
        ----------
        number : int
            The model that carries the noise.
        states : ndarray (n, d)
        signal : callable or None

        Returns
        -------
        ndarray (m, q)
            See `discrimination.reduced`; over `Hypotheses.columns`.
        """
        models = self.models
        tile = Tile(self.time, states, self.observed, self._inputs(signal, self.time), self._weak)
        slack = models.prepared.looseness(models.field.order) * ENGINE.least_slack
        weights = models.weights(number)
        rows = white_rows(tile, models.field, weights, states, models.noise, slack, models.columns)
        return reduced(rows.matrix)

    def _inputs(self, signal: InputSignal | None, time: Array) -> Array:
        if signal is None:
            return np.empty((len(time), 0))
        where = self.models.field.coordinates
        moments = where.origin + where.step * time
        return np.stack([np.atleast_1d(signal(float(now))) for now in moments])

    def _inside(self, states: Array) -> NDArray[np.bool_]:
        return np.asarray(np.all((states >= self.low) & (states <= self.high), axis=-1))


def plan(models: Hypotheses, first: float, duration: float, step: float, starts: Array) -> Trial:
    """Lay out a planned record.

    Parameters
    ----------
    models : Hypotheses
    first, duration, step : float
        Start of the time, length and sampling interval, in computing units.
    starts : ndarray (c, D)
        Corners of what the user allows, which belong to the range of the states.
    """
    samples = max(round(duration / step), models.field.order + 3)
    parts = int(np.clip(round(step * models.refinement), 1, ENGINE.most_nodes))
    time = first + step * np.arange(samples * parts + 1) / parts
    observed = np.zeros(len(time), dtype=bool)
    observed[::parts] = True
    d = models.field.n_states
    low = np.minimum(models.low, starts.min(axis=0))[:d]
    high = np.maximum(models.high, starts.max(axis=0))[:d]
    middle, half = (low + high) / 2.0, (high - low) / 2.0
    return Trial(models, time, observed, middle - REACH * half, middle + REACH * half)
