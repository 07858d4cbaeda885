"""Conditions of optimality of multiple shooting with joints that hold exactly.

Multipliers of the joints are ordered after the motion at their start, so that the conditions of a
Gauss-Newton step are one banded system, well conditioned however unstable the flow; eliminating
motions and multipliers leaves the information about the parameters, whatever the starts of the
trajectories.

References
----------
Bock, Kostina, Schlöder (2007), Numerical methods for parameter estimation in nonlinear
differential algebraic equations, GAMM-Mitt. 30, 376.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, lstsq, solve_banded

from physmodel.losses.shooting import MultipleShooting
from physmodel.models.fields.parametric_field import Linearisation

Array = NDArray[np.float64]

#: Weight of motions of which nothing is known, over that of a typical measurement.
LEAST = 1e-13
#: Least eigenvalue, over the largest, of the information about parameters in units of its own:
#: rounding of what the elimination leaves.
FLAT = 1e-12


@dataclass(frozen=True, eq=False)
class Conditions:
    """Conditions of optimality of a Gauss-Newton step with joints that hold, for many data.

    Attributes
    ----------
    band : ndarray (4 D - 1, 2 D n)
        Of motions and multipliers in turn, in units of `scale` and of the typical weight.
    by_shared : ndarray (2 D n, p)
    gap : ndarray (n, D)
        What the joints miss.
    weight : ndarray (n, D)
        Of measured states and velocities; zero where nothing was measured.
    heavy : ndarray (n, d)
        Of measured rates.
    rates : Linearisation or None
        Of the field at the samples, if rates were measured.
    own : ndarray (p, p)
        Curvature by parameters alone.
    complete : ndarray (p, p)
        See `ExactStep`.
    scale : ndarray (D,)
    typical : float
    """

    band: Array
    by_shared: Array
    gap: Array
    weight: Array
    heavy: Array
    rates: Linearisation | None
    own: Array
    complete: Array
    scale: Array
    typical: float

    @classmethod
    def near(
        cls, problem: MultipleShooting, local: Array, shared: Array, scale: Array
    ) -> Conditions:
        """Linearise around motions and parameters."""
        found, rates = problem.pieces(local, shared)
        seen, width, p = problem.measured, problem.width, len(shared)
        n, first, motion = len(seen), problem.joined, local.reshape(-1, width)
        weight = (scale / problem.noise) ** 2
        typical = float(np.mean(weight[problem.known]))
        weight = np.where(seen, weight / typical, 0.0)
        curvature = (weight + LEAST)[:, :, None] * np.eye(width)
        right, own = np.zeros((n, 2, width, p)), np.zeros((p, p))
        heavy = np.zeros(problem.measured_rates.shape)
        if rates is not None and problem.rate_noise is not None:
            heavy = np.where(problem.measured_rates, problem.rate_noise**-2, 0.0) / typical
            by_motion, by_parameter = rates.by_motion * scale, rates.by_parameter
            curvature += np.einsum("ne,nej,nek->njk", heavy, by_motion, by_motion)
            right[:, 0] += np.einsum("ne,nej,nep->njp", heavy, by_motion, by_parameter)
            own = np.einsum("ne,nep,neq->pq", heavy, by_parameter, by_parameter)
        reached, gap = found.by_parameter / scale[:, None], np.zeros((n, width))
        complete = typical * (own + np.einsum("kjp,kjq->pq", reached, reached))
        gap[first] = (motion[first + 1] - found.end) / scale
        right[first, 1] = reached
        band = _band(curvature, first, found.by_start * scale / scale[:, None])
        by_shared = right.reshape(-1, p)
        return cls(band, by_shared, gap, weight, heavy, rates, own, complete, scale, typical)

    def pulled(self, errors: Array, rate_errors: Array | None) -> tuple[Array, Array]:
        """Right sides ``(n, 2, D, m)`` and slopes ``(p, m)`` of deviations ``(m, n, D)``."""
        kept = np.where(self.weight > 0.0, errors, 0.0) * self.weight / self.scale
        right, slope = np.zeros((2, *kept.shape)), np.zeros((len(self.own), len(errors)))
        right[0] = kept
        if rate_errors is not None and self.rates is not None:
            pull = np.where(self.heavy > 0.0, rate_errors, 0.0) * self.heavy
            right[0] += np.einsum("mne,nej->mnj", pull, self.rates.by_motion * self.scale)
            slope = np.einsum("mne,nep->pm", pull, self.rates.by_parameter)
        return np.ascontiguousarray(right.transpose(2, 0, 3, 1)), slope

    def solved(self, right: Array, slope: Array) -> tuple[Array, Array, Array] | None:
        """Changes of motions ``(m, n, D)`` and parameters ``(p, m)``, and the information."""
        n, _, width, m = right.shape
        flat = np.hstack([right.reshape(-1, m), self.by_shared])
        if not (np.isfinite(self.band).all() and np.isfinite(flat).all()):
            return None
        reach = 2 * width - 1
        try:
            found = solve_banded((reach, reach), self.band, flat, check_finite=False)
        except LinAlgError:
            return None
        information = self.own - self.by_shared.T @ found[:, m:]
        information = (information + information.T) / 2.0
        slope = slope - self.by_shared.T @ found[:, :m]
        if not (np.isfinite(information).all() and np.isfinite(slope).all()):
            return None
        step = _solved(information, slope)
        moved = (found[:, :m] - found[:, m:] @ step).reshape(n, 2, width, m)[:, 0]
        if not np.isfinite(moved).all():
            return None
        return moved.transpose(2, 0, 1) * self.scale, step, self.typical * information


def _solved(information: Array, slope: Array) -> Array:
    """The shortest steps ``(p, m)``, in units of the information, that explain slopes."""
    size = np.sqrt(np.maximum(np.diag(information), 0.0))
    size = np.where(size > 0.0, size, np.inf)
    scaled = information / size[:, None] / size
    found = lstsq(scaled, slope / size[:, None], cond=FLAT, check_finite=False)[0]
    return np.asarray(found) / size[:, None]


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
