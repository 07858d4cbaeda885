"""Whole fits from rounds of the weak form: with a network, or with some terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physmodel.hybrids.bounds import OutOfBoundsError
from physmodel.hybrids.weak.least_squares_step import covariance_of, rescaled, solved
from physmodel.hybrids.weak.weak_fit import Round, State, Weak, begin

Array = NDArray[np.float64]

#: Slack of the equation in units of the measurement noise, round by round; of the rounds in which
#: a support is compared; and of the last rounds, when it is known.
SLACK, POLISH, FINAL = (1.0, 0.3, 0.1, 0.03, 0.01), (0.03, 0.003), (0.003, 0.001)

#: Parts of a standard error by which no number moves any more, roughly and finely.
ROUGHLY, FINELY = 0.1, 0.01

#: Rounds after which a fit is reported as it is.
MAX_ROUNDS = 14

#: Rounds more where parameters move in strides: they come five times farther, or 16 times nearer.
STRIDES = 4


@dataclass(frozen=True, eq=False)
class Settled:
    """A fit of which no number moves any more.

    Attributes
    ----------
    state : State
    now : Round
        The last linearisation.
    free : ndarray of int
        Columns behind the known part that were fitted.
    rss, used : float
        Squared whitened residual, and degrees of freedom used.
    size : float
        Variance of penalised weights over that of the noise.
    converged : bool
    """

    state: State
    now: Round
    free: NDArray[np.intp]
    rss: float
    used: float
    size: float
    converged: bool

    @property
    def variance(self) -> float:
        """Residual variance per degree of freedom."""
        return self.rss / max(self.now.step.criterion.n_rows - self.used, 1.0)

    @property
    def evidence(self) -> float:
        """Criterion of the data; every free column has the price of a term."""
        criterion = self.now.step.criterion
        fit = float(criterion(np.array([self.rss]), len(self.free))[0])
        return fit + self.now.step.log_volume.value

    @property
    def std_errors(self) -> Array:
        """Standard errors of the parameters, then of the free columns, ``(q + k,)``."""
        rows = self.now.rows(self.free, self.size)
        return np.sqrt(np.diag(covariance_of(rows)) * self.variance)


def fit_penalised(weak: Weak, start: State, least: Array) -> Settled:
    """Fit the known part and everything behind it, the size of which the data decide.

    Parameters
    ----------
    weak : Weak
        What stands behind the known part is a network.
    start : State
    least : ndarray (q,)
        See `least_sizes`.
    """
    everything, nothing = weak.columns, np.empty(0, dtype=np.intp)

    def penalised(now: Round) -> tuple[NDArray[np.intp], float]:
        size = now.penalised(everything, nothing).size()
        return (everything if size > 0.0 else nothing), size

    rounds = MAX_ROUNDS + STRIDES * int(np.isfinite(least).any())
    loop = _Loop(SLACK, rounds, noise_from=len(SLACK), still=ROUGHLY, blind=True)
    return _settled(weak, start, least, penalised, loop)


def fit_terms(
    weak: Weak,
    start: State,
    support: NDArray[np.intp],
    least: Array,
    *,
    quick: bool = False,
) -> Settled:
    """Fit the known part and some terms on a trajectory of their own.

    Parameters
    ----------
    weak : Weak
        What stands behind the known part is a library.
    start : State
    support : ndarray of int
        Columns behind the known part.
    least : ndarray (q,)
        See `least_sizes`.
    quick : bool
        Two rounds, the noise as it is: enough to compare supports.
    """
    comparison = _Loop(POLISH, len(POLISH), noise_from=len(POLISH), still=FINELY)
    loop = comparison if quick else _Loop(FINAL, MAX_ROUNDS, noise_from=0, still=FINELY)
    try:
        found = _settled(weak, start, least, lambda _: (support, 0.0), loop)
        if np.isfinite(found.evidence):
            return found
    except OutOfBoundsError:
        pass
    # Terms that send the trajectory away from the data are refused: infinitely bad evidence.
    now = weak.round(start, loop.slacks[0])
    return Settled(start, now, support, np.inf, 0.0, 0.0, converged=False)


@dataclass(frozen=True)
class _Loop:
    """Slack of the first rounds, rounds at most, the first after which the noise is estimated.

    A fit has converged when no number moves by more than the part `still` of a standard error.
    `blind`: in the first round the model is not known well enough to carry noise through it.
    """

    slacks: tuple[float, ...]
    rounds: int
    noise_from: int
    still: float
    blind: bool = False


def _settled(
    weak: Weak,
    state: State,
    least: Array,
    choose: Callable[[Round], tuple[NDArray[np.intp], float]],
    loop: _Loop,
) -> Settled:
    """Linearise, solve for parameters and weights, move the trajectory, estimate the noise.

    The loop of `physmodel.discovery.settle`, for equations that are not linear in their numbers.
    """
    for number in range(loop.rounds):
        slack = loop.slacks[min(number, len(loop.slacks) - 1)]
        now = weak.round(state, slack, blind=loop.blind and number == 0)
        free, size = choose(now)
        found = solved(now, state.parameters, free, least, size)
        moved = now.distance(state, found.parameters, found.weights)
        state = weak.moved(state, now, found.parameters, found.weights)
        converged = number >= len(loop.slacks) and bool(moved <= loop.still)
        if converged:
            break
        if number >= loop.noise_from:
            state = replace(state, noise=rescaled(now, state, found.used))
    return Settled(state, now, free, found.rss, found.used, size, converged)


def fresh(weak: Weak, known: State) -> State:
    """A state over other parts, from parameters, trajectory and noise of another fit."""
    empty = begin(known.known, weak, known.noise)
    return replace(empty, latent=known.latent)
