"""What the loop of Levenberg and Marquardt asks of residuals near a point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

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
