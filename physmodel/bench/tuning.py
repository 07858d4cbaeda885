"""Benchmark suite `tuning`: what a search over settings gains, for networks and for equations.

Networks have settings that data do not give at once; `physmodel.tune` searches them. `discover` has
none on purpose: here its library is searched all the same, by held-out runs, beside the default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from time import process_time
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from physmodel.bench.answers import same_support
from physmodel.bench.chaotic import load_systems
from physmodel.bench.draws import Cell, draw
from physmodel.bench.nets_cases import roll_out
from physmodel.bench.tuning_cases import PLANE
from physmodel.data.arrays import from_arrays
from physmodel.data.segments import segments
from physmodel.data.timescale import characteristic_samples
from physmodel.discovery.discover import discover
from physmodel.laws.result import Result
from physmodel.models.parametric_field import ParametricField
from physmodel.models.vector_field import VectorField
from physmodel.networks.held_out import exam, folds
from physmodel.networks.net_trial import NetTrial
from physmodel.networks.tune import DEFAULTS, tune
from physmodel.optimizers.search import search
from physmodel.optimizers.search_space import Categorical, Integer, Space

Array = NDArray[np.float64]
Record = dict[str, Any]

#: Noise of the records, in per cent of the spread of each state.
NOISE = (1, 5, 10)
#: What is searched for equations: every combination.
DEGREES, FUNCTIONS = (1, 2, 3, 4), ((), ("sin", "cos"))
#: One in so many chaotic flows.
STRIDE = 8
PARTS, SEEDS = ("nets", "equations"), 3
METHODS = ("default", "searched")


def unit_names(parts: Sequence[str], seeds: int, *, quick: bool = False) -> list[str]:
    """Units of a run: ``nets:pendulum:1:0`` is a case, its noise in per cent and a seed."""
    cases = {
        "nets": list(PLANE),
        "equations": [s.name for s in load_systems()[::STRIDE]],
    }
    return [
        f"{part}:{case}:{noise}:{seed}"
        for part in parts
        for case in (cases[part][:2] if quick else cases[part])
        for noise in (NOISE[1:2] if quick else NOISE)
        for seed in range(seeds)
    ]


def run_unit(name: str, settings: Mapping[str, Any]) -> list[Record]:
    """Search the settings of one case; the work of one unit of the runner.

    Parameters
    ----------
    name : str
        From `unit_names`.
    settings : mapping
        Not used: the name says all.

    Returns
    -------
    list of dict
        One: ``part``, ``case``, ``noise``, ``seed``, ``default`` and ``searched`` (error of the
        field for networks, whether all terms are right for equations), ``choice``, and ``effort``:
        processor time of the search over that of the default.
    """
    part, case, noise, seed = name.split(":")
    work = {"nets": _net, "equations": _equations}[part]
    facts = {"part": part, "case": case, "noise": int(noise), "seed": int(seed)}
    return [{**facts, **work(case, int(noise) / 100.0, int(seed))}]


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


def _equations(case: str, noise: float, seed: int) -> Record:
    """Whether all terms are right, as `discover` decides, and with the library searched."""
    system = next(one for one in load_systems() if one.name == case)
    record = draw(system, system.trajectories(range(1)), Cell(noise), seed)
    data = from_arrays(record.times, record.records, names=system.states)
    begin = process_time()
    plain = discover(data, order=1)
    middle = process_time()
    parts = folds(segments(data, system.states), len(system.states))[-1]
    spread = np.vstack([one.values for one in parts.training]).std(axis=0)
    test = exam(parts.held_out, len(system.states), parts.memory, spread)
    training = from_arrays(
        [one.time for one in parts.training],
        [one.values for one in parts.training],
        names=system.states,
    )

    def strays(chosen: dict[str, Any], effort: float) -> float:
        law = discover(training, order=1, **chosen)
        return test.strays(cast(ParametricField, law.model))  # rates are all that is asked of it

    space: Space = {
        "degree": Integer(min(DEGREES), max(DEGREES)),
        "functions": Categorical(FUNCTIONS),
    }
    every = [{"degree": d, "functions": f} for d, f in product(DEGREES, FUNCTIONS)]
    found = search(strays, space, known=every, least=1.0)
    best = discover(data, order=1, **found.settings)
    end = process_time()
    functions = found.settings["functions"]
    return {
        "default": float(_exact(plain, system.equations)),
        "searched": float(_exact(best, system.equations)),
        "choice": f"degree {found.settings['degree']}" + (", sin, cos" if functions else ""),
        "effort": (end - middle) / (middle - begin),
    }


def _exact(law: Result, truth: Mapping[str, Mapping[str, float]]) -> bool:
    found = {s: {row["term"]: row["coefficient"] for row in law.terms(s)} for s in truth}
    return same_support(found, truth)


def summarise(records: Sequence[Mapping[str, Any]]) -> list[Record]:
    """Figures of each part, case (networks) and noise.

    Parameters
    ----------
    records : sequence of mapping
        From `run_unit`.

    Returns
    -------
    list of dict
        ``default``, ``searched``: medians of errors for networks, shares that are right for
        equations; ``better``, ``worse``: number of draws; ``choices``: how often each was made.
    """
    groups: dict[tuple[str, str, int], list[Mapping[str, Any]]] = {}
    for record in records:
        case = record["case"] if record["part"] == "nets" else "chaotic flows"
        groups.setdefault((record["part"], case, record["noise"]), []).append(record)
    rows = []
    for (part, case, noise), items in groups.items():
        centre = np.median if part == "nets" else np.mean
        sign = 1.0 if part == "nets" else -1.0
        gain = [sign * (item["default"] - item["searched"]) for item in items]
        choices = [item["choice"] for item in items]
        rows.append(
            {
                "part": part,
                "case": case,
                "noise": noise,
                "draws": len(items),
                **{key: float(centre([item[key] for item in items])) for key in METHODS},
                "better": sum(one > 0.0 for one in gain),
                "worse": sum(one < 0.0 for one in gain),
                "effort": float(np.median([item["effort"] for item in items])),
                "choices": {one: choices.count(one) for one in dict.fromkeys(choices)},
            }
        )
    return rows


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Text table of a summary.

    Parameters
    ----------
    rows : sequence of mapping
        From `summarise`.
    """
    lines = [
        f"{'part':<11}{'case':<17}{'noise':>6}{'draws':>7}{'default':>10}{'searched':>10}"
        f"{'better':>8}{'worse':>7}{'effort':>8}  choices"
    ]
    for row in rows:
        figures = "".join(f"{row[key]:>10.3g}" for key in METHODS)
        chosen = ", ".join(f"{name} {count}" for name, count in row["choices"].items())
        lines.append(
            f"{row['part']:<11}{row['case']:<17}{row['noise']:>5}%{row['draws']:>7}{figures}"
            f"{row['better']:>8}{row['worse']:>7}{row['effort']:>8.3g}  {chosen}"
        )
    return "\n".join(lines)
