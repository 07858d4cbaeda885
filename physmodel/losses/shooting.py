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
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from physmodel.losses.flow import Flow, Intervals, flow_end, linearised_flow
from physmodel.models.fields.parametric_field import Linearisation, ParametricField
from physmodel.models.signals import Signal

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Record:
    """One trajectory as measured.

    Attributes
    ----------
    time : ndarray (n,)
    motion : ndarray (n, D)
        States and, for second order, velocities; NaN where one was not measured.
    inputs : ndarray (n, m)
    rates : ndarray (n, d), optional
        Highest time derivative of the states, where it was measured too; NaN where it was not.
    hold : tuple of str
        How each input runs between samples, see `physmodel.problem.holds`; straight by default.
    """

    time: Array
    motion: Array
    inputs: Array
    rates: Array | None = None
    hold: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class MultipleShooting:
    """Residuals of motions (local unknowns) and parameters (shared ones); `BorderedResiduals`.

    Attributes
    ----------
    field : ParametricField
    records : sequence of Record
    noise : ndarray (D,)
        Standard deviation of the measurement noise.
    slack : ndarray (D,)
        Standard deviation that the joints are allowed, ``D`` states and, for second order,
        velocities.
    steps : int
        Integration steps per sampling interval; see `physmodel.losses.flow`.
    rate_noise : ndarray (d,), optional
        Standard deviation of measured rates, which are left out without it.
    """

    field: ParametricField
    records: Sequence[Record]
    noise: Array
    slack: Array
    steps: int
    rate_noise: Array | None = None

    @property
    def width(self) -> int:
        """Numbers ``D`` that describe the motion at a time."""
        return self.field.order * len(self.field.states)

    @property
    def n_unknowns(self) -> int:
        """Parameters and starts of the records: what is free once the joints are tight."""
        return len(self.field.parameters) + self.width * len(self.records)

    @cached_property
    def measured(self) -> NDArray[np.bool_]:
        """Whether each state and velocity ``(n, D)`` of each sample was measured."""
        return np.isfinite(self._motion)

    @property
    def known(self) -> NDArray[np.bool_]:
        """States and velocities ``(D,)`` of which anything was measured."""
        known: NDArray[np.bool_] = np.logical_or.reduce(self.measured, axis=0)
        return known

    @cached_property
    def measured_rates(self) -> NDArray[np.bool_]:
        """Whether each rate ``(n, d)`` of each sample was measured."""
        return np.isfinite(self._rates)

    @cached_property
    def _motion(self) -> Array:
        return np.vstack([record.motion for record in self.records])

    @cached_property
    def _rates(self) -> Array:
        nothing = np.full((1, len(self.field.states)), np.nan)
        return np.vstack(
            [
                np.tile(nothing, (len(record.time), 1)) if record.rates is None else record.rates
                for record in self.records
            ]
        )

    @cached_property
    def _time(self) -> Array:
        return np.concatenate([record.time for record in self.records])

    @cached_property
    def _inputs(self) -> Array:
        return np.vstack([record.inputs for record in self.records])

    @cached_property
    def joined(self) -> NDArray[np.intp]:
        """Samples that have a next one in their record."""
        edges = np.cumsum([len(record.time) for record in self.records])
        return np.setdiff1d(np.arange(edges[-1]), edges - 1).astype(np.intp)

    @property
    def typical_interval(self) -> float:
        """Median time between samples."""
        return float(np.median(self._intervals.length))

    @cached_property
    def _intervals(self) -> Intervals:
        return Intervals.along([Signal(r.time, r.inputs, r.hold) for r in self.records])

    def deviations(self, local: Array) -> Array:
        """Measured minus estimated motion, ``(n, D)``; NaN where nothing was measured."""
        return self._motion - local.reshape(-1, self.width)

    def rate_deviations(self, local: Array, shared: Array) -> Array:
        """Measured rates minus those of the field, ``(n, d)``; NaN where nothing was measured."""
        field = self.field.with_parameters(shared)
        with np.errstate(all="ignore"):
            return self._rates - field.rate(*self._points(local))

    def values(self, local: Array, shared: Array) -> Array:
        """Whitened residuals: deviations of the data, joints, deviations of rates."""
        motion = local.reshape(-1, self.width)
        field = self.field.with_parameters(shared)
        with np.errstate(all="ignore"):  # a motion that blows up is a step too far
            end = flow_end(field, self._intervals, motion[self.joined], self.steps)
            joints = (end - motion[self.joined + 1]) / self.slack
        data = (self.deviations(local) / self.noise)[self.measured]
        residuals = np.concatenate([data, joints.ravel()])
        if self.rate_noise is None:
            return residuals
        rates = self.rate_deviations(local, shared) / self.rate_noise
        return np.concatenate([residuals, rates[self.measured_rates]])

    def linearised(self, local: Array, shared: Array) -> tuple[Array, csr_array, Array]:
        """Residuals with their derivatives by motions (sparse) and by parameters."""
        motion = local.reshape(-1, self.width)
        flow, near = self.pieces(local, shared)
        joints = (flow.end - motion[self.joined + 1]) / self.slack
        data = (self.deviations(local) / self.noise)[self.measured]
        by_start = flow.by_start / self.slack[:, None]
        by_parameter = (flow.by_parameter / self.slack[:, None]).reshape(-1, len(shared))
        by_shared = np.vstack([np.zeros((len(data), len(shared))), by_parameter])
        by_local = self._sparse(by_start, len(local))
        residuals = np.concatenate([data, joints.ravel()])
        if near is None or self.rate_noise is None:
            return residuals, by_local, by_shared
        rates, rates_by_local, rates_by_shared = self._linearised_rates(near, self.rate_noise)
        return (
            np.concatenate([residuals, rates]),
            csr_array(vstack([by_local, rates_by_local])),
            np.vstack([by_shared, rates_by_shared]),
        )

    def pieces(self, local: Array, shared: Array) -> tuple[Flow, Linearisation | None]:
        """The flow over all intervals, and the field at all samples if rates were measured."""
        field, start = self.field.with_parameters(shared), local.reshape(-1, self.width)
        with np.errstate(all="ignore"):
            flow = linearised_flow(field, self._intervals, start[self.joined], self.steps)
            near = field.linearised(*self._points(local)) if self.rate_noise is not None else None
        return flow, near

    def _points(self, local: Array) -> tuple[Array, Array, Array | None, Array]:
        d, motion = len(self.field.states), local.reshape(-1, self.width)
        velocities = motion[:, d:] if self.field.order == 2 else None
        return self._time, motion[:, :d], velocities, self._inputs

    def _linearised_rates(
        self, near: Linearisation, noise: Array
    ) -> tuple[Array, csr_array, Array]:
        """Whitened deviations of rates with their derivatives by motions and parameters."""
        sample, state = np.nonzero(self.measured_rates)
        size = -noise[state][:, None]
        columns = sample[:, None] * self.width + np.arange(self.width)
        rows = np.repeat(np.arange(len(sample)), self.width)
        entries = (near.by_motion[sample, state] / size).ravel()
        shape = len(sample), len(self._time) * self.width
        return (
            ((self._rates - near.rate) / noise)[sample, state],
            csr_array((entries, (rows, columns.ravel())), shape=shape),
            near.by_parameter[sample, state] / size,
        )

    def step_error(self, local: Array, shared: Array) -> Array:
        """Largest integration error of an interval, ``(D,)``."""
        if not len(self.joined):
            return np.zeros(self.width)
        return self.pieces(local, shared)[0].error.max(axis=0)

    def _sparse(self, by_start: Array, n_local: int) -> csr_array:
        width = self.width
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
                -1.0 / self.noise[state],
                by_start.ravel(),
                np.tile(-1.0 / self.slack, len(self.joined)),
            ]
        )
        return csr_array((entries, (all_rows, all_columns)), shape=(n_data + n_joints, n_local))
