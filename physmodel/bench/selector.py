"""Benchmark suite `selector`: a learned choice of candidate terms before the search.

A small network is trained on random systems to say how probable each candidate term is. Columns are
left out of the library, the least probable first, as long as fewer than one true term in a hundred
systems is expected among them; the search then works on what is left. Beside it stands the same
number of columns kept by a rule without learning, the order of a backward elimination. Systems that
are judged on were not learned from: chaotic flows of the literature, and random systems drawn anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from physmodel.bench.chaotic import Equations, load_systems
from physmodel.bench.draws import Cell, draw
from physmodel.bench.selector_features import Look, look
from physmodel.bench.selector_net import opened, trained
from physmodel.bench.selector_systems import DEGREE, RandomSystem, draw_systems
from physmodel.discovery.identification import Identification, identify
from physmodel.discovery.libraries import Library
from physmodel.discovery.selection import CONFIDENT

Array = NDArray[np.float64]
Record = dict[str, Any]

#: Noise of the records, in per cent.
NOISE = (1, 5, 10)
#: Random systems that are learned from, that are judged on, and the seed of the latter.
LEARNED, JUDGED, FRESH_SEED = 120, 18, 77
#: Judged on, of two states; the others have three.
PLANE = JUDGED // 3
#: Every so many chaotic flows of three states; samples per period of their records.
STRIDE, PER_PERIOD = 4, 60
#: Expected number of true terms that are left out.
LOST = 0.01
METHODS = ("default", "learned", "elimination")


def unit_names(*, quick: bool = False) -> list[str]:
    """Systems to judge on: ``flow:Lorenz`` is one of the literature, ``fresh:3:7`` a new one."""
    flows = [s.name for s in load_systems() if (len(s.states), s.library_degree) == (3, DEGREE)]
    fresh = [(2, k) for k in range(PLANE)] + [(3, k) for k in range(JUDGED - PLANE)]
    names = [f"flow:{name}" for name in flows[::STRIDE]] + [f"fresh:{d}:{k}" for d, k in fresh]
    return names[:: len(names) // 4] if quick else names


def run_unit(name: str, settings: Mapping[str, Any]) -> list[Record]:
    """All methods on one system; the work of one unit of the runner.

    Parameters
    ----------
    name : str
        From `unit_names`.
    settings : mapping
        ``systems``: how many to learn from.

    Returns
    -------
    list of dict
        ``system``, ``kind``, ``noise``, ``method``, ``exact``: all terms are right; ``sure``: the
        answer claims to be; ``kept``: share of the columns; ``seconds`` of processor time, ``look``
        those of them that went into the features.
    """
    kind = name.split(":")[0]
    records = []
    # As in `discover`: threads cost more than they give.
    with threadpool_limits(1, "blas"):
        selector = trained(int(settings["systems"]))
        for noise in NOISE:
            times, measured, states, equations = _record(name, noise / 100.0)
            for method in METHODS:
                prepared, libraries = opened(times, measured, states, DEGREE)
                begin = process_time()
                kept = np.ones(len(states) * len(libraries[0].terms), dtype=bool)
                if method != "default":
                    found = look(prepared, libraries[0])
                    kept = likely(selector.probabilities(found.features))
                    if method == "elimination":
                        kept = last_to_leave(found, int(kept.sum()))
                middle = process_time()
                law = identify(prepared, [narrowed(libraries[0], kept), *libraries[1:]])
                end = process_time()
                records.append(
                    {
                        "system": name,
                        "kind": kind,
                        "noise": noise,
                        "method": method,
                        "exact": law.law[1] == _truth(equations, states),
                        "sure": _claims(law),
                        "kept": float(kept.mean()),
                        "seconds": end - begin,
                        "look": middle - begin,
                    }
                )
    return records


def likely(probabilities: Array) -> NDArray[np.bool_]:
    """Columns ``(K,)`` to keep: those left out hold less than `LOST` true terms on average."""
    order = np.argsort(probabilities, kind="stable")
    kept = np.ones(len(probabilities), dtype=bool)
    kept[order[np.cumsum(probabilities[order]) < LOST]] = False
    return kept


def last_to_leave(found: Look, count: int) -> NDArray[np.bool_]:
    """The columns ``(K,)`` that a backward elimination drops last."""
    kept = np.zeros(len(found.place), dtype=bool)
    kept[np.argsort(found.place, kind="stable")[:count]] = True
    return kept


def narrowed(library: Library, kept: NDArray[np.bool_]) -> Library:
    """The library with some columns only, each free in its own equation."""
    return library if kept.all() else replace(library, basis=np.eye(len(kept))[:, kept])


def _record(name: str, noise: float) -> tuple[list[Array], list[Array], tuple[str, ...], Equations]:
    kind, *rest = name.split(":")
    if kind == "flow":
        flow = next(one for one in load_systems() if one.name == rest[0])
        case = draw(flow, flow.trajectories(range(1), per_period=PER_PERIOD), Cell(noise), 0)
        return case.times, case.records, flow.states, flow.equations
    d, k = int(rest[0]), int(rest[1])
    system = _fresh(d)[k]
    rng = np.random.default_rng([FRESH_SEED, d, k, round(1000 * noise)])
    return *system.record(noise, rng), system.states, system.equations


@cache
def _fresh(d: int) -> list[RandomSystem]:
    return draw_systems(FRESH_SEED, d, JUDGED - PLANE if d == 3 else PLANE)


def _truth(equations: Equations, states: Sequence[str]) -> frozenset[tuple[int, str]]:
    return frozenset((e, term) for e, state in enumerate(states) for term in equations[state])


def _claims(law: Identification) -> bool:
    return law.adequate and law.fit.ranked[0].probability >= CONFIDENT


def summarise(records: Sequence[Mapping[str, Any]]) -> list[Record]:
    """Figures of every kind of system, noise and method.

    Parameters
    ----------
    records : sequence of mapping
        From `run_unit`.

    Returns
    -------
    list of dict
        ``exact``, ``wrong_sure``, ``kept``: shares; ``seconds``, ``look``: means of processor time;
        ``time``: ``seconds`` over those of the default.
    """
    groups: dict[tuple[str, int, str], list[Mapping[str, Any]]] = {}
    for record in records:
        groups.setdefault((record["kind"], record["noise"], record["method"]), []).append(record)
    rows = []
    for (kind, noise, method), items in groups.items():
        usual = np.mean([item["seconds"] for item in groups[kind, noise, METHODS[0]]])
        means = {k: float(np.mean([i[k] for i in items])) for k in ("exact", "kept", "seconds")}
        rows.append(
            {
                "kind": kind,
                "noise": noise,
                "method": method,
                "draws": len(items),
                **means,
                "wrong_sure": float(np.mean([i["sure"] and not i["exact"] for i in items])),
                "look": float(np.mean([item["look"] for item in items])),
                "time": means["seconds"] / float(usual),
            }
        )
    return rows


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Text table of a summary.

    Parameters
    ----------
    rows : sequence of mapping
        From `summarise`.

    Returns
    -------
    str
    """
    lines = [
        f"{'systems':<9}{'noise':>6}  {'method':<13}{'draws':>6}{'exact':>8}{'wrong, sure':>13}"
        f"{'kept':>7}{'seconds':>9}{'(look)':>8}{'of default':>12}"
    ]
    for row in rows:
        lines.append(
            f"{row['kind']:<9}{row['noise']:>5}%  {row['method']:<13}{row['draws']:>6}"
            f"{row['exact']:>8.0%}{row['wrong_sure']:>13.0%}{row['kept']:>7.0%}"
            f"{row['seconds']:>9.3f}{row['look']:>8.3f}{row['time']:>12.0%}"
        )
    return "\n".join(lines)
