"""Medians and the text table of the suite `nets`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from physmodel.bench.tables import grouped, text_table

Record = dict[str, Any]

#: Of a table, beside the task and the method.
FIGURES = ("field_mse", "energy_mse", "seconds")


def summarise(records: Sequence[Mapping[str, Any]]) -> list[Record]:
    """Medians over the seeds of every task and method.

    `records`: from `run_unit`. Returns: ``case``, ``method``, ``seeds``, the medians,
    ``worst_energy`` of all seeds, and ``speed``: how many times less training than the network of
    the paper, where both ran.
    """
    rows: list[Record] = []
    cases = list(dict.fromkeys(record["case"] for record in records))
    groups = grouped(records, "case", "method")
    for case, method in sorted(groups, key=lambda key: cases.index(key[0])):
        runs = groups[case, method]
        apart = [run["rollout"] for run in runs if "rollout" in run]
        rows.append(
            {
                "case": case,
                "method": method,
                "seeds": len(runs),
                **{key: float(np.median([run[key] for run in runs])) for key in FIGURES},
                "worst_energy": max(run["energy_mse"] for run in runs),
                "rollout": float(np.median(apart)) if apart else None,
            }
        )
    slow = {row["case"]: row["seconds"] for row in rows if row["method"] == "hnn"}
    return [
        {**row, "speed": slow[row["case"]] / row["seconds"] if row["case"] in slow else None}
        for row in rows
    ]


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Text table of a summary."""
    return text_table(
        rows,
        "task=case:<16|method:<12|seeds:>6|field MSE=field_mse:>12.2e|energy MSE=energy_mse:>12.2e|"
        "(worst)=worst_energy:>11.1e|seconds:>10.2f|x faster than hnn=speed:>19.3g|"
        "error of a run=rollout:>16.1e",
        absent="-",
    )
