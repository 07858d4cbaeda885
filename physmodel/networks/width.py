"""One width of a network: weights by least squares, with or without noise in the states."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lstsq

from physmodel.losses.slopes import KnownStates, ShiftedPaths
from physmodel.networks.canonical import Paths
from physmodel.optimizers.least_squares.bordered import bordered_least_squares

if TYPE_CHECKING:
    from physmodel.models.nets.form import Form
    from physmodel.models.nets.net_field import NetField

Array = NDArray[np.float64]

#: Times that the noise of the slopes is estimated anew, at most, and iterations each time.
ROUNDS, MOST_ITERATIONS = 2, 30
#: Relative change of the cost that ends a round.
TOLERANCE = 1e-2
#: A fit takes rows until its residuals are so many times its parameters, and its derivatives so
#: many numbers; a quarter more where the motion is fastest, which is where fields are steep.
RESIDUALS_PER_PARAMETER, NUMBERS = 20, 2_000_000
#: Noise of the slopes, which are of unit size, at least: what the rounding of a fit leaves.
LEAST_NOISE = 1e-13
#: Directions in the space of the weights below this part of the largest are left alone.
RANK = 1e-12


@dataclass(frozen=True, eq=False)
class FittedWidth:
    """One width: field, shifts of the paths, noise of the slopes ``(d,)`` and criterion."""

    field: NetField
    shifts: Array
    noise: Array
    score: float


def fit_width(
    form: Form, names: tuple[str, ...], paths: Paths, slopes: Array, shifts: Array | None, seed: int
) -> FittedWidth:
    """Fit the weights, and where there are shifts to start from, these too."""
    from physmodel.models.nets.net_field import NetField

    d, p = slopes.shape[1], form.n_parameters
    field = NetField(form, names, (), form.initial(seed))
    if shifts is None:
        wanted = max(1, RESIDUALS_PER_PARAMETER * p // d, NUMBERS // (d * p))
        rows = _telling_rows(slopes, wanted, np.random.default_rng(seed))
        known = KnownStates(field, paths.states[rows], slopes[rows], np.ones(d))
        theta, left = _linear(known)
        noise = _noise_of(left.reshape(-1, d), p)
        return FittedWidth(
            field.with_parameters(theta), np.empty(0), noise, _criterion(noise, left.size, p)
        )
    spread = paths.noise / np.sqrt(paths.rows)[:, None]
    moved = ShiftedPaths(field, paths.states, slopes, paths.path, spread, np.ones(d))
    theta, left = _linear(KnownStates(field, moved.states(shifts), slopes, np.ones(d)))
    noise = _noise_of(left.reshape(-1, d), p)
    for _ in range(ROUNDS):
        moved = replace(moved, slope_noise=noise)
        found = bordered_least_squares(
            moved, shifts, theta, tolerance=TOLERANCE, max_iterations=MOST_ITERATIONS
        )
        shifts, theta = found.local, found.shared.parameters
        left = moved.values(shifts, theta)[spread.size :].reshape(-1, d) * noise
        before, noise = noise, _noise_of(left, p + spread.size)
        if np.all(np.abs(np.log(noise / before)) < np.log(2.0)):
            break
    return FittedWidth(field.with_parameters(theta), shifts, noise, _criterion(noise, left.size, p))


def _telling_rows(slopes: Array, wanted: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Rows at random, and a quarter as many of the fastest motion; in their order."""
    by_speed = np.argsort(-np.linalg.norm(slopes, axis=1), kind="stable")
    drawn = rng.permutation(len(slopes))[:wanted]
    return np.union1d(drawn, by_speed[: wanted // 4])


def _linear(known: KnownStates) -> tuple[Array, Array]:
    """Weights ``(p,)`` of a field that is linear in them, and the residuals left."""
    residuals, jacobian = known.linearised(known.field.parameters)
    norms = np.linalg.norm(jacobian, axis=0)
    jacobian /= np.where(norms > 0.0, norms, 1.0)
    weights = -lstsq(jacobian, residuals, cond=RANK, lapack_driver="gelsy")[0]
    left = residuals + jacobian @ weights
    return known.field.parameters + weights / np.where(norms > 0.0, norms, 1.0), left


def _criterion(noise: Array, size: int, p: int) -> float:
    """Schwarz's criterion for each residual."""
    return float(np.log(noise).mean() + p * np.log(size) / (2.0 * size))


def _noise_of(residuals: Array, unknowns: int) -> Array:
    free = max(1.0, len(residuals) - unknowns / residuals.shape[1])
    noise: Array = np.sqrt((residuals**2).sum(axis=0) / free)
    return np.maximum(noise, LEAST_NOISE)
