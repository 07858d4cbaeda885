"""Residuals of measured slopes at states that are known, or known up to a shift of each path.

Where slopes are measured better than states, their integral gives the shape of each trajectory,
and only its place is uncertain: the mean of ``n`` measured states has the error
``state noise / sqrt(n)``. These few shifts are unknowns of the fit. A regression at the measured
states would take their noise for a property of the law and find coefficients that are too small
(errors in variables).

References
----------
Carroll, Ruppert, Stefanski, Crainiceanu (2006), Measurement error in nonlinear models, chapter 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from physmodel.errors import ProblemError
from physmodel.models.fields.parametric_field import ParametricField
from physmodel.optimizers.reading import real_numbers

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class KnownStates:
    """``(f(x) - x') / slope_noise`` at states without noise; a vector of `Residuals`.

    Attributes
    ----------
    field : ParametricField
        Of first order, without inputs.
    states, slopes : ndarray (n, d)
    slope_noise : ndarray (d,)
        Standard deviations, all positive.

    Raises
    ------
    ProblemError
        If tables do not have the shapes of the field, or a noise is not positive.
    """

    field: ParametricField
    states: Array
    slopes: Array
    slope_noise: Array

    def __post_init__(self) -> None:
        d = len(self.field.states)
        states, slopes, noise = (
            real_numbers(table, what)
            for table, what in (
                (self.states, "states"),
                (self.slopes, "slopes"),
                (self.slope_noise, "deviations"),
            )
        )
        shapes = states.shape, slopes.shape, noise.shape
        if shapes != ((len(states), d), (len(states), d), (d,)) or not len(states):
            raise ProblemError(
                "states, slopes and noise have the shapes " + ", ".join(map(str, shapes)),
                why=f"the field has {d} states",
                fix=f"give a row of {d} numbers for each sample, and {d} deviations",
            )
        if not (noise > 0.0).all():
            raise ProblemError(
                f"the noise of the slopes is {noise}", fix="give positive standard deviations"
            )

    def values(self, parameters: Array) -> Array:
        """Residuals ``(n d,)``."""
        rate = self.field.with_parameters(parameters).rate(*_points(self.states))
        return np.ravel((rate - self.slopes) / self.slope_noise)

    def linearised(self, parameters: Array) -> tuple[Array, Array]:
        """Residuals ``(n d,)`` and their derivatives ``(n d, p)``."""
        found = self.field.with_parameters(parameters).linearised(*_points(self.states))
        by_parameter = found.by_parameter / self.slope_noise[:, None]
        residuals = np.ravel((found.rate - self.slopes) / self.slope_noise)
        return residuals, by_parameter.reshape(len(residuals), -1)


@dataclass(frozen=True, eq=False)
class ShiftedPaths:
    """`KnownStates` whose paths are shifted by unknowns of known spread: `BorderedResiduals`.

    The local unknowns are the shifts, ``(k d,)``, in units of their standard deviations.

    Attributes
    ----------
    field : ParametricField
        Of first order, without inputs.
    paths, slopes : ndarray (n, d)
    path : ndarray of int (n,)
        The path that a row belongs to, ``0 .. k - 1``.
    spread : ndarray (k, d)
        Standard deviations of the shifts.
    slope_noise : ndarray (d,)
    """

    field: ParametricField
    paths: Array
    slopes: Array
    path: NDArray[np.intp]
    spread: Array
    slope_noise: Array

    def states(self, local: Array) -> Array:
        """Shifted paths, ``(n, d)``."""
        return self.paths + (local.reshape(self.spread.shape) * self.spread)[self.path]

    def values(self, local: Array, shared: Array) -> Array:
        """Shifts, then slopes: ``(k d + n d,)``."""
        known = KnownStates(self.field, self.states(local), self.slopes, self.slope_noise)
        return np.concatenate([local, known.values(shared)])

    def linearised(self, local: Array, shared: Array) -> tuple[Array, Any, Array]:
        """Residuals and derivatives by shifts (sparse) and by parameters."""
        found = self.field.with_parameters(shared).linearised(*_points(self.states(local)))
        by_shift = found.by_motion * self.spread[self.path][:, None, :]
        by_shift /= self.slope_noise[:, None]
        rows, columns = self._places
        entries = np.concatenate([np.ones(len(local)), by_shift.ravel()])
        n_rows = len(local) + self.slopes.size
        by_local = coo_array((entries, (rows, columns)), shape=(n_rows, len(local)))
        by_shared = np.zeros((n_rows, len(shared)))
        by_shared[len(local) :] = (found.by_parameter / self.slope_noise[:, None]).reshape(
            self.slopes.size, -1
        )
        slopes = np.ravel((found.rate - self.slopes) / self.slope_noise)
        return np.concatenate([local, slopes]), by_local, by_shared

    @cached_property
    def _places(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        n, d = self.slopes.shape
        size = self.spread.size
        row = size + d * np.arange(n)[:, None, None] + np.arange(d)[None, :, None]
        column = d * self.path[:, None, None] + np.arange(d)[None, None, :]
        rows, columns = np.broadcast_arrays(row, column)
        own = np.arange(size)
        return np.concatenate([own, rows.ravel()]), np.concatenate([own, columns.ravel()])


def _points(states: Array) -> tuple[Array, Array, None, Array]:
    return np.zeros(len(states)), states, None, np.empty((len(states), 0))
