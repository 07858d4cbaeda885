"""Values far away from all others: codes for "missing", slips of the pen, broken sensors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physmodel.findings import Finding

Array = NDArray[np.float64]

#: An empty stretch this many times as wide as the range of the other values sets some apart.
FAR = 10.0

#: More than this share of the samples is a second regime, not a fault.
MAX_SHARE = 0.1

#: Shorter records do not say what is ordinary.
ENOUGH = 16


def outliers(column: Array, name: str) -> list[Finding]:
    """A warning where a few values are set apart from all others by a wide empty stretch.

    A spike that is resolved has samples on its flanks and leaves no such stretch.

    Parameters
    ----------
    column : ndarray (n,)
    name : str

    Returns
    -------
    list of Finding
        Empty, or one.
    """
    n = len(column)
    few = int(MAX_SHARE * n)
    if n < ENOUGH:
        return []
    ordered = np.sort(column)
    gaps = np.diff(ordered)
    cut = int(np.argmax(gaps)) + 1
    low = cut <= n - cut
    apart, rest = (ordered[:cut], ordered[cut:]) if low else (ordered[cut:], ordered[:cut])
    if len(apart) > few or not 0.0 < FAR * float(np.ptp(rest)) < gaps[cut - 1]:
        return []
    first = int(np.flatnonzero(column == (apart[-1] if low else apart[0]))[0])
    return [
        Finding(
            "W-OUTLIER",
            "warning",
            f"{name}, sample {first}",
            f"{len(apart)} of {n} values, such as {column[first]:g}, lie far from the others, "
            f"{rest[0]:.4g} to {rest[-1]:.4g}",
            "if they stand for missing values leave those cells empty and use --missing segment",
        )
    ]
