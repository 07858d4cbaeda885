"""Benchmark suite `pde`: solutions against analytic truth, coefficients from measurements."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.bench.pde_cases import CASES, VISCOSITY, cole_hopf
from physmodel.fields.coefficients import fit_pde

Record = dict[str, Any]
Array = NDArray[np.float64]

#: Measurements of the inverse problem, and the viscosities to be found.
MEASUREMENTS, VISCOSITIES = 500, {"burgers-inverse": VISCOSITY, "burgers-inverse-5": 5 * VISCOSITY}


def run_case(name: str, settings: Mapping[str, Any]) -> list[Record]:
    """All records of one case; the work of one unit of the runner.

    `name`: A key of `CASES` or of `VISCOSITIES`. `settings`: ``seeds``: how many sets of test
    points, or of measurements; ``noise``: share of the spread of the measurements. Returns:
    ``case``, ``method``, ``seed``, ``error``, ``seconds``.
    """
    if name in VISCOSITIES:
        return [
            inverse(name, seed, settings.get("noise", 0.0)) for seed in range(settings["seeds"])
        ]
    return forward(name, settings["seeds"])


def forward(name: str, seeds: int) -> list[Record]:
    """Solve a case and compare it with the truth at some sets of random points."""
    begin = time.perf_counter()
    solution = CASES[name].solve()
    seconds = time.perf_counter() - begin
    errors = [CASES[name].error(solution, seed) for seed in range(seeds)]
    return [_record(name, seed, error, seconds) for seed, error in enumerate(errors)]


def inverse(name: str, seed: int, noise: float) -> Record:
    """Find both coefficients of Burgers' equation; the error is the larger relative one."""
    rng = np.random.default_rng(seed)
    nu = VISCOSITIES[name]
    x, t = rng.uniform(-1, 1, MEASUREMENTS), rng.uniform(0, 1, MEASUREMENTS)
    clean = cole_hopf(x, t, nu)
    measured = clean + noise * clean.std() * rng.standard_normal(MEASUREMENTS)
    burgers = CASES["burgers"]
    begin = time.perf_counter()
    found = fit_pde(
        "u_t + a*u*u_x = b*u_xx",
        burgers.domain,
        burgers.conditions,
        ["a", "b"],
        [x, t],
        measured,
    )
    seconds = time.perf_counter() - begin
    error = float(np.abs(found.values / [1.0, nu] - 1.0).max())
    return _record(name, seed, error, seconds)


def _record(name: str, seed: int, error: float, seconds: float) -> Record:
    return {
        "case": name,
        "method": "elements",
        "seed": seed,
        "error": error,
        "seconds": seconds,
    }
