"""Benchmark suite `laws`: conserved quantities found in noisy records, and none invented.

What is found is judged on records without noise: it must not change there, and the gradients of
the true quantities must lie in the span of its own, so that every form of a law counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.bench.law_cases import CASES, TRAJECTORIES, Case
from physmodel.bench.tables import grouped, text_table
from physmodel.data.contract import variable_names
from physmodel.invariance.invariants import invariants
from physmodel.laws.invariant import Invariant
from physmodel.problem.algebra.calculus import evaluate
from physmodel.problem.algebra.parser import parse

Array = NDArray[np.float64]
Record = dict[str, Any]

SEEDS = 5
#: Change along a clean trajectory over the spread between all points, above which a quantity is
#: invented, unless its gradient lies in the span of those of the true ones: coefficients found
#: at 10% noise are good to a few per cent.
INVENTED = 0.1
#: Share of the gradient of a true quantity outside the span of those found, above which it is
#: missed.
MISSED = 0.1


def run_case(name: str, settings: Mapping[str, Any]) -> list[Record]:
    """All seeds of one case; the work of one unit of the runner.

    `settings`: ``seeds``: how many. Returns: ``case``, ``seed``, ``laws`` (how many must be found),
    ``found`` (expressions with p-value and drift), ``missed``, ``invented``, ``seconds``.
    """
    return [run_seed(name, CASES[name], seed) for seed in range(settings["seeds"])]


def run_seed(name: str, case: Case, seed: int, trajectories: int = TRAJECTORIES) -> Record:
    """Search one noisy record and judge what is found.

    Returns: see `run_case`.
    """
    data = case.record(seed, trajectories=trajectories)
    begin = time.perf_counter()
    found = invariants(data)
    seconds = time.perf_counter() - begin
    states = variable_names(data, "state")
    missed, invented = len(case.laws), len(found)
    if case.system is not None and found:
        clean = case.record(seed, noise=0.0, trajectories=trajectories)
        points = np.column_stack([clean[state].values for state in states])
        rows = int(clean["row_size"].values[0])
        functions = [_function(item, states) for item in found]
        laws = [case.system.invariants[law] for law in case.laws]
        invented = sum(
            _change(f(points), rows) > INVENTED and _outside(f, laws, points) > MISSED
            for f in functions
        )
        missed = sum(_outside(law, functions, points) > MISSED for law in laws)
    return {
        "case": name,
        "seed": seed,
        "laws": len(case.laws),
        "found": [
            {"expression": q.expression, "p_value": q.p_value, "drift": q.drift} for q in found
        ],
        "missed": int(missed),
        "invented": int(invented),
        "seconds": seconds,
    }


def summarise(records: Sequence[Mapping[str, Any]]) -> list[Record]:
    """Counts of every case over its seeds.

    `records`: from `run_case`. Returns: ``laws``, ``missed`` and ``invented`` summed, ``seconds``
    at the median, and the expressions of the first seed.
    """
    rows = []
    for (name,), mine in grouped(records, "case").items():
        rows.append(
            {
                "case": name,
                "seeds": len(mine),
                **{key: sum(r[key] for r in mine) for key in ("laws", "missed", "invented")},
                "seconds": float(np.median([record["seconds"] for record in mine])),
                "found": [item["expression"] for item in mine[0]["found"]],
            }
        )
    return rows


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Text table of a summary."""
    total = {key: sum(row[key] for row in rows) for key in ("laws", "missed", "invented")}
    slowest = max((row["seconds"] for row in rows), default=0.0)
    last = {"case": "total", **total, "seconds": slowest, "found": ["(seconds: the slowest)"]}
    shown = [{**row, "found": f"  {'; '.join(row['found']) or '-'}"} for row in [*rows, last]]
    return text_table(
        shown,
        "case:<18|laws:>6|missed:>8|invented:>10|seconds:>9.2f|  found (first seed)=found:<20",
    )


def _function(item: Invariant, states: Sequence[str]) -> Callable[[Array], Array]:
    parts = [(parse(term, states), weight) for term, weight in item.terms.items()]

    def value(points: Array) -> Array:
        named = dict(zip(states, points.T, strict=True))
        return np.asarray(sum(weight * np.asarray(evaluate(t, named)) for t, weight in parts))

    return value


def _change(values: Array, rows: int) -> float:
    """Typical change along a trajectory over the spread of all values."""
    courses = values.reshape(-1, rows)
    return float(courses.std(axis=1).mean() / values.std())


def _outside(
    law: Callable[[Array], Array], found: Sequence[Callable[[Array], Array]], points: Array
) -> float:
    """Typical share of the gradient of a law outside the span of the gradients found."""
    if not found:
        return 1.0
    pick = points[:: max(1, len(points) // 200)]
    spread = points.std(axis=0)
    basis, _ = np.linalg.qr(np.stack([_gradient(f, pick, spread) for f in found], axis=2))
    slope = _gradient(law, pick, spread)
    left = slope - np.einsum("mvk,mwk,mw->mv", basis, basis, slope)
    return float(np.median(np.linalg.norm(left, axis=1) / np.linalg.norm(slope, axis=1)))


def _gradient(f: Callable[[Array], Array], points: Array, spread: Array) -> Array:
    """Central differences by variables in units of their spread."""
    steps = 1e-5 * np.diag(spread)
    return np.column_stack([(f(points + step) - f(points - step)) / 2e-5 for step in steps])
