"""The weak form of one segment: two linear maps, one for each side of the equation.

Integrating ``x' = f`` against boxes, or ``x'' = f`` against hats, moves every derivative from the
noisy data to the test function. Boxes and hats on the sampling grid span all test functions that
the samples can resolve; how much each combination of them is trusted is decided by the noise
covariance (`physmodel.losses.latent`), not by a band that somebody has to choose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from physmodel.losses.stencils import box_integrals, derivatives, hat_integrals, increments

Array = NDArray[np.float64]

#: Widest interpolation rule. Wider ones gain nothing on data that are sampled well enough to be
#: interpolated at all, and ring at the ends of the record.
MAX_WIDTH = 12

#: Largest sum of absolute weights of a rule, in units of the mean sampling interval (for slopes,
#: of its inverse).
MAX_GAIN, MAX_SLOPE_GAIN = 8.0, 60.0


@dataclass(frozen=True)
class WeakForm:
    """Linear maps of the weak form of one segment.

    Attributes
    ----------
    order : int
        Time derivatives in the equation.
    left : csr_array (r, n)
        Applied to states: the left-hand side after integration by parts.
    right : csr_array (r, n)
        Applied to samples of the right-hand side: its integral against the test functions.
    coarse : csr_array (r, n)
        `right` by a rule two orders lower; the difference estimates the quadrature error.
    slope : csr_array (n, n) or None
        Velocities of a second-order equation from positions; None for first order.
    coarse_slope : csr_array (n, n) or None
        `slope` by a rule two orders lower.
    """

    order: int
    left: sparse.csr_array
    right: sparse.csr_array
    coarse: sparse.csr_array
    slope: sparse.csr_array | None
    coarse_slope: sparse.csr_array | None

    @property
    def n_rows(self) -> int:
        """Number of test functions."""
        return int(self.left.shape[0])


def weak_form(time: Array, order: int, *, max_width: int = MAX_WIDTH) -> WeakForm:
    """Build the weak form of one segment.

    Parameters
    ----------
    time : ndarray (n,)
        Strictly increasing, at least ``order + 3`` samples.
    order : {1, 2}
    max_width : int
        Widest interpolation rule, even.

    Returns
    -------
    WeakForm

    References
    ----------
    Schaeffer, McCalla (2017), Phys. Rev. E 96, 023302 (integral form);
    Messenger, Bortz (2021), Multiscale Model. Simul. 19, 1474 (weak form).
    """
    widest = min(max_width, 2 * (len(time) // 2))
    integrals = box_integrals if order == 1 else hat_integrals
    right, coarse = _tame(time, integrals, widest, MAX_GAIN, np.ptp(time) / (len(time) - 1))
    slope, coarse_slope = (
        _tame(time, derivatives, widest, MAX_SLOPE_GAIN, (len(time) - 1) / np.ptp(time))
        if order == 2
        else (None, None)
    )
    return WeakForm(order, increments(time, order), right, coarse, slope, coarse_slope)


def _tame(
    time: Array,
    rule: Callable[[Array, int], sparse.csr_array],
    widest: int,
    limit: float,
    unit: float,
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Widest rule of each row that does not amplify noise, and the next narrower one.

    Interpolation through many irregular samples, or beyond the middle of its window, has large
    weights of both signs.
    """
    rules = {width: rule(time, width) for width in range(widest, 0, -2)}
    rows = rules[widest].shape[0]
    chosen, narrower = sparse.csr_array((rows, len(time))), sparse.csr_array((rows, len(time)))
    free = np.ones(rows)
    for width, weights in rules.items():
        gain = np.asarray(abs(weights).sum(axis=1)) / unit
        take = free * ((gain <= limit) | (width == 2))
        pick = sparse.diags_array(take)
        chosen = chosen + pick @ weights
        narrower = narrower + pick @ rules[max(width - 2, 2)]
        free = free - take
    return sparse.csr_array(chosen), sparse.csr_array(narrower)
