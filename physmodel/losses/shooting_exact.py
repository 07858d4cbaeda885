"""Multiple shooting with joints that hold exactly: the last step, and what is known after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from physmodel.losses.shooting import MultipleShooting
from physmodel.losses.shooting_conditions import FLAT, Conditions

Array = NDArray[np.float64]

#: Information about a parameter, over what there would be if all motions were measured,
#: that is no more than this and rounding.
NOTHING = 1e-9


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
    conditions = Conditions.near(problem, local, shared, scale)
    right, slope = conditions.pulled(
        problem.deviations(local)[None],
        None if problem.rate_noise is None else problem.rate_deviations(local, shared)[None],
    )
    right[:, 1, :, 0] = conditions.gap
    solved = conditions.solved(right, slope)
    if solved is None:
        return None
    moved, step, information = solved
    return ExactStep(moved.ravel(), step[:, 0], information, conditions.complete)


def left_by_noise(
    problem: MultipleShooting,
    local: Array,
    shared: Array,
    scale: Array,
    draws: Array,
    rate_draws: Array | None = None,
) -> tuple[Array, Array | None] | None:
    """What a fit, linearised, leaves of errors of the measurements: all that is no motion.

    Parameters
    ----------
    problem, local, shared, scale
        As of `exact_step`, at a minimum.
    draws : ndarray (m, n, D)
        Errors of the measured states and velocities.
    rate_draws : ndarray (m, n, d), optional
        Errors of measured rates.

    Returns
    -------
    tuple of ndarray (m, n, D) and (m, n, d) or None
        None if something is singular or not finite.
    """
    conditions = Conditions.near(problem, local, shared, scale)
    solved = conditions.solved(*conditions.pulled(draws, rate_draws))
    if solved is None:
        return None
    moved, step, _ = solved
    near = conditions.rates
    if rate_draws is None or near is None:
        return draws - moved, None
    followed = np.einsum("nej,mnj->mne", near.by_motion, moved)
    followed += np.einsum("nep,pm->mne", near.by_parameter, step)
    return draws - moved, rate_draws - followed
