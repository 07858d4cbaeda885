"""Whole fits from rounds of the weak form: with a network, or with some terms."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physmodel.discovery.challenge import FINAL, POLISH
from physmodel.discovery.hybrid.weak_fit import Round, State, Weak, begin, rescaled, solved
from physmodel.discovery.regression import FINELY, MAX_ROUNDS, ROUGHLY, SLACK
from physmodel.models.expression_field import ExpressionField
from physmodel.problem.calculus import derivative, names_in

Array = NDArray[np.float64]


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
        return fit + self.now.step.log_volume


def inside(field: ExpressionField) -> NDArray[np.bool_]:
    """Parameters ``(q,)`` that some equation is not linear in, the others as they are."""
    slopes = [[derivative(one, name) for one in field.expressions] for name in field.names]
    return np.array(
        [
            any(name in names_in(slope) for slope in row)
            for name, row in zip(field.names, slopes, strict=True)
        ],
        dtype=bool,
    )


def fit_penalised(weak: Weak, start: State, mask: NDArray[np.bool_]) -> Settled:
    """Fit the known part and everything behind it, the size of which the data decide.

    Parameters
    ----------
    weak : Weak
        What stands behind the known part is a network.
    start : State
    mask : ndarray of bool (q,)
        See `inside`.

    Returns
    -------
    Settled
    """
    state, converged = start, False
    for round_ in range(MAX_ROUNDS + 4 * int(mask.any())):
        slack = SLACK[min(round_, len(SLACK) - 1)]
        now = weak.round(state, slack, blind=round_ == 0)
        everything = weak.columns
        free = everything[:0]
        size = now.penalised(everything, free).size()
        chosen = everything if size > 0.0 else free
        parameters, weights, rss, used = solved(now, state.parameters, chosen, mask, size)
        shift = np.concatenate([parameters - state.parameters, weights - state.weights])
        moved = float(np.linalg.norm(now.factor.r @ (now.factor.scale * shift)))
        state = weak.moved(state, now, parameters, weights)
        if round_ >= len(SLACK):
            converged = moved <= ROUGHLY
            if converged:
                break
            state = replace(state, noise=rescaled(now, state, used))
    return Settled(state, now, chosen, rss, used, size, converged)


def fit_terms(
    weak: Weak,
    start: State,
    support: NDArray[np.intp],
    mask: NDArray[np.bool_],
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
    mask : ndarray of bool (q,)
        See `inside`.
    quick : bool
        Two rounds, the noise as it is: enough to compare supports.

    Returns
    -------
    Settled
    """
    slacks = POLISH if quick else FINAL
    now = weak.round(start, slacks[0])
    try:
        with np.errstate(all="ignore"):
            found = _term_rounds(weak, now, start, support, mask, slacks, quick=quick)
        if np.isfinite(found.evidence):
            return found
    except (np.linalg.LinAlgError, ValueError):
        pass
    # Terms that send the trajectory away from the data are refused.
    return Settled(start, now, support, np.inf, 0.0, 0.0, converged=False)


def _term_rounds(
    weak: Weak,
    now: Round,
    state: State,
    support: NDArray[np.intp],
    mask: NDArray[np.bool_],
    slacks: tuple[float, ...],
    *,
    quick: bool,
) -> Settled:
    converged = False
    for round_ in range(len(slacks) if quick else MAX_ROUNDS):
        if round_:
            now = weak.round(state, slacks[min(round_, len(slacks) - 1)])
        parameters, weights, rss, used = solved(now, state.parameters, support, mask)
        shift = np.concatenate([parameters - state.parameters, weights - state.weights])
        moved = np.linalg.norm(now.factor.r @ (now.factor.scale * shift))
        state = weak.moved(state, now, parameters, weights)
        if quick:
            continue
        converged = bool(moved <= FINELY)
        if converged and round_ >= len(slacks):
            break
        state = replace(state, noise=rescaled(now, state, used))
    return Settled(state, now, support, rss, used, 0.0, converged)


def fresh(weak: Weak, known: State) -> State:
    """A state over other parts, from parameters, trajectory and noise of another fit."""
    empty = begin(known.known, weak, known.noise)
    return replace(empty, latent=known.latent)
