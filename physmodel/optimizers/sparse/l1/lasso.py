"""Lasso and elastic net, certified by their duality gap.

References
----------
Tibshirani (1996), J. R. Stat. Soc. B 58, 267; Zou and Hastie (2005), J. R. Stat. Soc. B 67, 301;
Massias, Gramfort, Salmon (2018), ICML 80, 3315 (working sets);
Sun and Zhang (2012), Biometrika 99, 879 (the penalty that needs no noise level).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.errors import ProblemError
from physmodel.optimizers.sparse.design import Design, DictionaryLike
from physmodel.optimizers.sparse.l1.duality import penalised_certificate, penalties
from physmodel.optimizers.sparse.l1.working_set import solve
from physmodel.optimizers.sparse.opening import open_design
from physmodel.optimizers.sparse.record import SparseResult, Status

Array = NDArray[np.float64]

#: Duality gap relative to the energy of the signal below which an answer counts as optimal.
OPTIMAL = 1e-9
#: Rounds of the fixed point of penalty and noise level.
NOISE_ROUNDS = 30


def lasso(
    dictionary: DictionaryLike,
    signals: ArrayLike | None = None,
    *,
    penalty: float | ArrayLike | None = None,
    weights: ArrayLike | None = None,
    start: ArrayLike | None = None,
    scaled: bool = True,
    tolerance: float | None = None,
) -> SparseResult:
    """Minimise ``|y - A x|^2 / 2 + penalty |x|_1``.

    Parameters
    ----------
    dictionary : array_like (m, p), LinearOperator (m, p) or Gram
    signals : array_like (m,) or (m, k)
        None with a Gram.
    penalty : float or array_like (k,), optional
        scikit-learn's ``alpha`` times the number of rows. By default the scaled Lasso chooses it:
        ``sigma sqrt(2 log p)`` with the noise level sigma that the residual itself shows.
    weights : array_like (p,), optional
        Relative penalty of each column (adaptive Lasso).
    start : array_like (p,) or (p, k), optional
        Warm start.
    scaled : bool
        The penalty acts on the coefficients of unit columns, so that the answer does not depend
        on the units of a column. False gives the textbook problem on the columns as they are.
    tolerance : float, optional
        Duality gap, relative to the squared norm of a signal, that will do (the meaning it has in
        scikit-learn). By default the answer is exact to rounding.

    Returns
    -------
    SparseResult
        Of a single signal, with the `history` of its duality gap.

    Raises
    ------
    ProblemError
        If shapes disagree, a number is not finite, a column is zero or a penalty negative.
    """
    return elastic_net(
        dictionary,
        signals,
        penalty=penalty,
        weights=weights,
        start=start,
        scaled=scaled,
        ridge=0.0,
        tolerance=tolerance,
    )


def elastic_net(
    dictionary: DictionaryLike,
    signals: ArrayLike | None = None,
    *,
    penalty: float | ArrayLike | None = None,
    ridge: float | None = None,
    weights: ArrayLike | None = None,
    start: ArrayLike | None = None,
    scaled: bool = True,
    tolerance: float | None = None,
) -> SparseResult:
    """Minimise ``|y - A x|^2 / 2 + penalty |x|_1 + ridge |x|^2 / 2``.

    Parameters
    ----------
    dictionary, signals, penalty, weights, start, scaled, tolerance
        As for `lasso`. In scikit-learn's terms ``penalty = m alpha l1_ratio`` and
        ``ridge = m alpha (1 - l1_ratio)``.
    ridge : float, optional
        By default one tenth of the squared norm of a (unit) column: columns with a correlation
        above 0.9 then share what they explain.
    """
    design = open_design(dictionary, signals)
    x0 = None
    if start is not None:
        x0 = np.asarray(start, dtype=float)
        x0 = (x0[:, None] if x0.ndim == 1 else x0) * design.scale[:, None]
        if x0.shape != design.correlation.shape or not np.isfinite(x0).all():
            raise ProblemError(
                "the start does not fit the problem",
                fix=f"pass finite coefficients of shape {design.correlation.shape}",
            )
    bend = (
        0.1 * (1.0 if scaled else float(np.median(design.scale) ** 2)) if ridge is None else ridge
    )
    goal = checked_tolerance(tolerance)
    if penalty is None:
        return _scaled_lasso(design, bend, weights, x0, scaled, goal)
    level = np.asarray(penalty, dtype=float)
    return _solve(design, level, bend, weights, x0, scaled, goal)[0]


def checked_tolerance(tolerance: float | None) -> float:
    """The relative gap to stop at, 0 for none.

    Raises ProblemError if it is negative or not a number.
    """
    if tolerance is not None and not 0.0 <= tolerance < np.inf:
        raise ProblemError(
            f"a tolerance of {tolerance}",
            fix="pass a gap relative to the energy of the signal, like 1e-6, or leave it out",
        )
    return tolerance or 0.0


def statuses(
    gap: Array, energy: Array, done: NDArray[np.bool_], tolerance: float
) -> tuple[Status, ...]:
    """How each answer (k,) ended, by its gap and its solver's word."""
    tight = gap <= max(OPTIMAL, tolerance) * np.where(energy > 0.0, energy, 1.0)
    return tuple(
        Status.OPTIMAL if good else Status.CONVERGED if end else Status.STALLED
        for good, end in zip(tight, done, strict=True)
    )


