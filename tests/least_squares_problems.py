"""Problems of Moré, Garbow and Hillstrom (1981), ACM TOMS 7, 17-41, with the costs they print."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Smooth:
    """Residuals given by one analytic function; derivatives by a complex step are exact."""

    function: Callable[[Any], Any]

    def values(self, parameters: Array) -> Array:
        return np.asarray(self.function(parameters), dtype=float)

    def linearised(self, parameters: Array) -> tuple[Array, Array]:
        columns = []
        for j in range(len(parameters)):
            turned = parameters.astype(complex)
            turned[j] += 1e-30j
            columns.append(np.imag(self.function(turned)) / 1e-30)
        return self.values(parameters), np.stack(columns, axis=1)

    def objective(self, parameters: Array) -> tuple[float, Array]:
        """Half the squared norm and its gradient."""
        residuals, jacobian = self.linearised(parameters)
        return float(residuals @ residuals) / 2.0, jacobian.T @ residuals


def rosenbrock(x: Any) -> Any:
    return np.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])


def powell_badly_scaled(x: Any) -> Any:
    return np.array([1e4 * x[0] * x[1] - 1.0, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001])


def powell_singular(x: Any) -> Any:
    a, b, c, d = x
    return np.array([a + 10 * b, 5**0.5 * (c - d), (b - 2 * c) ** 2, 10**0.5 * (a - d) ** 2])


def brown_badly_scaled(x: Any) -> Any:
    return np.array([x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2.0])


def bard(x: Any) -> Any:
    y = [0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39]
    u = np.arange(1.0, 16.0)
    return np.array(y) - (x[0] + u / ((16.0 - u) * x[1] + np.minimum(u, 16.0 - u) * x[2]))


def meyer(x: Any) -> Any:
    y = [34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744]
    y += [8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872]
    return x[0] * np.exp(x[1] / (45.0 + 5.0 * np.arange(1.0, 17.0) + x[2])) - np.array(y)


def brown_almost_linear(x: Any) -> Any:
    return np.append(x[:-1] + np.sum(x) - (len(x) + 1.0), np.prod(x) - 1.0)


#: Name -> function, usual start, least sum of squares.
PROBLEMS: dict[str, tuple[Callable[[Any], Any], list[float], float]] = {
    "Rosenbrock": (rosenbrock, [-1.2, 1.0], 0.0),
    "Powell, badly scaled": (powell_badly_scaled, [0.0, 1.0], 0.0),
    "Powell, singular": (powell_singular, [3.0, -1.0, 0.0, 1.0], 0.0),
    "Brown, badly scaled": (brown_badly_scaled, [1.0, 1.0], 0.0),
    "Bard": (bard, [1.0, 1.0, 1.0], 8.21487e-3),
    "Meyer": (meyer, [0.02, 4000.0, 250.0], 87.9458),
    "Brown, almost linear": (brown_almost_linear, [0.5] * 10, 0.0),
}
