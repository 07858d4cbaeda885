"""Medians and the text table of the suite `nets`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Record = dict[str, Any]

#: Of a table, beside the task and the method.
FIGURES = ("field_mse", "energy_mse", "seconds")


def summarise(records: Sequence[Mapping[str, Any]]) -> list[Record]:
    """Medians over the seeds of every task and method.

    `records`: from `run_unit`. Returns: ``case``, ``method``, ``seeds``, the medians,
    ``worst_energy`` of all seeds, and ``speed``: how many times less training than the network of
    the paper, where both ran.
    """
    rows = []
    for case in dict.fromkeys(record["case"] for record in records):
        mine = [record for record in records if record["case"] == case]
        for method in dict.fromkeys(record["method"] for record in mine):
            runs = [record for record in mine if record["method"] == method]
            medians = {key: float(np.median([run[key] for run in runs])) for key in FIGURES}
            worst = max(run["energy_mse"] for run in runs)
            apart = [run["rollout"] for run in runs if "rollout" in run]
            rows.append(
                {
                    "case": case,
                    "method": method,
                    "seeds": len(runs),
                    **medians,
                    "worst_energy": worst,
                    "rollout": float(np.median(apart)) if apart else None,
                }
            )
    slow = {row["case"]: row["seconds"] for row in rows if row["method"] == "hnn"}
    return [
        {**row, "speed": slow[row["case"]] / row["seconds"] if row["case"] in slow else None}
        for row in rows
    ]


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Text table of a summary.

    `rows`: from `summarise`.
    """
    lines = [
        f"{'task':<16}{'method':<12}{'seeds':>6}{'field MSE':>12}{'energy MSE':>12}{'(worst)':>11}"
        f"{'seconds':>10}{'x faster than hnn':>19}{'error of a run':>16}"
    ]
    for row in rows:
        speed = "-" if row["speed"] is None else f"{row['speed']:.3g}"
        apart = "-" if row["rollout"] is None else f"{row['rollout']:.1e}"
        lines.append(
            f"{row['case']:<16}{row['method']:<12}{row['seeds']:>6}{row['field_mse']:>12.2e}"
            f"{row['energy_mse']:>12.2e}{row['worst_energy']:>11.1e}{row['seconds']:>10.2f}{speed:>19}"
            f"{apart:>16}"
        )
    return "\n".join(lines)
