"""Local interpolation rules on any time grid: integrals against test functions, derivatives.

A rule of width ``s`` interpolates the integrand through ``s`` neighbouring samples by a polynomial
and is exact for polynomials of degree ``s - 1``; nothing asks for a regular grid. Where the
integrand jumps the grid is cut into stretches, and no rule reaches from one into the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Grid:
    """A time grid that is cut into stretches.

    Rules apply to points: one for each sample, two for a sample at a cut, which ends one stretch
    and begins the next.

    Attributes
    ----------
    time : ndarray (n,)
        Strictly increasing.
    cuts : ndarray of int
        Samples between the first and the last at which the integrand may jump, increasing.
    """

    time: Array
    cuts: Numbers

    @classmethod
    def of(cls, time: Array, cuts: Numbers | None) -> Grid:
        """A grid; without cuts it is one stretch."""
        return cls(time, np.empty(0, dtype=np.intp) if cuts is None else cuts)

    @cached_property
    def nodes(self) -> Numbers:
        """Sample of each point, ``(m,)``."""
        count = np.ones(len(self.time), dtype=np.intp)
        count[self.cuts] = 2
        return np.repeat(np.arange(len(self.time)), count)

    @cached_property
    def times(self) -> Array:
        """Time of each point, ``(m,)``."""
        return self.time[self.nodes]

    @cached_property
    def begins(self) -> Numbers:
        """Point at which each sampling interval begins, ``(n - 1,)``."""
        interval = np.arange(len(self.time) - 1)
        return interval + np.searchsorted(self.cuts, interval, side="right")

    @cached_property
    def _edges(self) -> Numbers:
        inner = self.cuts + 1 + np.arange(len(self.cuts))
        return np.concatenate([[0], inner, [len(self.nodes)]]).astype(np.intp)

    @cached_property
    def sizes(self) -> Numbers:
        """Points in the stretch of each point, ``(m,)``."""
        sizes = np.diff(self._edges)
        return np.repeat(sizes, sizes)

    @cached_property
    def first(self) -> Numbers:
        """First point of the stretch of each point, ``(m,)``."""
        return np.repeat(self._edges[:-1], np.diff(self._edges))

    @cached_property
    def spacing(self) -> Array:
        """Mean sampling interval in the stretch of each point, ``(m,)``."""
        span = self.times[self.first + self.sizes - 1] - self.times[self.first]
        return np.asarray(span / (self.sizes - 1))

    def windows(self, points: Numbers, before: int, width: int) -> Numbers:
        """Points ``(rows, width)`` of rules that begin so many points before given ones."""
        low = self.first[points]
        start = np.clip(points - before, low, low + self.sizes[points] - width)
        return start[:, None] + np.arange(width)

    def local(self, index: Numbers, times: Array) -> Array:
        """Map times to [-1, 1] of each row's window, where Legendre polynomials are tame."""
        left, right = self.times[index[:, 0], None], self.times[index[:, -1], None]
        span = np.where(right > left, right - left, 1.0)  # a rule of one sample has no length
        return np.asarray((2.0 * times - left - right) / span)

    def solved(self, index: Numbers, moments: Array) -> Array:
        """Weights ``(rows, width)`` that give all polynomials of a window their moments."""
        width = index.shape[1]
        basis = legendre.legvander(self.local(index, self.times[index]), width - 1)
        return np.asarray(np.linalg.solve(np.swapaxes(basis, 1, 2), moments[..., None])[..., 0])


def _assemble(
    weights: NDArray[np.floating], index: Numbers, rows: Numbers, shape: tuple[int, int]
) -> sparse.csr_array:
    place = np.repeat(rows, index.shape[1])
    return sparse.csr_array((weights.ravel(), (place, index.ravel())), shape=shape)


