"""One call for nonlinear least squares: the method follows from the problem."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.optimizers.dense_model import DenseModel
from physmodel.optimizers.levenberg_marquardt import levenberg_marquardt
from physmodel.optimizers.opening import check_linearised, find_method, open_start
from physmodel.optimizers.quasi_newton import METHODS as QUASI_NEWTON
from physmodel.optimizers.quasi_newton import quasi_newton
from physmodel.optimizers.residuals import Ending, Minimum, Objective, OnIteration, Residuals

Array = NDArray[np.float64]

#: Levenberg-Marquardt takes the problem when three matrices of its size, the Jacobian, a scaled
#: copy and its singular vectors, need no more than so many bytes, and the smaller of its sides,
#: whose cube an iteration costs, is no longer than `LONGEST`.
MOST_BYTES, LONGEST = 2**31, 2000
#: A model is linear when its residuals after a full step are those predicted, to so many times the
#: rounding of their parts.
LINEAR = 1e3
#: Share of the time that is left for Levenberg-Marquardt after a quasi-Newton method.
POLISH = 0.5
#: Starts, besides the given one, after a stall.
RESTARTS = 3


def solve(
    problem: Residuals,
    start: Array,
    *,
    method: str = "auto",
    linear: bool | None = None,
    objective: Objective | None = None,
    seconds: float | None = None,
    restarts: int = RESTARTS,
    on_iteration: OnIteration | None = None,
) -> Minimum:
    """Minimise half the squared norm of residuals.

    Parameters
    ----------
    problem : Residuals
    start : ndarray (p,)
    method : str
        ``"auto"``, ``"linear"``, ``"levenberg-marquardt"``, or a quasi-Newton method.
    linear : bool, optional
        Whether the residuals are linear in the parameters; without it, one step tells.
    objective : callable, optional
        Half the squared norm with its gradient, for quasi-Newton methods on problems whose Jacobian
        does not fit into memory; without it the gradient is made from the Jacobian.
    seconds : float, optional
        Time limit.
    restarts : int
        Further starts if the search stalls: random, as far from the given one as each parameter is
        large, or as would change the residuals by their own size, whichever is more.
    on_iteration : callable, optional
        Called after each iteration of each method with its number, the parameters and the cost.

    Raises
    ------
    ProblemError
        If there is no such method, no step can be made from the start, or the gradient would need
        a Jacobian of more than 2 GiB because no objective is given.

    Notes
    -----
    Residuals that turn out linear are solved at once. Levenberg-Marquardt takes what needs at most
    2 GiB (three matrices of m * p numbers) and 2000 rows or columns; larger problems go to
    self-scaled BFGS, or to L-BFGS beyond 2000 parameters, with Levenberg-Marquardt to finish where
    memory allows.
    """
    deadline = np.inf if seconds is None else perf_counter() + seconds
    solvers = {"auto": _automatic, "linear": _one_step, "levenberg-marquardt": _restarted}
    solvers |= {name: partial(_smooth, method=name) for name in QUASI_NEWTON}
    chosen = find_method(method, solvers)
    task = _Task(problem, open_start(start), linear, objective, deadline, restarts, on_iteration)
    return chosen(task)


@dataclass(frozen=True, eq=False)
class _Task:
    problem: Residuals
    start: Array
    linear: bool | None
    objective: Objective | None
    deadline: float
    restarts: int
    on_iteration: OnIteration | None

    def left(self, share: float = 1.0) -> float | None:
        """Seconds that are left, or a share of them; None where there is no limit."""
        if not np.isfinite(self.deadline):
            return None
        return max(share * (self.deadline - perf_counter()), 0.0)


def _automatic(task: _Task) -> Minimum:
    with np.errstate(all="ignore"):
        m = len(task.problem.values(task.start))
    p = len(task.start)
    if not _fits(m, p):
        return _smooth(task, "l-bfgs" if p > LONGEST else "self-scaled-bfgs")
    if min(m, p) > LONGEST and task.linear is not True:
        return _polished(task, "l-bfgs" if p > LONGEST else "self-scaled-bfgs")
    if task.linear is not False:
        found = _one_step(task)
        if found.ending is Ending.CONVERGED:
            return found
    return _restarted(task)


def _fits(m: int, p: int) -> bool:
    return 3 * 8 * m * p <= MOST_BYTES


def _one_step(task: _Task) -> Minimum:
    """Solve as if linear; the ending says whether the residuals were those predicted."""
    residuals, jacobian = task.problem.linearised(task.start)
    model = DenseModel(residuals, jacobian)
    check_linearised(residuals, model.column_norms)
    scale = np.where(model.column_norms > 0.0, model.column_norms, 1.0)
    step = model.solver(scale)(model.least_damping, residuals) / scale
    parameters = task.start + step
    with np.errstate(all="ignore"):
        reached = task.problem.values(parameters)
    parts = np.abs(residuals) + np.abs(jacobian) @ (np.abs(task.start) + np.abs(step))
    wrong = np.linalg.norm(reached - residuals - model.along(step))
    rounding = LINEAR * np.finfo(float).eps * float(np.linalg.norm(parts))
    as_predicted = task.linear is True or bool(wrong <= rounding)
    costs = np.array([residuals @ residuals, reached @ reached]) / 2.0
    ending = Ending.CONVERGED if as_predicted else Ending.STALLED
    return Minimum(parameters, float(costs[1]), ending, 1, costs, "linear")


def _marquardt(task: _Task, start: Array) -> Minimum:
    return levenberg_marquardt(
        task.problem, start, time_limit=task.left(), on_iteration=task.on_iteration
    )


def _restarted(task: _Task) -> Minimum:
    """Levenberg-Marquardt, from elsewhere when it stalls; the lowest cost wins."""
    best = _marquardt(task, task.start)
    if best.ending is not Ending.STALLED:
        return best
    for start in _elsewhere(task):
        if task.left() == 0.0:
            break
        try:
            found = _marquardt(task, start)
        except ProblemError:  # the model can not be evaluated there
            continue
        if found.cost < best.cost:
            best = found
        if best.ending is Ending.CONVERGED:
            break
    return best


def _elsewhere(task: _Task) -> Iterator[Array]:
    residuals, jacobian = task.problem.linearised(task.start)
    norms = np.linalg.norm(jacobian, axis=0)
    reach = np.linalg.norm(residuals) / np.where(norms > 0.0, norms, np.inf)
    rng = np.random.default_rng(0)
    for _ in range(task.restarts):
        yield task.start + np.maximum(np.abs(task.start), reach) * rng.normal(size=len(reach))


def _smooth(task: _Task, method: str, share: float = 1.0) -> Minimum:
    if task.objective is None:
        _require_jacobian(task)

    def from_jacobian(parameters: Array) -> tuple[float, Array]:
        residuals, jacobian = task.problem.linearised(parameters)
        return float(residuals @ residuals) / 2.0, jacobian.T @ residuals

    return quasi_newton(
        from_jacobian if task.objective is None else task.objective,
        task.start,
        method=method,
        time_limit=task.left(share),
        on_iteration=task.on_iteration,
    )


def _require_jacobian(task: _Task) -> None:
    """Refuse to make the gradient from a Jacobian that is larger than any method may use."""
    with np.errstate(all="ignore"):
        m = len(task.problem.values(task.start))
    p = len(task.start)
    if 8 * m * p > MOST_BYTES:
        raise ProblemError(
            f"the Jacobian of {m} residuals by {p} parameters would take {8 * m * p / 2**30:.3g} "
            f"GiB, and {MOST_BYTES / 2**30:g} GiB is the most",
            why="without an objective the gradient is made from it",
            fix="pass objective=, a function that returns half the squared norm of the residuals "
            "and its gradient (one backward pass gives it)",
        )


def _polished(task: _Task, method: str) -> Minimum:
    first = _smooth(task, method, 1.0 - POLISH)
    if task.left() == 0.0:
        return first
    last = _marquardt(task, first.parameters)
    return replace(
        last,
        iterations=first.iterations + last.iterations,
        history=np.concatenate([first.history, last.history[1:]]),
        method=f"{first.method}, {last.method}",
    )
