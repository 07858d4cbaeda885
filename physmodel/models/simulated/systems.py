"""Simulated systems with known truth, made on demand from their equations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.models.integration.integrate import integrate
from physmodel.models.simulated.mechanics import double_pendulum, kepler, three_body
from physmodel.models.simulated.oscillators import (
    duffing,
    forced_duffing,
    harmonic_oscillator,
    lorenz,
    lotka_volterra,
    pendulum,
    van_der_pol,
)
from physmodel.models.simulated.system import System
from physmodel.problem.algebra.parser import suggestion

Array = NDArray[np.float64]

#: Tighter than any measurement, and far enough from rounding for the step control to work.
RTOL = 1e-12
#: Samples of one call; beyond it the request is more likely a slip than a wish.
MAX_SAMPLES = 20_000_000

SYSTEMS: dict[str, System] = {
    system.id: system
    for system in (
        lorenz(),
        van_der_pol(),
        pendulum(),
        double_pendulum(),
        lotka_volterra(),
        duffing(),
        forced_duffing(),
        harmonic_oscillator(),
        kepler(),
        three_body(),
    )
}


def get_system(name: str) -> System:
    """Look a system up.

    `name`: such as ``"lorenz"``. Raises ProblemError if there is no such system.
    """
    if name not in SYSTEMS:
        raise ProblemError(
            f"there is no simulated system {name!r}",
            fix=suggestion(name, SYSTEMS) + "systems: " + ", ".join(SYSTEMS),
        )
    return SYSTEMS[name]


def simulate(
    name: str | System,
    *,
    periods: float = 10.0,
    samples_per_period: int = 100,
    noise: float = 0.0,
    seed: int = 0,
    trajectories: int = 1,
) -> tuple[list[Array], list[Array]]:
    """Make data from a system; the same arguments give the same data.

    `periods`: length of each trajectory in characteristic times. `noise`: standard deviation of
    white Gaussian noise on the states, as a fraction of the standard deviation of each state over
    all trajectories. Inputs have none. `seed`: of the start values and of the noise, which are
    independent: the noise can be changed and the trajectories stay. Returns `times` ``(n,)``: from
    zero, in the time unit of the system; `values` ``(n, v)``: columns in the order of
    ``System.columns``. Raises ProblemError for an unknown system or impossible numbers.
    """
    system = get_system(name) if isinstance(name, str) else name
    n = _samples(periods, samples_per_period, noise, seed, trajectories)
    time = np.arange(n, dtype=np.float64) * (system.period / samples_per_period)
    low, high = np.array([system.initial[state] for state in system.states]).T
    draw, shake = (np.random.default_rng([seed, stream]) for stream in (0, 1))
    clean = [
        _trajectory(system, time, draw.uniform(low, high))[:, _observed(system)]
        for _ in range(trajectories)
    ]
    sigma = noise * np.concatenate(clean).std(axis=0)
    forcing = [signal(time)[:, None] for signal in system.inputs.values()]
    values = [
        np.hstack([states + sigma * shake.standard_normal(states.shape), *forcing])
        for states in clean
    ]
    return [time.copy() for _ in values], values


def _trajectory(system: System, time: Array, start: Array) -> Array:
    if system.transient:
        # Ends at time zero, so that the phase of an input is that of the record.
        before = np.array([-system.transient * system.period, 0.0])
        start = integrate(system.rhs, before, start, rtol=RTOL)[-1]
    return integrate(system.rhs, time, start, rtol=RTOL)


def _observed(system: System) -> list[int]:
    return [system.states.index(state) for state in system.observed or system.states]


def _samples(
    periods: float, samples_per_period: int, noise: float, seed: int, trajectories: int
) -> int:
    """Check the request and count the samples of each trajectory."""
    if not (np.isfinite(noise) and noise >= 0.0):
        raise ProblemError(f"noise is {noise!r}", fix="a fraction of each state's spread, >= 0")
    if seed < 0:
        raise ProblemError(f"seed is {seed!r}", fix="a whole number, not negative")
    if not (np.isfinite(periods) and periods > 0.0 and samples_per_period > 0 and trajectories > 0):
        raise ProblemError(
            f"periods={periods!r}, samples_per_period={samples_per_period!r}, "
            f"trajectories={trajectories!r}: all three must be positive"
        )
    n = round(periods * samples_per_period) + 1
    if n < 2 or n * trajectories > MAX_SAMPLES:
        raise ProblemError(
            f"{n} samples in each of {trajectories} trajectories",
            fix=f"at least 2 samples each and at most {MAX_SAMPLES} together",
        )
    return n
