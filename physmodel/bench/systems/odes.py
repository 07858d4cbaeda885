"""Benchmark suite `odes`: ODEBench, 63 autonomous systems of one to four states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from physmodel.bench.systems.odes_methods import METHODS
from physmodel.bench.tables import text_table
from physmodel.errors import ProblemError
from physmodel.systems.answers import judge, scores
from physmodel.systems.odes import CELLS, RANDOM, load_systems

Record = dict[str, Any]

#: Determination coefficient above which a trajectory counts as followed, as in ODEFormer.
FOLLOWED = 0.9
SEEDS = 1

#: What `--quick` runs: six systems of every size, one of them with a sine, in two cells.
QUICK_SYSTEMS, QUICK_CELLS = (3, 11, 24, 28, 54, 63), ("exact", "noise-5")
#: Groups of systems in the table.
KINDS = ("all", "polynomial", "other")


def settings(*, seeds: int | None = None, peers: bool = True) -> Record:
    """Settings of a run as plain data.

    `seeds`: draws of the noise in the cells of `RANDOM`. `peers`: also PySINDy.
    """
    return {"seeds": seeds or SEEDS, "peers": peers}


def system_numbers(text: str) -> list[int]:
    """Numbers of systems from text.

    `text`: such as ``"1,5-9"``. Returns: each once, in the order given. Raises ProblemError if
    there is no such system.
    """
    known = load_systems()
    chosen: list[int] = []
    for piece in text.split(","):
        first, dash, last = (side.strip() for side in piece.partition("-"))
        ends = (first, last) if dash else (first, first)
        if not all(end.isdecimal() and int(end) in known for end in ends):
            raise ProblemError(
                f"there is no system {piece.strip()!r}",
                where="--systems",
                fix=f"numbers from {min(known)} to {max(known)}, such as 1,5-9",
            )
        numbers = range(int(ends[0]), int(ends[1]) + 1)
        if not numbers:
            raise ProblemError(f"{piece.strip()!r} goes backwards", where="--systems")
        chosen += numbers
    return list(dict.fromkeys(chosen))


def unit_names(
    cells: Iterable[str] = (), systems: Iterable[int] = (), *, quick: bool = False
) -> list[str]:
    """Units of work, cell by cell.

    `cells`: of `CELLS`; all of them by default. `systems`: all by default. `quick`: A few of both
    where nothing is named. Returns: such as ``noise-5_12``.
    """
    numbers = tuple(systems) or (QUICK_SYSTEMS if quick else tuple(load_systems()))
    named = tuple(cells) or (QUICK_CELLS if quick else tuple(CELLS))
    return [f"{cell}_{number}" for cell in named for number in numbers]


def run_unit(name: str, chosen: Mapping[str, Any]) -> list[Record]:
    """One system in one cell; the work of one unit of the runner.

    `name`: from `unit_names`. `chosen`: from `settings`. Returns: one record per seed and method:
    ``cell``, ``system``, ``kind``, ``seed``, ``method``, ``reconstruction`` and ``generalisation``
    (see `scores`), and what `judge` says.
    """
    cell, _, number = name.rpartition("_")
    system = load_systems()[int(number)]
    records = []
    for seed in range(chosen["seeds"] if cell in RANDOM else 1):
        time, measured = CELLS[cell](system, seed)
        facts = {"cell": cell, "system": system.number, "kind": system.kind, "seed": seed}
        for label, method in METHODS.items():
            if label != "physmodel" and not chosen["peers"]:
                continue
            answer, field = method(system, time, measured)
            first, second = scores(system, field)
            followed = {"reconstruction": first, "generalisation": second}
            judged = judge(answer, system.equations)
            records.append({**facts, "method": label, **followed, **judged})
    return records


def summarise(records: Sequence[Mapping[str, Any]]) -> list[Record]:
    """Counts of every group of systems, cell and method.

    `records`: from `run_unit`. Returns: ``kind``: one of `KINDS`; ``draws``; of these
    ``reconstruction`` and ``generalisation`` above `FOLLOWED`, ``exact`` (the true terms in all
    equations), ``identified``, ``wrong`` (identified, but with other terms; both None for a method
    that does not say) and ``errors`` (refused to answer); median and largest ``seconds``.
    """
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for record in records:
        own = "polynomial" if record["kind"] == "polynomial" else "other"
        for kind in ("all", own):
            groups.setdefault((kind, record["cell"], record["method"]), []).append(record)
    return [
        {"kind": key[0], "cell": key[1], "method": key[2], **_counts(groups[key])}
        for key in sorted(groups, key=_place)
    ]


def _place(key: tuple[str, str, str]) -> tuple[int, int, int]:
    kind, cell, method = key
    return KINDS.index(kind), [*CELLS].index(cell), [*METHODS].index(method)


def _counts(items: Sequence[Mapping[str, Any]]) -> Record:
    claims = [item["status"] == "identified" for item in items]
    rights = [bool(item["exact"]) for item in items]
    says = any(item["status"] for item in items)
    wrong = sum(claim and not right for claim, right in zip(claims, rights, strict=True))
    seconds = [item["seconds"] for item in items]
    return {
        "draws": len(items),
        "reconstruction": sum(item["reconstruction"] > FOLLOWED for item in items),
        "generalisation": sum(item["generalisation"] > FOLLOWED for item in items),
        "exact": sum(rights),
        "identified": sum(claims) if says else None,
        "wrong": wrong if says else None,
        "errors": sum(item["status"].startswith("error") for item in items),
        "median_seconds": float(np.median(seconds)),
        "most_seconds": float(np.max(seconds)),
    }


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Text table of a summary."""
    return text_table(
        rows,
        "systems=kind:<12|cell:<11|method:<24|draws:>6|reconstr.=reconstruction:>11|"
        "general.=generalisation:>10|exact:>7|identified:>12|wrong:>7|errors:>8|"
        "median s=median_seconds:>10.2f|max s=most_seconds:>8.2f",
    )
