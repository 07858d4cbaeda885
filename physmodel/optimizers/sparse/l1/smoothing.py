"""A rough descent of an L1 problem on a Gram matrix, to start exact steps from.

References
----------
O'Donoghue and Candes (2015), Found. Comput. Math. 15, 715 (restarted acceleration).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Columns take part whose slope is at least this share of their bound.
NEAR = 0.5


def smooth(
    gram: Array, correlation: Array, penalty: Array, ridge: Array, start: Array, iterations: int
) -> Array:
    """Descend for a number of accelerated proximal gradient steps.

    On the columns near their bounds only, and in single precision: signs are all that is wanted.

    `gram` ``(p, p)``, `correlation`, `penalty`, `ridge`, `start` ``(p,)``. Returns ``(p,)``:
    coefficients, most of their signs right.
    """
    slope = correlation - gram @ start - ridge * start
    near = np.flatnonzero((np.abs(slope) >= NEAR * penalty) | (start != 0.0))
    part = gram[near[:, None], near].astype(np.float32)
    vector = np.cos(np.arange(1.0, len(part) + 1.0, dtype=np.float32) ** 1.5)
    for _ in range(30):
        vector = part @ (vector / np.linalg.norm(vector))
    # The power method approaches the largest eigenvalue from below.
    bound = 1.05 * float(np.linalg.norm(vector)) + float(ridge.max(initial=0.0))
    # The start is the origin: small numbers lose nothing to rounding.
    origin, force, bend = start[near], slope[near], ridge[near]
    x = ahead = np.zeros(len(near))
    momentum = 1.0
    threshold = penalty[near] / bound
    for _ in range(iterations):
        product = (part @ ahead.astype(np.float32)).astype(float)
        point = origin + ahead + (force - product - bend * ahead) / bound
        moved = np.sign(point) * np.maximum(np.abs(point) - threshold, 0.0) - origin
        change = moved - x
        following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
        if float((ahead - moved) @ change) > 0.0:
            momentum, ahead = 1.0, moved
        else:
            ahead = moved + (momentum - 1.0) / following * change
            momentum = following
        x = moved
    # Exactly zero where the threshold said so: the sum of a number and its negative is.
    end = start.copy()
    end[near] = origin + x
    return end
