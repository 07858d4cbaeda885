"""Benchmark suite `next`: a suggested experiment against a random one and a repetition.

A short noisy record near a small orbit leaves rivals. A second record is added, taken from the
start that `physmodel.next_experiment` suggests, from a random start of the same box, or from the
start of the first one; counted is how often the exact law is then identified.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.bench.tables import grouped, text_table
from physmodel.discovery.discover import discover
from physmodel.errors import PhysmodelError
from physmodel.experiments.next_experiment import next_experiment
from physmodel.laws.result import Result
from physmodel.systems.experiments import CASES, OpenCase

Array = NDArray[np.float64]
Record = dict[str, Any]

#: Ways to choose the second record.
PLANS = ("suggested", "random", "repeated")
SEEDS = 40

#: Random starts are drawn again, this often at most, when the true law blows up from them.
DRAWS = 50


def run_case(name: str, settings: Mapping[str, Any]) -> list[Record]:
    """All seeds of one case; the work of one unit of the runner.

    `settings`: ``seeds``: how many. Returns: one record per seed.
    """
    return [run_seed(name, seed) for seed in range(settings["seeds"])]


def run_seed(name: str, seed: int) -> Record:
    """One first record, and the law after each choice of a second one.

    `name`: of a case. Returns: ``case``, ``seed``, ``status`` and ``listed`` (the truth is the
    winner or a rival) after the first record; where that left rivals also ``predicted``
    (probability of a decision) and, for each plan, ``identified``, ``exact`` and ``wrong``
    (identified, and not exact).
    """
    case = CASES[name]
    words = [seed, zlib.crc32(name.encode())]
    rng = np.random.default_rng(words)
    first = case.measured(np.array(case.start), rng)
    law = _law(case, [first])
    listed = any(case.exact(item) for item in (law, *law.rivals))
    record: Record = {"case": name, "seed": seed, "status": law.status, "listed": listed}
    if law.status not in ("ambiguous", "not-identifiable"):
        return record
    try:
        best = next_experiment(law, bounds=case.box, seed=seed).best
    except PhysmodelError:  # a wrong law may blow up from everywhere
        best = None
    record["predicted"] = best.decided if best else 0.0
    starts = {
        # Without a suggestion one would measure once more.
        "suggested": np.array([best.start[s] for s in case.states] if best else case.start),
        "random": _random_start(case, rng),
        "repeated": np.array(case.start),
    }
    for plan in PLANS:
        # The same noise for every plan: only the start differs.
        noise = np.random.default_rng([*words, 1])
        record[plan] = _outcome(case, first, starts[plan], noise)
    return record


def _law(case: OpenCase, records: Sequence[Array]) -> Result:
    return discover(case.dataset(records), **case.known)


def _outcome(case: OpenCase, first: Array, start: Array, rng: np.random.Generator) -> Record:
    try:
        law = _law(case, [first, case.measured(start, rng)])
    except PhysmodelError:  # the true system blows up from there
        return {"identified": False, "exact": False, "wrong": False}
    identified, exact = law.status == "identified", case.exact(law)
    return {
        "identified": identified and exact,
        "exact": exact,
        "wrong": identified and not exact,
    }


def _random_start(case: OpenCase, rng: np.random.Generator) -> Array:
    low, high = np.array([case.box[state] for state in case.states]).T
    for _ in range(DRAWS):
        start = rng.uniform(low, high)
        try:
            case.simulate(start)
        except PhysmodelError:
            continue
        return start
    return np.array(case.start)


def summarise(records: Sequence[Mapping[str, Any]]) -> list[Record]:
    """Shares of every case and plan, over the seeds whose first record left rivals.

    `records`: from `run_case`. Returns: ``open``: seeds with rivals, of ``seeds``; ``listed``;
    ``predicted``; for each plan the shares ``identified``, ``exact`` and ``wrong``; ``helped`` and
    ``harmed``: seeds where only the suggested, or only the random start identified the exact law.
    """
    rows = []
    for (name,), mine in grouped(records, "case").items():
        tried = [record for record in mine if "suggested" in record]
        row: Record = {"case": name, "seeds": len(mine), "open": len(tried)}
        if tried:
            row["listed"] = float(np.mean([record["listed"] for record in tried]))
            row["predicted"] = float(np.mean([record["predicted"] for record in tried]))
            for plan in PLANS:
                row[plan] = {
                    key: float(np.mean([record[plan][key] for record in tried]))
                    for key in ("identified", "exact", "wrong")
                }
            pairs = [(r["suggested"]["identified"], r["random"]["identified"]) for r in tried]
            row["helped"] = sum(one and not other for one, other in pairs)
            row["harmed"] = sum(other and not one for one, other in pairs)
        rows.append(row)
    return rows


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Text table of a summary."""
    shown = []
    for row in rows:
        plans = {plan: row[plan]["identified"] for plan in PLANS} if row["open"] else {}
        shown.append({**row, **plans, "wrong": row["suggested"]["wrong"] if plans else None})
    columns = "".join(f"|{plan}:>11.0%" for plan in PLANS)
    head = "exact law identified after a second record, over the seeds whose first left rivals\n"
    return head + text_table(
        shown,
        f"case:<16|open:>6{columns}|only sugg.=helped:>12|only rand.=harmed:>12|predicted:>11.0%|"
        "wrong:>7.0%",
    )
