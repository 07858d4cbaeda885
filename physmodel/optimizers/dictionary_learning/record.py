"""What learning a dictionary returns: atoms, codes, the way there, a status with its remedy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Array = NDArray[np.float64]


class LearningStatus(StrEnum):
    """How learning ended, best first."""

    CONVERGED = "converged"
    LIMIT = "iteration-limit"
    UNUSED = "unused-atoms"


#: What to do next, one sentence per status.
REMEDIES = {
    LearningStatus.CONVERGED: (
        "Nothing to do: the objective has settled, which is a local optimum; "
        "other seeds that agree on the atoms confirm them."
    ),
    LearningStatus.LIMIT: (
        "The objective still falls: raise the number of iterations or passes, "
        "or continue with these atoms as the start."
    ),
    LearningStatus.UNUSED: (
        "Some atoms explain nothing, even after replacement: ask for fewer atoms or give more "
        "signals."
    ),
}


@dataclass(frozen=True)
class LearnedDictionary:
    """Atoms and the codes of the signals that they were learned from.

    Attributes
    ----------
    atoms : ndarray (m, p)
        Columns of unit norm, in the units of the signals: coefficients carry the size.
    codes : csr_array (p, k) or None
        Sparse coefficients; None for a stream, whose signals are not kept: `encode` codes any.
    history : ndarray (n,)
        The objective, once per iteration (per block for the online method).
    status : LearningStatus
    iterations : int
        Iterations, or passes over the blocks.
    replaced : int
        How often an unused or duplicate atom was replaced.
    """

    atoms: Array
    codes: csr_array | None
    history: Array
    status: LearningStatus
    iterations: int
    replaced: int

    @property
    def remedy(self) -> str:
        """What to do next."""
        return REMEDIES[self.status]


@dataclass(frozen=True)
class ConvolutionalDictionary:
    """Short atoms that may stand anywhere in a signal, and where they stand.

    Attributes
    ----------
    atoms : ndarray (m, p)
        Columns of unit norm, ``m = prod(atom_shape)``, flattened in C order.
    atom_shape : tuple of int
    maps : ndarray (n, p, ...)
        Coefficients: entry ``[i, j]`` at a position is the amount of atom `j` of signal `i` whose
        first sample stands there.
    history : ndarray (n,)
        The objective, once per iteration.
    status : LearningStatus
    penalty : float
        The penalty in force.
    iterations, replaced : int
        As for `LearnedDictionary`.
    """

    atoms: Array
    atom_shape: tuple[int, ...]
    maps: Array
    history: Array
    status: LearningStatus
    penalty: float
    iterations: int
    replaced: int

    @property
    def remedy(self) -> str:
        """What to do next."""
        return REMEDIES[self.status]
