"""Windows of trajectories, stacked so that one flow follows all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from physmodel.data.segments import Segment
from physmodel.losses.flow import Intervals, flow_end, fourth_order_end
from physmodel.models.fields.vector_field import VectorField
from physmodel.problem.holds import ZERO

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Window:
    """Neighbouring samples of a segment.

    Attributes
    ----------
    segment : Segment
        States first, then inputs.
    first, last : int
        Sample numbers, both included.
    """

    segment: Segment
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1

    @property
    def time(self) -> Array:
        """Times ``(n,)``."""
        return self.segment.time[self.first : self.last + 1]

    @property
    def values(self) -> Array:
        """States and inputs ``(n, v)``."""
        return self.segment.values[self.first : self.last + 1]

    @property
    def duration(self) -> float:
        """Time from the first to the last sample."""
        return float(self.time[-1] - self.time[0])

    def cut(self, count: int) -> Window:
        """Its first samples, `count` at most."""
        return Window(self.segment, self.first, min(self.last, self.first + count - 1))


@dataclass(frozen=True, eq=False)
class Stack:
    """Windows side by side, the shorter ones filled up with their last sample.

    Attributes
    ----------
    field : VectorField
    windows : sequence of Window
    stride : int
        Samples from one node to the next. The motion is integrated from node to node; between
        them it is the cubic with the same states and rates.
    steps : int
        Of integration between two nodes: a single one is of order four; more, an even number,
        stand for half as many of order eight.
    """

    field: VectorField
    windows: Sequence[Window]
    stride: int = 1
    steps: int = 1

    @cached_property
    def seen(self) -> NDArray[np.bool_]:
        """Whether a window has so many samples, ``(k, M)``."""
        sizes = np.array([len(window) for window in self.windows])
        return np.arange(sizes.max()) < sizes[:, None]

    @cached_property
    def _pick(self) -> NDArray[np.intp]:
        sizes = self.seen.sum(axis=1)[:, None]
        return np.minimum(np.arange(self.seen.shape[1]), sizes - 1)

    @cached_property
    def _time(self) -> Array:
        return np.stack([w.time[p] for w, p in zip(self.windows, self._pick, strict=True)])

    @cached_property
    def _values(self) -> Array:
        return np.stack([w.values[p] for w, p in zip(self.windows, self._pick, strict=True)])

    @property
    def size(self) -> int:
        """Numbers at all nodes of a motion from each start and those next to it."""
        d = len(self.field.states)
        return len(self.windows) * len(self._nodes) * d * (1 + self.field.order * d)

    @cached_property
    def _held(self) -> NDArray[np.bool_]:
        """Inputs ``(m,)`` that are held between samples."""
        d, width = len(self.field.states), self._values.shape[2]
        kinds = self.windows[0].segment.hold[d:] or ("",) * (width - d)
        return np.array([kind == ZERO for kind in kinds], dtype=bool)

    @property
    def _stride(self) -> int:
        """Samples from node to node: no more than one where an input jumps at samples."""
        return 1 if self._held.any() else self.stride

    def finer(self) -> Stack:
        """With nodes, or steps between them, twice as dense."""
        if self._stride > 1:
            return replace(self, stride=self.stride // 2)
        return replace(self, steps=2 * self.steps)

    @property
    def states(self) -> Array:
        """Measured states ``(k, M, d)``."""
        return self._values[:, :, : len(self.field.states)]

    @cached_property
    def _nodes(self) -> NDArray[np.intp]:
        last = self.seen.shape[1] - 1
        return np.append(np.arange(0, last, self._stride), last)

    def motions(self, starts: Array) -> Array:
        """States of the motions from some starts at all samples.

        Parameters
        ----------
        starts : ndarray (k, c, D)
            Several per window: states and, for second order, velocities.

        Returns
        -------
        ndarray (k, c, M, d)
            Not finite after a blow-up.
        """
        k, c, width = starts.shape
        d = len(self.field.states)
        time = np.repeat(self._time[:, self._nodes], c, axis=0)
        inputs = np.repeat(self._values[:, self._nodes, d:], c, axis=0)
        nodes = [starts.reshape(k * c, width)]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # a motion may blow up
            for a, b in pairwise(range(time.shape[1])):
                now, after = time[:, a], time[:, b]
                # A held input stays as it is until the next sample.
                last = np.where(self._held, inputs[:, a], inputs[:, b])
                stretch = Intervals(now, after - now, inputs[:, a], last)
                nodes.append(self._arrived(stretch, nodes[-1]))
            path = np.stack(nodes, axis=1)
            if self._stride > 1:
                return self._between(path, time, inputs).reshape(k, c, -1, d)
        return path[:, :, :d].reshape(k, c, -1, d)

    def _arrived(self, stretch: Intervals, start: Array) -> Array:
        if self.steps == 1:
            return fourth_order_end(self.field, stretch, start)
        return flow_end(self.field, stretch, start, self.steps // 2)

    def _between(self, path: Array, time: Array, inputs: Array) -> Array:
        """Cubics through the nodes with the right slopes there, at all samples, ``(k c, M, d)``."""
        rows, d = len(path), len(self.field.states)
        states = path[:, :, :d]
        if self.field.order == 2:
            slopes = path[:, :, d:]
        else:
            drive = inputs.reshape(time.size, -1)
            rate = self.field.rate(time.ravel(), states.reshape(-1, d), None, drive)
            slopes = rate.reshape(states.shape)
        before = np.minimum(np.arange(self.seen.shape[1]) // self._stride, len(self._nodes) - 2)
        length = (time[:, before + 1] - time[:, before])[:, :, None]
        moment = np.repeat(self._time, rows // len(self.windows), axis=0)[:, :, None]
        done = moment - time[:, before][:, :, None]
        u = np.divide(done, length, out=np.zeros_like(done), where=length > 0.0)
        begin, end = states[:, before], states[:, before + 1]
        bend = (1.0 - u) * slopes[:, before] - u * slopes[:, before + 1]
        return np.asarray(
            begin + u**2 * (3.0 - 2.0 * u) * (end - begin) + u * (1.0 - u) * length * bend
        )
