"""One segment of data in computing units, and the quadrature error of its weak form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.constants import ENGINE
from physmodel.losses.weak_form.smoothing import Smoothing
from physmodel.losses.weak_form.weak import WeakForm
from physmodel.models.fields.linear_field import LinearField, Points

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Tile:
    """One segment of data in computing units, with its weak form.

    Attributes
    ----------
    time : ndarray (n,)
        In units of the typical sampling interval.
    measured : ndarray (n, d)
        States as measured, in computing coordinates; interpolated where nothing was measured.
    observed : ndarray of bool (n,)
        False at nodes between samples, where the trajectory is known from the equation only.
    inputs : ndarray (m, k)
        Inputs at the points of the weak form, taken as exact.
    weak : WeakForm
    spread : ndarray (n, d) or float
        Noise of each sample over the typical noise of its state.
    smoothing : Smoothing, optional
        The filter that the samples went through.
    """

    time: Array
    measured: Array
    observed: NDArray[np.bool_]
    inputs: Array
    weak: WeakForm
    spread: Array | float = 1.0
    smoothing: Smoothing | None = None

    @property
    def n_data(self) -> int:
        """Residuals that carry information."""
        return (int(self.observed.sum()) - self.weak.order) * self.measured.shape[1]

    @property
    def durations(self) -> Array:
        """Span of each test function ``(r, 1)``, half the support of a hat."""
        span = self.time[self.weak.order :] - self.time[: -self.weak.order]
        return span[:, None] / self.weak.order

    def values(self, states: Array) -> Array:
        """Measured states, with the present estimate where nothing was measured.

        What a filter changes in the present estimate is taken off.
        """
        values = np.where(self.observed[:, None], self.measured, states)
        return values if self.smoothing is None else values - self.smoothing.blur(states)

    def variances(self, noise: Array) -> Array:
        """Prior variances ``(n, d)``: the noise, or next to nothing known at free nodes.

        The free variance is bounded by what float64 can eliminate again.
        """
        free = np.minimum(1.0, ENGINE.free_to_noise * noise)
        return np.where(self.observed[:, None], (noise * self.spread) ** 2, free**2)

    def points(self, states: Array, *, coarse: bool = False) -> Points:
        """Evaluation points at given states, velocities included when the order asks for them."""
        slope = self.weak.coarse_slope if coarse else self.weak.slope
        velocities = None if slope is None else slope @ states
        nodes = self.weak.nodes
        return Points(self.time[nodes], states[nodes], velocities, self.inputs)


def quadrature_error(tile: Tile, field: LinearField, weights: Array, states: Array) -> Array:
    """Estimate how far off the weak form is because samples are finite in number.

    Parameters
    ----------
    tile : Tile
    field : LinearField
    weights : ndarray (k,)
    states : ndarray (n, d)

    Returns
    -------
    ndarray (r, d)
        Difference of two interpolation orders, largest over neighbouring rows: an interpolant
        that fails at a spike fails around it too.
    """
    rates = coarse = field.velocity(tile.points(states), weights)
    if tile.weak.coarse_slope is not None:
        coarse = field.velocity(tile.points(states, coarse=True), weights)
    error = np.abs(tile.weak.right @ rates - tile.weak.coarse @ coarse)
    padded = np.pad(error, ((3, 3), (0, 0)), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, 7, axis=0).max(axis=-1)
