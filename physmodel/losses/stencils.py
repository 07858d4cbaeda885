"""Local interpolation rules on any time grid: integrals against test functions, derivatives.

A rule of width ``s`` interpolates the integrand through ``s`` neighbouring samples by a polynomial
and is exact for polynomials of degree ``s - 1``; nothing asks for a regular grid.
"""

from __future__ import annotations

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[np.float64]


def _windows(time: Array, first: NDArray[np.intp], width: int) -> tuple[NDArray[np.intp], Array]:
    """Sample numbers and Legendre matrices ``(rows, width, width)`` of each row's window."""
    start = np.clip(first, 0, len(time) - width)
    index = start[:, None] + np.arange(width)
    return index, np.swapaxes(legendre.legvander(_local(time, index, time[index]), width - 1), 1, 2)


def _local(time: Array, index: NDArray[np.intp], points: Array) -> Array:
    """Map times to [-1, 1] of each row's window, where Legendre polynomials are tame."""
    left, right = time[index[:, 0], None], time[index[:, -1], None]
    return (2.0 * points - left - right) / (right - left)


def _assemble(
    weights: NDArray[np.floating], index: NDArray[np.intp], n_samples: int
) -> sparse.csr_array:
    rows = np.repeat(np.arange(len(index)), index.shape[1])
    return sparse.csr_array((weights.ravel(), (rows, index.ravel())), shape=(len(index), n_samples))


def _moments(
    time: Array, index: NDArray[np.intp], low: Array, high: Array, ramp: str, width: int
) -> Array:
    """Integrals of Legendre polynomials times a constant or linear ramp over [low, high]."""
    nodes, node_weights = legendre.leggauss(width // 2 + 2)
    unit = (nodes + 1.0) / 2.0
    shape = {"flat": np.ones_like(unit), "up": unit, "down": 1.0 - unit}[ramp]
    profile = shape * node_weights / 2.0
    points = low[:, None] + (high - low)[:, None] * unit
    values = legendre.legvander(_local(time, index, points), width - 1)
    moments: Array = np.einsum("rg,rgj->rj", (high - low)[:, None] * profile, values)
    return moments


def box_integrals(time: Array, width: int) -> sparse.csr_array:
    """Integrals over each sampling interval.

    Parameters
    ----------
    time : ndarray (n,)
        Strictly increasing.
    width : int
        Samples per rule, at most ``n``.

    Returns
    -------
    csr_array (n - 1, n)
        Row ``i`` applied to samples of ``g`` gives the integral of ``g`` from ``t_i`` to
        ``t_{i+1}``.
    """
    rows = np.arange(len(time) - 1)
    index, basis = _windows(time, rows - (width // 2 - 1), width)
    moments = _moments(time, index, time[rows], time[rows + 1], "flat", width)
    return _assemble(np.linalg.solve(basis, moments[..., None])[..., 0], index, len(time))


def hat_integrals(time: Array, width: int) -> sparse.csr_array:
    """Integrals against the hat functions of the interior samples.

    Parameters
    ----------
    time : ndarray (n,)
    width : int

    Returns
    -------
    csr_array (n - 2, n)
        Row ``i`` is the integral against the piecewise linear function that is one at ``t_{i+1}``
        and zero at its two neighbours.
    """
    middle = np.arange(1, len(time) - 1)
    index, basis = _windows(time, middle - (width - 1) // 2, width)
    moments = _moments(time, index, time[middle - 1], time[middle], "up", width)
    moments += _moments(time, index, time[middle], time[middle + 1], "down", width)
    return _assemble(np.linalg.solve(basis, moments[..., None])[..., 0], index, len(time))


def derivatives(time: Array, width: int) -> sparse.csr_array:
    """Differentiate the local interpolant at every sample.

    Parameters
    ----------
    time : ndarray (n,)
    width : int

    Returns
    -------
    csr_array (n, n)
    """
    rows = np.arange(len(time))
    index, basis = _windows(time, rows - width // 2, width)
    slopes = np.empty((len(time), width))
    local = _local(time, index, time[:, None])[:, 0]
    for degree in range(width):
        unit = np.zeros(degree + 1)
        unit[degree] = 1.0
        slopes[:, degree] = legendre.legval(local, legendre.legder(unit))
    slopes *= (2.0 / (time[index[:, -1]] - time[index[:, 0]]))[:, None]
    return _assemble(np.linalg.solve(basis, slopes[..., None])[..., 0], index, len(time))


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
