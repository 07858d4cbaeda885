"""Benchmark suite `tuning`: what `physmodel.tune`, a search over settings, gains for networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.bench.tables import grouped, text_table
from physmodel.data.arrays import from_arrays
from physmodel.data.measurement.timescale import characteristic_samples
from physmodel.data.segments import segments
from physmodel.models.fields.vector_field import VectorField
from physmodel.networks.net_trial import NetTrial
from physmodel.networks.tune import DEFAULTS, tune
from physmodel.systems.nets import roll_out
from physmodel.systems.rates import PLANE

Array = NDArray[np.float64]
Record = dict[str, Any]

#: Noise of the records, in per cent of the spread of each state.
NOISE = (1, 5, 10)
SEEDS = 3
METHODS = ("default", "searched")


def unit_names(seeds: int, *, quick: bool = False) -> list[str]:
    """Units of a run: ``pendulum:1:0`` is a case, its noise in per cent and a seed."""
    return [
        f"{case}:{noise}:{seed}"
        for case in list(PLANE)[: 2 if quick else None]
        for noise in (NOISE[1:2] if quick else NOISE)
        for seed in range(seeds)
    ]


def run_unit(name: str, settings: Mapping[str, Any]) -> list[Record]:
    """Search the settings of one case: error of the field, the settings chosen, and the effort.

    The effort is the processor time of the search over that of one fit. `settings` are not used.
    """
    case, noise, seed = name.split(":")
    facts = {"case": case, "noise": int(noise), "seed": int(seed)}
    return [{**facts, **_net(case, int(noise) / 100.0, int(seed))}]


def _net(case: str, noise: float, seed: int) -> Record:
    """Relative error of the rates at true states, with the settings tried first and the best."""
    rates, ranges, span = PLANE[case]
    rng = np.random.default_rng([seed, list(PLANE).index(case)])
    time = np.linspace(0.0, span, 121)
    low, high = np.array(ranges).T
    starts = rng.uniform(low, high, (4, 2))
    clean = roll_out(rates, starts, time, 10)
    spread = clean.reshape(-1, 2).std(axis=0)
    measured = clean + noise * spread * rng.standard_normal(clean.shape)
    data = from_arrays([time] * len(starts), list(measured), names=["q", "p"])
    begin = process_time()
    tuned = tune(data, seed=seed)
    middle = process_time()
    every = segments(data, ("q", "p"))
    memory = float(np.median([characteristic_samples(one.values) for one in every]))
    plain = NetTrial(("q", "p"), (), every, memory * float(time[1]), seed).fit(DEFAULTS, 1.0)
    end = process_time()
    x = clean.reshape(-1, 2)
    true = rates(x)

    def error(field: VectorField) -> float:
        wrong = field.rate(np.zeros(len(x)), x, None, np.empty((len(x), 0))) - true
        return float(np.sqrt(np.mean(wrong**2) / np.mean(true**2)))

    return {
        "default": error(plain),
        "searched": error(tuned.field),
        "choice": tuned.settings["form"],
        "effort": (middle - begin) / (end - middle),
    }


def summarise(records: Sequence[Mapping[str, Any]]) -> list[Record]:
    """Medians of each case and noise, how often the search helped, and what it chose."""
    rows = []
    for (case, noise), items in grouped(records, "case", "noise").items():
        gain = [item["default"] - item["searched"] for item in items]
        choices = [item["choice"] for item in items]
        rows.append(
            {
                "case": case,
                "noise": noise,
                "draws": len(items),
                **{
                    key: float(np.median([item[key] for item in items]))
                    for key in (*METHODS, "effort")
                },
                "better": sum(one > 0.0 for one in gain),
                "worse": sum(one < 0.0 for one in gain),
                "choices": {one: choices.count(one) for one in dict.fromkeys(choices)},
            }
        )
    return rows


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Text table of a summary."""
    told = [
        {
            **row,
            "chosen": "  " + ", ".join(f"{name} {n}" for name, n in row["choices"].items()),
            "noise": f"{row['noise']}%",
        }
        for row in rows
    ]
    return text_table(
        told,
        "case:<17|noise:>6|draws:>7|default:>10.3g|searched:>10.3g|better:>8|worse:>7|"
        "effort:>8.3g|  choices=chosen:<9",
    )
