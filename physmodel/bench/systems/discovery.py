"""Benchmark suite `discovery`: the exact equations of chaotic flows from noisy records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.bench.systems import peers
from physmodel.bench.systems.detectable import detectable
from physmodel.bench.systems.ours import ours
from physmodel.bench.tables import grouped, text_table
from physmodel.systems.answers import Answer, judge
from physmodel.systems.chaotic import ChaoticSystem, load_systems
from physmodel.systems.draws import Cell, Draw, draw

Array = NDArray[np.float64]

NOISE = (0.0, 0.01, 0.05, 0.1, 0.2)
TRAJECTORIES = (1, 5)
#: Records and systems that differ from the rest: noise and trajectories.
UNUSUAL = [
    Cell(0.05, 1, "irregular"),
    Cell(0.05, 1, "missing"),
    Cell(0.05, 1, "unequal-noise"),
    Cell(0.05, 5, "unequal-lengths"),
    Cell(0.01, 1, "perturbed"),
    Cell(0.1, 1, "perturbed"),
    Cell(0.05, 1, "coarse"),
    Cell(0.05, 1, "fine"),
    Cell(0.05, 1, "short"),
    Cell(0.05, 1, "long"),
]
SEEDS = 3

#: Every eighth system: the part that `--quick` runs.
QUICK_STRIDE = 8

#: Methods that answer once, and peers that answer twice: chosen as a user can, and at best.
METHODS: dict[str, Callable[[Draw], Answer]] = {"physmodel": ours}
PEERS: dict[str, Callable[[Draw], tuple[Answer, Answer]]] = {
    "pysindy-fd": peers.finite_difference,
    "pysindy-smoothed-fd": peers.smoothed_difference,
    "pysindy-weak": peers.weak,
}


def settings(
    *,
    noise: Sequence[float] = NOISE,
    trajectories: Sequence[int] = TRAJECTORIES,
    unusual: bool = True,
    seeds: int = SEEDS,
    methods: Sequence[str] = (*METHODS, *PEERS),
) -> dict[str, Any]:
    """Settings of a run as plain data.

    `unusual`: also the cells of `UNUSUAL`.
    """
    cells = [Cell(level, count) for count in trajectories for level in noise]
    cells += UNUSUAL if unusual else []
    return {"cells": [asdict(cell) for cell in cells], "seeds": seeds, "methods": list(methods)}


def system_names(*, quick: bool = False) -> list[str]:
    """Names of the systems, in order.

    `quick`: only a subset.
    """
    names = [system.name for system in load_systems()]
    return names[::QUICK_STRIDE] if quick else names


def run_system(name: str, chosen: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All draws of one system.

    `chosen`: from `settings`. Returns: one record per cell, seed and method.
    """
    original = next(item for item in load_systems() if item.name == name)
    cells = [Cell(**cell) for cell in chosen["cells"]]
    records = []
    for seed in range(chosen["seeds"]):
        for system, clean, cell in _clean(original, cells, seed):
            case = draw(system, clean, cell, seed)
            facts = {"system": name, "cell": cell.label, "seed": seed}
            facts["detectable"] = detectable(case)
            for label, answer in _answers(case, chosen["methods"]):
                records.append({**facts, "method": label, **judge(answer, system.equations)})
    return records


def _clean(
    original: ChaoticSystem, cells: Sequence[Cell], seed: int
) -> Iterator[tuple[ChaoticSystem, tuple[Array, Array], Cell]]:
    """Systems and noise-free trajectories of the cells; those that can be shared are."""
    most = max(cell.trajectories for cell in cells)
    starts = range(seed * most, seed * most + most)
    known: dict[tuple[bool, tuple[int, int]], tuple[ChaoticSystem, tuple[Array, Array]]] = {}
    for cell in cells:
        changed = cell.condition == "perturbed"
        key = changed, cell.sampling
        if key not in known:
            system = original.perturbed(seed) if changed else original
            per_period, periods = cell.sampling
            made = system.trajectories(starts, per_period=per_period, periods=periods)
            known[key] = system, made
        yield *known[key], cell


def _answers(case: Draw, methods: Sequence[str]) -> list[tuple[str, Answer]]:
    found = []
    for method in methods:
        if method in METHODS:
            found.append((method, METHODS[method](case)))
        elif case.cell.condition == "regular":
            automatic, oracle = PEERS[method](case)
            found += [(f"{method} AICc", automatic), (f"{method} oracle", oracle)]
    return found


def summarise(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Figures of every cell and method.

    `records`: from `run_system`. Returns: ``exact`` and ``listed``: share of draws; ``detectable``:
    share whose weakest true term can be told from noise at all (the ceiling); ``equations``: share
    of equations; ``error``: median over draws; ``wrong_identified``: share of draws with a wrong
    answer that claims to be identified; ``coverage`` of 90% intervals (None without intervals);
    ``claimed``: mean probability that the method gives its answers (None without); ``seconds``:
    median; ``draws``.
    """
    rows = []
    for (cell, method), items in grouped(records, "cell", "method").items():
        intervals = sum(item["intervals"] for item in items)
        claims = [item["probability"] for item in items if item["probability"] is not None]
        wrong = [not item["exact"] and item["status"] == "identified" for item in items]
        rows.append(
            {
                "cell": cell,
                "method": method,
                "draws": len(items),
                "exact": float(np.mean([item["exact"] for item in items])),
                "detectable": float(np.mean([item["detectable"] for item in items])),
                "equations": float(np.mean([item["equations"] for item in items])),
                "error": float(np.median([item["error"] for item in items])),
                "listed": float(np.mean([item["listed"] for item in items])),
                "wrong_identified": float(np.mean(wrong)),
                "coverage": sum(i["covered"] for i in items) / intervals if intervals else None,
                "claimed": float(np.mean(claims)) if claims else None,
                "seconds": float(np.median([item["seconds"] for item in items])),
            }
        )
    return rows


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Text table of a summary."""
    scans = {row["cell"]: row["seconds"] for row in rows if row["method"] == "pysindy-fd AICc"}
    shown = []
    for row in rows:
        scan = scans.get(row["cell"])
        ceiling = row["exact"] / max(row["detectable"], 1e-9)
        shown.append({**row, "ceiling": ceiling, "scans": row["seconds"] / scan if scan else None})
    return text_table(
        shown,
        "cell:<22|method:<28|draws:>6|exact:>7.0%|claim=claimed:>7.0%|ceil.=ceiling:>7.0%|"
        "equ.=equations:>7.0%|error:>9.1e|listed:>8.0%|wrong=wrong_identified:>7.0%|"
        "cover=coverage:>7.0%|s=seconds:>8.2f|scans:>7.1f",
    )
