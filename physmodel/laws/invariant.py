"""A conserved quantity: readable, how well it is kept, and how likely noise alone breaks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Invariant:
    """A quantity that stays constant along every trajectory.

    Attributes
    ----------
    expression : str
        Sum of terms, the largest coefficient one in size, the first one positive.
    terms : mapping of str to float
        Canonical terms and their coefficients; for pairwise forces bodies and their strengths.
    p_value : float
        Probability that noise alone makes a conserved quantity change as much as was seen; one
        where the form of the law conserves it exactly.
    drift : float
        Largest deviation from the mean or from the first value, relative to `size`.
    name : str
        ``"energy"``, ``"momentum"``, ... where the form tells; empty otherwise.
    size : float
        What the drift is relative to: the size of the motion of the terms, or the mean size of
        the quantity where that is meaningful.
    time, values : ndarray (n,)
        The quantity of a law along the first trajectory: along a free run of the law from its
        start, and for pairwise forces along positions that were measured without noise. Empty for
        quantities of data.
    """

    expression: str
    terms: Mapping[str, float]
    p_value: float
    drift: float
    name: str = ""
    size: float = 1.0
    time: Array = field(default_factory=lambda: np.empty(0), compare=False, repr=False)
    values: Array = field(default_factory=lambda: np.empty(0), compare=False, repr=False)

    @property
    def label(self) -> str:
        """The name, or the expression where the quantity has none."""
        return self.name or self.expression

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: everything but the course."""
        return {
            "name": self.label,
            "expression": self.expression,
            "terms": dict(self.terms),
            "drift": self.drift,
            "size": self.size,
            "p_value": self.p_value,
        }

    def __str__(self) -> str:
        """One line."""
        name = f"{self.name}: " if self.name else ""
        return f"{name}{self.expression}   (drift {self.drift:.2g}, p = {self.p_value:.2g})"
