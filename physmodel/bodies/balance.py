"""Strengths from the balance of momentum: the centre of all bodies moves on a straight line.

Where action equals reaction, ``sum_j m_j r_j(t)`` is linear in time. Positions are measured, so no
derivative is taken, and the whole record enters at once; the weak form of the accelerations sees a
few samples at a time. What bodies without a column contribute is found first, see
`physmodel.bodies.unseen`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from physmodel.bodies.pairwise import PairwiseFit
from physmodel.bodies.unseen import find_unseen, memory
from physmodel.models.kepler_orbits import UnseenBody, orbit_columns, orbit_slopes, straightened

Array = NDArray[np.float64]
#: Times ``(n,)`` and positions ``(n, bodies, axes)`` of one trajectory.
Run = tuple[Array, Array]

#: Exponent of a force under which light bodies go round on ellipses with the centre in a focus.
KEPLER = -2.0
#: Standard errors by which a strength must differ from zero for the balance alone to say that a
#: body pulls.
SEEN = 5.0
#: Share of the second moments of positions that may be noise: beyond, the balance says little.
NOISY = 1e-2


def balanced(fit: PairwiseFit, runs: Sequence[Run], noise: Array) -> PairwiseFit:
    """Combine the strengths of a fit with what the balance of momentum says about them.

    Parameters
    ----------
    fit : PairwiseFit
    runs : sequence of (ndarray (n,), ndarray (n, bodies, axes))
        Whole trajectories in the units of the fit.
    noise : ndarray (d,)
        Of the measured positions; that of the fit holds what the law leaves out, too.

    Returns
    -------
    PairwiseFit
        With better strengths, their covariance, and the bodies that are not in the data; the same
        where noise hides the balance.
    """
    n_axes = runs[0][1].shape[2]
    used = np.flatnonzero(fit.strengths)
    moved = np.vstack([_rows(time, positions) for time, positions in runs])
    noise = np.mean(noise.reshape(-1, n_axes) ** 2, axis=1)
    moments = moved.T @ moved
    if len(used) < 2 or np.any(len(moved) * noise > NOISY * np.diag(moments)):
        return fit
    heavy = int(np.argmax(np.abs(fit.strengths)))
    level = float(np.sqrt(fit.strengths**2 @ noise)) / abs(float(fit.strengths[heavy]))
    unseen: tuple[UnseenBody, ...] = ()
    if len(runs) == 1 and fit.exponent == KEPLER:
        unseen = find_unseen(*runs[0], fit.strengths, level)
    moved, freedom = _without(unseen, runs, moved)
    # Noise in positions adds to their second moments (errors in variables).
    moments = moved.T @ moved - freedom * np.diag(noise)
    own = _alone(moments, heavy) * fit.strengths[heavy]
    left = moved @ own
    variance = float(left @ left) / freedom * memory(left, n_axes)
    said = moments / max(variance, float(own**2 @ noise))
    accelerations = np.zeros_like(said)
    accelerations[np.ix_(used, used)] = _inverse(fit.covariance[np.ix_(used, used)])
    accelerations /= _strain(fit, own, _inverse(np.delete(np.delete(said, heavy, 0), heavy, 1)))
    covariance = _inverse(accelerations + said)
    strengths = fit.strengths - covariance @ (said @ fit.strengths)
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    kept = (fit.strengths != 0.0) | (strengths > SEEN * errors)
    if not np.all(np.isfinite(strengths) & (np.diag(covariance) > 0.0)):
        return fit
    return replace(
        fit,
        strengths=np.where(kept, strengths, 0.0),
        covariance=np.where(np.outer(kept, kept), covariance, 0.0),
        unseen=unseen,
    )


def _rows(time: Array, positions: Array) -> Array:
    """Positions less straight lines, one row for each time and axis and one column a body."""
    return np.swapaxes(straightened(time, positions), 1, 2).reshape(-1, positions.shape[1])


def _without(
    unseen: Sequence[UnseenBody], runs: Sequence[Run], moved: Array
) -> tuple[Array, float]:
    """Rows clear of unseen bodies, to first order in their elements, and their freedom."""
    n_axes = runs[0][1].shape[2]
    freedom = float(len(moved) - 2 * n_axes * len(runs) - moved.shape[1] + 1)
    if not unseen:
        return moved, freedom
    time = runs[0][0]
    columns = np.hstack(
        [
            part
            for body in unseen
            for part in (
                orbit_columns(time, body.elements, n_axes),
                orbit_slopes(time, body.elements, body.vectors),
            )
        ]
    )
    basis = np.linalg.qr(columns / np.linalg.norm(columns, axis=0))[0]
    return moved - basis @ (basis.T @ moved), freedom - columns.shape[1]


def _alone(moments: Array, heavy: int) -> Array:
    """Strengths over that of the heaviest body, from the balance alone."""
    others = np.delete(np.arange(len(moments)), heavy)
    ratios = np.ones(len(moments))
    ratios[others] = -_inverse(moments[np.ix_(others, others)]) @ moments[others, heavy]
    return ratios


def _strain(fit: PairwiseFit, own: Array, covariance: Array) -> float:
    """By how much accelerations and balance disagree, in variances of the former, at least one.

    The weak form knows nothing of what is missing in the law, so its errors are too small where
    something is (Birge (1932), Physical Review 40, 207).
    """
    heavy = int(np.argmax(np.abs(fit.strengths)))
    both = np.flatnonzero((fit.strengths != 0.0) & (np.arange(len(own)) != heavy))
    errors = np.insert(np.diag(covariance), heavy, 0.0)[both]
    change = (fit.strengths - own)[both]
    spread = np.diag(fit.covariance)[both]
    return max(1.0, float(np.mean((change**2 - errors) / spread))) if len(both) else 1.0


def _inverse(matrix: Array) -> Array:
    scale = np.sqrt(np.maximum(np.abs(np.diag(matrix)), 1e-300))
    outer = np.outer(scale, scale)
    return np.asarray(np.linalg.pinv(matrix / outer, rcond=1e-15, hermitian=True) / outer)