def _integrals(
    grid: Grid, rows: Numbers, interval: Numbers, index: Numbers, ramp: str, n_rows: int
) -> sparse.csr_array:
    """Integrals times a constant or linear ramp over one sampling interval of each row."""
    width = index.shape[1]
    nodes, node_weights = legendre.leggauss(width // 2 + 2)
    unit = (nodes + 1.0) / 2.0
    shape = {"flat": np.ones_like(unit), "up": unit, "down": 1.0 - unit}[ramp]
    low, high = grid.time[interval, None], grid.time[interval + 1, None]
    values = legendre.legvander(grid.local(index, low + (high - low) * unit), width - 1)
    moments = np.einsum("rg,rgj->rj", (high - low) * (shape * node_weights / 2.0), values)
    return _assemble(grid.solved(index, moments), index, rows, (n_rows, len(grid.nodes)))


def box_integrals(time: Array, width: int, cuts: Numbers | None = None) -> sparse.csr_array:
    """Integrals over each sampling interval.

    Parameters
    ----------
    time : ndarray (n,)
        Strictly increasing.
    width : int
        Samples per rule, at most ``n``.
    cuts : ndarray of int, optional
        See `Grid`.

    Returns
    -------
    csr_array (n - 1, m)
        Row ``i`` applied to points of ``g`` gives the integral of ``g`` from ``t_i`` to
        ``t_{i+1}``; empty where the stretch has fewer points than the rule.
    """
    grid = Grid.of(time, cuts)
    rows = np.flatnonzero(grid.sizes[grid.begins] >= width)
    index = grid.windows(grid.begins[rows], width // 2 - 1, width)
    return _integrals(grid, rows, rows, index, "flat", len(time) - 1)


def hat_integrals(time: Array, width: int, cuts: Numbers | None = None) -> sparse.csr_array:
    """Integrals against the hat functions of the interior samples.

    Parameters
    ----------
    time : ndarray (n,)
    width : int
    cuts : ndarray of int, optional
        See `Grid`.

    Returns
    -------
    csr_array (n - 2, m)
        Row ``i`` is the integral against the piecewise linear function that is one at ``t_{i+1}``
        and zero at its two neighbours; empty where a stretch has fewer points than the rule.
    """
    grid = Grid.of(time, cuts)
    ends, begins = grid.begins[:-1] + 1, grid.begins[1:]  # both of the sample in the middle
    rows = np.flatnonzero(np.minimum(grid.sizes[ends], grid.sizes[begins]) >= width)
    before, count = (width - 1) // 2, len(time) - 2
    left = grid.windows(ends[rows], before, width)
    right = grid.windows(begins[rows], before, width)
    rising = _integrals(grid, rows, rows, left, "up", count)
    return sparse.csr_array(rising + _integrals(grid, rows, rows + 1, right, "down", count))


def derivatives(time: Array, width: int, cuts: Numbers | None = None) -> sparse.csr_array:
    """Differentiate the local interpolant at every point.

    Parameters
    ----------
    time : ndarray (n,)
    width : int
    cuts : ndarray of int, optional
        See `Grid`.

    Returns
    -------
    csr_array (m, m)
        A row is empty where the stretch has fewer points than the rule.
    """
    grid = Grid.of(time, cuts)
    rows = np.flatnonzero(grid.sizes >= width)
    index = grid.windows(rows, width // 2, width)
    slopes = np.empty(index.shape)
    local = grid.local(index, grid.times[rows, None])[:, 0]
    for degree in range(width):
        unit = np.zeros(degree + 1)
        unit[degree] = 1.0
        slopes[:, degree] = legendre.legval(local, legendre.legder(unit))
    span = grid.times[index[:, -1]] - grid.times[index[:, 0]]
    slopes *= (2.0 / np.where(span > 0.0, span, 1.0))[:, None]
    shape = (len(grid.nodes), len(grid.nodes))
    return _assemble(grid.solved(index, slopes), index, rows, shape)


def increments(time: Array, order: int) -> sparse.csr_array:
    """Boundary terms of the weak form: what the test functions do to the left-hand side.

    Parameters
    ----------
    time : ndarray (n,)
    order : {1, 2}
        1: ``x_{i+1} - x_i``, the integral of ``x'`` against a box. 2: the difference of slopes,
        the integral of ``x''`` against a hat.

    Returns
    -------
    csr_array (n - order, n)
    """
    n = len(time)
    if order == 1:
        return sparse.csr_array(sparse.diags_array([-1.0, 1.0], offsets=[0, 1], shape=(n - 1, n)))
    slope = 1.0 / np.diff(time)
    bands = [slope[:-1], -(slope[:-1] + slope[1:]), slope[1:]]
    return sparse.csr_array(sparse.diags_array(bands, offsets=[0, 1, 2], shape=(n - 2, n)))
