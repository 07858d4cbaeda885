"""Benchmark suite `pruning`: trained networks made smaller by rival methods, equal evaluations.

An evaluation is a refit of the weights kept by a few Levenberg-Marquardt iterations. What is
reported is the error of the rates at points that nobody has seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from physmodel.bench.networks.trained import NOISE, trained
from physmodel.bench.tables import text_table
from physmodel.optimizers.pruning.trial import Evaluations, schwarz
from physmodel.systems.rates import CASES

Record = dict[str, Any]

SEEDS = 5
#: Shares of the weights to keep; None leaves the size to Schwarz's criterion.
SHARES = (0.3, 0.15, None)
#: Evaluations of each search.
EVALUATIONS = 16
#: `--quick` takes these cases and one seed.
QUICK = ("pendulum", "van-der-pol")
#: Methods that all others are measured by.
MEASURES = ("uniform", "random")


def unit_names(cases: Sequence[str], seeds: int) -> list[str]:
    """One unit for each case and seed."""
    return [f"{case}.{seed}" for case in cases for seed in range(seeds)]


def run_unit(name: str, settings: Mapping[str, Any]) -> list[Record]:
    """Train one network and prune it by all methods; the work of one unit of the runner.

    `name`: ``case.seed``. `settings`: not used: the name says all. Returns: ``case``, ``held_out``,
    ``seed``, ``noise``, ``method``, ``share``, ``dense`` and ``kept`` (numbers of weights),
    ``dense_error`` and ``error`` (of the rates, as a part of their spread), ``criterion``,
    ``evaluations``, ``seconds``.
    """
    import torch

    from physmodel.bench.networks.pruning_peers import FREE, METHODS, Task

    torch.set_num_threads(1)
    label, seed = name.split(".")
    case, number = CASES[label], int(seed)
    network = trained(case, number)
    p = network.dense.size
    common = {
        "case": label,
        "held_out": case.held_out,
        "seed": number,
        "noise": NOISE[number % len(NOISE)],
        "dense": p,
        "dense_error": network.error(network.dense.parameters),
    }
    records = []
    for share in SHARES:
        for method, work in METHODS.items():
            if share is None and method not in FREE:
                continue
            counted = Evaluations(network.refit, EVALUATIONS)
            task = Task(
                counted,
                network.dense,
                network.layout,
                network.n_residuals,
                None if share is None else round(share * p),
                np.random.default_rng(number),
            )
            begin = perf_counter()
            found = work(task)
            seconds = perf_counter() - begin
            records.append(
                {
                    **common,
                    "method": method,
                    "share": share,
                    "kept": found.size,
                    "error": network.error(found.parameters),
                    "criterion": schwarz(found, network.n_residuals),
                    "evaluations": len(counted.trials),
                    "seconds": seconds,
                }
            )
    return records


def summarise(records: Sequence[Mapping[str, Any]]) -> list[Record]:
    """Medians and win rates of every method, on the cases seen while it was made and the others.

    `records`: from `run_unit`. Returns: ``held_out``, ``share``, ``method``, ``networks``, medians
    of ``kept`` (as a part of all weights), ``ratio`` (error over that of the dense network), its
    ``worst`` tenth, and the most ``evaluations``; ``beats``: how often it is better than each of
    `MEASURES`, ties counted half. Better is a lower error, or where the size was free a lower
    criterion.
    """
    rows = []
    for held_out in (False, True):
        for share in SHARES:
            some = [r for r in records if r["held_out"] == held_out and r["share"] == share]
            by_method: dict[str, dict[tuple[str, int], Mapping[str, Any]]] = {}
            for record in some:
                place = (record["case"], record["seed"])
                by_method.setdefault(record["method"], {})[place] = record
            for method, mine in by_method.items():
                ratios = [one["error"] / one["dense_error"] for one in mine.values()]
                rows.append(
                    {
                        "held_out": held_out,
                        "share": share,
                        "method": method,
                        "networks": len(mine),
                        "kept": float(np.median([r["kept"] / r["dense"] for r in mine.values()])),
                        "ratio": float(np.median(ratios)),
                        "worst": float(np.quantile(ratios, 0.9)),
                        "evaluations": max(one["evaluations"] for one in mine.values()),
                        "beats": {
                            other: _wins(mine, by_method[other], share is None)
                            for other in MEASURES
                            if other in by_method
                        },
                    }
                )
    return rows


def _wins(
    mine: Mapping[tuple[str, int], Mapping[str, Any]],
    others: Mapping[tuple[str, int], Mapping[str, Any]],
    free: bool,
) -> float:
    key = "criterion" if free else "error"
    difference = [others[place][key] - one[key] for place, one in mine.items() if place in others]
    return float(np.mean(np.sign(difference)) / 2.0 + 0.5)


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Text table of a summary."""
    shown = [
        {
            **row,
            **row["beats"],
            "cases": "held out" if row["held_out"] else "seen",
            "keep": "free" if row["share"] is None else f"{row['share']:.0%}",
        }
        for row in rows
    ]
    return text_table(
        shown,
        "cases:<10|keep:<6|method:<17|networks:>8|kept:>7.0%|error/dense=ratio:>13.3g|"
        "(worst 10%)=worst:>13.3g|beats uniform=uniform:>15.0%|random:>8.0%|evaluations:>13",
        absent="-",
    )
