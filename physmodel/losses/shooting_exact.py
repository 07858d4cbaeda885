"""What trajectories say about the parameters of a field, whatever their starts.

The Gauss-Newton problem of multiple shooting with joints that hold exactly. Multipliers of the
joints are ordered after the motion at their start, so that the conditions of optimality are one
banded system, well conditioned however unstable the flow; eliminating motions and multipliers
leaves the information about the parameters.

References
----------
Bock, Kostina, Schlöder (2007), Numerical methods for parameter estimation in nonlinear
differential algebraic equations, GAMM-Mitt. 30, 376.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, eigh, solve_banded

from physmodel.losses.shooting import MultipleShooting

Array = NDArray[np.float64]

#: Weight of motions of which nothing is known, over that of a typical measurement ...
LEAST = 1e-13
#: ... and information about a parameter, over what there would be if all motions were measured,
#: that is no more than this and rounding.
NOTHING = 1e-9
#: Least eigenvalue, over the largest, of the information about parameters in units of its own:
#: rounding of what the elimination leaves.
FLAT = 1e-12


def parameter_covariance(
    problem: MultipleShooting, local: Array, shared: Array, scale: Array
) -> Array:
    """Covariance of the parameters at the minimum.

    Parameters
    ----------
    problem : MultipleShooting
        Its slack is not used.
    local : ndarray (n D,)
    shared : ndarray (p,)
    scale : ndarray (D,)
        Size of the motion: what is computed does not depend on units.

    Returns
    -------
    ndarray (p, p)
        Infinite in the rows and columns of parameters that are not determined.
    """
    information, complete = _information(problem, local, shared, scale)
    p = len(shared)
    covariance = np.full((p, p), np.inf)
    known = np.flatnonzero(np.diag(information) > NOTHING * np.diag(complete))
    if not len(known) or not np.isfinite(information).all():
        return covariance
    size = np.sqrt(np.diag(information)[known])
    values, vectors = eigh(information[np.ix_(known, known)] / size[:, None] / size)
    flat = values <= FLAT * values[-1]
    # A parameter is lost if it takes part in a direction that is, beyond its rounding.
    lost = np.any(np.abs(vectors[:, flat]) > np.sqrt(FLAT), axis=1)
    kept = vectors[:, ~flat] / np.sqrt(values[~flat])
    inner = kept @ kept.T / size[:, None] / size
    inner[lost, :] = inner[:, lost] = np.inf
    covariance[np.ix_(known, known)] = inner
    return covariance


def _information(
    problem: MultipleShooting, local: Array, shared: Array, scale: Array
) -> tuple[Array, Array]:
    """Information ``(p, p)`` as it is, and as it would be if all motions were measured."""
    found, rates = problem.pieces(local, shared)
    seen, width, p = problem.measured, problem.width, len(shared)
    n, first = len(seen), problem.joined
    weight = (scale / problem.noise) ** 2
    typical = float(np.mean(weight[seen.any(axis=0)]))
    weight = np.where(seen, weight / typical, LEAST)
    curvature = weight[:, :, None] * np.eye(width)
    mixed, own = np.zeros((n, width, p)), np.zeros((p, p))
    if rates is not None and problem.rate_noise is not None:
        heavy = np.where(problem.measured_rates, problem.rate_noise**-2, 0.0)[:, :, None] / typical
        slope = rates.by_motion * scale
        curvature += np.einsum("nej,nek->njk", heavy * slope, slope)
        mixed += np.einsum("nej,nep->njp", heavy * slope, rates.by_parameter)
        own += np.einsum("nep,neq->pq", heavy * rates.by_parameter, rates.by_parameter)
    reached = found.by_parameter / scale[:, None]
    complete = typical * (own + np.einsum("kjp,kjq->pq", reached, reached))
    border = np.zeros((n, 2, width, p))
    border[:, 0], border[first, 1] = mixed, reached
    flat = border.reshape(-1, p)
    band = _band(curvature, first, found.by_start * scale / scale[:, None])
    if not (np.isfinite(band).all() and np.isfinite(flat).all()):
        return np.full((p, p), np.nan), complete
    reach = 2 * width - 1
    try:
        solved = solve_banded((reach, reach), band, flat, check_finite=False)
    except LinAlgError:
        return np.full((p, p), np.nan), complete
    information = typical * (own - flat.T @ solved)
    return (information + information.T) / 2.0, complete


def _band(curvature: Array, first: NDArray[np.intp], by_start: Array) -> Array:
    """``[[W, C'], [C, 0]]`` with ``C = (G, -1)``, motions and multipliers in turn."""
    n, width = curvature.shape[:2]
    reach = 2 * width - 1
    band = np.zeros((2 * reach + 1, 2 * width * n))

    def put(row: NDArray[np.intp], column: NDArray[np.intp], value: Array | float) -> None:
        row, column = np.broadcast_arrays(row, column)
        band[reach + row - column, column] = value

    motion = 2 * width * np.arange(n)[:, None] + np.arange(width)
    multiplier = motion + width
    put(motion[:, :, None], motion[:, None, :], curvature)
    put(motion[first][:, None, :], multiplier[first][:, :, None], by_start)
    put(multiplier[first][:, :, None], motion[first][:, None, :], by_start)
    put(motion[first + 1], multiplier[first], -1.0)
    put(multiplier[first], motion[first + 1], -1.0)
    idle = np.setdiff1d(np.arange(n), first)
    put(multiplier[idle], multiplier[idle], 1.0)
    return band
