"""Measured courses, smoothed, in pieces over which the rates of equations are integrated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_smoothing_spline

from physmodel.fitting.opening import typical_size
from physmodel.losses.shooting import Record
from physmodel.models.signals import Signal

Array = NDArray[np.float64]
#: A curve, or its derivative of some order, at times.
Smooth = Callable[..., Array]

#: Samples of a piece and number of pieces at most: what a first guess needs, and no more.
LONGEST, MOST = 120, 30
#: Points from one sample to the next at which rates are evaluated.
POINTS = 4
#: Samples that a smoothing spline needs, and a smoothness that is none.
FEWEST, LITTLE = 5, 0.0


@dataclass(frozen=True, eq=False)
class Pieces:
    """Smoothed courses with the integrals of rates along them.

    Attributes
    ----------
    points : tuple
        Times ``(n,)``, states ``(n, d)``, velocities ``(n, d)`` or None, and inputs ``(n, m)``: the
        arguments of a field.
    rules : tuple of (slice, ndarray (k, l))
        Of each piece: its points, and the rule that integrates rates once or, for
        second order, twice, less what the start of the piece decides.
    target : ndarray (n_samples d,)
        What the integrals have to be, over the spread of the states.
    spread : ndarray (d,)
    motion : ndarray (n_samples, D)
        Smoothed, at all samples of all records.
    sizes : ndarray
        Of states, velocities, inputs and time.
    rates : ndarray (d,)
        Typical highest derivatives.
    """

    points: tuple[Array, Array, Array | None, Array]
    rules: tuple[tuple[slice, Array], ...]
    target: Array
    spread: Array
    motion: Array
    sizes: Array
    rates: Array

    def integrated(self, rates: Array) -> Array:
        """Integrals ``(n_samples d, c)`` of rates ``(n, d, c)``, over the spread."""
        made = [np.tensordot(rule, rates[own], 1) for own, rule in self.rules]
        whole = np.concatenate(made) / self.spread[:, None]
        return np.asarray(whole.reshape(-1, rates.shape[2]))

    @classmethod
    def of(cls, records: Sequence[Record], n_states: int, order: int) -> list[Pieces]:
        """Smooth records as their noise asks, and not at all; none where that cannot be done.

        Few samples of a fast motion look like noise, and would be smoothed away.
        """
        made = []
        for smoothness in (None, LITTLE):
            curves = [_Curve.of(record, n_states, order, smoothness) for record in records]
            known = [one for one in curves if one is not None]
            if len(known) == len(records):
                made.append(cls._along(known, n_states, order))
        return made

    @classmethod
    def _along(cls, known: Sequence[_Curve], n_states: int, order: int) -> Pieces:
        spread = typical_size(np.vstack([one.record.motion[:, :n_states] for one in known]))
        pieces = [
            (one, slice(first, min(first + LONGEST, len(one.record.time))))
            for one in known
            for first in range(0, len(one.record.time) - order, LONGEST)
        ]
        pieces = pieces[:: -(-len(pieces) // MOST)]
        made = [one.piece(samples) for one, samples in pieces]
        points, rules, targets = zip(*made, strict=True)
        edges = np.cumsum([0, *(len(time) for time, *_ in points)])
        where = [slice(a, b) for a, b in pairwise(edges)]
        speeds = [one[2] for one in points]
        together = (
            np.concatenate([one[0] for one in points]),
            np.vstack([one[1] for one in points]),
            np.vstack(speeds) if order == 2 else None,
            np.vstack([one[3] for one in points]),
        )
        columns = [*together[1:], together[0][:, None]]
        sizes = [np.sqrt(np.mean(one**2, axis=0)) for one in columns if one is not None]
        rates = np.vstack([one.rate(one.record.time) for one in known])
        return cls(
            together,
            tuple(zip(where, rules, strict=True)),
            np.ravel(np.concatenate(targets) / spread),
            spread,
            np.vstack([one.course(one.record.time) for one in known]),
            np.concatenate(sizes),
            np.sqrt(np.mean(rates**2, axis=0)),
        )


@dataclass(frozen=True, eq=False)
class _Curve:
    """A record with smooth curves through its states and, where they were measured, velocities."""

    record: Record
    order: int
    states: Sequence[Smooth]
    velocities: Sequence[Smooth]

    @classmethod
    def of(
        cls, record: Record, n_states: int, order: int, smoothness: float | None
    ) -> _Curve | None:
        """None if a state was hardly measured."""
        known = np.isfinite(record.motion).sum(axis=0)
        if known[:n_states].min() < FEWEST:
            return None
        fitted = [_smooth(record.time, one, smoothness) for one in record.motion[:, :n_states].T]
        own = record.motion[:, n_states:].T if (known[n_states:] >= FEWEST).all() else ()
        speeds = [_smooth(record.time, one, smoothness) for one in own]
        return cls(record, order, fitted, speeds)

    def course(self, time: Array) -> Array:
        """Motion ``(k, D)``."""
        blocks = [one(time) for one in self.states]
        if self.order == 2:
            own = [one(time) for one in self.velocities]
            blocks += own or [one(time, 1) for one in self.states]
        return np.column_stack(blocks)

    def rate(self, time: Array) -> Array:
        """Highest derivatives ``(k, d)``."""
        if self.velocities:
            return np.column_stack([one(time, 1) for one in self.velocities])
        return np.column_stack([one(time, self.order) for one in self.states])

    def piece(
        self, samples: slice
    ) -> tuple[tuple[Array, Array, Array | None, Array], Array, Array]:
        """Points, the rule that integrates rates at them, and what the integrals have to be."""
        time, d = self.record.time[samples], len(self.states)
        share = np.arange(POINTS) / POINTS
        fine = np.append((time[:-1, None] + np.diff(time)[:, None] * share).ravel(), time[-1])
        motion, here = self.course(fine), self.course(time)
        inputs = Signal(self.record.time, self.record.inputs, self.record.hold).at(fine)
        twice = self.order == 2 and not self.velocities
        followed = slice(d, 2 * d) if self.velocities else slice(0, d)
        wanted = self.record.motion[samples, followed]
        wanted = np.where(np.isfinite(wanted), wanted, here[:, followed])
        rule = _cumulative(fine)
        rule = (rule @ rule if twice else rule)[::POINTS]
        # What the unknown start of the piece adds is taken out of both sides.
        since = (time - time.mean()) / (time[-1] - time[0])
        basis = np.linalg.qr(np.column_stack([np.ones(len(time)), since])[:, : 1 + twice])[0]
        rule = rule - basis @ (basis.T @ rule)
        points = fine, motion[:, :d], motion[:, d:] if self.order == 2 else None, inputs
        return points, rule, wanted - basis @ (basis.T @ wanted)


def _smooth(time: Array, values: Array, smoothness: float | None) -> Smooth:
    """A smoothing spline; without a smoothness, generalised cross-validation decides on it."""
    known = np.isfinite(values)
    first, span = time[0], time[-1] - time[0]
    centre, size = float(values[known].mean()), float(np.ptp(values[known])) or 1.0
    x, y = (time[known] - first) / span, (values[known] - centre) / size
    spline = make_smoothing_spline(x, y, lam=smoothness)

    def curve(when: Array, derivative: int = 0) -> Array:
        found = np.asarray(spline((when - first) / span, derivative)) * size / span**derivative
        return found if derivative else found + centre

    return curve


def _cumulative(time: Array) -> Array:
    """The trapezoidal rule ``(l, l)`` from the first point to each."""
    half = np.diff(time) / 2.0
    steps = np.zeros((len(time), len(time)))
    inner = np.arange(1, len(time))
    steps[inner, inner - 1], steps[inner, inner] = half, half
    return np.cumsum(steps, axis=0)
