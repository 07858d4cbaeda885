"""Benchmark suite `symmetry`: what a stated symmetry adds, on the same records with and without."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from physmodel.bench.systems import symmetry_peers
from physmodel.bench.systems.ours import our_answer
from physmodel.bench.tables import grouped, text_table
from physmodel.systems.answers import judge
from physmodel.systems.generators import GENERATORS
from physmodel.systems.symmetry import Records, SymmetryCase, flow_records, flows

Record = dict[str, Any]

PARTS = ("flows", "generators")
#: Noise of the flows as a share of the spread, and the lengths of their records in periods.
NOISE, PERIODS = 0.1, (10, 3)
SEEDS, DRAWS = 1, 50

#: What `--quick` runs: every tenth flow, short records only, and the generators of few samples.
QUICK_STRIDE, QUICK_PERIODS, QUICK_DRAWS = 10, (3,), 5
QUICK_GENERATORS = ("damped-oscillator", "selkov")

#: Columns of the table.
KNOWN, UNKNOWN = "physmodel, stated", "physmodel"


def settings(*, quick: bool = False, seeds: int | None = None, peers: bool = True) -> Record:
    """Settings of a run as plain data.

    `quick`: short records of the flows only. `seeds`: draws of each flow. `peers`: also PySINDy.
    """
    return {
        "periods": list(QUICK_PERIODS if quick else PERIODS),
        "seeds": seeds or SEEDS,
        "peers": peers,
    }


def unit_names(
    parts: Iterable[str] = PARTS, *, quick: bool = False, draws: int | None = None
) -> list[str]:
    """Units of work, in order.

    `parts`: of `PARTS`. `draws`: of each generator. Returns: names of flows; generators with the
    number of a draw.
    """
    count = draws or (QUICK_DRAWS if quick else DRAWS)
    generators = QUICK_GENERATORS if quick else tuple(GENERATORS)
    names = {
        "flows": list(flows())[:: QUICK_STRIDE if quick else 1],
        # Draw by draw, so that an interrupted run has equally many of each.
        "generators": [f"{name}_{seed}" for seed in range(count) for name in generators],
    }
    return [name for part in parts for name in names[part]]


def run_unit(name: str, chosen: Mapping[str, Any]) -> list[Record]:
    """All draws of one flow, or one of a generator; the work of one unit of the runner.

    `name`: from `unit_names`. `chosen`: from `settings`. Returns: one record per cell, seed and
    method: ``cell``, ``system``, ``seed``, ``method``, ``stated``, and what `judge` says.
    """
    system, _, number = name.partition("_")
    if system in GENERATORS:
        generator, seed = GENERATORS[system], int(number)
        facts = {"cell": system, "system": system, "seed": seed}
        return _compared(generator.case, generator.records(seed), facts, chosen["peers"])
    made = []
    for periods in chosen["periods"]:
        for seed in range(chosen["seeds"]):
            records = flow_records(name, noise=NOISE, periods=periods, seed=seed)
            facts = {"cell": f"flows, {periods} periods", "system": name, "seed": seed}
            made += _compared(flows()[name], records, facts, chosen["peers"])
    return made


def _compared(case: SymmetryCase, records: Records, facts: Record, peers: bool) -> list[Record]:
    """Every method on one draw."""
    library: Record = {"degree": case.degree, "functions": case.functions}
    stated: Record = {"symmetries": case.symmetries, "laws": case.laws}
    times, states = records
    answers = {UNKNOWN: our_answer(times, states, case.states, library)}
    if case.symmetries or case.laws:
        answers[KNOWN] = our_answer(times, states, case.states, library | stated)
    if peers:
        answers |= symmetry_peers.answers(case, records)
    stated_names = [*case.symmetries, *case.laws]
    return [
        {**facts, "stated": stated_names, "method": method, **judge(answer, case.equations)}
        for method, answer in answers.items()
    ]


def summarise(records: Sequence[Mapping[str, Any]]) -> list[Record]:
    """Counts of every cell and method.

    `records`: from `run_unit`. Returns: ``draws``; of these ``identified``, ``exact`` (the true
    terms in all equations) and ``wrong`` (identified, but with other terms); medians of the
    relative ``error`` of the true coefficients and of ``seconds``.
    """
    rows = []
    groups = grouped(records, "cell", "method")
    for (cell, method), items in sorted(groups.items(), key=lambda one: _place(*one[0])):
        claims = [item["status"] == "identified" for item in items]
        rights = [bool(item["exact"]) for item in items]
        rows.append(
            {
                "cell": cell,
                "method": method,
                "draws": len(items),
                "identified": sum(claims) if any(item["status"] for item in items) else None,
                "exact": sum(rights),
                "wrong": sum(c and not r for c, r in zip(claims, rights, strict=True)),
                "error": float(np.median([item["error"] for item in items])),
                "seconds": float(np.median([item["seconds"] for item in items])),
            }
        )
    return rows


def _place(cell: str, method: str) -> tuple[int, str, int, str]:
    """Flows first, ours before peers."""
    return cell in GENERATORS, cell, (UNKNOWN, KNOWN, method).index(method), method


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Text table of a summary."""
    columns = (
        "cell:<20|method:<30|draws:>6|identified:>12|exact:>7|wrong:>7|error:>9.1e|s=seconds:>8.2f"
    )
    missing = symmetry_peers.missing()
    return text_table(rows, columns) + (f"\n{missing}" if missing else "")
