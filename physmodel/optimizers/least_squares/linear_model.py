"""Residuals near a point, as the loop of Levenberg and Marquardt asks for them; its start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError

Array = NDArray[np.float64]


class LinearModel(Protocol):
    """Residuals near a point, to first order: ``r + J step``."""

    @property
    def residuals(self) -> Array:
        """Residuals ``(m,)`` at the point."""

    @property
    def gradient(self) -> Array:
        """``J' r``, ``(p,)``."""

    @property
    def column_norms(self) -> Array:
        """Lengths of the columns of ``J``, ``(p,)``; not finite where ``J`` is not."""

    @property
    def least_damping(self) -> float:
        """Below it, the solver cannot tell the damped problem from the plain one."""

    def along(self, step: Array) -> Array:
        """``J step``, ``(m,)``."""

    def solver(self, scale: Array) -> Callable[[float, Array], Array]:
        """Solve the damped problem for many dampings and right-hand sides.

        `scale` ``(p,)``: positive; the unknowns are ``scale * step``. Returns: ``damping, r (m,) ->
        (p,)``: the scaled step that minimises ``|r + J step|^2 + damping |scale * step|^2``; not
        finite where rounding forbids it.
        """


@dataclass(frozen=True, eq=False)
class DampedModel:
    """The damped problem at the present point, in scaled unknowns."""

    model: LinearModel
    cost: float
    scale: Array
    slope: Array
    solve: Callable[[float, Array], Array]
    bend: bool

    def step(self, damping: float) -> Array:
        """Scaled step ``(p,)``; not finite where rounding forbids it."""
        return self.solve(damping, self.model.residuals)

    def predicted(self, scaled: Array, damping: float) -> float:
        """Fall of the cost that the linear model promises; not finite for such a step."""
        return (damping * float(scaled @ scaled) - float(self.slope @ scaled)) / 2.0

    def possible(self) -> float:
        """Fall of the cost that the linear model promises without damping."""
        least = self.model.least_damping
        gain = self.predicted(self.step(least), least)
        return gain if np.isfinite(gain) else np.inf

    def steepness(self) -> float:
        """Largest cosine between the residuals and a column of the Jacobian."""
        norms = self.model.column_norms * np.sqrt(2.0 * self.cost)
        gradient = np.abs(self.model.gradient)
        return float(np.max(gradient / np.where(norms > 0.0, norms, 1.0), initial=0.0))


def open_start(start: Array) -> Array:
    """Copy a start.

    `start` ``(p,)``. Returns ``(p,)``. Raises ProblemError if it is not a vector of finite numbers.
    """
    fix = "start from a vector of finite numbers, one per unknown"
    try:
        x = np.array(start, dtype=float)
    except (TypeError, ValueError) as error:
        raise ProblemError(f"the start cannot be read as numbers: {error}", fix=fix) from error
    if x.ndim != 1:
        raise ProblemError(f"the start has the shape {x.shape}", fix=fix)
    finite = np.isfinite(x)
    if not finite.all():
        raise ProblemError(f"the start is not finite at entry {int(np.argmin(finite))}", fix=fix)
    return x


def check_linearised(residuals: Array, column_norms: Array) -> None:
    """Refuse a start from which no step can be judged.

    `residuals` ``(m,)``. `column_norms` ``(p,)``: lengths of the columns of the derivatives. Raises
    ProblemError if a residual or a derivative is not finite.
    """
    finite = np.isfinite(residuals)
    if not finite.all():
        raise ProblemError(
            f"residual {int(np.argmin(finite))} is not finite at the start",
            why="no step can be judged from there",
            fix="start where the model can be evaluated",
        )
    finite = np.isfinite(column_norms)
    if not finite.all():
        raise ProblemError(
            f"a derivative by parameter {int(np.argmin(finite))} is not finite at the start",
            why="no step can be made from there",
            fix="start where the model is smooth, or leave that parameter out",
        )
