"""Newton's method on a collocation system, and how its solution depends on unknown coefficients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import SuperLU, splu

from physmodel.fields.elements.patch import Patch

Array = NDArray[np.float64]

#: Newton steps, and halvings of one, before a patch is given up.
STEPS, HALVINGS = 30, 8
#: Share of the residuals of a start that is taken away at first, and at least.
FIRST_SHARE, LEAST_SHARE = 0.25, 1.0 / 256.0
#: Relative size of a step that is taken whatever the residuals say, which may be rounding.
NEAR = 1e-6


@dataclass(frozen=True, eq=False)
class Solved:
    """A solution of the collocation system.

    `coefficients` ``(n,)``. `by_unknown` ``(n, k)``: its derivatives by the unknown coefficients of
    the equation.
    """

    coefficients: Array
    by_unknown: Array
    steps: int


@np.errstate(all="ignore")  # what is not finite is seen below, and ends the iteration
def newton(
    patch: Patch, start: Array, unknown: Array, tolerance: float, left: Array | float = 0.0
) -> Solved | None:
    """Solve the system of a patch.

    `start` ``(n,)``, `unknown` ``(k,)``. `tolerance`: size of the last step relative to the
    coefficients. `left`: residuals that shall be left. Returns: None if the iteration does not
    converge.
    """
    x = start
    residuals, jacobian, by_unknown = patch.system(x, unknown)
    residuals = residuals - left
    for count in range(1, STEPS + 1):
        scale = _row_scale(jacobian)
        factors = _factors(jacobian, scale)
        norm = float(np.linalg.norm(scale * residuals))
        if factors is None or not np.isfinite(norm):
            return None
        step = -factors.solve(scale * residuals)
        length, near = 1.0, np.abs(step).max() <= NEAR * np.abs(x).max()
        for _ in range(HALVINGS):
            trial = x + length * step
            residuals, jacobian, by_unknown = patch.system(trial, unknown)
            residuals = residuals - left
            new = float(np.linalg.norm(scale * residuals))
            if np.isfinite(new) and (near or new <= (1.0 - length / 4.0) * norm):
                break
            length /= 2.0
        else:
            return None
        x = trial
        small = np.abs(length * step).max() <= tolerance * np.abs(x).max()
        if small or patch.problem.linear or norm == 0.0:
            if not np.isfinite(x).all():
                return None
            sensitivity = np.zeros((x.size, len(unknown)))
            if len(unknown):
                sensitivity = -factors.solve(scale[:, None] * by_unknown)
            return Solved(x - factors.solve(scale * residuals), sensitivity, count)
    return None


def newton_by_homotopy(
    patch: Patch, start: Array, unknown: Array, tolerance: float
) -> Solved | None:
    """As `newton`; where that fails, the residuals of the start are taken away little by little."""
    solved = newton(patch, start, unknown, tolerance)
    if solved is not None or patch.problem.linear:
        return solved
    residuals = patch.system(start, unknown)[0]
    now, share, done = start, FIRST_SHARE, 0.0
    while done < 1.0 and share >= LEAST_SHARE:
        ahead = min(done + share, 1.0)
        solved = newton(patch, now, unknown, tolerance, (1.0 - ahead) * residuals)
        if solved is None:
            share /= 2.0
        else:
            now, done, share = solved.coefficients, ahead, 2.0 * share
    return solved


def _row_scale(jacobian: sparse.csr_array) -> Array:
    largest = np.maximum.reduceat(np.abs(jacobian.data), jacobian.indptr[:-1])
    return np.where(largest > 0.0, 1.0 / np.where(largest > 0.0, largest, 1.0), 1.0)


def _factors(jacobian: sparse.csr_array, scale: Array) -> SuperLU | None:
    """Factors of the system with its rows scaled; None if it is singular or not finite."""
    if not np.isfinite(jacobian.data).all():
        return None
    scaled = sparse.csc_array(sparse.diags_array(scale) @ jacobian)
    try:
        return splu(scaled)
    except RuntimeError:  # exactly singular
        return None
