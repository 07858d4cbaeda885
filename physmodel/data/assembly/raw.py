"""One trajectory as it was read, before anything is checked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.data.contract import rows_text

Array = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class RawTrajectory:
    """One trajectory as it was read.

    Attributes
    ----------
    label : str
    time : ndarray (n,)
    values : ndarray (n, v)
        NaN where a value is missing by accident.
    masked : ndarray of bool (n, v)
        True where the source declares a value missing.
    rows : ndarray of int (n,), optional
        Row numbers in the source; 0, 1, ... when there are none.
    lines : ndarray of int (n,), optional
        Line numbers in the file.
    """

    label: str
    time: Array
    values: Array
    masked: NDArray[np.bool_]
    rows: Rows | None = None
    lines: Rows | None = None

    def place(self, samples: Rows) -> str:
        """Rows, and lines where they are known, of some samples."""
        text = rows_text(samples if self.rows is None else self.rows[samples])
        return text if self.lines is None else f"{text} (line {self.lines[samples[0]]})"
