"""Starts of simulations: the state, and velocity, from which a law follows the samples best.

A first sample is as noisy as any other, and the difference of two says nothing about a velocity.
So the start is fitted: the law has to follow the samples of a quarter of the characteristic time
of the fastest state, and of ever longer stretches as long as it does so to within the noise. A
law that is not quite right, and chaos, end that early.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.constants import ENGINE
from physmodel.laws.runs.local_polynomial import polynomial_start
from physmodel.laws.runs.measured import Measured, measured
from physmodel.laws.runs.windows import Stack, Window
from physmodel.models.fields.vector_field import VectorField
from physmodel.optimizers.least_squares.many import many_least_squares

Array = NDArray[np.float64]


def first_start(
    field: VectorField, data: xr.Dataset, noise: Array | None = None
) -> tuple[float, Array]:
    """Where the first trajectory starts.

    Parameters
    ----------
    field : VectorField
    data : xarray.Dataset
    noise : ndarray (d,), optional
        See `measured`.

    Returns
    -------
    time : float
    motion : ndarray (D,)
        States and, for second order, velocities.
    """
    record = measured(data, field, noise)
    segment = record.found[0]
    whole = Window(segment, 0, len(segment.time) - 1)
    return float(segment.time[0]), fitted_starts(field, record, [whole])[0]


def fitted_starts(field: VectorField, record: Measured, windows: Sequence[Window]) -> Array:
    """Starts from which a law follows windows of the data.

    Returns
    -------
    ndarray (k, D)
        At the first sample of each window; nothing beyond the window is used. Where the law
        cannot follow the samples, a polynomial through those next to the start says it.
    """
    fastest = [record.fastest(window.segment) for window in windows]
    most = [round(ENGINE.start_last * record.memory(window.segment)) for window in windows]
    lengths = [max(round(ENGINE.start_first * samples), field.order + 3) for samples in fastest]
    begun = [w.cut(length) for w, length in zip(windows, lengths, strict=True)]
    whole = Stack(field, begun, max(1, min(fastest) // ENGINE.start_nodes))
    starts, guesses, stack = _guessed(record, whole)
    ended, error, coarse = _fit(record, stack, guesses)
    follows = _follows(record, stack, ended)
    starts[follows] = ended[follows]
    error = np.maximum(error, 1.0)
    wanted = follows & coarse
    while 2 * stack.size <= ENGINE.start_work:
        longer = [
            w.cut(max(min(2 * len(b), m), len(b)))
            for w, b, m in zip(windows, begun, most, strict=True)
        ]
        more = [len(w) > len(b) for w, b in zip(longer, begun, strict=True)]
        which = np.flatnonzero(wanted & np.array(more))
        if not len(which):
            break
        begun, stack = longer, replace(stack, windows=[longer[k] for k in which])
        ended, now, coarse = _fit(record, stack, starts[which])
        good = now <= error[which] * (
            ENGINE.start_follows + ENGINE.start_deviations * np.sqrt(2.0 / _freedom(stack))
        )
        starts[which[good]] = ended[good]
        wanted[which] = good & coarse
    return starts


def _guessed(record: Measured, stack: Stack) -> tuple[Array, Array, Stack]:
    """Polynomial starts: from all samples, and those that the law follows best; fine steps."""
    field, fewest = stack.field, stack.field.order + 1
    d, choices = len(field.states), []
    for window in stack.windows:
        n = len(window)
        widths = (n, max(n // 2, min(fewest, n)), min(fewest, n))
        time, states = window.time, window.values[:, :d]
        own = np.stack([polynomial_start(time[:w], states[:w], field.order) for w in widths])
        lost = own[:, :d] * record.sign < 0.0
        own[:, :d] = np.where(lost, states[0], own[:, :d])
        choices.append(own)
    guesses = np.stack(choices)
    table = _residuals(record, stack, guesses)
    finite = np.logical_and.reduce(np.isfinite(table), axis=2)
    with np.errstate(over="ignore"):  # of a motion that blows up
        squares = np.sum(np.where(finite[:, :, None], table, 0.0) ** 2, axis=2)
    cost = np.where(finite, squares, np.inf)
    chosen = np.argmin(cost, axis=1)[:, None, None]
    best, path = (np.take_along_axis(values, chosen, axis=1) for values in (guesses, table))
    for _ in range(ENGINE.start_doublings):
        finer = stack.finer()
        again = _residuals(record, finer, best)
        with np.errstate(invalid="ignore"):  # of two motions that blow up
            apart = np.abs(again - path)
        if not np.any(apart[np.isfinite(apart)] > ENGINE.start_step_error):
            break
        stack, path = finer, again
    return guesses[:, 0], best[:, 0], stack


def _fit(record: Measured, stack: Stack, starts: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Starts by least squares.

    Returns
    -------
    starts : ndarray (k, D)
    error : ndarray (k,)
        Mean squares of the residuals over those of the noise.
    coarse : ndarray of bool (k,)
        Whether noise leaves the starts so uncertain that more samples are worth it.
    """
    scale = np.concatenate([record.spread, record.speed])[: starts.shape[1]]
    ended = many_least_squares(lambda points: _residuals(record, stack, points), starts, scale)
    error = ended.cost / _freedom(stack)
    return (
        ended.parameters,
        error,
        np.logical_or.reduce(ended.std_errors > ENGINE.start_precision, axis=1),
    )


def _freedom(stack: Stack) -> Array:
    """Measured values less those of the start, of each window."""
    d = len(stack.field.states)
    return np.maximum(d * (stack.seen.sum(axis=1) - stack.field.order), 1)


def _residuals(record: Measured, stack: Stack, points: Array) -> Array:
    """Motions less data over their noise, ``(k, c, M d)``; infinite for starts of another sign."""
    with np.errstate(over="ignore"):  # of a motion that blows up, over the noise of rounding
        miss = (stack.motions(points) - stack.states[:, None]) / record.noise
    miss = np.where(stack.seen[:, None, :, None], miss, 0.0)
    wrong = np.logical_or.reduce(points[:, :, : len(record.sign)] * record.sign < 0.0, axis=2)
    return np.where(wrong[:, :, None], np.inf, miss.reshape(*points.shape[:2], -1))


def _follows(record: Measured, stack: Stack, starts: Array) -> NDArray[np.bool_]:
    """Whether the law stays near the samples of each window at all."""
    miss = _residuals(record, stack, starts[:, None])[:, 0].reshape(*stack.states.shape)
    near = miss * record.noise / record.spread
    with np.errstate(over="ignore"):  # of a motion that blows up
        mean = np.sum(near**2, axis=(1, 2)) / (near.shape[2] * stack.seen.sum(axis=1))
    return np.asarray(mean < ENGINE.start_astray**2)
