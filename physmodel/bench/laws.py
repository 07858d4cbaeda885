"""Benchmark suite `laws`: conserved quantities found in noisy records, and none invented."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.bench.tables import grouped, text_table
from physmodel.invariance.invariants import invariants
from physmodel.systems.laws import CASES, LawCase, judged

Array = NDArray[np.float64]
Record = dict[str, Any]

SEEDS = 5


def run_case(name: str, settings: Mapping[str, Any]) -> list[Record]:
    """All seeds of one case; the work of one unit of the runner.

    `settings`: ``seeds``: how many. Returns: ``case``, ``seed``, ``laws`` (how many must be found),
    ``found`` (expressions with p-value and drift), ``missed``, ``invented``, ``seconds``.
    """
    return [_run_seed(name, CASES[name], seed) for seed in range(settings["seeds"])]


def _run_seed(name: str, case: LawCase, seed: int) -> Record:
    """Search one noisy record and judge what is found."""
    data = case.record(seed)
    begin = time.perf_counter()
    found = invariants(data)
    seconds = time.perf_counter() - begin
    missed, invented = judged(case, found, case.record(seed, noise=0.0))
    return {
        "case": name,
        "seed": seed,
        "laws": len(case.laws),
        "found": [
            {"expression": q.expression, "p_value": q.p_value, "drift": q.drift} for q in found
        ],
        "missed": missed,
        "invented": invented,
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
