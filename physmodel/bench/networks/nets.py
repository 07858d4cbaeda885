"""Benchmark suite `nets`: small networks fitted with noise in the states, beside their peers.

The tasks are those of the paper on Hamiltonian networks; every method sees the same record. What
is reported is the error of the field at true states of test records, the change of the energy
along trajectories of the model over a time of 20 from starts that nobody has seen, and the seconds
spent on training alone. Pendulums with rods are judged by `systems.rods.judged_run`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.bench.networks import rods
from physmodel.bench.tables import grouped, text_table
from physmodel.systems.nets import CASES, NetCase, Records, draw, judged
from physmodel.systems.rods import ROD_CASES

Array = NDArray[np.float64]
Record = dict[str, Any]

SEEDS = 5
#: `--quick` takes these cases, one seed.
QUICK = ("spring", "pendulum", "pendulum-clean")
#: Taken if nothing else is said. Three bodies are left to ``--case``: only as pairs are they
#: learned, and the default path takes minutes and gigabytes to find that out.
DEFAULT = ("spring", "pendulum", "spring-clean", "pendulum-clean", "two-body", "double-pendulum")
#: Of a table, beside the task and the method.
FIGURES = ("field_mse", "energy_mse", "seconds")
TASKS = (*CASES, *ROD_CASES)
#: `equations` is `discover` without a word about the system, and without the slopes.
#: `pairs` is told that the bodies are alike and act on each other in pairs.
METHODS = ("physmodel", "pairs", "equations", "baseline", "hnn")


def unit_names(cases: Sequence[str], methods: Sequence[str], seeds: int) -> list[str]:
    """One unit for each task, seed and method: a reference network takes minutes."""
    return [
        f"{case}.{seed}.{method}"
        for case in cases
        for seed in range(seeds)
        for method in methods
        if method in methods_of(case)
    ]


def methods_of(case: str) -> tuple[str, ...]:
    """What a task can be given to."""
    if case in ROD_CASES:
        return rods.METHODS
    return METHODS if CASES[case].bodies else tuple(one for one in METHODS if one != "pairs")


def run_unit(name: str, settings: Mapping[str, Any]) -> list[Record]:
    """Train one method on one record and judge it; the work of one unit of the runner.

    `name`: ``case.seed.method``. `settings`: not used: the name says all. Returns: one: ``case``,
    ``seed``, ``method``, ``field_mse``, ``energy_mse``, ``seconds``, for ours the ``width`` chosen,
    and for pendulums with rods ``rollout``.
    """
    import torch

    torch.set_num_threads(1)
    label, seed, method = name.split(".")
    if label in ROD_CASES:
        judgement = rods.run_rods(label, int(seed), method)
        return [{"case": label, "seed": int(seed), "method": method, **judgement}]
    case = CASES[label]
    training, test, starts = draw(case, int(seed))
    work = {"physmodel": _ours, "pairs": _ours, "equations": _equations}.get(method, _peer)
    field, seconds, found = work(case, training, int(seed), method)
    return [
        {
            "case": label,
            "seed": int(seed),
            "method": method,
            **judged(case, field, test, starts),
            "seconds": seconds,
            **found,
        }
    ]


def _ours(
    case: NetCase, training: Records, seed: int, method: str
) -> tuple[Callable[[Array], Array], float, Record]:
    """The default path: a Hamiltonian network with the symmetries stated, or of pairs."""
    from physmodel.losses import shooting
    from physmodel.models.nets.mlp import MLPScalar
    from physmodel.models.nets.structure.hamiltonian import Hamiltonian
    from physmodel.models.nets.structure.many_bodies import ManyBodies
    from physmodel.models.nets.symmetry.equivariant import symmetrised
    from physmodel.networks.fit_network import NetworkFit, fit_network

    def family(width: int) -> Hamiltonian:
        if method == "pairs":
            n_axes = len(case.states) // (2 * case.bodies)
            return Hamiltonian(ManyBodies(MLPScalar(1, (width,)), case.bodies, n_axes))
        plain = Hamiltonian(MLPScalar(len(case.states), (width,)))
        found: Hamiltonian = symmetrised(plain, case.symmetry, case.states)
        return found

    def fitted(some: slice) -> NetworkFit:
        none = np.empty((len(training.time), 0))
        rows = zip(training.measured[some], training.slopes[some], strict=True)
        records = [shooting.Record(training.time, x, none, v) for x, v in rows]
        return fit_network(family, records, case.states, seed=seed)

    fitted(slice(2))  # loads what is loaded late
    begin = perf_counter()
    fit = fitted(slice(None))
    seconds = perf_counter() - begin

    def field(x: Array) -> Array:
        return fit.field.rate(np.zeros(len(x)), x, None, np.empty((len(x), 0)))

    return field, seconds, {"width": fit.width}


def _equations(
    case: NetCase, training: Records, seed: int, method: str
) -> tuple[Callable[[Array], Array], float, Record]:
    """What `discover` makes of the measured states and their times alone."""
    from physmodel.data.arrays import from_arrays
    from physmodel.discovery.discover import discover

    begin = perf_counter()
    times = [training.time] * len(training.measured)
    found = discover(from_arrays(times, list(training.measured), names=list(case.states)))
    seconds = perf_counter() - begin

    def field(x: Array) -> Array:
        return found.model.rate(np.zeros(len(x)), x, None, np.empty((len(x), 0)))

    return field, seconds, {"status": found.status}


def _peer(
    case: NetCase, training: Records, seed: int, method: str
) -> tuple[Callable[[Array], Array], float, Record]:
    from physmodel.bench.networks.nets_peers_torch import train

    d = len(case.states)
    x, v = training.measured.reshape(-1, d), training.slopes.reshape(-1, d)
    work = partial(
        train, hamiltonian=method == "hnn", batch=case.batch, decay=case.decay, seed=seed
    )
    work(x, v, steps=1)  # loads what is loaded late
    return *work(x, v, steps=case.steps), {}


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
