"""Benchmark tasks with rods: how far a learned pendulum is from the true one along a run."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.bench.rod_cases import PIECE, ROD_CASES, RodCase

Array = NDArray[np.float64]

#: With a polynomial beside the network, which holds gravity, and without.
METHODS = ("physmodel", "network")
#: Relative errors below this are rounding.
ROUNDING = 1e-16


def run_rods(label: str, seed: int, method: str) -> dict[str, Any]:
    """Train on one set of records and judge the field.

    Returns: ``rollout``, ``field_mse``, ``energy_mse`` and ``seconds``; see `judged_run`.
    """
    import pandas as pd

    from physmodel.data.open import open as open_data
    from physmodel.networks.rods import fit_rods

    case = ROD_CASES[label]
    pieces, runs = case.draw(seed)
    columns = [*case.names, *(f"{name}_t" for name in case.names)]
    frame = pd.DataFrame(pieces.reshape(-1, len(columns)), columns=columns)
    frame["t"] = np.tile(case.gap * np.arange(PIECE), len(pieces))
    frame["run"] = np.repeat(np.arange(len(pieces)), PIECE)
    data = open_data(frame, time="t", trajectory="run")
    # The first mass is the unit, in which the energy of the potential is found.
    masses = (case.masses[0], *(None,) * (len(case.masses) - 1))
    begin = perf_counter()
    fit = fit_rods(
        data, case.rods, case.names, masses=masses, polynomial=method == "physmodel", seed=seed
    )
    seconds = perf_counter() - begin
    return {**judged_run(case, fit.field, runs), "seconds": seconds}


def judged_run(case: RodCase, field: Any, runs: Array) -> dict[str, float]:
    """Errors of a field.

    `runs` ``(n, 100, 2 d)``: True motions. Returns: ``rollout``: geometric mean over time and runs
    of ``|z - z'| / (|z| + |z'|)`` with ``z`` the true motion and ``z'`` that of the field from the
    same start. ``field_mse``: mean square of the error of the accelerations at the true motions.
    ``energy_mse``: mean square of the change of the true energy along the motions of the field.
    """
    import torch

    truth, d = case.truth(), len(case.names)
    mine = case.follow(field, runs[:, 0])
    with np.errstate(all="ignore"):
        apart, sizes = (np.linalg.norm(z, axis=-1) for z in (mine - runs, runs))
        relative = (apart / (np.linalg.norm(mine, axis=-1) + sizes))[:, 1:]
        relative = np.fmin(np.fmax(relative, ROUNDING), 1.0)
    flat = runs.reshape(-1, 2 * d)
    none, at = np.empty((len(flat), 0)), np.zeros(len(flat))
    wrong = field.rate(at, flat[:, :d], flat[:, d:], none) - truth.rate(
        at, flat[:, :d], flat[:, d:], none
    )
    form: Any = truth.form
    energy = form.energy(torch.empty(0, dtype=torch.float64), torch.tensor(mine)).numpy()
    change = float(np.mean((energy - energy[:, :1]) ** 2))
    return {
        "rollout": float(np.exp(np.log(relative).mean())),
        "field_mse": float(np.mean(wrong**2)),
        "energy_mse": change if np.isfinite(change) else float("inf"),
    }
