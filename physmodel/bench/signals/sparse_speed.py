"""Time to the same answer: Lasso paths, batch pursuit, basis pursuit, beside the peers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from physmodel.bench.signals.lasso_peers import PEERS, missing
from physmodel.optimizers.sparse import (
    basis_pursuit,
    lasso_certificate,
    lasso_path,
    orthogonal_matching_pursuit,
)
from physmodel.systems.sparse_problems import jaccard, lasso_problem

Array = NDArray[np.float64]
Record = dict[str, Any]
T = TypeVar("T")

#: Rows, columns and correlation of neighbouring columns.
CELLS = {
    "wide": (500, 5000, 0.0),
    "wide-correlated": (500, 5000, 0.9),
    "tall": (10_000, 500, 0.0),
    "tall-correlated": (10_000, 500, 0.9),
}
#: `--quick` divides rows and columns by this.
SMALLER = 5
#: Penalties of a path, and the last over the first.
N_PENALTIES, LAST = 10, 0.01
#: Duality gap over half the energy of the signal that every solver has to reach.
TARGET = 1e-6
#: The tolerance of a peer is searched between these powers of ten, by so many halvings.
LOOSEST, TIGHTEST, HALVINGS = -1.0, -14.0, 6


def timed(work: Callable[[], T], repeats: int) -> tuple[float, T]:
    """Least time of several runs, in seconds, and the last answer."""
    best = np.inf
    for _ in range(max(repeats, 1)):
        start = perf_counter()
        answer = work()
        best = min(best, perf_counter() - start)
    return best, answer


def ours(matrix: Array, signal: Array, penalties: Array, tolerance: float) -> Array:
    """``lasso_path``, like the peers of `lasso_peers`."""
    path = lasso_path(matrix, signal, levels=penalties, scaled=False, tolerance=tolerance).path
    return np.zeros((0, matrix.shape[1])) if path is None else path.coefficients


def lasso_cell(cell: str, *, quick: bool, repeats: int, seed: int) -> list[Record]:
    """A path by every solver, each at the loosest tolerance that reaches the target gap.

    `cell`: of `CELLS`. Returns: ``seconds``; ``first``: those of the first call of the process,
    with what it compiles; ``gap``: the worst relative duality gap of the path, by our certificate;
    ``agreement``: Jaccard index of the supports with ours, mean over the path; ``skipped``: why a
    peer did not run.
    """
    rows, columns, correlation = CELLS[cell]
    if quick:
        rows, columns = rows // SMALLER, columns // SMALLER
    matrix, signal = lasso_problem(rows, columns, correlation, seed)
    top = float(np.abs(matrix.T @ signal).max())
    penalties = top * np.geomspace(1.0, LAST, N_PENALTIES + 1)[1:]

    def gap(coefficients: Array) -> float:
        pairs = zip(coefficients, penalties, strict=True)
        found = [
            lasso_certificate(matrix, signal, x, penalty=p, scaled=False).gap for x, p in pairs
        ]
        return float(np.max(np.asarray(found, dtype=float))) / (0.5 * float(signal @ signal))

    facts = {"part": "lasso", "case": cell, "size": f"{rows} x {columns}"}
    skipped = {label: reason for label, (m, _) in PEERS.items() if (reason := missing(m))}
    solvers = {"physmodel": ours} | {k: f for k, (_, f) in PEERS.items() if k not in skipped}
    runs, records = {}, {}
    for label, solver in solvers.items():
        run = partial(solver, matrix, signal, penalties)
        first, _ = timed(partial(run, 0.1), 1)
        tolerance = loosest(partial(_reaches, run, gap))
        runs[label] = partial(run, tolerance)
        records[label] = {**facts, "method": label, "first": first, "tolerance": tolerance}
    # In turns, so that whatever else the machine does meets all of them.
    rounds = [{k: timed(run, 1) for k, run in runs.items()} for _ in range(max(repeats, 1))]
    reference = rounds[-1]["physmodel"][1]
    for label, record in records.items():
        found = rounds[-1][label][1]
        record["seconds"] = min(turn[label][0] for turn in rounds)
        record["gap"] = gap(found)
        record["agreement"] = jaccard(found != 0.0, reference != 0.0)
    without = [{**facts, "method": label, "skipped": why} for label, why in skipped.items()]
    return [*records.values(), *without]


def _reaches(
    run: Callable[[float], Array], gap: Callable[[Array], float], tolerance: float
) -> bool:
    return gap(run(tolerance)) <= TARGET


def loosest(enough: Callable[[float], bool]) -> float:
    """Largest tolerance that is enough, by bisection of its logarithm."""
    loose, tight = LOOSEST, TIGHTEST
    if enough(10.0**loose):
        return float(10.0**loose)
    for _ in range(HALVINGS):
        middle = 0.5 * (loose + tight)
        loose, tight = (loose, middle) if enough(10.0**middle) else (middle, tight)
    return float(10.0**tight)


def batch_pursuit(*, quick: bool, repeats: int, seed: int) -> list[Record]:
    """Orthogonal matching pursuit of many signals: 64 x 256, five atoms each."""
    from sklearn.linear_model import orthogonal_mp_gram

    count, sparsity = 1000 if quick else 10_000, 5
    rng = np.random.default_rng(seed)
    atoms = rng.standard_normal((64, 256))
    atoms /= np.linalg.norm(atoms, axis=0)
    codes = np.zeros((256, count))
    for column in range(count):
        codes[rng.choice(256, sparsity, replace=False), column] = rng.standard_normal(sparsity)
    signals = atoms @ codes
    seconds, ours = timed(
        lambda: orthogonal_matching_pursuit(atoms, signals, sparsity=sparsity).coefficients, repeats
    )
    other, theirs = timed(
        lambda: np.asarray(
            orthogonal_mp_gram(atoms.T @ atoms, atoms.T @ signals, n_nonzero_coefs=sparsity)
        ),
        1,
    )
    facts = {"part": "pursuit", "case": "batch", "size": f"64 x 256, {count} signals"}
    agreement = jaccard((ours != 0.0).T, (theirs != 0.0).T)
    return [
        {**facts, "method": "physmodel", "seconds": seconds, "agreement": 1.0},
        {**facts, "method": "scikit-learn", "seconds": other, "agreement": agreement},
    ]


def exact_pursuit(*, quick: bool, repeats: int, seed: int) -> list[Record]:
    """Basis pursuit, 100 x 400, against the linear program of HiGHS."""
    from scipy.optimize import linprog

    records = []
    for nonzeros in (15,) if quick else (15, 30):
        rng = np.random.default_rng([seed, nonzeros])
        matrix = rng.standard_normal((100, 400)) / 10.0
        truth = np.zeros(400)
        truth[rng.choice(400, nonzeros, replace=False)] = rng.standard_normal(nonzeros)
        y = matrix @ truth

        def ours(a: Array = matrix, b: Array = y) -> Array:
            return basis_pursuit(a, b, scaled=False).coefficients

        def program(a: Array = matrix, b: Array = y) -> Array:
            solved = linprog(
                np.ones(800), A_eq=np.hstack([a, -a]), b_eq=b, bounds=(0.0, None), method="highs"
            )
            return np.asarray(solved.x[:400] - solved.x[400:])

        facts = {"part": "basis-pursuit", "case": f"{nonzeros} nonzeros", "size": "100 x 400"}
        answers = [
            (label, *timed(work, repeats))
            for label, work in (("physmodel", ours), ("HiGHS", program))
        ]
        least = min(float(np.abs(x).sum()) for _, _, x in answers)
        support = np.abs(answers[0][2]) > 1e-8
        for label, seconds, x in answers:
            records.append(
                {
                    **facts,
                    "method": label,
                    "seconds": seconds,
                    "gap": float(np.abs(x).sum()) / least - 1.0,
                    "agreement": jaccard((np.abs(x) > 1e-8)[None], support[None]),
                }
            )
    return records
