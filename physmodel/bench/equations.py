"""Benchmark suite `equations`: known equations solved, and their numbers found in measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.optimize import least_squares

from physmodel.bench.tables import grouped, text_table
from physmodel.data.arrays import from_arrays
from physmodel.fields.coefficients import fit_pde
from physmodel.fields.solve import solve_pde
from physmodel.fitting.fit import fit
from physmodel.systems.pdes import CASES as PDE
from physmodel.systems.pdes import VISCOSITY, cole_hopf

Array = NDArray[np.float64]
Record = dict[str, Any]

SEEDS = 5
#: Lorenz's system from three numbers that are all one: samples over a time of 3, and noise as a
#: part of the spread.
LORENZ = {
    f"lorenz-{samples}{label}": (samples, noise)
    for samples in (25, 100)
    for label, noise in (("", 0.0), ("-noise-1", 0.01), ("-noise-10", 0.1))
}
TRUTH, START, SPAN = np.array([10.0, 15.0, 8.0 / 3.0]), (-8.0, 7.0, 27.0), 3.0
#: Measurements of the inverse problem, and the viscosities to be found.
MEASUREMENTS, VISCOSITIES = 500, {"burgers-inverse": VISCOSITY, "burgers-inverse-5": 5 * VISCOSITY}
CASES = (*LORENZ, *PDE, *VISCOSITIES)
QUICK = ("lorenz-25", "lorenz-25-noise-1", "poisson")


def run_unit(name: str, settings: Mapping[str, Any]) -> list[Record]:
    """All records of one case; the work of one unit of the runner.

    `name`: of `CASES`. `settings`: ``seeds``. Returns: ``case``, ``method``, ``seed``, ``error``,
    ``seconds``: the relative error of a solution (L2) or of the worst of the numbers found.
    """
    seeds = range(settings["seeds"])
    if name in VISCOSITIES:
        return [_inverse(name, seed) for seed in seeds]
    if name in PDE:
        return _solved(name, settings["seeds"])
    samples, noise = LORENZ[name]
    records = []
    for seed in seeds:
        time, states = _measured(samples, noise, seed)
        for method, work in (("physmodel", _shooting), ("single-shooting", _single_shooting)):
            begin = perf_counter()
            found = work(time, states)
            seconds = perf_counter() - begin
            error = float(np.abs(found / TRUTH - 1.0).max())
            row = {"case": name, "method": method, "seed": seed, "error": error}
            records.append({**row, "seconds": seconds})
    return records


def summarise(records: Sequence[Mapping[str, Any]]) -> list[Record]:
    """Median and worst error, and median seconds, of every case and method."""
    rows = []
    for (case, method), runs in grouped(records, "case", "method").items():
        errors = [run["error"] for run in runs]
        rows.append(
            {
                "case": case,
                "method": method,
                "seeds": len(runs),
                "error": float(np.median(errors)),
                "worst": float(np.max(errors)),
                "seconds": float(np.median([run["seconds"] for run in runs])),
            }
        )
    return rows


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Text table of a summary."""
    columns = "case:<22|method:<18|seeds:>6|error:>10.1e|(worst)=worst:>10.1e|seconds:>10.3f"
    return text_table(rows, columns)


def _measured(samples: int, noise: float, seed: int) -> tuple[Array, Array]:
    time = np.linspace(0.0, SPAN, samples)
    clean = _lorenz(TRUTH, START, time)
    drawn = np.random.default_rng(seed).normal(size=clean.shape)
    return time, clean + noise * clean.std(axis=0) * drawn


def _lorenz(numbers: Array, start: Sequence[float] | Array, time: Array) -> Array:
    s, r, b = numbers

    def rhs(_: float, x: Array) -> list[float]:
        return [s * (x[1] - x[0]), x[0] * (r - x[2]) - x[1], x[0] * x[1] - b * x[2]]

    span = (time[0], time[-1])
    found: Array = solve_ivp(
        rhs, span, start, t_eval=time, rtol=1e-12, atol=1e-12, method="DOP853"
    ).y.T
    return found


def _shooting(time: Array, states: Array) -> Array:
    equations = {"x": "s*(y - x)", "y": "x*(r - z) - y", "z": "x*y - b*z"}
    return fit(from_arrays(time, states, names=["x", "y", "z"]), equations).values


def _single_shooting(time: Array, states: Array) -> Array:
    """What one would write with SciPy: one trajectory from an unknown start, least squares."""

    def residuals(unknown: Array) -> Array:
        path = _lorenz(unknown[:3], unknown[3:], time)
        if path.shape != states.shape:  # it blew up
            return np.full(states.size, 1e6)
        return np.asarray((path - states).ravel())

    found: Array = least_squares(residuals, np.concatenate([np.ones(3), states[0]])).x
    return found[:3]


def _solved(name: str, seeds: int) -> list[Record]:
    """Solve a case and compare it with the truth at some sets of random points."""
    case = PDE[name]
    begin = perf_counter()
    solution = solve_pde(case.equation, case.domain, case.conditions, known=case.known)
    seconds = perf_counter() - begin
    errors = [case.error(solution, seed) for seed in range(seeds)]
    return [_record(name, seed, error, seconds) for seed, error in enumerate(errors)]


def _inverse(name: str, seed: int) -> Record:
    """Find both coefficients of Burgers' equation; the error is the larger relative one."""
    rng = np.random.default_rng(seed)
    nu = VISCOSITIES[name]
    x, t = rng.uniform(-1, 1, MEASUREMENTS), rng.uniform(0, 1, MEASUREMENTS)
    measured = cole_hopf(x, t, nu)
    burgers = PDE["burgers"]
    begin = perf_counter()
    found = fit_pde(
        "u_t + a*u*u_x = b*u_xx",
        burgers.domain,
        burgers.conditions,
        ["a", "b"],
        [x, t],
        measured,
    )
    seconds = perf_counter() - begin
    error = float(np.abs(found.values / [1.0, nu] - 1.0).max())
    return _record(name, seed, error, seconds)


def _record(name: str, seed: int, error: float, seconds: float) -> Record:
    facts = {"case": name, "method": "elements", "seed": seed}
    return {**facts, "error": error, "seconds": seconds}
