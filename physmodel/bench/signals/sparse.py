"""Benchmark suite `sparse`: solvers and dictionaries beside their peers and beside theory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from physmodel.bench.signals import approximation, dictionary_recovery, phase, sparse_speed
from physmodel.bench.tables import grouped, text_table
from physmodel.systems.sparse_problems import transition, weak_threshold

Record = dict[str, Any]

PARTS = ("lasso", "pursuit", "phase", "dictionary", "approximation")
REPEATS, SEEDS = 3, 5
FIGURE = "phase.png"


def settings(*, quick: bool = False, seeds: int | None = None) -> Record:
    """Settings of a run as plain data.

    `quick`: smaller problems, fewer draws: a minute or two, and figures that only show the trend.
    `seeds`: draws of the dictionary experiment.
    """
    return {
        "quick": quick,
        "repeats": 1 if quick else REPEATS,
        "seeds": seeds or (1 if quick else SEEDS),
        "side": approximation.QUICK_SIDE if quick else approximation.SIDE,
        "columns": phase.QUICK_COLUMNS if quick else phase.COLUMNS,
        "draws": phase.QUICK_DRAWS if quick else phase.DRAWS,
        "rhos": list(phase.QUICK_RHOS if quick else phase.RHOS),
    }


def unit_names(parts: Iterable[str] = PARTS, *, quick: bool = False) -> list[str]:
    """Units of work, in order.

    `parts`: of `PARTS`. Returns: ``part_case`` each.
    """
    cases: dict[str, Sequence[object]] = {
        "lasso": tuple(sparse_speed.CELLS),
        "pursuit": ("batch", "exact"),
        "phase": phase.QUICK_DELTAS if quick else phase.DELTAS,
        "dictionary": dictionary_recovery.LEVELS[:1] if quick else dictionary_recovery.LEVELS,
        "approximation": approximation.PICTURES[:1] if quick else approximation.PICTURES,
    }
    return [f"{part}_{case}" for part in parts for case in cases[part]]


def run_unit(name: str, chosen: Mapping[str, Any]) -> list[Record]:
    """One unit on one thread, so that times compare algorithms.

    `name`: from `unit_names`. `chosen`: from `settings`. Returns: records with ``part``, ``case``,
    ``method`` and the figures of the part.
    """
    from threadpoolctl import threadpool_limits

    part, _, case = name.partition("_")
    speed = {"quick": chosen["quick"], "repeats": chosen["repeats"], "seed": 0}
    with threadpool_limits(1):
        if part == "lasso":
            return sparse_speed.lasso_cell(case, **speed)
        if part == "pursuit":
            work = {"batch": sparse_speed.batch_pursuit, "exact": sparse_speed.exact_pursuit}
            return work[case](**speed)
        if part == "phase":
            return phase.phase_column(float(case), chosen, 0)
        if part == "dictionary":
            return dictionary_recovery.recovery(float(case), chosen["seeds"])
        return approximation.approximation(case, chosen["side"])


def summarise(records: Sequence[Mapping[str, Any]]) -> list[Record]:
    """One row per part, case and method.

    `records`: from `run_unit`. Returns: means of the numbers, and where it applies ``ratio``: time
    over that of physmodel on the same problem, so above 1 means slower than physmodel;
    ``transition`` beside ``theory`` of the phase diagram.
    """
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for record in records:
        share = f" at {record['share']:.0%}" if "share" in record else ""
        key = record["part"], record["case"] + share, record["method"]
        groups.setdefault(key, []).append(record)
    rows = []
    for group, items in groups.items():
        part, case, method = group
        row: Record = {"part": part, "case": case, "method": method}
        if "skipped" in items[0]:
            row["skipped"] = items[0]["skipped"]
        elif part == "phase":
            row["transition"] = transition(items)
            row["theory"] = weak_threshold(items[0]["delta"])
        else:
            for figure in ("seconds", "gap", "agreement", "found", "psnr"):
                if figure in items[0]:
                    row[figure] = float(np.mean([item[figure] for item in items]))
        rows.append(row)
    ours = {(r["part"], r["case"]): r["seconds"] for r in rows if r["method"] == "physmodel"}
    for row in rows:
        problem = row["part"], row["case"]
        if "seconds" in row and problem in ours:
            row["ratio"] = row["seconds"] / ours[problem]
    return rows


#: Figures of the table, if a part has them: width and format.
COLUMNS = {
    "seconds": "10.3g",
    "ratio": "8.2f",
    "gap": "10.1e",
    "agreement": "11.1%",
    "transition": "12.3f",
    "theory": "8.3f",
    "found": "7.0%",
    "psnr": "8.2f",
}


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Text table of a summary, one block per part."""
    blocks = []
    for (part,), chosen in grouped(rows, "part").items():
        used = [f"|{key}:>{form}" for key, form in COLUMNS.items() if any(key in r for r in chosen)]
        told = [
            {**r, "told": f"  skipped: {r['skipped']}"} if "skipped" in r else r for r in chosen
        ]
        blocks.append(text_table(told, f"{part}=case:<24|method:<28{''.join(used)}|=told:<1"))
    return "\n\n".join(blocks)


def write_figure(records: Sequence[Mapping[str, Any]], folder: str | Path) -> Path | None:
    """Draw the phase diagram into the folder of a run.

    Returns: None where no part of the diagram was run.
    """
    import io

    from physmodel.atomic import write_atomic

    chosen = [record for record in records if record["part"] == "phase"]
    if not chosen:
        return None
    buffer = io.BytesIO()
    phase.phase_figure(chosen).savefig(buffer, format="png", dpi=120)
    return write_atomic(Path(folder) / FIGURE, buffer.getvalue())
