"""Multiple shooting: the motion at every sample is unknown, the flow joins one to the next.

Starting afresh at each sample keeps far-off parameters from sending a trajectory away, and keeps
chaos from multiplying errors. The joints are residuals with a slack that is taken away in stages,
so that the last answer is a trajectory of the field.

References
----------
Bock (1983), Recent advances in parameter identification techniques for ODE;
Peifer, Timmer (2007), Parameter estimation in ordinary differential equations for biochemical
processes using the method of multiple shooting, IET Systems Biology 1, 78.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from physmodel.losses.flow import Intervals, flow_end, linearised_flow
from physmodel.models.parametric_field import ParametricField

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Record:
    """One trajectory as measured.

    Attributes
    ----------
    time : ndarray (n,)
    states : ndarray (n, d)
        NaN where a state was not measured.
    inputs : ndarray (n, m)
    """

    time: Array
    states: Array
    inputs: Array


@dataclass(frozen=True, eq=False)
class MultipleShooting:
    """Residuals of motions (local unknowns) and parameters (shared ones); `BorderedResiduals`.

    Attributes
    ----------
    field : ParametricField
    records : sequence of Record
    noise : ndarray (d,)
        Standard deviation of the measurement noise.
    slack : ndarray (D,)
        Standard deviation that the joints are allowed, ``D`` states and, for second order,
        velocities.
    steps : int
        Integration steps per sampling interval; see `physmodel.losses.flow`.
    """

    field: ParametricField
    records: Sequence[Record]
    noise: Array
    slack: Array
    steps: int

    def with_slack(self, noise: Array, slack: Array, steps: int) -> MultipleShooting:
        """The same problem with other weights and steps."""
        return replace(self, noise=noise, slack=slack, steps=steps)

    @property
    def width(self) -> int:
        """Numbers ``D`` that describe the motion at a time."""
        return self.field.order * len(self.field.states)

    @property
    def n_samples(self) -> int:
        """Samples of all records."""
        return sum(len(record.time) for record in self.records)

    @cached_property
    def measured(self) -> NDArray[np.bool_]:
        """Whether each state ``(n, d)`` of each sample was measured."""
        return np.isfinite(self._states)

    @cached_property
    def _states(self) -> Array:
        return np.vstack([record.states for record in self.records])

    @cached_property
    def joined(self) -> NDArray[np.intp]:
        """Samples that have a next one in their record."""
        edges = np.cumsum([len(record.time) for record in self.records])
        return np.setdiff1d(np.arange(edges[-1]), edges - 1).astype(np.intp)

    @cached_property
    def _intervals(self) -> Intervals:
        time = np.concatenate([record.time for record in self.records])
        inputs = np.vstack([record.inputs for record in self.records])
        first = self.joined
        return Intervals(
            time[first], time[first + 1] - time[first], inputs[first], inputs[first + 1]
        )

    def deviations(self, local: Array) -> Array:
        """Measured minus estimated states, ``(n, d)``; NaN where nothing was measured."""
        d = len(self.field.states)
        return self._states - local.reshape(-1, self.width)[:, :d]

    def values(self, local: Array, shared: Array) -> Array:
        """Whitened residuals: deviations of the data, then the joints."""
        motion = local.reshape(-1, self.width)
        field = self.field.with_parameters(shared)
        with np.errstate(all="ignore"):  # a motion that blows up is a step too far
            end = flow_end(field, self._intervals, motion[self.joined], self.steps)
            joints = (end - motion[self.joined + 1]) / self.slack
        data = (self.deviations(local) / self.noise)[self.measured]
        return np.concatenate([data, joints.ravel()])

    def linearised(self, local: Array, shared: Array) -> tuple[Array, csr_array, Array]:
        """Residuals with their derivatives by motions (sparse) and by parameters."""
        motion = local.reshape(-1, self.width)
        field = self.field.with_parameters(shared)
        with np.errstate(all="ignore"):
            flow = linearised_flow(field, self._intervals, motion[self.joined], self.steps)
        joints = (flow.end - motion[self.joined + 1]) / self.slack
        data = (self.deviations(local) / self.noise)[self.measured]
        by_start = flow.by_start / self.slack[:, None]
        by_parameter = (flow.by_parameter / self.slack[:, None]).reshape(-1, len(shared))
        by_shared = np.vstack([np.zeros((len(data), len(shared))), by_parameter])
        return (
            np.concatenate([data, joints.ravel()]),
            self._sparse(by_start, len(local)),
            by_shared,
        )

    def step_error(self, local: Array, shared: Array) -> Array:
        """Largest integration error of an interval, ``(D,)``."""
        motion = local.reshape(-1, self.width)
        field = self.field.with_parameters(shared)
        flow = linearised_flow(field, self._intervals, motion[self.joined], self.steps)
        return flow.error.max(axis=0)

    def _sparse(self, by_start: Array, n_local: int) -> csr_array:
        width, d = self.width, len(self.field.states)
        sample, state = np.nonzero(self.measured)
        n_data, n_joints = len(sample), len(self.joined) * width
        rows, columns = np.arange(n_joints).reshape(-1, width), self.joined[:, None] * width
        columns = columns + np.arange(width)
        all_rows = np.concatenate(
            [
                np.arange(n_data),
                n_data + np.repeat(rows, width, axis=1).ravel(),
                n_data + rows.ravel(),
            ]
        )
        all_columns = np.concatenate(
            [
                sample * width + state,
                np.tile(columns, (1, width)).ravel(),
                (columns + width).ravel(),
            ]
        )
        entries = np.concatenate(
            [
                -1.0 / np.broadcast_to(self.noise, (self.n_samples, d))[sample, state],
                by_start.ravel(),
                np.tile(-1.0 / self.slack, len(self.joined)),
            ]
        )
        return csr_array((entries, (all_rows, all_columns)), shape=(n_data + n_joints, n_local))
