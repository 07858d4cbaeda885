"""Points of phase space from noisy records, with the noise that smoothing leaves in them.

A regression spline is a linear map of the data: what it leaves of white noise is known exactly, and
its size is chosen so generously that what it cuts off the motion is much less than that.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline

from physmodel.conserved.search.phase import FLOOR, Patch, Phase
from physmodel.data.measurement.noise import estimate_noise
from physmodel.data.segments import Segment
from physmodel.errors import DataError

Array = NDArray[np.float64]

#: Degree of the splines: smooth enough for accelerations.
DEGREE = 5
#: Samples per spline; longer records are cut into pieces that share a trajectory.
PIECE = 512
#: Sizes of spline bases that are tried shrink by this factor; the best is enlarged by it once,
#: so that its error is noise and not bias (undersmoothing).
FACTOR = 1.5
#: Points kept in all.
POINTS = 4000
#: Share of the samples, and number, that a spline must leave over to measure the noise; the share
#: of the first estimate below which the second is not believed, for a spline can follow noise.
SPARE, ENOUGH, TRUSTED = 0.25, 50, 0.9
#: Rows of a piece for a fit at all.
SHORTEST = 2 * (DEGREE + 1)


def smooth(found: Sequence[Segment], states: Sequence[str], *, velocities: bool) -> Phase:
    """Smooth all trajectories with splines of one density.

    Parameters
    ----------
    found : sequence of Segment
        Their first columns are the states.
    states : sequence of str
    velocities : bool
        Add time derivatives.

    Raises
    ------
    DataError
        If no trajectory is long enough.
    """
    d = len(states)
    pieces = [
        (k, segment.time[a:b], segment.values[a:b, :d])
        for k, segment in enumerate(long_enough(found))
        for a, b in _cuts(len(segment.time))
    ]
    noise = _noise(pieces, d)
    share = _density(pieces, noise)
    return _points(pieces, tuple(states), noise, share, velocities=velocities)


def long_enough(found: Sequence[Segment]) -> list[Segment]:
    """Trajectories with samples for a fit.

    Returns
    -------
    list of Segment
        At least one.

    Raises
    ------
    DataError
        If there is none.
    """
    kept = [segment for segment in found if len(segment.time) >= SHORTEST]
    if kept:
        return kept
    longest = max((len(segment.time) for segment in found), default=0)
    raise DataError(
        f"no trajectory has {SHORTEST} samples or more; the longest has {longest}",
        why="what stays constant can only be told from what moves along a trajectory",
        fix="supply longer trajectories, or close the gaps",
    )


Piece = tuple[int, Array, Array]


def _cuts(n: int) -> list[tuple[int, int]]:
    edges = np.linspace(0, n, -(-n // PIECE) + 1).round().astype(int)
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


def _noise(pieces: Sequence[Piece], d: int) -> Array:
    times = [time for _, time, _ in pieces]
    level = np.array([estimate_noise(times, [x[:, j] for _, _, x in pieces]) for j in range(d)])
    spread = np.concatenate([x for _, _, x in pieces]).std(axis=0)
    return np.asarray(np.maximum(level, FLOOR * spread))


def _basis(time: Array, size: int) -> tuple[Array, Array]:
    """Spline basis, orthonormal over the samples, and its time derivative, both ``(n, K)``."""
    n = len(time)
    if size == n:
        # Interpolation: knots at the samples, but for some next to the ends ("not a knot").
        inner = np.concatenate([time[:1], time[DEGREE // 2 + 1 : -(DEGREE // 2) - 1], time[-1:]])
    else:
        inner = np.interp(np.linspace(0.0, n - 1.0, size - DEGREE + 1), np.arange(n), time)
    knots = np.concatenate([[inner[0]] * DEGREE, inner, [inner[-1]] * DEGREE])
    raw = BSpline.design_matrix(time, knots, DEGREE).toarray()
    orthonormal, triangle = np.linalg.qr(raw)
    slopes = BSpline(knots, np.linalg.inv(triangle), DEGREE).derivative()(time)
    return orthonormal, np.asarray(slopes)


def _size(n: int, share: float) -> int:
    return int(np.clip(round(share * n), DEGREE + 1, n))


def _density(pieces: Sequence[Piece], noise: Array) -> float:
    """Basis functions per sample: the smallest expected error (Mallows's Cp), then some more."""
    spread = np.concatenate([x for _, _, x in pieces]).std(axis=0)
    if np.all(noise <= FLOOR * spread):
        return 1.0  # nothing to smooth
    moving = noise > 0.0  # what stands still has nothing to smooth
    groups: dict[bytes, tuple[Array, list[Array]]] = {}
    for _, time, values in pieces:
        key = np.round((time - time[0]) / (time[1] - time[0]), 6).tobytes()
        groups.setdefault(key, (time, []))[1].append(values[:, moving] / noise[moving])
    n_most = max(len(time) for _, time, _ in pieces)
    shares, risks = [1.0], [2.0 * sum(moving.sum() * len(v) for _, _, v in pieces)]
    while _size(n_most, shares[-1] / FACTOR) > DEGREE + 2:
        share, risk = shares[-1] / FACTOR, 0.0
        for time, members in groups.values():
            table = np.hstack(members)
            size = _size(len(time), share)
            kept = _basis(time, size)[0].T @ table if size < len(time) else table
            risk += float(np.sum(table**2) - np.sum(kept**2)) + 2.0 * size * table.shape[1]
        shares.append(share)
        risks.append(risk)
    return min(FACTOR * shares[int(np.argmin(risks))], 1.0)


def _points(
    pieces: Sequence[Piece],
    states: tuple[str, ...],
    noise: Array,
    share: float,
    *,
    velocities: bool,
) -> Phase:
    total = sum(len(time) for _, time, _ in pieces)
    stride = max(1, -(-total // POINTS), int(1.0 / (2.5 * share)))
    cache: dict[bytes, tuple[Array, Array]] = {}
    times, values, owners, patches = [], [], [], []
    done = 0
    spent, freedom = np.zeros(len(states)), 0.0
    for owner, time, measured in pieces:
        key = (time - time[0]).tobytes()
        size = _size(len(time), share)
        if key not in cache:
            cache[key] = _basis(time, size)
        basis, slopes = cache[key]
        weights = basis.T @ measured
        spent += np.sum((measured - basis @ weights) ** 2, axis=0)
        freedom += len(time) - size
        pick = np.arange(stride // 2 if len(time) > stride else 0, len(time), stride)
        columns = [basis[pick] @ weights, *([slopes[pick] @ weights] if velocities else [])]
        values.append(np.hstack(columns))
        times.append(time[pick])
        owners.append(np.full(len(pick), owner))
        rows = slice(done, done + len(pick))
        patches.append(Patch(rows, basis[pick], slopes[pick]))
        done += len(pick)
    # What the spline leaves is a better measure of the noise where there is enough of it.
    if freedom > max(SPARE * total, ENOUGH):
        noise = np.maximum(np.sqrt(spent / freedom), TRUSTED * noise)
    return Phase(
        states,
        velocities,
        np.concatenate(times),
        np.concatenate(values),
        np.concatenate(owners).astype(np.intp),
        noise,
        tuple(patches),
    )
