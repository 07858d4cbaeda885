"""A conserved quantity: readable, with the probability that noise alone explains its changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.problem.expression import Expression, add, constant, product

Array = NDArray[np.float64]

#: Digits of a coefficient that are shown when nothing is known about its error.
DIGITS = 6


@dataclass(frozen=True)
class Conserved:
    """A quantity that stays constant along every trajectory.

    Attributes
    ----------
    expression : str
        Largest coefficient one in size, the first one positive.
    terms : mapping of str to float
        Canonical terms and their coefficients.
    p_value : float
        Probability that noise alone makes a conserved quantity change as much as was seen.
    drift : float
        Largest deviation from the mean of a trajectory, over the size of the motion of its
        terms.
    name : str
        ``"energy"``, ``"momentum"``, ... where the form tells; empty otherwise.
    """

    expression: str
    terms: Mapping[str, float]
    p_value: float
    drift: float
    name: str = ""

    def __str__(self) -> str:
        """One line."""
        name = f"{self.name}: " if self.name else ""
        return f"{name}{self.expression}   (drift {self.drift:.2g}, p = {self.p_value:.2g})"


def conserved(
    terms: Sequence[Expression],
    weights: Array,
    std_errors: Array,
    p_value: float,
    drift: float,
    name: str = "",
) -> Conserved:
    """Name a combination of terms.

    Parameters
    ----------
    terms : sequence of Expression
    weights, std_errors : ndarray (p,)
    p_value, drift : float
    name : str
    """
    unit = np.abs(weights).max() * np.sign(weights[np.flatnonzero(weights)[0]])
    used = [
        (terms[k], _rounded(float(weights[k] / unit), float(abs(std_errors[k] / unit))))
        for k in np.flatnonzero(weights).tolist()
    ]
    text = str(add(*(product(constant(weight), term) for term, weight in used)))
    return Conserved(text, {str(term): weight for term, weight in used}, p_value, drift, name)


def _rounded(weight: float, error: float) -> float:
    """Digits down to a tenth of the standard error."""
    if not 0.0 < error < abs(weight):
        return float(f"{weight:.{DIGITS}g}")
    digits = int(np.ceil(np.log10(abs(weight) / error))) + 1
    return float(f"{weight:.{min(digits, DIGITS)}g}")
