"""Systems with and without conserved quantities, and how each is recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.arrays import from_arrays
from physmodel.models.fields import conservative
from physmodel.models.simulated import mechanics, oscillators
from physmodel.models.simulated.system import System
from physmodel.models.simulated.systems import simulate

Array = NDArray[np.float64]

#: Records of every case: enough starts to tell a quantity from a number.
TRAJECTORIES, PERIODS, SAMPLES = 50, 3.0, 60


@dataclass(frozen=True)
class Case:
    """A system, its noise, and which of its conserved quantities must be found.

    `system`: None for white noise. `laws`: names in ``system.invariants``; empty where nothing is
    conserved. `noise`: share of the spread of each state.
    """

    system: System | None
    laws: tuple[str, ...] = ()
    noise: float = 0.1

    def record(
        self, seed: int, *, noise: float | None = None, trajectories: int = TRAJECTORIES
    ) -> xr.Dataset:
        """Noisy records of the case."""
        if self.system is None:
            rng = np.random.default_rng(seed)
            time = np.arange(PERIODS * SAMPLES)
            table = [rng.standard_normal((len(time), 3)) for _ in range(trajectories)]
            return from_arrays([time] * trajectories, table, names=["x", "y", "z"])
        times, values = simulate(
            self.system,
            periods=PERIODS,
            samples_per_period=SAMPLES,
            noise=self.noise if noise is None else noise,
            seed=seed,
            trajectories=trajectories,
        )
        return from_arrays(times, values, names=list(self.system.columns))


def _flow(
    name: str,
    states: tuple[str, ...],
    rhs: Callable[[float, Array], Array],
    initial: dict[str, tuple[float, float]],
    period: float,
    citation: str,
) -> System:
    return System(
        id=name,
        title=name.replace("-", " "),
        states=states,
        parameters={},
        rhs=rhs,
        equations=None,
        units=dict.fromkeys(states, "1"),
        time_unit="1",
        initial=initial,
        period=period,
        citation=citation,
    )


def _undamped_duffing() -> System:
    def energy(s: Array) -> Array:
        return np.asarray(s[:, 1] ** 2 / 2 - s[:, 0] ** 2 / 2 + s[:, 0] ** 4 / 4)

    return replace(oscillators.duffing(damping=0.0), invariants={"energy": energy})


def _brusselator(t: float, s: Array) -> Array:
    new = s[0] ** 2 * s[1]
    return np.array([1.0 + new - 4.0 * s[0], 3.0 * s[0] - new])


def _damped_pendulum(t: float, s: Array) -> Array:
    return np.array([s[1], -9.81 * np.sin(s[0]) - 0.3 * s[1]])


def _damped_spring(t: float, s: Array) -> Array:
    return np.array([s[1], -s[0] - 0.1 * s[1]])


CASES: dict[str, Case] = {
    "pendulum": Case(oscillators.pendulum(), ("energy",)),
    "lotka-volterra": Case(oscillators.lotka_volterra(), ("Volterra's constant",)),
    "kepler": Case(mechanics.kepler(), ("energy", "angular momentum"), 0.01),
    "henon-heiles": Case(conservative.henon_heiles(), ("energy",)),
    "rigid-body": Case(conservative.rigid_body(), ("energy", "angular momentum squared")),
    "sir": Case(conservative.epidemic(), ("population", "final size")),
    "toda": Case(conservative.toda(), ("momentum", "energy")),
    "three-wave": Case(conservative.three_wave(), ("a^2 - b^2", "energy")),
    "double-pendulum": Case(mechanics.double_pendulum(), ("energy",)),
    "plane-oscillator": Case(conservative.plane_oscillator(), ("energy", "angular momentum")),
    "duffing": Case(_undamped_duffing(), ("energy",)),
    "spring-chain": Case(conservative.spring_chain(), ("momentum", "energy")),
    "damped-pendulum": Case(
        _flow(
            "damped-pendulum",
            ("theta", "omega"),
            _damped_pendulum,
            {"theta": (1.0, 2.2), "omega": (-1.0, 1.0)},
            2.37,
            "Strogatz (2015), Nonlinear Dynamics and Chaos, section 6.7",
        )
    ),
    "van-der-pol": Case(oscillators.van_der_pol()),
    "lorenz": Case(oscillators.lorenz()),
    "brusselator": Case(
        _flow(
            "brusselator",
            ("x", "y"),
            _brusselator,
            {"x": (0.5, 2.0), "y": (2.0, 4.0)},
            7.2,
            "Prigogine, Lefever (1968), J. Chemical Physics 48, 1695",
        )
    ),
    "white-noise": Case(None),
    "damped-spring": Case(
        _flow(
            "damped-spring",
            ("x", "v"),
            _damped_spring,
            {"x": (0.5, 1.5), "v": (-1.0, 1.0)},
            float(2.0 * np.pi),
            "Landau, Lifshitz (1976), Mechanics, section 25",
        )
    ),
}
