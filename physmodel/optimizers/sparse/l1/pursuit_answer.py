"""One signal of basis pursuit: an answer with the numbers that prove it.

References
----------
Chen, Donoho, Saunders (1998), SIAM J. Sci. Comput. 20, 33 (the linear program);
Fuchs (2004), IEEE Trans. Inf. Theory 50, 1341 (the dual certificate).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from physmodel.optimizers.sparse.design import Design
from physmodel.optimizers.sparse.l1.support import SupportFit
from physmodel.optimizers.sparse.record import Status

Array = NDArray[np.float64]

#: Relative duality gap and residual at which an answer counts as optimal.
OPTIMAL = 1e-7
#: Inner product of a residual with the columns, relative to that of the signal, that is rounding.
ORTHOGONAL = 1e-9


@dataclass(frozen=True)
class Answer:
    """Coefficients of unit columns and their certificate.

    `x` ``(p,)``. `primal`, `dual`: sum of costs, and a lower bound of it. `excess`: residual norm
    above the one that is allowed, relative to the signal's. `penalty`: of the equivalent Lasso.
    """

    x: Array
    status: Status
    primal: float = 0.0
    dual: float = 0.0
    excess: float = 0.0
    penalty: float = 0.0

    @property
    def gap(self) -> float:
        """How much lower the sum of costs may be, infinite where there is no answer."""
        return np.inf if np.isinf(self.primal) else self.primal - self.dual

    @property
    def settled(self) -> bool:
        """Whether nothing better can be found."""
        return self.status in (Status.OPTIMAL, Status.INFEASIBLE)


def infeasible(design: Design, x: Array | None = None) -> Answer:
    """No coefficients meet the constraint; those given come nearest."""
    x = np.zeros(design.n_atoms) if x is None else x
    return Answer(x, Status.INFEASIBLE, np.inf, np.inf)


def judge(design: Design, fit: SupportFit, level: float, cost: Array) -> Answer:
    """The point on a piece of the Lasso path that meets the constraint, and its proof.

    `design`: one signal, not zero. `level`: norm of the residual that is allowed. `cost` ``(p,)``.
    """
    size = float(np.sqrt(design.energy[0]))
    steepest = float((np.abs(design.correlation[:, 0]) / cost).max())
    orthogonal = float((fit.slope / cost).max()) <= ORTHOGONAL * steepest
    if orthogonal and fit.residual > max(level, OPTIMAL * size):
        # Nothing can make this residual smaller.
        return infeasible(design, fit.x)
    penalty = fit.penalty(level)
    x = fit.x - penalty * fit.direction
    left = fit.residual_norm(penalty)
    # Along a piece the residual is that of the fit plus the penalty times the dual direction.
    if penalty > 0.0:
        steep = float((np.abs(fit.left + penalty * fit.dual) / cost).max())
        dual = (fit.along + penalty * fit.dual_along - level * left) / steep
    else:
        steep = float((np.abs(fit.dual) / cost).max())
        dual = fit.dual_along / max(steep, 1.0)
    return _answer(x, float(cost @ np.abs(x)), dual, max(left - level, 0.0) / size, penalty)


def linear_program(design: Design, cost: Array) -> Answer:
    """Basis pursuit of one signal on a matrix by the simplex method, which ties do not disturb."""
    assert design.matrix is not None  # noqa: S101
    assert design.signals is not None  # noqa: S101
    matrix = design.matrix / design.scale
    # The tolerances of the solver are absolute.
    size, unit = float(np.sqrt(design.energy[0])), float(cost.max())
    target = design.signals[:, 0] / size
    solved = linprog(
        np.concatenate([cost, cost]) / unit,
        A_eq=np.hstack([matrix, -matrix]),
        b_eq=target,
        bounds=(0.0, None),
        method="highs",
    )
    if solved.x is None:
        unfit = solved.status == 2
        return infeasible(design) if unfit else Answer(np.zeros(design.n_atoms), Status.STALLED)
    x = solved.x[: design.n_atoms] - solved.x[design.n_atoms :]
    point = solved.eqlin.marginals * unit
    steep = float((np.abs(matrix.T @ point) / cost).max(initial=1.0))
    excess = float(np.linalg.norm(matrix @ x - target))
    primal, dual = size * float(cost @ np.abs(x)), size * float(target @ point) / steep
    return _answer(size * x, primal, dual, excess, 0.0)


def _answer(x: Array, primal: float, dual: float, excess: float, penalty: float) -> Answer:
    good = primal - dual <= OPTIMAL * primal and excess <= OPTIMAL
    status = Status.OPTIMAL if good else Status.STALLED
    return Answer(x, status, primal, dual, excess, penalty)
