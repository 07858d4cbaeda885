"""What every sparse solver returns: coefficients, a status with its remedy, a certificate."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Status(StrEnum):
    """How a solver ended, best first."""

    OPTIMAL = "optimal"
    CONVERGED = "converged"
    LIMIT = "iteration-limit"
    STALLED = "stalled"
    INFEASIBLE = "infeasible"


#: What to do next, one sentence per status.
REMEDIES = {
    Status.OPTIMAL: "Nothing to do: the certificate bounds the distance from the optimum.",
    Status.CONVERGED: (
        "The method reached its own stopping rule, which is no proof of optimality; "
        "look at the certificate, or run a convex solver beside it."
    ),
    Status.LIMIT: "The budget is spent: raise the limit, or accept the gap in the certificate.",
    Status.STALLED: (
        "Rounding stopped the descent: look for nearly equal columns, or raise the penalty."
    ),
    Status.INFEASIBLE: (
        "No combination of columns gives these signals: use basis_pursuit_denoising or lasso."
    ),
}


@dataclass(frozen=True)
class Certificate:
    """Numbers that anyone can check without trusting the solver.

    Every entry has one value per signal, or is a float for a single signal; None means that the
    method has no such number.

    Attributes
    ----------
    primal : float or ndarray (k,)
        Objective at the answer.
    dual : float or ndarray (k,), optional
        A lower bound of the optimum.
    gap : float or ndarray (k,), optional
        ``primal - dual``: no coefficients whatever have an objective lower by more than this.
    kkt : float or ndarray (k,), optional
        Largest violation of the optimality conditions, relative to the largest correlation.
    coherence : float, optional
        Largest cosine between two columns.
    recovery : float or ndarray (k,), optional
        Tropp's exact recovery coefficient of the support; positive means that orthogonal matching
        pursuit and basis pursuit recover every signal on it.
    sparsest : bool or ndarray (k,), optional
        Whether the answer is proven to be the sparsest exact representation.
    """

    primal: float | Array
    dual: float | Array | None = None
    gap: float | Array | None = None
    kkt: float | Array | None = None
    coherence: float | None = None
    recovery: float | Array | None = None
    sparsest: bool | NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Path:
    """Answers along a penalty or a number of atoms.

    Attributes
    ----------
    levels : ndarray (n,)
        Penalties, from large to small, or numbers of atoms, from zero up.
    coefficients : ndarray (n, p)
    objectives : ndarray (n,)
        Objective (penalty) or residual sum of squares (atoms) at each level.
    gaps : ndarray (n,), optional
        Duality gap at each level.
    """

    levels: Array
    coefficients: Array
    objectives: Array
    gaps: Array | None = None


@dataclass(frozen=True)
class SparseResult:
    """The answer of a sparse solver.

    Attributes
    ----------
    coefficients : ndarray (p,) or (p, k)
        In the units of the caller's columns.
    statuses : tuple of Status
        One per signal.
    certificate : Certificate
    iterations : int
        Steps of the method, as it counts them; the largest over signals.
    penalty : float or ndarray (k,), optional
        The penalty or noise level in force.
    path : Path, optional
        Of a single signal.
    history : ndarray (n,), optional
        Duality gaps of the iterates that were compared with all columns, of a single signal; those
        of a path follow each other, level by level.
    """

    coefficients: Array
    statuses: tuple[Status, ...]
    certificate: Certificate
    iterations: int
    penalty: float | Array | None = None
    path: Path | None = None
    history: Array | None = None

    @property
    def status(self) -> Status:
        """The worst status over the signals."""
        order = list(Status)
        return max(self.statuses, key=order.index, default=Status.OPTIMAL)

    @property
    def remedy(self) -> str:
        """What to do next."""
        return REMEDIES[self.status]

    @property
    def support(self) -> NDArray[np.intp]:
        """Columns that any signal uses, ascending."""
        used = self.coefficients != 0.0
        return np.flatnonzero(used if used.ndim == 1 else used.any(axis=1))
