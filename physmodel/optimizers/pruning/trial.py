"""What pruning works on: refits of a least-squares model with some parameters held at zero."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.optimizers.least_squares.levenberg_marquardt import levenberg_marquardt
from physmodel.optimizers.least_squares.residuals import Residuals

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Iterations of a refit: it starts near the minimum already.
ITERATIONS = 8


@dataclass(frozen=True)
class Unit:
    """Parameters that lead into a hidden unit, and those that lead out of it.

    Without any of the latter the former have no effect.
    """

    incoming: tuple[int, ...]
    outgoing: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Trial:
    """A model with some parameters at zero, after a refit of the others.

    `kept` ``(p,)``. `parameters` ``(p,)``: zero where not kept. `pinned` ``(p,)``: never taken
    away. `cost`: half the squared norm of the residuals, those of the prior included; infinite
    where the model cannot be evaluated. `misfit`: the same without the prior. `slope` ``(p,)``:
    derivatives of `cost` by all parameters. `curvature` ``(p, p)``: its Gauss-Newton matrix by all
    parameters.
    """

    kept: Mask
    parameters: Array
    pinned: Mask
    cost: float
    misfit: float
    slope: Array
    curvature: Array

    @property
    def size(self) -> int:
        """Number of parameters kept."""
        return int(self.kept.sum())


#: Refits the kept parameters, from a start ``(p,)``.
Evaluate = Callable[[Mask, Array], Trial]


@dataclass(frozen=True, eq=False)
class Refit:
    """Some iterations of Levenberg-Marquardt on the kept parameters: an `Evaluate`.

    `problem`: of all parameters, in units of their standard deviations. `prior` ``(p,)``: standard
    deviation that each parameter is expected to have, infinite where nothing is known: it stops
    parameters that the data do not determine from running away. `pinned` ``(p,)``: parameters that
    always stay; none by default.
    """

    problem: Residuals
    prior: Array
    pinned: Mask | None = None
    iterations: int = ITERATIONS

    def __call__(self, kept: Mask, start: Array) -> Trial:
        """Refit what is kept."""
        masked = _Masked(self.problem, self.prior, kept)
        parameters = np.where(kept, start, 0.0)
        pinned = np.zeros(len(kept), dtype=bool) if self.pinned is None else self.pinned
        with np.errstate(all="ignore"):
            if not np.isfinite(self.problem.values(parameters)).all():
                nothing = np.zeros(len(kept))
                flat = np.diag(nothing)
                return Trial(kept.copy(), parameters, pinned, np.inf, np.inf, nothing, flat)
        if kept.any():
            found = levenberg_marquardt(masked, start[kept], max_iterations=self.iterations)
            parameters[kept] = found.parameters
        residuals, jacobian = self.problem.linearised(parameters)
        misfit = float(residuals @ residuals) / 2.0
        strange = parameters / self.prior
        return Trial(
            kept.copy(),
            parameters,
            pinned,
            misfit + float(strange @ strange) / 2.0,
            misfit,
            jacobian.T @ residuals + strange / self.prior,
            jacobian.T @ jacobian + np.diag(self.prior**-2.0),
        )


@dataclass(frozen=True, eq=False)
class Evaluations:
    """An `Evaluate` that counts, and refuses more than were allowed.

    `trials`: all so far.
    """

    refit: Evaluate
    limit: int
    trials: list[Trial] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Refits that may still be made."""
        return self.limit - len(self.trials)

    def __call__(self, kept: Mask, start: Array) -> Trial:
        """Refit and count.

        Raises ProblemError if none is left.
        """
        if not self.left:
            raise ProblemError(f"all {self.limit} evaluations are spent", fix="allow more of them")
        self.trials.append(self.refit(kept, start))
        return self.trials[-1]


def schwarz(trial: Trial, n_residuals: int) -> float:
    """Schwarz's criterion of residuals in units of their standard deviations.

    References
    ----------
    Schwarz (1978), Estimating the dimension of a model, Ann. Stat. 6, 461.
    """
    return 2.0 * trial.misfit + trial.size * float(np.log(n_residuals))


@dataclass(frozen=True, eq=False)
class _Masked:
    """Residuals by the kept parameters alone, and those of their prior."""

    problem: Residuals
    prior: Array
    kept: Mask

    def values(self, parameters: Array) -> Array:
        """Residuals ``(m + k,)``."""
        residuals = self.problem.values(self._all(parameters))
        return np.concatenate([residuals, parameters / self.prior[self.kept]])

    def linearised(self, parameters: Array) -> tuple[Array, Array]:
        """Residuals and their derivatives ``(m + k, k)``."""
        residuals, jacobian = self.problem.linearised(self._all(parameters))
        inverse = 1.0 / self.prior[self.kept]
        return (
            np.concatenate([residuals, parameters * inverse]),
            np.vstack([jacobian[:, self.kept], np.diag(inverse)]),
        )

    def _all(self, parameters: Array) -> Array:
        whole = np.zeros(len(self.kept))
        whole[self.kept] = parameters
        return whole
