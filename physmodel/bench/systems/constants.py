"""Benchmark suite `constants`: exact laws with half and double of each number of the engine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from physmodel.bench.tables import text_table
from physmodel.constants import ENGINE

Record = dict[str, Any]

#: Factors by name; a number with more values is changed as a whole.
FACTORS = {"half": 0.5, "double": 2.0}
NUMBERS = tuple(entry.name for entry in fields(ENGINE))
#: The unit with which all others are compared.
UNCHANGED = "unchanged"
#: Polynomial systems of ODEBench of one and two states, and the records of them: with 200 units, a
#: panel has to be small.
SYSTEMS, CELLS = (2, 9, 16, 24, 38), ("exact", "rtol-1e-5", "filtered", "noise-5")
#: Chaotic flows with changed coefficients, and the noise of their records.
FLOWS, NOISE = ("Lorenz", "Rossler", "Halvorsen", "SprottB", "Aizawa"), (0.1, 0.2)


def unit_names(numbers: Iterable[str] = ()) -> list[str]:
    """The unchanged engine, then each number halved and doubled.

    `numbers`: fields of `EngineConstants`; all by default. Returns: such as ``worth_half``.
    """
    named = tuple(numbers) or NUMBERS
    return [UNCHANGED, *(f"{name}_{factor}" for name in named for factor in FACTORS)]


def run_unit(name: str, chosen: Mapping[str, Any]) -> list[Record]:
    """The panel with one number changed, in a process of its own: modules read it on import.

    `name`: from `unit_names`. `chosen`: not used. Returns: one record: ``number``, ``factor``,
    ``draws``, ``exact``, ``wrong`` (identified, with other terms), ``errors``, ``seconds``.
    """
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "physmodel.bench.systems.constants",
        name,
    ]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - this module
    record: Record = json.loads(ended.stdout)
    return [record]


def summarise(records: Sequence[Mapping[str, Any]]) -> list[Record]:
    """Changes against the unchanged engine.

    `records`: from `run_unit`. Returns: ``number``, ``factor``, ``exact`` and ``wrong`` (change of
    the counts), ``seconds`` (over those of the unchanged engine), and ``draws``.
    """
    base = next(record for record in records if record["number"] == UNCHANGED)
    return [
        {
            **{key: record[key] for key in ("number", "factor", "draws", "errors")},
            **{key: record[key] - base[key] for key in ("exact", "wrong")},
            "seconds": record["seconds"] / base["seconds"],
        }
        for record in records
        if record is not base
    ]


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Text table of a summary."""
    return text_table(rows, "number:<24|factor:<8|exact:>7+|wrong:>7+|errors:>8|time=seconds:>7.2f")


def changed(value: Any, factor: float) -> Any:
    """A number of the engine times a factor; whole numbers stay whole, and at least one."""
    if isinstance(value, tuple):
        return tuple(changed(entry, factor) for entry in value)
    return max(1, round(value * factor)) if isinstance(value, int) else value * factor


def _panel(name: str) -> Record:
    number, _, factor = name.rpartition("_")
    if name != UNCHANGED:
        object.__setattr__(ENGINE, number, changed(getattr(ENGINE, number), FACTORS[factor]))
    from physmodel.bench.systems import discovery, odes
    from physmodel.systems.draws import Cell

    records = [
        record
        for unit in odes.unit_names(CELLS, SYSTEMS)
        for record in odes.run_unit(unit, odes.settings(peers=False))
    ]
    cells = [Cell(level, 1, condition="perturbed") for level in NOISE]
    flows = {"cells": [vars(cell) for cell in cells], "seeds": 1, "methods": ("physmodel",)}
    records += [record for flow in FLOWS for record in discovery.run_system(flow, flows)]
    claims = [record for record in records if record["status"] == "identified"]
    return {
        "number": number or UNCHANGED,
        "factor": factor if number else "",
        "draws": len(records),
        "exact": sum(bool(record["exact"]) for record in records),
        "wrong": sum(not record["exact"] for record in claims),
        "errors": sum(record["status"].startswith("error") for record in records),
        "seconds": sum(record["seconds"] for record in records),
    }


if __name__ == "__main__":
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        print(json.dumps(_panel(sys.argv[1])))
