"""Whether the errors of a fit explain that something which should vanish does not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from physmodel.conserved.search.phase import FLOOR
from physmodel.conserved.search.search import LEVEL
from physmodel.conserved.search.spectrum import DECIDES, SLACK

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Verdict:
    """A violation next to the errors of the coefficients that it is made of.

    Attributes
    ----------
    defect : float
        Root mean square violation over that of its parts.
    p_value : float
        Probability that the errors make it so large.
    telling : float
        Mean square of its parts over that of the errors: how large it could have been.
    """

    defect: float
    p_value: float
    telling: float

    @property
    def holds(self) -> bool:
        """Whether the errors explain the violation, and are small enough for that to mean much."""
        return self.p_value >= LEVEL and self.telling >= DECIDES


def verdict(change: Array, moves: Array, size: float) -> Verdict:
    """Compare a violation with what uncertain coefficients make of zero.

    Parameters
    ----------
    change : ndarray (n,)
        What should be zero.
    moves : ndarray (c, n)
        What one standard error of each coefficient adds to it.
    size : float
        Sum of squares of its parts, of which rounding takes a share.
    """
    overlap = moves @ moves.T
    mean = float(np.trace(overlap)) + FLOOR**2 * size
    if not mean > 0.0:  # there are no parts: nothing is violated, and nothing is said
        return Verdict(0.0, 1.0, 0.0)
    # A mixture of chi-squared variables has the mean and variance of a scaled one: Satterthwaite
    # (1946), Biometrics Bulletin 2, 110.
    freedom = mean**2 / max(float(np.sum(overlap**2)), FLOOR**4 * size**2, 1e-300)
    square = float(change @ change)
    p_value = float(chi2.sf(freedom * square / mean / SLACK, freedom))
    return Verdict(float(np.sqrt(square / size)), p_value, size / mean)
