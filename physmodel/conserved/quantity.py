"""A combination of terms as a readable conserved quantity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from physmodel.laws.invariant import Invariant
from physmodel.problem.algebra.expression import Expression, add, constant, product

Array = NDArray[np.float64]

#: Digits of a coefficient that are shown when nothing is known about its error.
DIGITS = 6


def invariant(
    terms: Sequence[Expression],
    weights: Array,
    std_errors: Array,
    p_value: float,
    drift: float,
) -> Invariant:
    """Name a combination of terms.

    Parameters
    ----------
    terms : sequence of Expression
    weights, std_errors : ndarray (p,)
    p_value, drift : float
    """
    unit = np.abs(weights).max() * np.sign(weights[np.flatnonzero(weights)[0]])
    used = [
        (terms[k], _rounded(float(weights[k] / unit), float(abs(std_errors[k] / unit))))
        for k in np.flatnonzero(weights).tolist()
    ]
    text = str(add(*(product(constant(weight), term) for term, weight in used)))
    return Invariant(text, {str(term): weight for term, weight in used}, p_value, drift)


def _rounded(weight: float, error: float) -> float:
    """Digits down to a tenth of the standard error."""
    if not 0.0 < error < abs(weight):
        return float(f"{weight:.{DIGITS}g}")
    digits = int(np.ceil(np.log10(abs(weight) / error))) + 1
    return float(f"{weight:.{min(digits, DIGITS)}g}")
