"""Inverse Hessians that quasi-Newton methods build: dense (BFGS, self-scaled) and of few vectors.

References
----------
Al-Baali, Spedicato and Maggioni (2014), Broyden's quasi-Newton methods for a nonlinear system of
equations and unconstrained optimization: a review and open problems, Optim. Methods Softw. 29;
Urban, Stefanou and Pons (2024), Unveiling the optimization process of physics informed neural
networks, arXiv 2405.04230, equations 8 to 23;
Nocedal and Wright (2006), Numerical Optimization, chapters 6 and 7.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class InverseHessian(Protocol):
    """An estimate ``H`` of the inverse Hessian."""

    def times(self, gradient: Array) -> Array:
        """``H gradient``, ``(p,)``."""

    def updated(self, step: Array, change: Array, bend: float) -> Self:
        """The estimate after a step ``s`` that changed the gradient by ``y``, ``y's > 0``.

        `step`, `change` ``(p,)``: ``s`` and ``y``. `bend`: ``s' H^-1 s``, which a step along ``-H
        gradient`` knows without solving anything.
        """


#: ``(b, h, p) -> (theta, tau)``, the member of Broyden's class and its scale, from
#: ``b = s'Bs / y's``, ``h = y'Hy / y's`` and the number of parameters.
Rule = Callable[[float, float, int], tuple[float, float]]


def plain_bfgs(b: float, h: float, p: int) -> tuple[float, float]:
    """BFGS: no scaling."""
    del b, h, p
    return 0.0, 1.0


def scaled_bfgs(b: float, h: float, p: int) -> tuple[float, float]:
    """BFGS that shrinks the Hessian where it is found too large, and never enlarges it."""
    del h, p
    return 0.0, min(1.0, 1.0 / b)


def scaled_broyden(b: float, h: float, p: int) -> tuple[float, float]:
    """Self-scaled Broyden: the member of the class follows the measured curvature too."""
    a = b * h - 1.0  # zero or more, by Cauchy and Schwarz
    # Near zero all members of the class are one matrix, and theta, near 1 / a, is rounding.
    if not a > np.sqrt(np.finfo(float).eps):
        return scaled_bfgs(b, h, p)
    least = min(1.0, h * (1.0 - np.sqrt(a / (1.0 + a))))
    if not least > 0.0:
        return scaled_bfgs(b, h, p)
    theta = max((least - 1.0) / a, min(1.0 / least, (1.0 - b) / b))
    sigma = 1.0 + theta * a
    if not sigma > 0.0:
        return scaled_bfgs(b, h, p)
    rho, root = min(1.0, 1.0 / b), sigma ** (1.0 / (1.0 - p))
    tau = min(rho * root, sigma) if theta <= 0.0 else rho * min(root, 1.0 / theta)
    return float(theta), float(tau)


@dataclass(frozen=True, eq=False)
class DenseInverse:
    """A matrix of all parameters; None before the first step, whose curvature sets its size."""

    rule: Rule
    matrix: Array | None = None

    def times(self, gradient: Array) -> Array:
        """``H gradient``."""
        return gradient if self.matrix is None else self.matrix @ gradient

    def updated(self, step: Array, change: Array, bend: float) -> DenseInverse:
        """One member of Broyden's class, scaled; see `InverseHessian.updated`."""
        p, curvature = len(step), float(change @ step)
        if self.matrix is None:
            size = float(step @ step) / curvature
            matrix, bend = size * np.eye(p), curvature
        else:
            matrix = self.matrix
        turned = matrix @ change
        length = float(change @ turned)
        b, h = bend / curvature, length / curvature
        theta, tau = self.rule(b, h, p)
        phi = (1.0 - theta) / (1.0 + (b * h - 1.0) * theta)
        # Rank two in the step and H y; one product instead of three matrices.
        both = np.column_stack([step, turned])
        cross = -phi / (tau * curvature)
        weights = np.array(
            [[(phi * h / tau + 1.0) / curvature, cross], [cross, (phi - 1.0) / (tau * length)]]
        )
        new = (both @ weights) @ both.T
        new += matrix / tau
        return DenseInverse(self.rule, new)


@dataclass(frozen=True, eq=False)
class LimitedInverse:
    """The last few steps and changes of the gradient; see Nocedal and Wright, algorithm 7.4."""

    capacity: int
    pairs: tuple[tuple[Array, Array, float], ...] = ()

    def times(self, gradient: Array) -> Array:
        """``H gradient``."""
        if not self.pairs:
            return gradient
        rest, weights = gradient.copy(), []
        for step, change, curvature in reversed(self.pairs):
            weights.append(float(step @ rest) / curvature)
            rest -= weights[-1] * change
        step, change, curvature = self.pairs[-1]
        rest *= curvature / float(change @ change)
        for (step, change, curvature), weight in zip(self.pairs, reversed(weights), strict=True):
            rest += (weight - float(change @ rest) / curvature) * step
        return rest

    def updated(self, step: Array, change: Array, bend: float) -> LimitedInverse:
        """Remember one more step, forget the oldest; `bend` is not needed."""
        del bend
        kept = (*self.pairs, (step, change, float(change @ step)))
        return LimitedInverse(self.capacity, kept[-self.capacity :])
