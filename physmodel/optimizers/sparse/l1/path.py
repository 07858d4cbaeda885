"""Lasso and elastic net along a sequence of penalties, warm from one to the next.

References
----------
Friedman, Hastie, Tibshirani (2010), J. Stat. Softw. 33, 1 (paths by warm starts).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.errors import ProblemError
from physmodel.optimizers.sparse.design import Design, DictionaryLike
from physmodel.optimizers.sparse.l1.duality import certify, penalised_certificate, penalties
from physmodel.optimizers.sparse.l1.grow import Point, grow
from physmodel.optimizers.sparse.l1.lasso import checked_tolerance, largest_penalty, statuses
from physmodel.optimizers.sparse.l1.working_gram import Rows, WorkingGram, near, working_gram
from physmodel.optimizers.sparse.l1.working_set import solve
from physmodel.optimizers.sparse.opening import open_design
from physmodel.optimizers.sparse.record import Certificate, Path, SparseResult, Status

Array = NDArray[np.float64]

#: Share of the gap that is left to a Gram in single precision; the rest is for its rounding.
MODEL = 0.5


def lasso_path(
    dictionary: DictionaryLike,
    signals: ArrayLike | None = None,
    *,
    levels: ArrayLike | None = None,
    n_penalties: int = 100,
    smallest: float = 1e-3,
    ridge: float = 0.0,
    weights: ArrayLike | None = None,
    scaled: bool = True,
    tolerance: float | None = None,
) -> SparseResult:
    """Lasso (or elastic net) answers from the largest useful penalty down, one signal.

    Parameters
    ----------
    dictionary, signals, ridge, weights, scaled, tolerance
        As for `elastic_net`.
    levels : array_like (n,), optional
        Penalties; by default `n_penalties` of them, evenly spaced in logarithm.
    n_penalties : int
    smallest : float
        Last penalty over the first one.

    Returns
    -------
    SparseResult
        Its coefficients are those of the last penalty; `path` holds all.

    Raises
    ------
    ProblemError
        As for `lasso`, and for several signals or a sequence of no penalties.
    """
    design = open_design(dictionary, signals)
    goal = checked_tolerance(tolerance)
    if design.n_signals != 1:
        raise ProblemError("a path is for one signal", fix="call lasso_path signal by signal")
    unit, bend = penalties(design, 1.0, ridge, weights, scaled)
    grid = _grid(design, unit, levels, n_penalties, smallest)
    history: list[float] = []
    walk = _applied if design.operator is not None else _walk
    x, certificate, steps, done = walk(design, unit[:, 0], bend, grid, goal, history)
    gaps = np.atleast_1d(np.asarray(certificate.gap))
    endings = statuses(gaps, np.broadcast_to(design.energy, gaps.shape), done, goal)
    path = Path(
        grid, (x / design.scale[:, None]).T, np.atleast_1d(np.asarray(certificate.primal)), gaps
    )
    order = list(Status)
    return SparseResult(
        design.restore(x[:, -1:]),
        (max(endings, key=order.index),),
        _last(certificate),
        steps,
        float(grid[-1]),
        path,
        np.array(history) if history else None,
    )


def _grid(
    design: Design, unit: Array, levels: ArrayLike | None, n_penalties: int, smallest: float
) -> Array:
    """Penalties, from large to small."""
    if levels is not None:
        grid = np.sort(np.atleast_1d(np.asarray(levels, dtype=float)))[::-1]
        if not len(grid) or not (np.isfinite(grid).all() and (grid >= 0.0).all()):
            raise ProblemError(
                "the levels are none, or one is negative or not finite",
                fix="pass numbers of 0 or more",
            )
        return grid
    if not 0.0 < smallest < 1.0 or n_penalties < 1:
        raise ProblemError(
            f"a path of {n_penalties} penalties down to {smallest} of the first",
            fix="n_penalties >= 1 and 0 < smallest < 1",
        )
    return float(largest_penalty(design, unit)[0]) * np.geomspace(1.0, smallest, n_penalties)


def _walk(
    design: Design, unit: Array, ridge: Array, grid: Array, tolerance: float, history: list[float]
) -> tuple[Array, Certificate, int, NDArray[np.bool_]]:
    """All penalties on one growing Gram; one certificate for all of them."""
    goal = tolerance * float(design.energy[0])
    working = working_gram(design, len(grid), tolerance)
    model = isinstance(working, Rows) and working.single
    points, steps, done = _descend(
        working,
        design,
        unit,
        ridge,
        grid,
        MODEL * goal if model else goal,
        [] if model else history,
    )
    if model and done.all():
        steps += _verify(working, design, unit, ridge, grid, goal, points, done, history)
    elif model:
        # Columns too close for single precision.
        working = working_gram(design, len(grid))
        points, steps, done = _descend(working, design, unit, ridge, grid, goal, history)
    x = np.stack([point.x for point in points], axis=1)
    left = np.stack([point.left for point in points], axis=1)
    rss = np.array([point.rss for point in points])
    certificate = certify(design, x, left, rss, unit[:, None] * grid, ridge)
    return x, certificate, steps, done


def _descend(
    working: WorkingGram,
    design: Design,
    unit: Array,
    ridge: Array,
    grid: Array,
    goal: float,
    history: list[float],
) -> tuple[list[Point], int, NDArray[np.bool_]]:
    """From penalty to penalty, each from the answer before."""
    points, steps, done = [], 0, np.zeros(len(grid), dtype=bool)
    at: Array | Point = np.zeros(design.n_atoms)
    for i, level in enumerate(grid):
        working, at, more, done[i] = grow(
            working, design, level * unit, ridge, at, goal=goal, history=history
        )
        points.append(at)
        steps += more
        if working.single and not done[i]:
            break
    return points, steps, done


def _verify(
    working: WorkingGram,
    design: Design,
    unit: Array,
    ridge: Array,
    grid: Array,
    goal: float,
    points: list[Point],
    done: NDArray[np.bool_],
    history: list[float],
) -> int:
    """Put true gradients in the place of those of a Gram in single precision; correct answers."""
    x = np.stack([point.x for point in points], axis=1)
    residual = design.residual(x)
    left, rss = design.adjoint(residual), np.einsum("ij,ij->j", residual, residual)
    corrected: WorkingGram = near(working)
    steps = 0
    for i, level in enumerate(grid):
        point = Point(x[:, i], left[:, i], float(rss[i]))
        corrected, points[i], more, done[i] = grow(
            corrected, design, level * unit, ridge, point, goal=goal, history=history
        )
        steps += more
    return steps


def _applied(
    design: Design, unit: Array, ridge: Array, grid: Array, tolerance: float, history: list[float]
) -> tuple[Array, Certificate, int, NDArray[np.bool_]]:
    """The same for an operator that is not written out."""
    answers, steps, done = [], 0, np.zeros(len(grid), dtype=bool)
    x: Array | None = None
    for i, level in enumerate(grid):
        x, more, ended = solve(design, level * unit[:, None], ridge, x, tolerance=tolerance)
        answers.append(x)
        steps, done[i] = steps + int(more[0]), ended[0]
    x = np.concatenate(answers, axis=1)
    certificate = penalised_certificate(design, x, unit[:, None] * grid, ridge)
    return x, certificate, steps, done


def _last(certificate: Certificate) -> Certificate:
    """The certificate of the last of several answers."""

    def last(value: float | Array | None) -> float | None:
        return None if value is None else float(np.ravel(value)[-1])

    return Certificate(
        float(np.ravel(certificate.primal)[-1]),
        last(certificate.dual),
        last(certificate.gap),
        last(certificate.kkt),
    )