def _solve(
    design: Design,
    level: Array,
    ridge: float,
    weights: ArrayLike | None,
    start: Array | None,
    scaled: bool,
    tolerance: float,
) -> tuple[SparseResult, Array]:
    lam, bend = penalties(design, level, ridge, weights, scaled)
    history: list[float] = []
    x, steps, done = solve(design, lam, bend, start, tolerance=tolerance, history=history)
    certificate = penalised_certificate(design, x, lam, bend)
    shown = np.broadcast_to(level, (design.n_signals,))
    result = SparseResult(
        design.restore(x),
        statuses(np.atleast_1d(np.asarray(certificate.gap)), design.energy, done, tolerance),
        certificate,
        int(steps.max(initial=0)),
        design.per_signal(np.array(shown)),
        history=np.array(history) if history else None,
    )
    return result, x


def _scaled_lasso(
    design: Design,
    ridge: float,
    weights: ArrayLike | None,
    start: Array | None,
    scaled: bool,
    tolerance: float,
) -> SparseResult:
    """Alternate between the Lasso and the noise level of its residual."""
    unit, _ = penalties(design, 1.0, ridge, weights, scaled)
    factor = np.sqrt(2.0 * np.log(max(design.n_atoms, 2)))
    rows = max(design.n_rows, 1)
    largest = largest_penalty(design, unit)
    # The descending fixed point starts from the noise of the empty model.
    level = np.minimum(factor * np.sqrt(design.energy / rows), largest)
    for _ in range(NOISE_ROUNDS):
        result, x = _solve(design, level, ridge, weights, start, scaled, tolerance)
        start = x
        _, rss = design.gradient(x)
        # Without noise there is nothing to stop at: the floor keeps the problem a Lasso.
        proposed = np.maximum(factor * np.sqrt(rss / rows), 1e-6 * largest)
        proposed = np.minimum(proposed, largest)
        if (np.abs(proposed - level) <= 1e-3 * level).all():
            break
        level = proposed
    return result


def noise_level(design: Design) -> Array:
    """Standard deviation (k,) of the noise that the scaled Lasso finds in each signal."""
    result = _scaled_lasso(design, 0.0, None, None, True, 0.0)
    x = np.asarray(result.coefficients)
    x = (x[:, None] if design.single else x) * design.scale[:, None]
    return np.sqrt(design.gradient(x)[1] / max(design.n_rows, 1))


def largest_penalty(design: Design, weights: Array) -> Array:
    """Smallest penalty (k,) at which no weighted column is used."""
    ratio = np.divide(
        np.abs(design.correlation),
        weights,
        out=np.zeros_like(design.correlation),
        where=weights > 0.0,
    )
    return ratio.max(axis=0)
