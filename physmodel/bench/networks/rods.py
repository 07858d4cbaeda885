"""Pendulums with rods in the suite `nets`."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np

from physmodel.systems.rods import PIECE, ROD_CASES, judged_run

#: With a polynomial beside the network, which holds gravity, and without.
METHODS = ("physmodel", "network")


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
