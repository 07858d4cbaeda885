"""What every sparse solver must do: recover, whatever the units, and certify honestly."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from physmodel.optimizers.sparse import SparseResult, Status
from physmodel.testing.failure import require, require_close, require_refusal

Array = NDArray[np.float64]
#: ``solver(matrix (m, p), signal (m,))`` gives coefficients ``(p,)`` or a `SparseResult`.
Solver = Callable[[Array, Array], "SparseResult | Array"]

#: Rows, columns and nonzeros of the problems: ten rows for each column, so that random columns are
#: nearly orthogonal and every method must recover.
SHAPE, NONZEROS = (120, 12), 3


def check_solver(
    solver: Solver,
    *,
    seed: int = 0,
    tolerance: float = 1e-6,
    recovers: bool = True,
    knows_no_units: bool = True,
) -> None:
    """Check a sparse solver on problems with a known answer.

    Parameters
    ----------
    solver : callable
        ``solver(matrix, signal)``; settings that it needs are bound beforehand.
    seed : int
        Of the problems.
    tolerance : float
        Of coefficients, relative to the largest.
    recovers : bool
        Whether it finds the coefficients of noise-free signals of three columns; a solver with a
        penalty shrinks them.
    knows_no_units : bool
        Whether columns and signals may be in any units, as they may in all of physmodel.

    Raises
    ------
    AssertionError
        If shapes or types are wrong, the answer is not finite or depends on the order of rows or
        columns, on signs or units, an argument is changed, a signal of zeros has coefficients,
        NaN is answered, a recoverable signal is not recovered, or a certificate contradicts itself.
    """
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal(SHAPE)
    truth = np.zeros(SHAPE[1])
    chosen = rng.choice(SHAPE[1], NONZEROS, replace=False)
    truth[chosen] = rng.uniform(1.0, 3.0, NONZEROS) * rng.permutation([1.0, -1.0, 1.0])
    signal = matrix @ truth
    kept = matrix.copy(), signal.copy()
    found = _coefficients(solver(matrix, signal))
    require(
        found.shape == truth.shape, f"coefficients have the shape {found.shape}, not {truth.shape}"
    )
    require(found.dtype == np.float64, f"coefficients are {found.dtype} and not float64")
    require(np.isfinite(found).all(), "some coefficients are not finite")
    require(
        np.array_equal(matrix, kept[0]) and np.array_equal(signal, kept[1]),
        "the solver changes its arguments",
    )
    require(
        np.array_equal(_coefficients(solver(matrix, signal)), found),
        "two equal calls give different coefficients",
    )
    bound = tolerance * np.abs(found).max(initial=1.0)
    if recovers:
        require_close(found, truth, bound, f"a signal of columns {sorted(chosen.tolist())}")
    noisy = signal + 0.1 * rng.standard_normal(len(signal))
    answer = solver(matrix, noisy)
    found = _coefficients(answer)
    require(np.isfinite(found).all(), "noise makes coefficients that are not finite")
    _check_orders(solver, matrix, noisy, found, bound, rng)
    if knows_no_units:
        _check_units(solver, matrix, noisy, found, bound, rng)
    if isinstance(answer, SparseResult):
        _check_certificate(answer, noisy)
    silence = _coefficients(solver(matrix, np.zeros(len(signal))))
    require(not silence.any(), f"a signal of zeros has the coefficients {silence[silence != 0.0]}")
    _check_refusals(solver, matrix, signal)


def _check_refusals(solver: Solver, matrix: Array, signal: Array) -> None:
    holes = np.where(np.arange(len(signal)) == 3, np.nan, signal)
    require_refusal(lambda: solver(matrix, holes), "a signal with a NaN")
    pitted = matrix.copy()
    pitted[2, 1] = np.inf
    require_refusal(lambda: solver(pitted, signal), "a matrix with an infinite entry")
    require_refusal(lambda: solver(matrix, signal[:-1]), "a signal of another length")


def _check_orders(
    solver: Solver,
    matrix: Array,
    signal: Array,
    found: Array,
    bound: float,
    rng: np.random.Generator,
) -> None:
    rows, columns = rng.permutation(len(signal)), rng.permutation(len(found))
    again = _coefficients(solver(matrix[rows], signal[rows]))
    require_close(again, found, bound, "the answer depends on the order of the rows")
    again = _coefficients(solver(matrix[:, columns], signal))
    require_close(again, found[columns], bound, "the answer depends on the order of the columns")
    signs = rng.choice([-1.0, 1.0], len(found))
    again = _coefficients(solver(matrix * signs, -signal))
    require_close(again, -found * signs, bound, "the answer depends on signs")


def _check_units(
    solver: Solver,
    matrix: Array,
    signal: Array,
    found: Array,
    bound: float,
    rng: np.random.Generator,
) -> None:
    units = 10.0 ** rng.permutation(np.linspace(-6.0, 6.0, len(found)))
    again = _coefficients(solver(matrix * units, signal)) * units
    require_close(again, found, bound, "the answer depends on the units of columns")
    for unit in (1e-6, 1e6):
        again = _coefficients(solver(matrix, signal * unit)) / unit
        require_close(again, found, bound, "the answer depends on the unit of the signal")


def _check_certificate(answer: SparseResult, signal: Array) -> None:
    record = answer.certificate
    room = 1e-9 * (1.0 + float(signal @ signal))
    if record.gap is not None and answer.status is not Status.INFEASIBLE:
        gap = float(np.max(record.gap))
        require(gap >= -room, f"the duality gap is negative: {gap:.2g}")
        if record.dual is not None:
            gap = float(record.primal) - float(record.dual)
            require_close(record.gap, gap, room, "the gap is not primal minus dual")
    if answer.history is not None:
        lowest = float(np.min(answer.history, initial=0.0))
        require(lowest >= -room, f"an iterate has the negative duality gap {lowest:.2g}")
    require(answer.statuses, "the answer has no status")
    require(
        all(status in tuple(Status) for status in answer.statuses),
        f"the statuses {answer.statuses} are not among {', '.join(Status)}",
    )
    nonzero = np.flatnonzero(answer.coefficients)
    require(np.array_equal(answer.support, nonzero), "the support is not that of the coefficients")


def _coefficients(answer: SparseResult | Array) -> Array:
    return answer.coefficients if isinstance(answer, SparseResult) else np.asarray(answer)
