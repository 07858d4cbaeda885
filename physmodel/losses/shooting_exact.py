"""Multiple shooting with joints that hold exactly: the last step, and what is known after it.

Multipliers of the joints are ordered after the motion at their start, so that the conditions of
optimality of a Gauss-Newton step are one banded system, well conditioned however unstable the
flow; eliminating motions and multipliers leaves the information about the parameters, whatever the
starts of the trajectories.

References
----------
Bock, Kostina, Schlöder (2007), Numerical methods for parameter estimation in nonlinear
differential algebraic equations, GAMM-Mitt. 30, 376.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, eigh, lstsq, solve_banded

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


@dataclass(frozen=True, eq=False)
class ExactStep:
    """A Gauss-Newton step to trajectories without slack.

    Attributes
    ----------
    local : ndarray (n D,)
        Change of the motions.
    shared : ndarray (p,)
        Change of the parameters.
    information : ndarray (p, p)
        About the parameters, whatever the motions.
    complete : ndarray (p, p)
        What it would be if all motions were measured, as well as some are.
    """

    local: Array
    shared: Array
    information: Array
    complete: Array

    @property
    def covariance(self) -> Array:
        """Covariance ``(p, p)``; infinite in rows and columns of what is not determined."""
        p = len(self.shared)
        covariance = np.full((p, p), np.inf)
        diagonal = np.diag(self.information)
        known = np.flatnonzero(diagonal > NOTHING * np.diag(self.complete))
        if not len(known):
            return covariance
        size = np.sqrt(diagonal[known])
        values, vectors = eigh(self.information[np.ix_(known, known)] / size[:, None] / size)
        flat = values <= FLAT * values[-1]
        # A parameter is lost if it takes part in a direction that is, beyond its rounding.
        lost = np.any(np.abs(vectors[:, flat]) > np.sqrt(FLAT), axis=1)
        kept = vectors[:, ~flat] / np.sqrt(values[~flat])
        inner = kept @ kept.T / size[:, None] / size
        inner[lost, :] = inner[:, lost] = np.inf
        covariance[np.ix_(known, known)] = inner
        return covariance


def exact_step(
    problem: MultipleShooting, local: Array, shared: Array, scale: Array
) -> ExactStep | None:
    """Linearise around motions and parameters, and solve with the joints as constraints.

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
    ExactStep or None
        None if something is singular or not finite.
    """
    found, rates = problem.pieces(local, shared)
    seen, width, p = problem.measured, problem.width, len(shared)
    n, first, motion = len(seen), problem.joined, local.reshape(-1, width)
    weight = (scale / problem.noise) ** 2
    typical = float(np.mean(weight[problem.known]))
    weight = np.where(seen, weight / typical, 0.0)
    curvature = (weight + LEAST)[:, :, None] * np.eye(width)
    right, own, slope = np.zeros((n, 2, width, 1 + p)), np.zeros((p, p)), np.zeros(p)
    right[:, 0, :, 0] = weight * np.where(seen, problem.deviations(local), 0.0) / scale
    if rates is not None and problem.rate_noise is not None:
        measured = problem.measured_rates
        heavy = np.where(measured, problem.rate_noise**-2, 0.0)[:, :, None] / typical
        rest = np.where(measured, problem.rate_deviations(local, shared), 0.0)
        by_motion, by_parameter = rates.by_motion * scale, rates.by_parameter
        curvature += np.einsum("nej,nek->njk", heavy * by_motion, by_motion)
        right[:, 0, :, 0] += np.einsum("nej,ne->nj", heavy * by_motion, rest)
        right[:, 0, :, 1:] += np.einsum("nej,nep->njp", heavy * by_motion, by_parameter)
        own = np.einsum("nep,neq->pq", heavy * by_parameter, by_parameter)
        slope = np.einsum("nep,ne->p", heavy * by_parameter, rest)
    reached = found.by_parameter / scale[:, None]
    complete = typical * (own + np.einsum("kjp,kjq->pq", reached, reached))
    right[first, 1, :, 0] = (motion[first + 1] - found.end) / scale
    right[first, 1, :, 1:] = reached
    flat = right.reshape(-1, 1 + p)
    band = _band(curvature, first, found.by_start * scale / scale[:, None])
    if not (np.isfinite(band).all() and np.isfinite(flat).all()):
        return None
    reach = 2 * width - 1
    try:
        solved = solve_banded((reach, reach), band, flat, check_finite=False)
    except LinAlgError:
        return None
    information = own - flat[:, 1:].T @ solved[:, 1:]
    information = (information + information.T) / 2.0
    slope -= flat[:, 1:].T @ solved[:, 0]
    if not (np.isfinite(information).all() and np.isfinite(slope).all()):
        return None
    step = _solved(information, slope)
    moved = (solved[:, 0] - solved[:, 1:] @ step).reshape(n, 2, width)[:, 0] * scale
    if not np.isfinite(moved).all():
        return None
    return ExactStep(moved.ravel(), step, typical * information, complete)


def _solved(information: Array, slope: Array) -> Array:
    """The shortest step, in units of the information, that explains a slope."""
    size = np.sqrt(np.maximum(np.diag(information), 0.0))
    size = np.where(size > 0.0, size, np.inf)
    scaled = information / size[:, None] / size
    return np.asarray(lstsq(scaled, slope / size, cond=FLAT, check_finite=False)[0]) / size


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
