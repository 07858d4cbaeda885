"""Measurement noise from the data alone: what no smooth curve can follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from physmodel.constants import ENGINE

Array = NDArray[np.float64]

#: Orders of the difference that are tried; high ones remove more of the signal, low ones need
#: fewer samples.
ORDERS = (2, 3, 4, 5, 6, 7, 8, 9, 10)

#: The first guess of the level is this quantile of the squared contrasts, a low one because fast
#: parts of the signal can spoil most of the windows of a relaxation oscillation ...
QUANTILE = 0.3
#: ... and the same quantile of a squared standard normal variable.
QUANTILE_CHI2 = 0.148472

#: Contrasts beyond this many standard deviations are signal, not noise ...
CLIP = 2.5
#: ... and what that clipping leaves of the variance of a normal variable.
CLIPPED_VARIANCE = 0.911264

#: Samples looked at, in blocks spread over the record: the level is known to a per cent by then.
MAX_SAMPLES = 20_000
BLOCK = 1_000

#: Fewer distinct values than this are switch positions rather than a rounded measurement.
MIN_LEVELS = 8


def estimate_noise(times: Sequence[Array], values: Sequence[Array]) -> float:
    """Standard deviation of white measurement noise in one variable.

    Parameters
    ----------
    times : sequence of ndarray (n_i,)
        Strictly increasing, any spacing.
    values : sequence of ndarray (n_i,)

    Returns
    -------
    float
        In the units of the values; close to zero for smooth data without noise, and zero when no
        piece is long enough to tell.

    Notes
    -----
    A divided difference of order k, scaled to unit norm, removes every polynomial of degree
    below k and keeps the variance of white noise. Its variance is taken after clipping, so that
    the places where the signal is fast do not count. The signal's share falls with k until the
    noise is left; the lowest order close to the smallest estimate is taken, because the smallest
    one itself would be biased low. Rounding to a step q counts at least q / sqrt(12).
    """
    pieces = _blocks(times, values)
    step = quantisation_step(np.concatenate([value for _, value in pieces]))
    estimates: list[float] = []
    n_first = 1
    for order in ORDERS:
        found = [contrasts(t, v, order) for t, v in pieces if len(t) > order + 4]
        if not found:
            break
        squares = np.concatenate(found) ** 2
        n_first = n_first if estimates else len(squares)
        estimates.append(_level(squares, (1e-6 * step) ** 2))
    if not estimates:
        return 0.0
    # A standard deviation from n contrasts is known to about 1 / sqrt(n).
    slack = 1.0 + max(0.1, 1.0 / np.sqrt(n_first))
    level = float(next(level for level in estimates if level <= slack * min(estimates)))
    # Far below the step the values follow an exact line on the grid, such as a counter.
    return max(level, step / np.sqrt(12.0)) if level > 1e-3 * step else level


def noise_levels(
    pieces: Sequence[tuple[Array, Array]], smooth: Sequence[tuple[Array, Array]]
) -> Array:
    """Noise of each column of a record, within smooth stretches of it if these are long enough.

    Parameters
    ----------
    pieces, smooth : sequence of (time, values)
        Arrays ``(n,)`` and ``(n, d)``; the second hold no kink, which would look like noise.

    Returns
    -------
    ndarray (d,)
    """
    long = [piece for piece in smooth if len(piece[0]) > ORDERS[0] + 4]
    enough = 2 * sum(len(time) for time, _ in long) >= sum(len(time) for time, _ in pieces)
    chosen = long if enough else pieces
    times = [time for time, _ in chosen]
    columns = range(chosen[0][1].shape[1])
    return np.array(
        [estimate_noise(times, [values[:, j] for _, values in chosen]) for j in columns]
    )


def quantisation_step(values: Array) -> float:
    """Step of the grid that all values lie on; zero when there is none.

    Parameters
    ----------
    values : ndarray (n,)

    Returns
    -------
    float
        Steps below a millionth of the range are not looked for.
    """
    levels = np.unique(values)
    if len(levels) < MIN_LEVELS:
        return 0.0
    gaps = np.diff(levels)
    span = float(levels[-1] - levels[0])
    # The same number read twice may differ by rounding; such gaps are no step.
    gaps = gaps[gaps > 1e-9 * span]
    step = float(gaps.min())
    if step < 1e-6 * span:
        return 0.0
    counts = gaps / step
    on_grid = np.abs(counts - np.round(counts)) <= 1e-3 * np.maximum(counts, 1.0)
    # Evenly spread values all have gaps near one step; only repeated use of a level is a grid.
    repeated = len(values) > 1.5 * len(levels) or float(np.round(counts).max()) >= 3.0
    return step if repeated and bool(on_grid.all()) else 0.0


def _level(squares: Array, nothing: float) -> float:
    """Standard deviation of the contrasts, by clipping until nothing changes."""
    variance = float(np.quantile(squares, QUANTILE)) / QUANTILE_CHI2
    if variance <= nothing:  # a rounded signal stands still between two steps
        return float(np.sqrt(squares.mean()))
    for _ in range(30):
        kept = squares[squares <= CLIP**2 * variance]
        update = float(kept.mean()) / CLIPPED_VARIANCE if len(kept) else variance
        settled = abs(update - variance) <= 1e-3 * variance
        variance = update
        if settled or variance == 0.0:
            break
    return float(np.sqrt(variance))


def _blocks(times: Sequence[Array], values: Sequence[Array]) -> list[tuple[Array, Array]]:
    pieces = list(zip(times, values, strict=True))
    if sum(len(time) for time, _ in pieces) <= MAX_SAMPLES:
        return pieces
    blocks = [
        (time[a : a + BLOCK], value[a : a + BLOCK])
        for time, value in pieces
        for a in range(0, len(time), BLOCK)
    ]
    return blocks[:: max(1, sum(len(time) for time, _ in blocks) // MAX_SAMPLES)]


def contrasts(time: Array, value: Array, order: int) -> Array:
    """Divided differences of unit norm, one per window of ``order + 1`` samples.

    Parameters
    ----------
    time, value : ndarray (n,)
    order : int

    Returns
    -------
    ndarray (n - order,)
    """
    centred = np.lib.stride_tricks.sliding_window_view(value - value.mean(), order + 1)
    step = np.diff(time)
    if np.ptp(step) <= 1e-9 * step.mean():
        weights = _weights(np.arange(order + 1.0)[None, :])
        return np.asarray(centred @ weights[0])
    windows = np.lib.stride_tricks.sliding_window_view(time, order + 1)
    return np.asarray(np.einsum("ij,ij->i", _weights(windows), centred))


#: Orders of the differences that leave least of a motion.
FINEST = ORDERS[-5::2]


def finest_contrasts(pieces: Sequence[tuple[Array, Array]]) -> list[Array]:
    """Contrasts of the orders `FINEST` of one variable, in records of some length.

    Parameters
    ----------
    pieces : sequence of (time, value)
        Arrays ``(n,)``.

    Returns
    -------
    list of ndarray
        One array per order, every second contrast; none where all records are short.
    """
    long = [piece for piece in pieces if len(piece[0]) > 2 * FINEST[-1]]
    orders = FINEST if long else ()
    return [np.concatenate([contrasts(t, v, order)[::2] for t, v in long]) for order in orders]


def alike(found: Sequence[Array], share_of: Callable[[int], float] = lambda order: 1.0) -> bool:
    """Whether contrasts of the orders `FINEST` have one size, as those of noise have.

    The contrasts of a motion fall with their order, or rise.

    Parameters
    ----------
    found : sequence of ndarray
    share_of : callable
        Size of the contrasts of the noise, over that of white noise, for an order.
    """
    shares = [share_of(order) for order in FINEST[: len(found)]]
    pairs = zip(found, shares, strict=True)
    sizes = [float(np.sqrt(np.mean(part**2))) / share for part, share in pairs]
    return bool(sizes) and max(sizes) <= ENGINE.alike_ratio * min(sizes)


def _weights(windows: Array) -> Array:
    """Weights of the highest divided difference, ``(m, k)``, scaled to unit norm."""
    gaps = windows[:, :, None] - windows[:, None, :] + np.eye(windows.shape[1])
    # Products of many small gaps leave the range of floats; sums of logarithms do not.
    size = -np.log(np.abs(gaps)).sum(axis=2)
    weights = np.prod(np.sign(gaps), axis=2) * np.exp(size - size.max(axis=1, keepdims=True))
    return np.asarray(weights / np.sqrt(np.sum(weights**2, axis=1, keepdims=True)))
