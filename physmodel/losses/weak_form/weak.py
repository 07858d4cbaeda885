"""The weak form of one segment: two linear maps, one for each side of the equation.

Integrating ``x' = f`` against boxes, or ``x'' = f`` against hats, moves every derivative from the
noisy data to the test function. Boxes and hats on the sampling grid span all test functions that
the samples can resolve; the noise covariance (`physmodel.losses.weak_form.latent`) gives each
combination of them its weight, not a band that somebody has to choose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from physmodel.constants import ENGINE
from physmodel.losses.weak_form.stencils import (
    Grid,
    box_integrals,
    derivatives,
    hat_integrals,
    increments,
)

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]


@dataclass(frozen=True)
class WeakForm:
    """Linear maps of the weak form of one segment.

    The right-hand side is evaluated at ``m`` points: one for each of the ``n`` samples, and two,
    before and after, for samples at which an input jumps.

    Attributes
    ----------
    order : int
        Time derivatives in the equation.
    nodes : ndarray of int (m,)
        Sample of each point.
    left : csr_array (r, n)
        Applied to states: the left-hand side after integration by parts.
    right : csr_array (r, m)
        Applied to points of the right-hand side: its integral against the test functions.
    coarse : csr_array (r, m)
        `right` by a rule two orders lower; the difference estimates the quadrature error.
    slope : csr_array (m, n) or None
        Velocities of a second-order equation from positions; None for first order.
    coarse_slope : csr_array (m, n) or None
        `slope` by a rule two orders lower.
    """

    order: int
    nodes: Numbers
    left: sparse.csr_array
    right: sparse.csr_array
    coarse: sparse.csr_array
    slope: sparse.csr_array | None
    coarse_slope: sparse.csr_array | None

    @property
    def n_rows(self) -> int:
        """Number of test functions."""
        return int(self.left.shape[0])

    @property
    def gather(self) -> sparse.csr_array | None:
        """Values at points from values at samples ``(m, n)``; None where they are the same."""
        n = self.left.shape[1]
        return None if len(self.nodes) == n else _gather(self.nodes, n)


def weak_form(
    time: Array, order: int, cuts: Numbers | None = None, *, max_width: int = ENGINE.max_width
) -> WeakForm:
    """Build the weak form of one segment.

    Parameters
    ----------
    time : ndarray (n,)
        Strictly increasing, at least ``order + 3`` samples.
    order : {1, 2}
    cuts : ndarray of int, optional
        Samples at which the right-hand side jumps, neither the first nor the last: no rule
        reaches across them.
    max_width : int
        Widest interpolation rule, even.

    References
    ----------
    Schaeffer, McCalla (2017), Phys. Rev. E 96, 023302 (integral form);
    Messenger, Bortz (2021), Multiscale Model. Simul. 19, 1474 (weak form).
    """
    grid = Grid.of(time, cuts)
    integrals = box_integrals if order == 1 else hat_integrals
    at = grid.spacing[grid.begins]
    unit = at if order == 1 else np.maximum(at[:-1], at[1:])
    right, coarse = _tame(grid, integrals, max_width, ENGINE.max_gain, unit)
    slope = coarse_slope = None
    if order == 2:
        pair = _tame(grid, derivatives, max_width, ENGINE.max_slope_gain, 1.0 / grid.spacing)
        gather = _gather(grid.nodes, len(time))
        slope, coarse_slope = (sparse.csr_array(rule @ gather) for rule in pair)
    return WeakForm(order, grid.nodes, increments(time, order), right, coarse, slope, coarse_slope)


def _gather(nodes: Numbers, n_samples: int) -> sparse.csr_array:
    m = len(nodes)
    return sparse.csr_array((np.ones(m), (np.arange(m), nodes)), shape=(m, n_samples))


def _tame(
    grid: Grid,
    rule: Callable[[Array, int, Numbers], sparse.csr_array],
    max_width: int,
    limit: float,
    unit: Array,
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Widest rule of each row that does not amplify noise, and the next narrower one.

    Interpolation through many irregular samples, or beyond the middle of its window, has large
    weights of both signs. Between cuts all widths are tried, as many as a stretch has samples, and
    the error of a rule through two of them is told by one of them.
    """
    whole = not len(grid.cuts)
    least, step = (2, 2) if whole else (1, 1)
    widest = min(max_width, 2 * (int(grid.sizes.max()) // 2) if whole else int(grid.sizes.max()))
    rules = {width: rule(grid.time, width, grid.cuts) for width in range(widest, 0, -step)}
    chosen = narrower = sparse.csr_array(rules[widest].shape)
    free = np.ones(chosen.shape[0])
    for width in range(widest, 1, -step):
        gain = np.asarray(abs(rules[width]).sum(axis=1)) / unit
        # A row without weights has fewer samples around it than the rule needs.
        take = free * ((gain <= limit) | (width == 2)) * (gain > 0.0)
        pick = sparse.diags_array(take)
        chosen = chosen + pick @ rules[width]
        narrower = narrower + pick @ rules[max(width - 2, least)]
        free = free - take
    return sparse.csr_array(chosen), sparse.csr_array(narrower)
