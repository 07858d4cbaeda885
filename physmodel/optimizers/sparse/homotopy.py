"""The path of Lasso answers from large to small penalties, corner by corner.

Between two corners the answer is a straight line in the penalty. A corner is where a column enters,
because its correlation with the residual reaches the penalty, or leaves, because its coefficient
reaches zero.

References
----------
Osborne, Presnell, Turlach (2000), IMA J. Numer. Anal. 20, 389;
Efron, Hastie, Johnstone, Tibshirani (2004), Ann. Stat. 32, 407;
Donoho and Tsaig (2008), IEEE Trans. Inf. Theory 54, 4789 (sparse answers have few corners).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physmodel.optimizers.sparse.active_gram import ActiveGram
from physmodel.optimizers.sparse.design import Design

Array = NDArray[np.float64]

#: A column whose correlation falls as fast as the penalty, to rounding, never reaches it.
PARALLEL = 1e-12
#: Penalty, relative to the first one, that is rounding.
ROUNDING = 1e-9


@np.errstate(divide="ignore", invalid="ignore")
def end_of_path(design: Design, cost: Array, level: float, max_corners: int) -> Array | None:
    """Follow the path until the residual has a norm or the penalty is zero.

    `design`: one signal, not orthogonal to all columns. `cost` ``(p,)``: positive. `level`: norm of
    the residual at which the path ends. Returns: signs of the coefficients on the last piece: those
    that shrink to zero with the penalty are among them, since the dual point needs them. None where
    ties, memory or the budget stop the walk.
    """
    # In columns divided by their costs all penalties are equal.
    correlation = design.correlation[:, 0] / cost
    entering, leaving, place = int(np.abs(correlation).argmax()), -1, -1
    top = penalty = float(abs(correlation[entering]))
    rss = float(design.energy[0])
    active = ActiveGram(design, cost)
    value, sign = np.zeros(0), np.zeros(0)
    for _ in range(max_corners):
        if leaving >= 0:
            value[place], sign[place] = value[-1], sign[-1]
            value, sign = value[:-1], sign[:-1]
            active.drop(place)
        else:
            if not active.add(entering):
                return None
            value = np.concatenate([value, [0.0]])
            sign = np.concatenate([sign, [np.sign(correlation[entering])]])
        direction = active.inverse @ sign
        if leaving < 0 and direction[-1] * sign[-1] <= 0.0:
            return None  # a tie: this column had to enter together with another one
        change = active.correlations(direction)
        above, below = _arrivals(correlation, change, penalty)
        if leaving >= 0:
            # It stands at the penalty and moves inwards: rounding must not bring it back.
            (above if correlation[leaving] > 0.0 else below)[leaving] = np.inf
        arrival = np.minimum(above, below)
        arrival[active.index] = np.inf
        entering = int(arrival.argmin())
        zeros = -value / direction
        zeros[~(zeros > 0.0)] = np.inf
        place = int(zeros.argmin())
        leaving = int(active.index[place]) if zeros[place] < arrival[entering] else -1
        step = float(min(zeros[place], arrival[entering]))
        bend = float(sign @ direction)
        end = _distance(rss, bend, penalty, level)
        # Near the end all correlations are small, and columns arrive by rounding.
        if end <= step + ROUNDING * top:
            signs = np.zeros(design.n_atoms)
            signs[active.index] = sign
            return signs
        value = value + step * direction
        rss -= bend * step * (2.0 * penalty - step)
        penalty -= step
        correlation = correlation - step * change
    return None


def _arrivals(correlation: Array, change: Array, penalty: float) -> tuple[Array, Array]:
    """Steps at which correlations reach the penalty, which falls by the step, or its negative."""
    up, down = 1.0 - change, 1.0 + change
    above = np.maximum(penalty - correlation, 0.0) / up
    below = np.maximum(penalty + correlation, 0.0) / down
    above[~(up > PARALLEL)] = np.inf
    below[~(down > PARALLEL)] = np.inf
    return above, below


def _distance(rss: float, bend: float, penalty: float, level: float) -> float:
    """Step to the residual norm `level`, on a piece where the squared residual is a parabola."""
    if level == 0.0:
        return penalty
    left = penalty**2 - (rss - level**2) / bend
    return penalty - float(np.sqrt(max(left, 0.0)))
