"""Systems with and without conserved quantities, and how each is recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.arrays import from_arrays
from physmodel.data.contract import variable_names
from physmodel.laws.invariant import Invariant
from physmodel.models.fields import conservative
from physmodel.models.simulated import mechanics, oscillators
from physmodel.models.simulated.system import System
from physmodel.models.simulated.systems import simulate
from physmodel.problem.algebra.calculus import evaluate
from physmodel.problem.algebra.parser import parse

Array = NDArray[np.float64]

#: Change along a clean trajectory over the spread between all points, above which a quantity is
#: invented, unless its gradient lies in the span of those of the true ones: coefficients found
#: at 10% noise are good to a few per cent.
INVENTED = 0.1
#: Share of the gradient of a true quantity outside the span of those found, above which it is
#: missed.
MISSED = 0.1
#: Records of every case: enough starts to tell a quantity from a number.
TRAJECTORIES, PERIODS, SAMPLES = 50, 3.0, 60


@dataclass(frozen=True)
class LawCase:
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


CASES: dict[str, LawCase] = {
    "pendulum": LawCase(oscillators.pendulum(), ("energy",)),
    "lotka-volterra": LawCase(oscillators.lotka_volterra(), ("Volterra's constant",)),
    "kepler": LawCase(mechanics.kepler(), ("energy", "angular momentum"), 0.01),
    "henon-heiles": LawCase(conservative.henon_heiles(), ("energy",)),
    "rigid-body": LawCase(conservative.rigid_body(), ("energy", "angular momentum squared")),
    "sir": LawCase(conservative.epidemic(), ("population", "final size")),
    "toda": LawCase(conservative.toda(), ("momentum", "energy")),
    "three-wave": LawCase(conservative.three_wave(), ("a^2 - b^2", "energy")),
    "double-pendulum": LawCase(mechanics.double_pendulum(), ("energy",)),
    "plane-oscillator": LawCase(conservative.plane_oscillator(), ("energy", "angular momentum")),
    "duffing": LawCase(_undamped_duffing(), ("energy",)),
    "spring-chain": LawCase(conservative.spring_chain(), ("momentum", "energy")),
    "damped-pendulum": LawCase(
        _flow(
            "damped-pendulum",
            ("theta", "omega"),
            _damped_pendulum,
            {"theta": (1.0, 2.2), "omega": (-1.0, 1.0)},
            2.37,
            "Strogatz (2015), Nonlinear Dynamics and Chaos, section 6.7",
        )
    ),
    "van-der-pol": LawCase(oscillators.van_der_pol()),
    "lorenz": LawCase(oscillators.lorenz()),
    "brusselator": LawCase(
        _flow(
            "brusselator",
            ("x", "y"),
            _brusselator,
            {"x": (0.5, 2.0), "y": (2.0, 4.0)},
            7.2,
            "Prigogine, Lefever (1968), J. Chemical Physics 48, 1695",
        )
    ),
    "white-noise": LawCase(None),
    "damped-spring": LawCase(
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


def judged(case: LawCase, found: Sequence[Invariant], clean: xr.Dataset) -> tuple[int, int]:
    """How many of the laws that must be found are missed, and how many of those found invented.

    `clean`: records of the case without noise. What is found must not change there, and the
    gradients of the true quantities must lie in the span of its own, so that every form counts.
    """
    if case.system is None or not found:
        return len(case.laws), len(found)
    states = variable_names(clean, "state")
    points = np.column_stack([clean[state].values for state in states])
    rows = int(clean["row_size"].values[0])
    functions = [_function(item, states) for item in found]
    laws = [case.system.invariants[law] for law in case.laws]
    invented = sum(
        _change(f(points), rows) > INVENTED and _outside(f, laws, points) > MISSED
        for f in functions
    )
    return sum(_outside(law, functions, points) > MISSED for law in laws), invented


def _function(item: Invariant, states: Sequence[str]) -> Callable[[Array], Array]:
    parts = [(parse(term, states), weight) for term, weight in item.terms.items()]

    def value(points: Array) -> Array:
        named = dict(zip(states, points.T, strict=True))
        return np.asarray(sum(weight * np.asarray(evaluate(t, named)) for t, weight in parts))

    return value


def _change(values: Array, rows: int) -> float:
    """Typical change along a trajectory over the spread of all values."""
    courses = values.reshape(-1, rows)
    return float(courses.std(axis=1).mean() / values.std())


def _outside(
    law: Callable[[Array], Array], found: Sequence[Callable[[Array], Array]], points: Array
) -> float:
    """Typical share of the gradient of a law outside the span of the gradients found."""
    if not found:
        return 1.0
    pick = points[:: max(1, len(points) // 200)]
    spread = points.std(axis=0)
    basis, _ = np.linalg.qr(np.stack([_gradient(f, pick, spread) for f in found], axis=2))
    slope = _gradient(law, pick, spread)
    left = slope - np.einsum("mvk,mwk,mw->mv", basis, basis, slope)
    return float(np.median(np.linalg.norm(left, axis=1) / np.linalg.norm(slope, axis=1)))


def _gradient(f: Callable[[Array], Array], points: Array, spread: Array) -> Array:
    """Central differences by variables in units of their spread."""
    steps = 1e-5 * np.diag(spread)
    return np.column_stack([(f(points + step) - f(points - step)) / 2e-5 for step in steps])
