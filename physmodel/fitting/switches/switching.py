"""The best course of regimes along time: persistence has a price, and the minimum is exact.

References
----------
Viterbi (1967), IEEE Trans. Inform. Theory 13, 260 (the recursion).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Labels = NDArray[np.intp]

#: Label of an interval in which the regime changes.
BETWEEN = -1


def best_course(cost: Array, switch: float, between: Array, first: NDArray[np.bool_]) -> Labels:
    """Labels of least total cost.

    Parameters
    ----------
    cost : ndarray (n, K)
        Of each interval in each regime.
    switch : float
        Of each change of the regime.
    between : ndarray (n,)
        Of each interval if the regime changes inside it, besides that of the change. One interval
        for each change may be such, and belongs to no regime.
    first : ndarray of bool (n,)
        Intervals that begin a record: what was before does not matter.

    Returns
    -------
    ndarray of int (n,)
        From 0 to ``K - 1``, or `BETWEEN`.
    """
    n, k = cost.shape
    others = np.where(np.eye(k, dtype=bool), np.inf, 0.0)
    total = np.empty((n, k))
    # How each label is reached: from which, and whether the interval before lay between.
    before, skipped = np.zeros((n, k), dtype=np.intp), np.zeros((n, k), dtype=bool)
    every = np.arange(k)
    for i in range(n):
        if first[i]:
            total[i] = cost[i] + (total[i - 1].min() if i else 0.0)
            before[i] = int(total[i - 1].argmin()) if i else 0
            continue
        stay = total[i - 1]
        jump = stay[None, :] + others
        options = [stay, jump.min(axis=1) + switch]
        sources = [every, jump.argmin(axis=1)]
        if i > 1 and not first[i - 1]:
            far = total[i - 2][None, :] + others
            options.append(far.min(axis=1) + switch + between[i - 1])
            sources.append(far.argmin(axis=1))
        chosen = np.argmin(options, axis=0)
        total[i] = cost[i] + np.array(options)[chosen, every]
        before[i] = np.array(sources)[chosen, every]
        skipped[i] = chosen == 2
    labels = np.empty(n, dtype=np.intp)
    i, label = n - 1, int(total[-1].argmin())
    while i >= 0:
        labels[i] = label
        label, over = int(before[i, label]), bool(skipped[i, label])
        if over:
            labels[i - 1] = BETWEEN
        i -= 2 if over else 1
    return labels


def n_switches(labels: Labels, first: NDArray[np.bool_]) -> int:
    """Changes of the regime inside records."""
    count = 0
    for piece in np.split(labels, np.flatnonzero(first)[1:]):
        kept = piece[piece != BETWEEN]
        count += int(np.count_nonzero(np.diff(kept)))
    return count
